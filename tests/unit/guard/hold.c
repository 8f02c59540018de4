// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is kept for a domain, from when, for how long; and another holdfastd goes on with it. */

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

#define ENDED 1 /* command of EVENT_ACT_CLOSED */

static const struct test_image holding = {IMAGE_MODE_ENFORCE, 8, "agent", 2, IMAGE_HOLD_LINKS};
static const struct test_image plain = {IMAGE_MODE_ENFORCE, 9, "agent", 2};
static const struct test_image observing = {IMAGE_MODE_OBSERVE, 9, "agent", 2, IMAGE_HOLD_LINKS};

static struct world *up(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	assert_int_equal(image_domain_id("agent", &fake_kernel()->domain), 0);
	assert_int_equal(world_reload(world, world->secret, &holding), 0);
	world_idle(world);
	return world;
}

static void happens(struct world *world, uint32_t act, uint32_t id, uint32_t command)
{
	fake_object_event(act, id, command);
	world_idle(world);
}

static void pass(struct world *world, uint64_t seconds)
{
	*world_clock() += seconds * CLOCK_SECOND_NS;
	world_idle(world);
}

static void link_outlives_its_domain(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	assert_true(fake_kept(11));
	happens(world, EVENT_ACT_CLOSED, 11, ENDED);
	fake_kernel()->dead = true;
	pass(world, 1000);
	assert_true(fake_kept(11));
	assert_int_equal(world_told(world, "\"note\":\"kept\""), 1);
}

static void link_that_is_closed_is_let_go(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_CLOSED, 11, 0);
	pass(world, 1);
	assert_true(fake_kept(11));
	pass(world, 1);
	assert_false(fake_kept(11));
	/* though it is there yet, by a pin of its domain's: that is its domain's to end */
	fake_kernel()->objects[fake_kernel()->n_objects++] = 11;
	pass(world, 61);
	assert_false(fake_kept(11));
}

/* A domain that ends soon after: its fds are gone before its end is heard of. */
static void link_closed_before_the_end_is_kept(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_CLOSED, 11, 0);
	pass(world, 1);
	happens(world, EVENT_ACT_CLOSED, 11, ENDED);
	fake_kernel()->dead = true;
	pass(world, 1000);
	assert_true(fake_kept(11));
}

static void link_with_another_fd_is_kept(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	fake_kernel()->fds[fake_kernel()->n_fds++] = 11;
	happens(world, EVENT_ACT_CLOSED, 11, 0);
	pass(world, 2);
	assert_true(fake_kept(11));
	fake_kernel()->n_fds = 0;
	happens(world, EVENT_ACT_CLOSED, 11, 0);
	pass(world, 2);
	pass(world, 2);
	assert_false(fake_kept(11));
}

static void link_is_kept_once_it_is_there(void **state)
{
	struct world *world = up(state);

	fake_kernel()->not_there_yet = 2;
	happens(world, EVENT_ACT_MADE, 11, 0);
	assert_false(fake_kept(11));
	pass(world, 1);
	pass(world, 1);
	assert_true(fake_kept(11));
}

static void next_in_its_place_ends_it(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_MADE, 12, 0);
	happens(world, EVENT_ACT_CLOSED, 11, ENDED);
	happens(world, EVENT_ACT_CLOSED, 12, ENDED);
	happens(world, EVENT_ACT_MADE, 21, 0);
	assert_false(fake_kept(11));
	assert_true(fake_kept(12));
	assert_true(fake_kept(21));
	/* for what nothing is made there is a limit */
	pass(world, 59);
	assert_true(fake_kept(12));
	pass(world, 2);
	assert_false(fake_kept(12));
	assert_true(fake_kept(21));
}

static void one_alike_ends_one_only(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_MADE, 21, 0);
	happens(world, EVENT_ACT_CLOSED, 11, ENDED);
	happens(world, EVENT_ACT_CLOSED, 21, ENDED);
	happens(world, EVENT_ACT_MADE, 31, 0);
	assert_false(fake_kept(11));
	assert_true(fake_kept(21));
	happens(world, EVENT_ACT_MADE, 41, 0);
	assert_false(fake_kept(21));
}

