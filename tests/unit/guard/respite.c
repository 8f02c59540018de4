// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a guard that enforces only observes, who may have it so, and that it is told once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system.h"
#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

#define WRONG "0000-0000-0000-0000-0000-0000-0000-0000"

static const struct test_image enforcing = {IMAGE_MODE_ENFORCE, 8, "agent", 2};
static const struct test_image observing = {IMAGE_MODE_OBSERVE, 8, "agent", 2};

static struct world *up(void **state, uint32_t mode, uint32_t confirm_s)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	world->confirm_s = confirm_s;
	assert_int_equal(world_up(world, mode, 7), 0);
	world->confirm_s = 0;
	return world;
}

static unsigned confirm(struct world *world, const char *secret)
{
	struct protocol_change change = {
		.header = {.op = PROTOCOL_CONFIRM, .size = sizeof(change)}};
	unsigned op;

	world_secret(&change.secret, secret);
	op = world_ask(world, &change.header, NULL);
	return op == PROTOCOL_DONE ? 0 : world->answer.refused.error;
}

static unsigned release(struct world *world, const char *secret, uint32_t seconds, uint32_t flags)
{
	struct protocol_release request = {
		.header = {.op = PROTOCOL_RELEASE, .size = sizeof(request)},
		.domain = "agent",
		.seconds = seconds,
		.flags = flags,
	};
	unsigned op;

	world_secret(&request.secret, secret);
	op = world_ask(world, &request.header, NULL);
	return op == PROTOCOL_DONE ? 0 : world->answer.refused.error;
}

static struct protocol_state status(struct world *world)
{
	struct protocol_header ask = {.op = PROTOCOL_STATUS, .size = sizeof(ask)};
	struct protocol_state state;

	assert_int_equal(world_ask(world, &ask, NULL), PROTOCOL_STATE);
	state = world->answer.state;
	protocol_message_done(&world->answer);
	return state;
}

static void pass(struct world *world, uint64_t seconds)
{
	*world_clock() += seconds * CLOCK_SECOND_NS;
	world_idle(world);
}

static void unconfirmed_guard_observes_and_says_so_once(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 60);

	assert_true(status(world).confirm_ns > *world_clock());
	pass(world, 59);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_NO);
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	pass(world, 2);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_UNCONFIRMED);
	assert_int_equal(world_told(world, "\"note\":\"unconfirmed\""), 1);
	world_kill(world);
	assert_int_equal(world_start(world), 0);
	pass(world, 1);
	assert_int_equal(world_told(world, "\"note\":\"unconfirmed\""), 1);
	assert_int_equal(confirm(world, world->secret), PROTOCOL_E_CONFIRM);
	assert_int_equal(world_down(world, NULL), 0);
}

static void next_holdfastd_finds_the_time(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 60);

	world_kill(world);
	*world_clock() += 61 * CLOCK_SECOND_NS;
	assert_int_equal(world_start(world), 0);
	world_idle(world);
	assert_int_equal(world_told(world, "\"note\":\"unconfirmed\""), 1);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_UNCONFIRMED);
}

static void confirmed_guard_goes_on(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 60);

	assert_int_equal(confirm(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(confirm(world, WRONG), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(confirm(world, world->secret), 0);
	pass(world, 1000);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_NO);
	assert_int_equal(world_told(world, "\"note\":\"confirmed\""), 1);
	assert_int_equal(confirm(world, world->secret), PROTOCOL_E_CONFIRM);
}

static void wrong_secrets_do_not_keep_the_operator_from_confirming(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 60);

	for (int i = 0; i < 6; i++)
		(void)world_down(world, WRONG);
	assert_int_equal(world_down(world, WRONG), PROTOCOL_E_SECRET_LOCKED);
	assert_int_equal(confirm(world, world->secret), 0);
}

static void reload_confirms_nothing(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 60);

	assert_int_equal(world_reload(world, NULL, &enforcing), 0);
	assert_true(status(world).confirm_ns > 0);
	pass(world, 61);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_UNCONFIRMED);
	/* but one after that enforces again */
	assert_int_equal(world_reload(world, NULL, &enforcing), 0);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_NO);
}

