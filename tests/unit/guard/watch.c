// SPDX-License-Identifier: LGPL-2.1-or-later
/* What others have hung beside the guard, and who hears of it. */

#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "bpf/events-api.h"
#include "bpf/labels-api.h"
#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

static const struct guard_foreign older = {
	.link = 3,
	.prog = 4,
	.attach_type = 27,
	.before = true,
	.name = "old",
	.beside = "commands_bpf",
};
static const struct guard_foreign newer = {.link = 90,
					   .prog = 91,
					   .attach_type = 26,
					   .name = "new"};

static struct world *up(void **state)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	return world;
}

static void add(const struct guard_foreign *foreign)
{
	struct guard_survey *survey = &fake_kernel()->survey;

	survey->foreign[survey->n_foreign++] = *foreign;
}

static void minute(struct world *world)
{
	*world_clock() += SERVER_PROOF_NS;
	world_idle(world);
}

/* The lines of weakness in the status; the fake guard has one of its own. */
static void assert_weak(struct world *world, const char *text)
{
	struct protocol_header header = {.op = PROTOCOL_STATUS, .size = sizeof(header)};

	assert_int_equal(world_ask(world, &header, NULL), PROTOCOL_STATE);
	assert_int_equal(world->answer.state.n_weak, text ? 2 : 1);
	if (text)
		assert_non_null(strstr(world->answer.state.weak[1], text));
	protocol_message_done(&world->answer);
}

static void what_was_there_before_is_told_once_and_is_no_weakness(void **state)
{
	struct world *world;

	add(&older);
	world = up(state);
	minute(world);
	assert_int_equal(world_told(world, "\"note\":\"before\""), 1);
	assert_int_equal(
		world_told(world,
			   "program 4 (old), link 3, attach type 27, hangs beside commands_bpf"),
		1);
	assert_weak(world, NULL);
}

/* It decides before any hook of the guard's could. */
static void what_was_around_hooks_before_is_shown(void **state)
{
	struct guard_foreign around = older;
	struct world *world;

	around.attach_type = 26;
	add(&around);
	world = up(state);
	minute(world);
	assert_int_equal(world_told(world, "\"note\":\"before\""), 1);
	assert_weak(world, "1 programs from before the guard");
	/* what has come since is worse */
	add(&newer);
	minute(world);
	assert_weak(world, "1 programs of others");
}

static void who_was_not_adopted_is_told_and_shown(void **state)
{
	struct guard_adoption *adoption = &fake_kernel()->adoption;
	struct world *world;

	adoption->adoptees[0] = (struct guard_adoptee){.pid = 7, .domain = 99};
	adoption->adoptees[1] =
		(struct guard_adoptee){.pid = 8, .domain = 99, .reason = ADOPTION_TRACED};
	adoption->n_adoptees = 2;
	adoption->made = true;
	world = up(state);
	assert_int_equal(world_told(world, "\"note\":\"adopt\""), 1);
	assert_int_equal(world_told(world, "process 8 looks like domain:0x00000063 and is a "
					   "stranger: it is being traced; restart it"),
			 1);
	assert_weak(world, "1 processes look like agents and are strangers, 0 objects");
}

static void what_strangers_hold_of_the_adopted_is_told(void **state)
{
	struct guard_adoption *adoption = &fake_kernel()->adoption;
	struct world *world;

	adoption->held[0] = (struct guard_held){
		.pid = 9, .kind = EVENT_OBJECT_MAP, .id = 5, .domain = 99, .writable = true};
	adoption->held[1] =
		(struct guard_held){.prog = 6, .kind = EVENT_OBJECT_MAP, .id = 5, .domain = 99};
	adoption->n_held = 2;
	adoption->made = true;
	world = up(state);
	assert_int_equal(world_told(world, "process 9 has an fd of, to write, map 5"), 1);
	assert_int_equal(world_told(world, "program 6 uses map 5"), 1);
	assert_weak(world, "0 processes look like agents and are strangers, 2 objects");
}

static void what_has_come_later_is_told_once_and_shown(void **state)
{
	struct world *world = up(state);

	assert_int_equal(world_told(world, "\"note\":\"foreign\""), 0);
	add(&newer);
	minute(world);
	minute(world);
	assert_int_equal(world_told(world, "\"note\":\"foreign\""), 1);
	assert_weak(world, "1 programs of others");
}

static void what_has_gone_is_shown_no_longer(void **state)
{
	struct world *world = up(state);

	add(&newer);
	minute(world);
	fake_kernel()->survey.n_foreign = 0;
	minute(world);
	assert_weak(world, NULL);
}

static void more_than_fits_is_counted(void **state)
{
	struct world *world = up(state);

	for (uint32_t i = 0; i < GUARD_MAX_FOREIGN; i++) {
		add(&newer);
		fake_kernel()->survey.foreign[i].link += i;
	}
	fake_kernel()->survey.n_foreign++;
	minute(world);
	assert_weak(world, "33 programs of others");
}

static void function_that_is_full_is_shown(void **state)
{
	struct world *world = up(state);

	strcpy(fake_kernel()->survey.full, "commands_bpf");
	minute(world);
	assert_weak(world, "the function of commands_bpf takes hardly any more");
}

static void look_that_fails_is_shown(void **state)
{
	struct world *world = up(state);

	fake_kernel()->look_result = -ENOMEM;
	minute(world);
	assert_weak(world, "cannot be seen");
}

static void links_without_a_label_are_looked_for_each_second(void **state)
{
	struct world *world = up(state);
	unsigned looks = fake_kernel()->late_looks;

	*world_clock() += CLOCK_SECOND_NS - 1;
	world_idle(world);
	assert_int_equal(fake_kernel()->late_looks, looks);
	*world_clock() += 1;
	world_idle(world);
	assert_int_equal(fake_kernel()->late_looks, looks + 1);
}

static void look_that_fails_is_told_once(void **state)
{
	struct world *world = up(state);

	for (int i = 0; i < 2; i++) {
		fake_kernel()->late_result = -EIO;
		*world_clock() += CLOCK_SECOND_NS;
		world_idle(world);
	}
	assert_int_equal(world_told(world, "\"note\":\"late\""), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_there_before_is_told_once_and_is_no_weakness),
		TEST(what_was_around_hooks_before_is_shown),
		TEST(who_was_not_adopted_is_told_and_shown),
		TEST(what_strangers_hold_of_the_adopted_is_told),
		TEST(what_has_come_later_is_told_once_and_shown),
		TEST(what_has_gone_is_shown_no_longer),
		TEST(more_than_fits_is_counted),
		TEST(function_that_is_full_is_shown),
		TEST(look_that_fails_is_shown),
		TEST(links_without_a_label_are_looked_for_each_second),
		TEST(look_that_fails_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