static void living_domain_keeps_its_links(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_MADE, 21, 0);
	pass(world, 1000);
	assert_true(fake_kept(11));
	assert_true(fake_kept(21));
}

static void room_for_one_is_made(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 19, 0);
	happens(world, EVENT_ACT_CLOSED, 19, ENDED);
	assert_true(fake_kept(19));
	happens(world, EVENT_ACT_EXEC, 0, 0);
	assert_false(fake_kept(19));
}

static void domain_without_tasks_has_left_it_all(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	/* the event of its end is lost */
	fake_kernel()->dead = true;
	pass(world, 61);
	fake_kernel()->dead = false;
	happens(world, EVENT_ACT_MADE, 21, 0);
	assert_false(fake_kept(11));
}

static void next_holdfastd_goes_on(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	happens(world, EVENT_ACT_MADE, 12, 0);
	happens(world, EVENT_ACT_CLOSED, 11, ENDED);
	world_kill(world);
	fake_object_event(EVENT_ACT_MADE, 21, 0);
	assert_int_equal(world_start(world), 0);
	world_idle(world);
	assert_false(fake_kept(11));
	assert_true(fake_kept(12));
	assert_true(fake_kept(21));
}

static void policy_that_holds_finds_what_is_there(void **state)
{
	struct world *world = up(state);
	struct test_image again = holding;

	assert_int_equal(world_reload(world, world->secret, &plain), 0);
	fake_kernel()->objects[fake_kernel()->n_objects++] = 11;
	fake_kernel()->fds[fake_kernel()->n_fds++] = 11;
	pass(world, 61);
	assert_false(fake_kept(11));
	again.version = 10;
	assert_int_equal(world_reload(world, world->secret, &again), 0);
	world_idle(world);
	assert_true(fake_kept(11));
}

static void nothing_is_kept_that_is_not_held(void **state)
{
	struct world *world = up(state);
	const struct test_image images[] = {plain, observing};

	for (size_t i = 0; i < 2; i++) {
		struct test_image image = images[i];

		image.version = 10 + 2 * i;
		happens(world, EVENT_ACT_MADE, 11, 0);
		assert_true(fake_kept(11));
		assert_int_equal(world_reload(world, world->secret, &image), 0);
		world_idle(world);
		assert_false(fake_kept(11));
		happens(world, EVENT_ACT_MADE, 21, 0);
		assert_false(fake_kept(21));
		image = holding;
		image.version = 11 + 2 * i;
		assert_int_equal(world_reload(world, world->secret, &image), 0);
		world_idle(world);
	}
}

static void released_domain_holds_nothing(void **state)
{
	struct world *world = up(state);

	happens(world, EVENT_ACT_MADE, 11, 0);
	fake_kernel()->respites[1] = (struct guard_respite){.until_ns = *world_clock() + 1000};
	pass(world, 61);
	assert_true(fake_kept(11));
	fake_kernel()->respites[1] =
		(struct guard_respite){.until_ns = *world_clock() + 100 * CLOCK_SECOND_NS};
	pass(world, 61);
	assert_false(fake_kept(11));
}

static void links_have_their_limit(void **state)
{
	struct world *world = up(state);

	for (uint32_t id = 11; id < 11 + 10 * FAKE_KEPT_MAX + 10; id += 10)
		happens(world, EVENT_ACT_MADE, id, 0);
	assert_int_equal(fake_kernel()->n_kept, FAKE_KEPT_MAX);
	assert_int_equal(world_told(world, "\"note\":\"not-kept\""), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_outlives_its_domain),
		TEST(link_that_is_closed_is_let_go),
		TEST(link_closed_before_the_end_is_kept),
		TEST(link_with_another_fd_is_kept),
		TEST(link_is_kept_once_it_is_there),
		TEST(next_in_its_place_ends_it),
		TEST(one_alike_ends_one_only),
		TEST(living_domain_keeps_its_links),
		TEST(room_for_one_is_made),
		TEST(domain_without_tasks_has_left_it_all),
		TEST(next_holdfastd_goes_on),
		TEST(policy_that_holds_finds_what_is_there),
		TEST(nothing_is_kept_that_is_not_held),
		TEST(released_domain_holds_nothing),
		TEST(links_have_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