static void end_of_enforcement_is_not_asked_for_without_the_secret(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 0);

	world->confirm_s = 60;
	assert_int_equal(world_reload(world, NULL, &enforcing), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_reload(world, world->secret, &observing), PROTOCOL_E_CONFIRM);
	pass(world, 100);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_NO);
	assert_int_equal(world_reload(world, world->secret, &enforcing), 0);
	pass(world, 100);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_UNCONFIRMED);
}

static void reload_that_fails_leaves_no_end_behind(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 0);

	world->confirm_s = 60;
	fake_kernel()->reload_result = GUARD_E_IMAGE;
	assert_int_equal(world_reload(world, world->secret, &enforcing), PROTOCOL_E_IMAGE);
	assert_int_equal(status(world).confirm_ns, 0);
}

static void release_needs_the_secret_and_ends(void **state)
{
	struct world *world = up(state, IMAGE_MODE_ENFORCE, 0);

	assert_int_equal(release(world, NULL, 60, 0), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(release(world, world->secret, 60, 0), 0);
	assert_true(status(world).domains[1].released_ns > *world_clock());
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	pass(world, 61);
	assert_int_equal(fake_kernel()->respites[1].until_ns, 0);
	assert_int_equal(world_told(world, "\"note\":\"release\""), 1);
	assert_int_equal(world_told(world, "\"note\":\"release-ended\""), 1);
	assert_int_equal(release(world, world->secret, 0, 0), 0);
	pass(world, 1000000);
	assert_true(fake_kernel()->respites[1].until_ns == UINT64_MAX);
	assert_int_equal(release(world, NULL, 0, PROTOCOL_RELEASE_END), 0);
	assert_int_equal(fake_kernel()->respites[1].until_ns, 0);
}

static int boot(struct world *world, const char *cmdline)
{
	struct test_image image = {IMAGE_MODE_ENFORCE, 7, "agent", 2};
	char path[WORLD_PATH + 16];
	size_t size;
	char *data = test_image_make(&image, &size);
	int r;

	(void)snprintf(path, sizeof(path), "%s/cmdline", world->dir);
	assert_int_equal(file_write_atomic(path, cmdline, strlen(cmdline), 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_image, data, size, 0644), 0);
	free(data);
	world->options.wait = false;
	world->options.cmdline = path;
	r = world_start(world);
	world->options.cmdline = NULL;
	return r;
}

static void boot_prompt_that_says_observe_is_heard(void **state)
{
	struct world *world = *state;

	assert_int_equal(boot(world, "root=/dev/vda ro holdfast=observe quiet\n"), 0);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_BOOT);
	assert_int_equal(world_told(world, "\"note\":\"boot-escape\""), 1);
	pass(world, 1000);
	assert_int_equal(world_told(world, "\"note\":\"unconfirmed\""), 0);
	assert_int_equal(world_reload(world, NULL, &enforcing), 0);
	assert_int_equal(status(world).observes, PROTOCOL_OBSERVES_NO);
}

static void boot_prompt_that_says_off_is_heard(void **state)
{
	struct world *world = *state;

	assert_int_equal(boot(world, "ro holdfast=off"), 0);
	assert_false(fake_kernel()->up);
	world_idle(world);
	assert_int_equal(world_told(world, "\"note\":\"boot-escape\""), 1);
	assert_int_equal(status(world).n_weak, 1);
}

static void other_words_of_the_boot_prompt_count_for_nothing(void **state)
{
	struct world *world = *state;

	assert_int_equal(boot(world, "xholdfast=off holdfast.off holdfast=offf"),
			 SERVER_E_OPERATOR);
	assert_int_equal(world_told(world, "\"note\":\"boot-escape\""), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unconfirmed_guard_observes_and_says_so_once),
		TEST(next_holdfastd_finds_the_time),
		TEST(confirmed_guard_goes_on),
		TEST(wrong_secrets_do_not_keep_the_operator_from_confirming),
		TEST(reload_confirms_nothing),
		TEST(end_of_enforcement_is_not_asked_for_without_the_secret),
		TEST(reload_that_fails_leaves_no_end_behind),
		TEST(release_needs_the_secret_and_ends),
		TEST(boot_prompt_that_says_observe_is_heard),
		TEST(boot_prompt_that_says_off_is_heard),
		TEST(other_words_of_the_boot_prompt_count_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
