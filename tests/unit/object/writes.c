// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "fixture.h"
#include "object/object.h"
#include "test.h"

static void each_way_to_write_is_seen_and_no_other(void **state)
{
	static const struct {
		const char *map;
		unsigned writes;
	} rows[] = {
		{"looked_at", 0},
		{"probed", 0},
		{"copied", 0},
		{"unused", 0},
		{"with_lock", 0},
		{"outer", 0},
		{"ring", 0},
		{"stored", USE_STORE},
		{"stored_or", USE_STORE},
		{"joined", USE_STORE},
		{"counted", USE_STORE},
		{"spilled", USE_STORE},
		{".bss", USE_STORE},
		{"updated", USE_INSERT},
		{"deleted", USE_DELETE},
		{"helped", USE_ESCAPE},
		{"passed", USE_ESCAPE},
		{"returned", USE_ESCAPE},
		{"handed", USE_ESCAPE},
		{"handed_too", USE_ESCAPE},
		{"like_inner", USE_ESCAPE},
	};
	_cleanup_(object_freep) struct object *object = fixture_object("writer");

	assert_int_equal(object->n_maps, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct object_map *map = fixture_map(object, rows[i].map);

		if ((map->uses & USE_WRITES) != rows[i].writes)
			fail_msg("%s: %#x instead of %#x", rows[i].map, map->uses & USE_WRITES,
				 rows[i].writes);
		assert_int_equal(map->n_writers, rows[i].writes ? 1 : 0);
	}
}

static void the_place_of_a_write_is_told(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("writer");
	const struct map_writer *writer = &fixture_map(object, "helped")->writers[0];

	assert_string_equal(object->functions[writer->function].name, "hands");
	assert_int_equal(writer->helper, BPF_FUNC_get_current_comm);
	assert_true(writer->offset > 0);
	assert_true(writer->offset < object->functions[writer->function].size);
	assert_int_equal(fixture_map(object, "like_inner")->writers[0].function, UINT32_MAX);
}

static void what_is_only_read_or_sent_is_so(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("writer");

	assert_int_equal(fixture_map(object, "looked_at")->uses, USE_READ);
	assert_int_equal(fixture_map(object, "ring")->uses, USE_OUTPUT);
	assert_int_equal(fixture_map(object, "unused")->uses, 0);
}

static void a_jump_out_of_a_function_makes_all_of_its_maps_written(void **state)
{
	_cleanup_(object_freep) struct object *object = NULL;
	size_t size;
	_cleanup_free_ char *data = fixture_data("agent", &size);
	const struct object_function *enter;
	struct bpf_insn *insns;
	size_t at = 0, n;

	assert_int_equal(object_read((const uint8_t *)data, size, &object, NULL), 0);
	assert_int_equal(fixture_map(object, "table")->n_writers, 0);
	enter = fixture_program(object, "enter")->function;
	insns = (struct bpf_insn *)(data +
				    (object->sections.items[enter->section].data - object->data) +
				    enter->offset);
	n = enter->size / sizeof(*insns);
	while (at < n && insns[at].code != (BPF_JMP | BPF_JEQ | BPF_K))
		at += insns[at].code == (BPF_LD | BPF_IMM | BPF_DW) ? 2 : 1;
	assert_true(at < n);
	insns[at].off = 30000;
	object = object_free(object);
	assert_int_equal(object_read((const uint8_t *)data, size, &object, NULL), 0);
	assert_int_equal(fixture_map(object, "table")->uses & USE_WRITES, USE_ESCAPE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_write_is_seen_and_no_other),
		cmocka_unit_test(the_place_of_a_write_is_told),
		cmocka_unit_test(what_is_only_read_or_sent_is_so),
		cmocka_unit_test(a_jump_out_of_a_function_makes_all_of_its_maps_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
