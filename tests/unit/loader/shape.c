// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loader/shape.h"

#include <string.h>

#include <linux/bpf.h>

#include "base/size.h"
#include "object/object.h"
#include "test.h"

#define TYPES 35

static void each_type_is_filled_or_refused_with_a_reason(void **state)
{
	static const struct {
		uint32_t type;
		enum data_shape shape;
	} filled[] = {
		{1, DATA_KEYED},    {2, DATA_ARRAY},	{5, DATA_KEYED},    {6, DATA_ARRAY},
		{9, DATA_KEYED},    {10, DATA_KEYED},	{11, DATA_KEYED},   {14, DATA_ARRAY},
		{16, DATA_ARRAY},   {22, DATA_UNKEYED}, {23, DATA_UNKEYED}, {25, DATA_KEYED},
		{30, DATA_UNKEYED}, {35, DATA_KEYED},
	};
	size_t n = 0;

	for (uint32_t type = 1; type <= TYPES; type++) {
		struct object_map map = {.type = type, .key_size = 4, .value_size = 4};
		enum data_shape shape = _DATA_SHAPE_MAX;
		const char *why = shape_find(&map, &shape);
		bool found = false;

		assert_non_null(map_type_name(type));
		for (size_t i = 0; i < ARRAY_SIZE(filled); i++) {
			if (filled[i].type != type)
				continue;
			assert_null(why);
			assert_int_equal(shape, filled[i].shape);
			found = true;
			n++;
		}
		if (!found && (!why || strlen(why) < 20 || shape != _DATA_SHAPE_MAX))
			fail_msg("type %u: %s", type, why ?: "is filled");
	}
	assert_int_equal(n, ARRAY_SIZE(filled));
}

static void a_type_that_nobody_knows_is_refused(void **state)
{
	static const uint32_t types[] = {0, TYPES + 1, 4711, UINT32_MAX};
	enum data_shape shape;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct object_map map = {.type = types[i]};

		assert_non_null(shape_find(&map, &shape));
	}
	/* the day the table of types grows, this one is to grow as well */
	assert_null(map_type_name(TYPES + 1));
}

static void a_value_with_a_place_for_an_fd_is_refused(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH,
					 BPF_MAP_TYPE_CPUMAP};
	enum data_shape shape;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct object_map map = {.type = types[i], .key_size = 4, .value_size = 4};

		assert_null(shape_find(&map, &shape));
		map.value_size = 8;
		assert_non_null(strstr(shape_find(&map, &shape), "file descriptor"));
	}
}

static void variables_are_a_section_and_kconfig_is_not(void **state)
{
	struct object_map map = {.type = BPF_MAP_TYPE_ARRAY, .origin = MAP_DATA};
	enum data_shape shape;

	assert_null(shape_find(&map, &shape));
	assert_int_equal(shape, DATA_SECTION);
	map.origin = MAP_KCONFIG;
	assert_non_null(shape_find(&map, &shape));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_filled_or_refused_with_a_reason),
		cmocka_unit_test(a_type_that_nobody_knows_is_refused),
		cmocka_unit_test(a_value_with_a_place_for_an_fd_is_refused),
		cmocka_unit_test(variables_are_a_section_and_kconfig_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
