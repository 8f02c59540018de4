// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "holdfast/object.h"
#include "loader/loader.h"
#include "object/object.h"
#include "test.h"

#define FREEZE HOLDFAST_MAP_FREEZE
#define CLOSE HOLDFAST_MAP_RDONLY_PROG

/* For each map what is asked of libholdfast, with a text that fills as many as it can. */
#define TEXT                                                                              \
	"  looked_at: { entries: [ { key: 1, value: { source: 2, ports: [3, 4] } } ] }\n" \
	"  written: { entries: [ { key: 1, value: 2 }, { key: 2, value: 3 } ] }\n"        \
	"  with_lock: { values: [ { count: 1 } ] }\n"                                     \
	"  queue: { values: [ 5 ] }\n"                                                    \
	"  .data: { variables: { knob: 9 } }"

static void flags_are(const struct fixture *fixture, const char *name, unsigned int flags)
{
	if (fixture_map(fixture, name)->flags != flags)
		fail_msg("%s has the flags %#x", name, fixture_map(fixture, name)->flags);
}

static void what_is_filled_is_sealed_as_far_as_it_can_be(void **state)
{
	static const struct {
		const char *map;
		unsigned int flags;
	} rows[] = {
		{"looked_at", FREEZE | CLOSE},
		{"written", FREEZE},
		{"with_lock", CLOSE}, /* the kernel freezes none with a lock */
		{"queue", FREEZE | CLOSE},
		{".data", FREEZE | CLOSE},
		{".bss", 0}, /* a program's own */
		{".rodata", 0}, /* libbpf does it */
		{"untyped", 0}, /* not in the text: somebody may fill it later */
		{"jumps", 0},
	};
	_cleanup_(fixture_close) struct fixture fixture;

	fixture_open("sealed", &fixture);
	fixture_planned(&fixture, TEXT);
	assert_int_equal(fixture.loader->n_maps, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		flags_are(&fixture, rows[i].map, rows[i].flags);
}

static void without_a_text_only_variables_are_sealed(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;

	fixture_open("sealed", &fixture);
	fixture_planned(&fixture, NULL);
	for (size_t i = 0; i < fixture.loader->n_maps; i++) {
		const struct loader_map *map = &fixture.loader->maps[i];

		assert_false(map->filled);
		flags_are(&fixture, map->name, strcmp(map->name, ".data") ? 0 : FREEZE | CLOSE);
	}
}

static void a_plan_has_the_bytes(void **state)
{
	static const uint8_t rule[] = {2, 0, 0, 0, 3, 0, 4, 0};
	static const uint8_t keys[] = {1, 0, 0, 0, 2, 0, 0, 0};
	static const uint8_t knob[] = {9, 0, 0, 0};
	_cleanup_(fixture_close) struct fixture fixture;
	const struct loader_map *map;

	fixture_open("sealed", &fixture);
	fixture_planned(&fixture, TEXT);
	map = fixture_map(&fixture, "looked_at");
	assert_int_equal(map->entries.n, 1);
	assert_memory_equal(map->entries.values, rule, sizeof(rule));
	map = fixture_map(&fixture, "written");
	assert_int_equal(map->entries.n, 2);
	assert_memory_equal(map->entries.keys, keys, sizeof(keys));
	map = fixture_map(&fixture, "queue");
	assert_int_equal(map->shape, DATA_UNKEYED);
	assert_null(map->entries.keys);
	map = fixture_map(&fixture, ".data");
	assert_int_equal(map->shape, DATA_SECTION);
	assert_memory_equal(map->entries.values, knob, sizeof(knob));
	assert_null(fixture_map(&fixture, "jumps")->entries.values);
}

static void what_does_not_go_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"  nowhere: { values: [ 1 ] }",
		 "f: maps.nowhere: the object has no map of that name"},
		{"  jumps: { values: [ 1 ] }",
		 "f: maps.jumps: its values are file descriptors of programs"},
		{"  untyped: { entries: [ { key: 1, value: 1 } ] }",
		 "f: maps.untyped: the object has no BTF type for its values"},
		{"  written: { entries: [ { key: 1, value: 4294967296 } ] }", "f:4:"},
		{"  looked_at: { entries: [ { key: 1, value: { source: 2, ports: [3] } } ] }",
		 "f:4:"},
		{"  looked_at: { entries: [ { key: 1, value: 4 } ] }", "f:4:"},
		{"  queue: { values: [ 1,\n 2,\n 3 ] }", "f:"},
		{"  written: { values: [ 1 ] }", "f:4:"},
		{"  .data: { variables: { knob: 9, cog: 1 } }", "f:4:"},
	};
	_cleanup_(fixture_close) struct fixture fixture;

	fixture_open("sealed", &fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		fixture_refused(&fixture, rows[i].text, rows[i].part);
}

static int plan_again(void *userdata)
{
	return fixture_plan(userdata, TEXT);
}

/* Whatever this libbpf calls the section: the object itself stays as it was read. */
static void a_table_with_a_link_is_one_to_every_libbpf(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;
	const struct bpf_map *map;

	fixture_open("linked", &fixture);
	fixture_planned(&fixture, NULL);
	map = bpf_object__find_map_by_name(fixture.loader->bpf, "subject");
	assert_non_null(map);
	assert_int_equal(bpf_map__type(map), BPF_MAP_TYPE_STRUCT_OPS);
	assert_int_equal(bpf_map__map_flags(map), 1 << 13); /* BPF_F_LINK */
	assert_memory_equal(fixture.object->data, fixture.bytes, fixture.size);

	fixture_close(&fixture);
	fixture_open("both", &fixture);
	fixture_refused(&fixture, NULL, "o: it has tables in .struct_ops and in .struct_ops.link");
}

static void running_out_of_memory_is_an_error(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;

	fixture_open("sealed", &fixture);
	alloc_check(plan_again, &fixture);
}

static int quiet(void **state)
{
	libbpf_set_print(NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_filled_is_sealed_as_far_as_it_can_be),
		cmocka_unit_test(without_a_text_only_variables_are_sealed),
		cmocka_unit_test(a_plan_has_the_bytes),
		cmocka_unit_test(what_does_not_go_is_refused_with_its_place),
		cmocka_unit_test(a_table_with_a_link_is_one_to_every_libbpf),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
