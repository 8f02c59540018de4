// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which holdfastd may come next, who says so, and when this one makes room. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

#define WRONG "0000-0000-0000-0000-0000-0000-0000-0000"
#define SELF "/proc/self/exe" /* what is in place */
#define OTHER "/etc/passwd" /* any file is another daemon */

static struct guard_daemon daemon_of(const char *path)
{
	struct guard_daemon daemon = {};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_return_code(fd, 0);
	assert_int_equal(fstat(fd, &st), 0);
	daemon.size = (uint64_t)st.st_size;
	assert_int_equal(sha256_fd(fd, daemon.size, daemon.digest), 0);
	(void)close(fd);
	return daemon;
}

static unsigned upgrade(struct world *world, const char *secret, const char *path)
{
	struct protocol_change change = {
		.header = {.op = PROTOCOL_UPGRADE, .size = sizeof(change), .n_fds = 1}};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned op;

	assert_return_code(fd, 0);
	world_secret(&change.secret, secret);
	op = world_ask(world, &change.header, &fd);
	(void)close(fd);
	return op == PROTOCOL_DONE ? 0 : world->answer.refused.error;
}

static void pass(struct world *world)
{
	*world_clock() += 2 * CLOCK_SECOND_NS;
	world_idle(world);
}

static void the_operator_admits_another_daemon(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);
	struct guard_daemon wanted = daemon_of(OTHER);

	assert_int_equal(upgrade(world, NULL, OTHER), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(upgrade(world, WRONG, OTHER), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(fake_kernel()->next.size, 0);
	assert_int_equal(upgrade(world, world->secret, OTHER), 0);
	assert_memory_equal(&fake_kernel()->next, &wanted, sizeof(wanted));
	assert_int_equal(fake_kernel()->marked, 0);
	assert_int_equal(world_told(world, "\"note\":\"upgrade\""), 1);
	/* who is admitted is admitted */
	assert_int_equal(upgrade(world, NULL, OTHER), 0);
}

static void a_guard_that_observes_asks_for_no_secret(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);

	assert_int_equal(upgrade(world, NULL, OTHER), 0);
	assert_int_not_equal(fake_kernel()->next.size, 0);
}

static void what_is_no_file_is_not_admitted(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	assert_int_equal(upgrade(world, world->secret, "/dev/null"), PROTOCOL_E_UPGRADE);
	assert_int_equal(upgrade(world, world->secret, "/"), PROTOCOL_E_UPGRADE);
	assert_int_equal(fake_kernel()->next.size, 0);
}

static void without_a_guard_there_is_nothing_to_admit(void **state)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(upgrade(world, NULL, SELF), PROTOCOL_E_NOT_UP);
}

static void the_own_daemon_ends_the_admission(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	fake_kernel()->own = daemon_of(SELF);
	assert_int_equal(upgrade(world, world->secret, OTHER), 0);
	assert_int_equal(upgrade(world, NULL, SELF), 0);
	assert_int_equal(fake_kernel()->next.size, 0);
	assert_int_not_equal(fake_kernel()->marked, 0);
}

static void holdfastd_leaves_for_who_is_admitted_and_in_place(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	assert_int_equal(upgrade(world, world->secret, SELF), 0);
	pass(world);
	assert_int_equal(world->step, SERVER_STOPPED);
	assert_true(fake_kernel()->up);
}

static void holdfastd_stays_while_another_is_in_place(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);

	assert_int_equal(upgrade(world, world->secret, OTHER), 0);
	pass(world);
	assert_int_equal(world->step, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_operator_admits_another_daemon),
		TEST(a_guard_that_observes_asks_for_no_secret),
		TEST(what_is_no_file_is_not_admitted),
		TEST(without_a_guard_there_is_nothing_to_admit),
		TEST(the_own_daemon_ends_the_admission),
		TEST(holdfastd_leaves_for_who_is_admitted_and_in_place),
		TEST(holdfastd_stays_while_another_is_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
