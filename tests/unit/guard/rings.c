// SPDX-License-Identifier: LGPL-2.1-or-later
/* What comes through the two rings: in which order, what was folded, what was loaded. */

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/fake_guard.h"
#include "guard/server_world.h"
#include "policy/image.h"
#include "test.h"

static void one_ring_is_read_though_the_other_is_flooded(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);
	_cleanup_free_ char *log = NULL;

	for (uint64_t i = 1; i <= 6000; i++)
		fake_flagged_event(i, i % 60 ? 0 : EVENT_RISK);
	world_idle(world);
	log = world_log(world);
	/* the first of the one before the first of the other, the last before the second half */
	assert_true(strstr(log, "\"seq\":60,") < strstr(log, "\"seq\":1,"));
	assert_true(strstr(log, "\"seq\":6000,") < strstr(log, "\"seq\":4499,"));
	assert_null(strstr(log, "\"lost\""));
	assert_int_equal(world_told(world, "\"act\":\"unlink\""), 6000);
}

static void folded_events_are_told_once(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	world_idle(world);
	fake_kernel()->folded = 5;
	fake_flagged_event(1, EVENT_LIMITED);
	world_idle(world);
	*world_clock() += 2 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"folded\":5,\"row\":\"M01\","), 1);
	fake_kernel()->folded = 7;
	*world_clock() += 2 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"folded\":2,\"row\":\"M01\","), 1);
	*world_clock() += 2 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"folded\":"), 2);
	assert_int_equal(world_told(world, "\"total\":5,"), 1);
	assert_int_equal(world_told(world, "\"total\":7,"), 1);
}

static void fake_load(uint64_t sequence, uint32_t id)
{
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = sequence,
		.act = EVENT_ACT_PROG_LOAD,
		.verdict = EVENT_ADMITTED,
		.object_kind = EVENT_OBJECT_PROG,
		.object_id = id,
	};

	fake_raw_event(&event, sizeof(event));
}

static void loads_are_counted_from_two_sides(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	world_idle(world);
	fake_kernel()->programs = 100;
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	fake_load(1, 101);
	fake_load(2, 103);
	fake_load(3, 105);
	fake_kernel()->programs = 104;
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"decided\":2,\"ids\":4,\"note\":\"loads\""), 1);
	fake_kernel()->programs = 105;
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"decided\":1,\"ids\":1,\"note\":\"loads\""), 1);
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"note\":\"loads\""), 3);
	/* the last ones are gone again: what has been counted is not counted twice */
	fake_kernel()->programs = 50;
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	fake_kernel()->programs = 106;
	*world_clock() += 31 * CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(world_told(world, "\"note\":\"loads\""), 4);
	assert_int_equal(world_told(world, "\"decided\":0,\"ids\":1,\"note\":\"loads\""), 1);
}

static void folded_events_are_told_before_down(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	world_idle(world);
	fake_kernel()->folded = 3;
	assert_int_equal(world_down(world, world->secret), 0);
	assert_int_equal(world_told(world, "\"folded\":3,"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_ring_is_read_though_the_other_is_flooded),
		TEST(folded_events_are_told_once),
		TEST(folded_events_are_told_before_down),
		TEST(loads_are_counted_from_two_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
