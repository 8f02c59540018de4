// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fields that only programs may touch, in types made by hand: large ones, and deep ones. */

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "object/advice.h"
#include "object/btf.h"
#include "object/object.h"
#include "object/sections.h"
#include "test.h"

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
#define MEMBERS 60000u /* of one struct; the format ends at 65535 */
#define MAPS 16384
#define LEVELS 100
#define SECONDS 20

static const char strings[] = "\0s\0bpf_timer\0bpf_timer_of_ours";

enum { NO_NAME = 0, S = 1, TIMER = 3, OTHER = 13 };
/* What build() makes: the large ones have MEMBERS numbers and then the one named. */
enum {
	INT = 1,
	TIMER_ID,
	LARGE_TIMER,
	LARGE_LARGE,
	OTHER_ID,
	LARGE_OTHER,
	LARGE_NONE,
	FIRST_LEVEL
};

struct types {
	uint32_t *words;
	size_t n;
	struct btf_view view;
};

static void put(struct types *types, uint32_t word)
{
	types->words[types->n++] = word;
}

static void put_struct(struct types *types, uint32_t name, uint32_t n_ints, uint32_t last)
{
	put(types, name);
	put(types, INFO(BTF_KIND_STRUCT, n_ints + (last > 0)));
	put(types, 4);
	for (uint32_t i = 0; i < n_ints + (last > 0); i++) {
		put(types, NO_NAME);
		put(types, i < n_ints ? (uint32_t)INT : last);
		put(types, 0);
	}
}

static int build(void **state)
{
	size_t head = sizeof(struct btf_header) / sizeof(uint32_t);
	struct types *types = calloc(1, sizeof(*types));
	struct section section = {0};
	struct btf_header header = {.magic = BTF_MAGIC, .version = BTF_VERSION};
	size_t size;

	types->words = calloc(((size_t)4 * MEMBERS + 8 * LEVELS) * 3, sizeof(uint32_t));
	types->n = head;
	put(types, NO_NAME);
	put(types, INFO(BTF_KIND_INT, 0));
	put(types, 4);
	put(types, 32);
	put_struct(types, TIMER, 0, 0);
	put_struct(types, S, MEMBERS, TIMER_ID);
	put_struct(types, S, MEMBERS, LARGE_TIMER);
	put_struct(types, OTHER, 0, 0);
	put_struct(types, S, MEMBERS, OTHER_ID);
	put_struct(types, S, MEMBERS, LARGE_OTHER);
	put_struct(types, S, 0, TIMER_ID);
	for (uint32_t i = 1; i < LEVELS; i++)
		put_struct(types, S, 0, FIRST_LEVEL + i - 1);

	size = types->n * sizeof(uint32_t);
	header.hdr_len = sizeof(header);
	header.type_len = header.str_off = (uint32_t)(size - sizeof(header));
	header.str_len = sizeof(strings);
	memcpy(types->words, &header, sizeof(header));
	memcpy(types->words + types->n, strings, sizeof(strings));
	section.data = (const uint8_t *)types->words;
	section.size = size + sizeof(strings);
	*state = types;
	return btf_view_read(&section, &types->view, NULL);
}

static int release(void **state)
{
	struct types *types = *state;

	btf_view_done(&types->view);
	free(types->words);
	free(types);
	return 0;
}

static const char *special_of(const struct types *types, uint32_t id)
{
	struct object object = {0};
	struct object_map map = {.type = BPF_MAP_TYPE_HASH, .value_id = id, .btf = &types->view};

	return advice_special(&object, &map);
}

static bool has_timer(const struct types *types, uint32_t id)
{
	const char *special = special_of(types, id);

	return special && strcmp(special, "bpf_timer") == 0;
}

static void it_is_found_however_large_the_type_is(void **state)
{
	assert_true(has_timer(*state, TIMER_ID));
	assert_true(has_timer(*state, LARGE_TIMER));
	assert_true(has_timer(*state, LARGE_LARGE));
}

static void it_is_found_however_deep_it_is(void **state)
{
	assert_true(has_timer(*state, FIRST_LEVEL + LEVELS - 1));
}

static void what_is_not_there_is_not_found(void **state)
{
	assert_null(special_of(*state, LARGE_OTHER));
	assert_null(special_of(*state, LARGE_NONE));
	assert_null(special_of(*state, 0));
	assert_null(special_of(*state, FIRST_LEVEL + LEVELS));
}

/* All maps that a kernel has may share a type: it is looked through once, not for each. */
static void many_maps_of_a_large_type_take_no_time(void **state)
{
	const struct types *types = *state;
	struct object object = {0};

	(void)alarm(SECONDS);
	for (uint32_t i = 0; i < MAPS; i++) {
		struct object_map map = {.type = BPF_MAP_TYPE_HASH,
					 .origin = MAP_LOADED,
					 .value_id = i % 2 ? LARGE_LARGE : LARGE_NONE,
					 .btf = &types->view};
		struct advice advice;

		advise(&object, &map, &advice);
		assert_int_equal(advice.freeze, i % 2 ? ADVICE_NO : ADVICE_YES);
	}
	(void)alarm(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_however_large_the_type_is),
		cmocka_unit_test(it_is_found_however_deep_it_is),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(many_maps_of_a_large_type_take_no_time),
	};

	return cmocka_run_group_tests(tests, build, release);
}
