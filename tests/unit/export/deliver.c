// SPDX-License-Identifier: LGPL-2.1-or-later
/* A receiver that reads all of it, and one that does not. */

#include "export/deliver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/follow.h"
#include "export/position.h"
#include "log.h"
#include "test.h"

#define ENTRIES 3000

struct world {
	struct log log;
	struct follow *follow;
	char state[64], port[16];
	int listen_fd;
	pid_t receiver;
};

static void warn(const char *text)
{
	fail_msg("%s", text);
}

static int setup(void **state)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct world *world = calloc(1, sizeof(*world));
	socklen_t size = sizeof(name);

	assert_non_null(world);
	log_make(ENTRIES, &world->log);
	(void)snprintf(world->state, sizeof(world->state), "%s.state", world->log.dir);
	assert_int_equal(
		follow_new(&(struct follow_options){.path = world->log.dir}, &world->follow), 0);
	world->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world->listen_fd, (struct sockaddr *)&name, size), 0);
	assert_int_equal(listen(world->listen_fd, 5), 0);
	assert_int_equal(getsockname(world->listen_fd, (struct sockaddr *)&name, &size), 0);
	(void)snprintf(world->port, sizeof(world->port), "%u", ntohs(name.sin_port));
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	if (world->receiver > 0) {
		(void)kill(world->receiver, SIGKILL);
		(void)waitpid(world->receiver, NULL, 0);
	}
	closep(&world->listen_fd);
	(void)follow_free(world->follow);
	(void)unlink(world->state);
	log_done(&world->log);
	free(world);
	return 0;
}

/* Takes connections; of each it reads all, or what comes first. */
static void receive(struct world *world, bool all)
{
	world->receiver = fork();
	assert_true(world->receiver >= 0);
	if (world->receiver > 0)
		return;
	for (;;) {
		int fd = accept4(world->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		char bytes[4096];

		while (recv(fd, bytes, sizeof(bytes), 0) > 0 && all)
			continue;
		/* there has to be something that is left behind */
		if (!all)
			(void)recv(fd, bytes, 1, MSG_PEEK);
		(void)close(fd);
	}
}

static int deliver(const struct world *world)
{
	const struct deliver_options options = {
		.follow = world->follow,
		.host = "127.0.0.1",
		.port = world->port,
		.state = world->state,
		.once = true,
		.warn = warn,
	};
	struct diag diag = {0};

	return deliver_run(&options, &diag);
}

static void what_was_not_read_was_not_taken(void **state)
{
	struct world *world = *state;

	receive(world, false);
	assert_int_equal(deliver(world), DELIVER_E_FAILED);
	assert_int_equal(access(world->state, F_OK), -1);
}

static void what_was_read_was_taken_and_is_not_sent_again(void **state)
{
	struct world *world = *state;
	struct position position;

	receive(world, true);
	assert_int_equal(deliver(world), 0);
	assert_int_equal(position_read(world->state, &position, NULL), 0);
	assert_string_equal(position.origin, LOG_ORIGIN);
	assert_int_equal(position.next, ENTRIES);
	/* with nobody there it would fail if there were anything to send */
	(void)kill(world->receiver, SIGKILL);
	(void)waitpid(world->receiver, NULL, 0);
	world->receiver = 0;
	closep(&world->listen_fd);
	world->listen_fd = -EBADF;
	follow_seek(world->follow, 0);
	assert_int_equal(deliver(world), 0);
}

static void a_position_of_another_log_is_refused(void **state)
{
	const struct position other = {"other.example/log", 3}, ahead = {LOG_ORIGIN, ENTRIES + 1};
	struct world *world = *state;

	assert_int_equal(position_write(world->state, &other, NULL), 0);
	assert_int_equal(deliver(world), DELIVER_E_FAILED);
	assert_int_equal(position_write(world->state, &ahead, NULL), 0);
	assert_int_equal(deliver(world), DELIVER_E_FAILED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_read_was_not_taken),
		TEST(what_was_read_was_taken_and_is_not_sent_again),
		TEST(a_position_of_another_log_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
