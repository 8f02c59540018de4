// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast run`: who may start what, how its end is told, and that nobody else can end it. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

/* A request and the pipe its command writes to. */
struct request {
	struct protocol_run *message;
	int out; /* to be read */
	int writer;
	int null;
	int cwd;
};

static void request_done(struct request *request)
{
	free(request->message);
	closep(&request->out);
	closep(&request->writer);
	closep(&request->null);
	closep(&request->cwd);
}

static struct request request_make(const struct world *world, const char *domain,
				   const char *const *args)
{
	struct request request = {};
	char *p;
	int fds[2];

	request.message = calloc(1, sizeof(*request.message) + PROTOCOL_MAX_ARGS_SIZE);
	assert_non_null(request.message);
	p = (char *)(request.message + 1);
	for (; args[request.message->argc]; request.message->argc++)
		p = stpcpy(p, args[request.message->argc]) + 1;
	request.message->args_size = (uint32_t)(p - (char *)(request.message + 1));
	request.message->header = (struct protocol_header){
		.op = PROTOCOL_RUN,
		.size = (uint32_t)sizeof(*request.message) + request.message->args_size,
		.n_fds = PROTOCOL_RUN_FDS,
	};
	(void)snprintf(request.message->domain, PROTOCOL_DOMAIN_LEN, "%s", domain);
	(void)snprintf(request.message->term, PROTOCOL_TERM_LEN, "dumb");

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	request.out = fds[0];
	request.writer = fds[1];
	request.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	request.cwd = open(world->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return request;
}

/* Return: the first answer's op; the connection is left in *ret_fd. */
static unsigned request_send(struct world *world, struct request *request, int *ret_fd)
{
	int fds[PROTOCOL_RUN_FDS] = {request->cwd, request->null, request->writer, request->null};
	int fd = world_connect(world);

	assert_int_equal(protocol_send(fd, &request->message->header, fds), 0);
	closep(&request->writer);
	request->writer = -EBADF;
	*ret_fd = fd;
	return world_wait(world, fd);
}

static void read_out(const struct request *request, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(request->out, buffer + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buffer[used] = '\0';
}

static unsigned run_refused(struct world *world, const char *domain, const char *const *args)
{
	_cleanup_(request_done) struct request request = request_make(world, domain, args);
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_REFUSED);
	return world->answer.refused.error;
}

static void command_gets_its_folder_files_and_a_fixed_environment(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {
		"sh", "-c", "pwd; env | sort; ls /proc/self/fd | wc -l; exit 3", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	_cleanup_close_ int fd = -EBADF;
	char text[2048];

	assert_int_equal(setenv("LD_PRELOAD_NOT", "x", 1), 0);
	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_STARTED);
	assert_int_equal(world_wait(world, fd), PROTOCOL_EXITED);
	assert_int_equal(WEXITSTATUS(world->answer.exited.status), 3);
	read_out(&request, text, sizeof(text));
	assert_non_null(strstr(text, world->dir));
	assert_non_null(strstr(text, "\nHOME=/root\nLANG=C.UTF-8\n"));
	assert_non_null(strstr(text, "\nPATH=/usr/bin:/bin\n"));
	assert_non_null(strstr(text, "\nTERM=dumb\n"));
	assert_null(strstr(text, "LD_PRELOAD_NOT"));
	/* 0, 1, 2, and the one that ls reads by */
	assert_non_null(strstr(text, "\n4\n"));
}

static void run_in_enforce_needs_the_secret(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);
	static const char *const args[] = {"true", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(run_refused(world, "agent", args), PROTOCOL_E_SECRET_NEEDED);
	world_secret(&request.message->secret, world->secret);
	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_STARTED);
	assert_int_equal(world_wait(world, fd), PROTOCOL_EXITED);
	assert_int_equal(world->answer.exited.status, 0);
}

static void run_with_a_wrong_secret_starts_nothing(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_ENFORCE);
	static const char *const args[] = {"touch", "started", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	_cleanup_close_ int fd = -EBADF;
	char path[PATH_MAX];

	world_secret(&request.message->secret, "0000-0000-0000-0000-0000-0000-0000-0000");
	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_SECRET_WRONG);
	(void)snprintf(path, sizeof(path), "%s/started", world->dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void run_without_a_guard_is_refused(void **state)
{
	struct world *world = *state;
	static const char *const args[] = {"true", NULL};

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(run_refused(world, "agent", args), PROTOCOL_E_NOT_UP);
}

static void domain_that_the_policy_lacks_is_refused(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"true", NULL};

	assert_int_equal(run_refused(world, "nobody", args), PROTOCOL_E_DOMAIN);
	assert_int_equal(run_refused(world, "self", args), PROTOCOL_E_DOMAIN);
	assert_int_equal(run_refused(world, "", args), PROTOCOL_E_DOMAIN);
}

static void command_that_is_not_there_is_told_as_such(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const missing[] = {"no-such-command", NULL};
	static const char *const absolute[] = {"/no/such/command", NULL};
	static const char *const relative[] = {"./command", NULL};

	assert_int_equal(run_refused(world, "agent", missing), PROTOCOL_E_EXEC);
	assert_non_null(strstr(world->answer.refused.text, "No such file"));
	assert_int_equal(run_refused(world, "agent", absolute), PROTOCOL_E_EXEC);
	assert_int_equal(run_refused(world, "agent", relative), PROTOCOL_E_EXEC);
	assert_non_null(strstr(world->answer.refused.text, "absolute path"));
}

