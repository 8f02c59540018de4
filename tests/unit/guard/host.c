// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a policy requires of the host: before it comes into force, and while it is. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/host-look.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "posture/posture.h"
#include "test.h"

/* A file of the host, below the world's folder. */
static void put(struct world *world, const char *path, const char *text)
{
	char full[256];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/%s", world->dir, path);
	for (char *p = full + strlen(world->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
		*p = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define FTRACE "proc/sys/kernel/ftrace_enabled"
#define KPTR "proc/sys/kernel/kptr_restrict"
#define LOCKDOWN "sys/kernel/security/lockdown"

static int host_setup(void **state)
{
	struct world *world;

	assert_int_equal(world_setup(state), 0);
	world = *state;
	put(world, FTRACE, "1\n");
	put(world, KPTR, "2\n");
	put(world, LOCKDOWN, "none [integrity] confidentiality\n");
	world->options.host_root = world->dir;
	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	return 0;
}

static int host_teardown(void **state)
{
	struct world *world = *state;
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf %s/proc %s/sys", world->dir, world->dir);
	assert_int_equal(system(command), 0);
	return world_teardown(state);
}

static unsigned up(struct world *world, const struct test_image *image)
{
	struct protocol_up request = {
		.header = {.op = PROTOCOL_UP, .size = sizeof(request), .n_fds = 1}};
	int fd = test_image_fd(image);
	unsigned op = world_ask(world, &request.header, &fd);

	(void)close(fd);
	return op == PROTOCOL_REFUSED ? world->answer.refused.error : 0;
}

static struct test_image policy(const char *required)
{
	return (struct test_image){
		.mode = IMAGE_MODE_ENFORCE,
		.version = 7,
		.domain = "agent",
		.n_executables = 2,
		.required = required,
	};
}

/* Until the child that looks has gone. */
static void settle(struct world *world)
{
	siginfo_t info;

	do {
		world->step = server_step(world->server, 1);
	} while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	world_idle(world);
}

/* One more look. */
static void look(struct world *world)
{
	settle(world);
	*world_clock() += SERVER_HOST_NS;
	settle(world);
}

static bool status_says(struct world *world, const char *text)
{
	struct protocol_header header = {.op = PROTOCOL_STATUS, .size = sizeof(header)};
	bool says = false;

	assert_int_equal(world_ask(world, &header, NULL), PROTOCOL_STATE);
	for (uint32_t i = 0; i < world->answer.state.n_weak; i++)
		says |= strstr(world->answer.state.weak[i], text) != NULL;
	protocol_message_done(&world->answer);
	return says;
}

static void a_host_that_is_as_required_has_a_guard(void **state)
{
	struct test_image image = policy("ftrace");
	struct world *world = *state;

	image.require_lockdown = IMAGE_LOCKDOWN_INTEGRITY;
	assert_int_equal(up(world, &image), 0);
	look(world);
	assert_false(status_says(world, "the policy requires"));
	assert_int_equal(world_told(world, "degraded"), 0);
}

static void a_host_that_is_not_has_none_and_is_told_why(void **state)
{
	struct test_image image = policy("ftrace");
	struct world *world = *state;

	put(world, FTRACE, "0\n");
	assert_int_equal(up(world, &image), PROTOCOL_E_KERNEL);
	assert_non_null(
		strstr(world->answer.refused.text, "not so: ftrace (0); `holdfast posture"));
	assert_int_equal(fake_kernel()->up, 0);
	image = policy("kptr-restrict");
	image.require_lockdown = IMAGE_LOCKDOWN_CONFIDENTIALITY;
	assert_int_equal(up(world, &image), PROTOCOL_E_KERNEL);
	assert_non_null(strstr(world->answer.refused.text, "not so: lockdown (integrity);"));
	/* what cannot be read is not good */
	image = policy("yama");
	assert_int_equal(up(world, &image), PROTOCOL_E_KERNEL);
	image = policy("of-tomorrow");
	assert_int_equal(up(world, &image), PROTOCOL_E_KERNEL);
	assert_non_null(strstr(world->answer.refused.text,
			       "of-tomorrow (this holdfastd does not know it)"));
}

static void where_the_policy_allows_it_a_guard_comes_up_and_says_so(void **state)
{
	struct test_image image = policy("ftrace");
	struct world *world = *state;

	put(world, FTRACE, "0\n");
	image.degraded = true;
	assert_int_equal(up(world, &image), 0);
	look(world);
	assert_int_equal(world_told(world, "\"note\":\"degraded\""), 1);
	assert_int_equal(world_told(world, "the policy requires of the host: ftrace (0)"), 1);
	assert_true(status_says(world, "the policy requires of the host: ftrace (0)"));
	put(world, FTRACE, "1\n");
	look(world);
	assert_int_equal(world_told(world, "the host is again as the policy requires"), 1);
	assert_false(status_says(world, "the policy requires"));
}

static void a_change_is_told_with_the_checks_id_required_or_not(void **state)
{
	struct test_image image = policy("ftrace");
	struct world *world = *state;

	assert_int_equal(up(world, &image), 0);
	look(world);
	put(world, KPTR, "0\n");
	look(world);
	assert_int_equal(world_told(world, "\"check\":\"kptr-restrict\",\"note\":\"posture-worse\","
					   "\"text\":\"weak (0), it was good (2)\""),
			 1);
	assert_int_equal(world_told(world, "\"note\":\"degraded\""), 0);
	put(world, FTRACE, "0\n");
	look(world);
	assert_int_equal(world_told(world, "\"check\":\"ftrace\",\"note\":\"posture-worse\","
					   "\"text\":\"bad (0), it was good (1)\""),
			 1);
	assert_int_equal(world_told(world, "\"note\":\"degraded\""), 1);
	look(world);
	assert_int_equal(world_told(world, "\"note\":\"degraded\""), 1);
	put(world, FTRACE, "1\n");
	look(world);
	assert_int_equal(world_told(world, "\"note\":\"posture-better\""), 1);
}

static void a_policy_that_requires_more_does_not_come_into_force(void **state)
{
	struct test_image image = policy("ftrace"), next = policy("kptr-restrict");
	struct world *world = *state;

	assert_int_equal(up(world, &image), 0);
	memcpy(world->secret, world->answer.done.secret, sizeof(world->secret));
	put(world, KPTR, "0\n");
	next.version = 8;
	assert_int_equal(world_reload(world, world->secret, &next), PROTOCOL_E_KERNEL);
	put(world, KPTR, "1\n");
	assert_int_equal(world_reload(world, world->secret, &next), 0);
}

static void a_host_that_cannot_be_seen_is_said_once_and_shown(void **state)
{
	struct test_image image = policy(NULL);
	struct world *world = *state;

	assert_int_equal(up(world, &image), 0);
	fake_kernel()->shed_result = -EPERM;
	look(world);
	assert_int_equal(world_told(world, "the host's settings cannot be looked at"), 1);
	assert_true(status_says(world, "settings cannot be looked at"));
	look(world);
	assert_int_equal(world_told(world, "the host's settings cannot be looked at"), 1);
	fake_kernel()->shed_result = 0;
	look(world);
	assert_false(status_says(world, "cannot be looked at"));
}

/* A child whose label is another one may say anything. */
static void what_the_child_says_is_believed_in_form_only(void **state)
{
	struct host_look said = {.n = 1, .checks = {{.id = "ftrace", .value = "\x1b[2J"}}}, seen;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], &said, sizeof(said)), sizeof(said));
	(void)close(fds[1]);
	assert_int_equal(host_look_finish(-1, fds[0], &seen), 0);
	assert_string_equal(seen.checks[0].value, "?[2J");

	for (int i = 0; i < 5; i++) {
		struct host_look lie = said;
		size_t size = sizeof(lie);

		if (i == 0)
			lie.n = HOST_MAX_CHECKS + 1;
		else if (i == 1)
			lie.checks[0].status = _POSTURE_STATUS_MAX;
		else if (i == 2)
			memset(lie.checks[0].id, 'x', sizeof(lie.checks[0].id));
		else if (i == 3)
			memset(lie.checks[0].value, 'x', sizeof(lie.checks[0].value));
		else
			size--;
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], &lie, size), size);
		(void)close(fds[1]);
		assert_int_equal(host_look_finish(-1, fds[0], &seen), -EBADMSG);
	}
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(host_look_finish(-1, fds[0], &seen), -EAGAIN);
	(void)close(fds[1]);
}

#define ON_HOST(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_HOST(a_host_that_is_as_required_has_a_guard),
		ON_HOST(a_host_that_is_not_has_none_and_is_told_why),
		ON_HOST(where_the_policy_allows_it_a_guard_comes_up_and_says_so),
		ON_HOST(a_change_is_told_with_the_checks_id_required_or_not),
		ON_HOST(a_policy_that_requires_more_does_not_come_into_force),
		ON_HOST(a_host_that_cannot_be_seen_is_said_once_and_shown),
		cmocka_unit_test(what_the_child_says_is_believed_in_form_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
