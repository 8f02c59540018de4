// SPDX-License-Identifier: LGPL-2.1-or-later
#include "object/advice.h"

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "fixture.h"
#include "object/freeze-facts.h"
#include "object/object.h"
#include "test.h"

static void each_map_gets_its_advice(void **state)
{
	static const struct {
		const char *fixture, *map, *writers;
		enum advice_verdict freeze, read_only;
	} rows[] = {
		{"writer", "looked_at", "user", ADVICE_YES, ADVICE_YES},
		{"writer", "unused", "nobody", ADVICE_YES, ADVICE_YES},
		{"writer", "stored", "both", ADVICE_YES, ADVICE_NO},
		{"writer", "counted", "program", ADVICE_YES, ADVICE_NO},
		{"writer", "updated", "program", ADVICE_YES, ADVICE_NO},
		{"writer", "deleted", "both", ADVICE_YES, ADVICE_NO},
		{"writer", "with_lock", "user", ADVICE_NO, ADVICE_YES},
		{"writer", "outer", "user", ADVICE_YES, ADVICE_YES},
		{"writer", "ring", "program", ADVICE_NO, ADVICE_NO},
		{"writer", ".bss", "both", ADVICE_NO, ADVICE_NO},
		{"agent", ".rodata", "user", ADVICE_ALREADY, ADVICE_ALREADY},
		{"agent", ".kconfig", "user", ADVICE_ALREADY, ADVICE_ALREADY},
		{"agent", ".data", "user", ADVICE_NO, ADVICE_YES},
		{"agent", "calls", "user", ADVICE_YES, ADVICE_NO},
		{"agent", "outer", "user", ADVICE_YES, ADVICE_NO},
		{"bare", "old", "user", ADVICE_YES, ADVICE_ALREADY},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(object_freep) struct object *object = fixture_object(rows[i].fixture);
		const struct object_map *map = fixture_map(object, rows[i].map);
		struct advice advice;

		advise(object, map, &advice);
		if (advice.freeze != rows[i].freeze || advice.read_only != rows[i].read_only ||
		    strcmp(advice_writers(map), rows[i].writers) != 0)
			fail_msg("%s: %d %d %s: %s; %s", rows[i].map, advice.freeze,
				 advice.read_only, advice_writers(map), advice.freeze_why,
				 advice.read_only_why);
		assert_true(advice.freeze_why[0] && advice.read_only_why[0]);
	}
}

static void what_the_verifier_refuses_is_no_write(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	struct object_map *map = fixture_map(object, ".rodata");

	map->uses |= USE_ESCAPE;
	assert_string_equal(advice_writers(map), "user");
	map->flags &= ~(uint32_t)BPF_F_RDONLY_PROG;
	assert_string_equal(advice_writers(map), "both");
}

/* As Linux 6.1 and 7.3 answer BPF_MAP_CREATE with BPF_F_RDONLY_PROG and nothing else wrong. */
static void the_flag_is_advised_only_where_the_kernel_takes_it(void **state)
{
	static const uint32_t takes[] = {
		BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_ARRAY,
		BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_LRU_HASH,
		BPF_MAP_TYPE_LRU_PERCPU_HASH,
		BPF_MAP_TYPE_LPM_TRIE,
		BPF_MAP_TYPE_HASH_OF_MAPS,
		BPF_MAP_TYPE_CGROUP_STORAGE,
		BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
		BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
		BPF_MAP_TYPE_QUEUE,
		BPF_MAP_TYPE_STACK,
		BPF_MAP_TYPE_BLOOM_FILTER,
	};
	_cleanup_(object_freep) struct object *object = fixture_object("bare");
	struct object_map *map = &object->maps[0];

	map->flags = 0;
	for (uint32_t type = BPF_MAP_TYPE_HASH; type <= BPF_MAP_TYPE_USER_RINGBUF; type++) {
		enum advice_verdict want = ADVICE_NO;
		struct advice advice;

		for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
			want = takes[i] == type ? ADVICE_YES : want;
		map->type = type;
		advise(object, map, &advice);
		if (advice.read_only != want)
			fail_msg("type %u: %s", type, advice.read_only_why);
	}
}