static void exec_that_the_guard_refuses_names_domain_and_launch_rule(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"/etc/passwd", NULL}; /* EACCES, as the guard has it */

	assert_int_equal(run_refused(world, "agent", args), PROTOCOL_E_EXEC);
	assert_non_null(
		strstr(world->answer.refused.text, "not an executable of the domain 'agent'"));
	assert_non_null(strstr(world->answer.refused.text, "launch rule"));
}

static void guard_that_does_not_expect_stops_the_exec(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"true", NULL};

	fake_kernel()->expect_result = -EPERM;
	assert_int_equal(run_refused(world, "agent", args), PROTOCOL_E_EXEC);
	assert_non_null(strstr(world->answer.refused.text, "does not let holdfastd start"));
}

static void signals_of_the_client_reach_the_command(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"sleep", "100", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	struct protocol_signal interrupt = {
		.header = {.op = PROTOCOL_SIGNAL, .size = sizeof(interrupt)},
		.number = SIGINT,
	};
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_STARTED);
	assert_int_equal(protocol_send(fd, &interrupt.header, NULL), 0);
	assert_int_equal(world_wait(world, fd), PROTOCOL_DONE);
	assert_int_equal(world_wait(world, fd), PROTOCOL_EXITED);
	assert_true(WIFSIGNALED(world->answer.exited.status));
	assert_int_equal(WTERMSIG(world->answer.exited.status), SIGINT);
}

static void signals_from_another_connection_reach_nothing(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	struct protocol_signal terminate = {
		.header = {.op = PROTOCOL_SIGNAL, .size = sizeof(terminate)},
		.number = SIGTERM,
	};

	assert_int_equal(world_ask(world, &terminate.header, NULL), PROTOCOL_REFUSED);
	terminate.number = SIGKILL;
	assert_int_equal(world_ask(world, &terminate.header, NULL), PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_MALFORMED);
}

static void command_outlives_its_client(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"sh", "-c", "sleep 0.3; echo alive", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	char text[64];
	int fd;

	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_STARTED);
	(void)close(fd);
	world_idle(world);
	read_out(&request, text, sizeof(text));
	assert_string_equal(text, "alive\n");
	world_idle(world);
	assert_int_equal(world->step, 0);
}

static void detached_command_frees_its_connection(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"true", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	_cleanup_close_ int fd = -EBADF;

	request.message->flags = PROTOCOL_RUN_DETACH;
	assert_int_equal(request_send(world, &request, &fd), PROTOCOL_STARTED);
	assert_true(world->answer.started.pid > 1);
	*world_clock() += SERVER_TIMEOUT_NS + 1;
	assert_int_equal(world_wait(world, fd), 0);
}

static void exec_that_never_ends_is_given_up(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"sleep", "100", NULL};
	_cleanup_(request_done) struct request request = request_make(world, "agent", args);
	int fds[PROTOCOL_RUN_FDS] = {request.cwd, request.null, request.writer, request.null};
	_cleanup_close_ int fd = world_connect(world);
	char text[8];

	fake_kernel()->expect_hangs = true;
	assert_int_equal(protocol_send(fd, &request.message->header, fds), 0);
	world_idle(world);
	*world_clock() += SERVER_EXEC_NS + 1;
	assert_int_equal(world_wait(world, fd), PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_EXEC);
	/* It is gone: nobody else has the pipe. */
	closep(&request.writer);
	request.writer = -EBADF;
	read_out(&request, text, sizeof(text));
}

static void one_more_run_than_the_limit_is_refused(void **state)
{
	struct world *world = world_guarded(state, IMAGE_MODE_OBSERVE);
	static const char *const args[] = {"sleep", "100", NULL};
	int fds[SERVER_MAX_RUNS];
	pid_t pids[SERVER_MAX_RUNS];

	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		_cleanup_(request_done) struct request request = request_make(world, "agent", args);

		assert_int_equal(request_send(world, &request, &fds[i]), PROTOCOL_STARTED);
		pids[i] = (pid_t)world->answer.started.pid;
	}
	assert_int_equal(run_refused(world, "agent", args), PROTOCOL_E_BUSY);
	/* And everybody else is still heard. */
	assert_int_equal(world_up(world, IMAGE_MODE_OBSERVE, 8), PROTOCOL_E_ALREADY_UP);
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		assert_int_equal(kill(pids[i], SIGTERM), 0);
		assert_int_equal(world_wait(world, fds[i]), PROTOCOL_EXITED);
		(void)close(fds[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(command_gets_its_folder_files_and_a_fixed_environment),
		TEST(run_in_enforce_needs_the_secret),
		TEST(run_with_a_wrong_secret_starts_nothing),
		TEST(run_without_a_guard_is_refused),
		TEST(domain_that_the_policy_lacks_is_refused),
		TEST(command_that_is_not_there_is_told_as_such),
		TEST(exec_that_the_guard_refuses_names_domain_and_launch_rule),
		TEST(guard_that_does_not_expect_stops_the_exec),
		TEST(signals_of_the_client_reach_the_command),
		TEST(signals_from_another_connection_reach_nothing),
		TEST(command_outlives_its_client),
		TEST(detached_command_frees_its_connection),
		TEST(exec_that_never_ends_is_given_up),
		TEST(one_more_run_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
