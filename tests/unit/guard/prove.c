// SPDX-License-Identifier: LGPL-2.1-or-later
/* When the guard proves itself, and who hears of it. */

#include <errno.h>

#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

static struct world *up(void **state)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	return world;
}

/* The next proof, with that result. */
static void prove(struct world *world, int result)
{
	fake_kernel()->prove_result = result;
	*world_clock() += SERVER_PROOF_NS;
	world_idle(world);
}

static const struct protocol_state *status(struct world *world)
{
	struct protocol_header header = {.op = PROTOCOL_STATUS, .size = sizeof(header)};

	assert_int_equal(world_ask(world, &header, NULL), PROTOCOL_STATE);
	return &world->answer.state;
}

static void guard_that_is_up_proves_itself_every_minute(void **state)
{
	struct world *world = up(state);

	assert_int_equal(fake_kernel()->proofs, 1);
	*world_clock() += SERVER_PROOF_NS - 1;
	world_idle(world);
	assert_int_equal(fake_kernel()->proofs, 1);
	*world_clock() += 1;
	world_idle(world);
	assert_int_equal(fake_kernel()->proofs, 2);
	assert_int_equal(world_told(world, "proof"), 0);
	assert_int_equal(status(world)->proof_refused, 36);
	protocol_message_done(&world->answer);
}

static void guard_that_is_down_proves_nothing(void **state)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	*world_clock() += CLOCK_SECOND_NS;
	world_idle(world);
	assert_int_equal(fake_kernel()->proofs, 0);
}

static void proof_that_fails_is_said_once_and_shown(void **state)
{
	struct world *world = up(state);
	const struct protocol_state *shown;

	prove(world, GUARD_E_PROOF);
	prove(world, GUARD_E_PROOF);
	assert_int_equal(world_told(world, "\"note\":\"proof-failed\""), 1);
	assert_int_equal(world_told(world, "a pin unlinked went through"), 1);
	shown = status(world);
	assert_int_equal(shown->proof_acts, 36);
	assert_int_equal(shown->proof_refused, 35);
	assert_int_equal(shown->n_weak, 2);
	assert_string_equal(shown->weak[1], "a pin unlinked went through");
	protocol_message_done(&world->answer);
}

static void proof_that_is_good_again_is_said(void **state)
{
	struct world *world = up(state);

	prove(world, GUARD_E_PROOF);
	prove(world, 0);
	assert_int_equal(world_told(world, "\"note\":\"proof\""), 1);
	assert_int_equal(status(world)->n_weak, 1);
	protocol_message_done(&world->answer);
	prove(world, GUARD_E_PROOF);
	assert_int_equal(world_told(world, "\"note\":\"proof-failed\""), 2);
}

static void proof_that_cannot_be_made_is_said(void **state)
{
	struct world *world = up(state);

	prove(world, -ENOMEM);
	assert_int_equal(world_told(world, "self-proof cannot be made"), 1);
	assert_int_equal(status(world)->n_weak, 2);
	protocol_message_done(&world->answer);
}

static void new_holdfastd_proves_the_guard_it_takes_over(void **state)
{
	struct world *world = up(state);

	world_kill(world);
	assert_int_equal(world_start(world), 0);
	world_idle(world);
	assert_int_equal(fake_kernel()->proofs, 2);
}

/* Which may need programs that were not attached. */
static void another_policy_is_proven_at_once(void **state)
{
	const struct test_image next = {IMAGE_MODE_ENFORCE, 8, "agent", 2};
	struct world *world = up(state);

	assert_int_equal(world_reload(world, world->secret, &next), 0);
	world_idle(world);
	assert_int_equal(fake_kernel()->proofs, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guard_that_is_up_proves_itself_every_minute),
		TEST(guard_that_is_down_proves_nothing),
		TEST(proof_that_fails_is_said_once_and_shown),
		TEST(proof_that_is_good_again_is_said),
		TEST(proof_that_cannot_be_made_is_said),
		TEST(new_holdfastd_proves_the_guard_it_takes_over),
		TEST(another_policy_is_proven_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