/* libholdfast and the tables of docs/freeze.md have the same words. */
static void of_freezing_the_table_of_facts_has_the_say(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("bare");
	struct object_map *map = &object->maps[0];
	struct freeze_facts facts;
	struct advice advice;
	size_t no = 0;

	map->flags = 0;
	for (map->type = BPF_MAP_TYPE_HASH; freeze_type_name(map->type); map->type++) {
		assert_int_equal(freeze_facts_get(map->type, 0, false, &facts), 0);
		advise(object, map, &advice);
		assert_int_equal(advice.freeze == ADVICE_YES, facts.can_freeze == FREEZE_YES);
		if (advice.freeze == ADVICE_YES)
			continue;
		assert_string_equal(advice.freeze_why, facts.freeze_reason);
		no++;
	}
	assert_int_equal(no, 4);
	/* the first that nobody has asked about */
	advise(object, map, &advice);
	assert_int_equal(advice.freeze, ADVICE_NO);
}

static void the_reason_names_the_write(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("writer");
	struct advice advice;

	advise(object, fixture_map(object, "helped"), &advice);
	assert_non_null(strstr(advice.read_only_why, "hands"));
	assert_non_null(strstr(advice.read_only_why, "bpf_get_current_comm"));
	advise(object, fixture_map(object, "with_lock"), &advice);
	assert_non_null(strstr(advice.freeze_why, "bpf_spin_lock"));
}

static void a_map_that_can_be_mapped_is_not_frozen(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("bare");
	struct advice advice;

	object->maps[0].flags |= BPF_F_MMAPABLE;
	advise(object, &object->maps[0], &advice);
	assert_int_equal(advice.freeze, ADVICE_NO);
	assert_non_null(strstr(advice.freeze_why, "EBUSY"));
}

static void the_patch_has_what_is_advised_and_nothing_else(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("writer");
	_cleanup_free_ char *patch = NULL;

	assert_int_equal(advice_patch(object, &patch), 0);
	assert_non_null(strstr(patch, "+\t__uint(map_flags, BPF_F_RDONLY_PROG);\n"
				      " } looked_at SEC(\".maps\");"));
	assert_non_null(strstr(patch, "bpf_map_freeze(bpf_map__fd(skel->maps.looked_at))"));
	assert_non_null(strstr(patch, "bpf_map_freeze(bpf_map__fd(skel->maps.stored))"));
	assert_null(strstr(patch, "} stored SEC"));
	assert_null(strstr(patch, "skel->maps.ring"));
	assert_null(strstr(patch, "skel->maps.with_lock"));
}

static void flags_that_are_there_stay_in_the_patch(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	_cleanup_free_ char *patch = NULL;

	assert_int_equal(advice_patch(object, &patch), 0);
	assert_non_null(strstr(patch, "-\t__uint(map_flags, BPF_F_NO_PREALLOC);\n"
				      "+\t__uint(map_flags, BPF_F_NO_PREALLOC | "
				      "BPF_F_RDONLY_PROG);\n } table SEC"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_map_gets_its_advice),
		cmocka_unit_test(what_the_verifier_refuses_is_no_write),
		cmocka_unit_test(the_flag_is_advised_only_where_the_kernel_takes_it),
		cmocka_unit_test(of_freezing_the_table_of_facts_has_the_say),
		cmocka_unit_test(the_reason_names_the_write),
		cmocka_unit_test(a_map_that_can_be_mapped_is_not_frozen),
		cmocka_unit_test(the_patch_has_what_is_advised_and_nothing_else),
		cmocka_unit_test(flags_that_are_there_stay_in_the_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
