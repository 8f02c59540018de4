// SPDX-License-Identifier: LGPL-2.1-or-later
/* See server_world.h. */

#include "guard/server_world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "guard/clock.h"
#include "guard/ledger.h"
#include "guard/log_text.h"
#include "test.h"

#define PATIENCE_MS 20000

static uint64_t the_time;

uint64_t *world_clock(void)
{
	return &the_time;
}

static uint64_t read_the_time(void)
{
	return the_time;
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	sigset_t signals;

	assert_non_null(world);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);

	fake_reset();
	the_time = clock_ns(CLOCK_BOOTTIME);
	(void)snprintf(world->dir, WORLD_PATH, "/tmp/holdfast-test-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	(void)snprintf(world->run_dir, WORLD_PATH, "%.40s/run", world->dir);
	(void)snprintf(world->state_dir, WORLD_PATH, "%.40s/state", world->dir);
	(void)snprintf(world->boot_image, WORLD_PATH, "%.40s/policy.img", world->dir);
	(void)snprintf(world->boot_trust, WORLD_PATH, "%.40s/trust.der", world->dir);
	world->options = (struct server_options){
		.run_dir = world->run_dir,
		.state_dir = world->state_dir,
		.boot_image = world->boot_image,
		.boot_trust = world->boot_trust,
		.exec_path = "/usr/bin:/bin",
		.log_keep = LEDGER_KEEP,
		.operator_uid = getuid(),
		.now = read_the_time,
	};
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;

	world->server = server_free(world->server);
	(void)nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	fake_reset();
	free(world);
	return 0;
}

int world_start(struct world *world)
{
	struct diag diag;
	int r;

	r = server_new(&world->options, &world->server);
	assert_int_equal(r, 0);
	r = server_start(world->server, &diag);
	if (r > 0)
		assert_true(strlen(diag.text) > 10);
	if (r)
		world->server = server_free(world->server);
	return r;
}

void world_kill(struct world *world)
{
	/* What server_free() removes when no guard is up, it must not when one is. */
	assert_true(fake_kernel()->up);
	world->server = server_free(world->server);
}

int world_connect(struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", world->run_dir,
		       PROTOCOL_SOCKET_NAME);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void world_idle(struct world *world)
{
	for (int i = 0; i < 20 && world->step == 0; i++)
		world->step = server_step(world->server, 0);
}

unsigned world_wait(struct world *world, int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	struct diag diag;
	int r;

	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (world->step == 0)
			world->step = server_step(world->server, 0);
		if (poll(&pollfd, 1, 1) <= 0)
			continue;

		r = protocol_receive(fd, &world->answer, &diag);
		if (r == PROTOCOL_CLOSED)
			return 0;
		assert_int_equal(r, 0);
		assert_int_equal(protocol_check_answer(&world->answer, &diag), 0);
		return world->answer.header.op;
	}
	fail_msg("the server does not answer");
	return 0;
}

unsigned world_ask(struct world *world, struct protocol_header *header, const int *fds)
{
	_cleanup_close_ int fd = world_connect(world);

	assert_int_equal(protocol_send(fd, header, fds), 0);
	return world_wait(world, fd);
}

static unsigned outcome(const struct world *world, unsigned op)
{
	if (op == PROTOCOL_REFUSED) {
		assert_true(strlen(world->answer.refused.text) > 10);
		return world->answer.refused.error;
	}
	assert_int_equal(op, PROTOCOL_DONE);
	return 0;
}

void world_secret(struct protocol_secret *secret, const char *text)
{
	if (!text)
		return;
	secret->size = (uint32_t)strlen(text);
	memcpy(secret->text, text, secret->size);
}

unsigned world_up(struct world *world, uint32_t mode, uint64_t version)
{
	struct test_image image = {
		.mode = mode, .version = version, .domain = "agent", .n_executables = 2};
	struct protocol_up up = {
		.header = {.op = PROTOCOL_UP, .size = sizeof(up), .n_fds = 1},
		.confirm_s = world->confirm_s,
	};
	_cleanup_close_ int fd = test_image_fd(&image);
	unsigned error;

	error = outcome(world, world_ask(world, &up.header, &fd));
	if (!error)
		memcpy(world->secret, world->answer.done.secret, sizeof(world->secret));
	return error;
}

unsigned world_down(struct world *world, const char *secret)
{
	struct protocol_change down = {.header = {.op = PROTOCOL_DOWN, .size = sizeof(down)}};

	world_secret(&down.secret, secret);
	return outcome(world, world_ask(world, &down.header, NULL));
}

unsigned world_reload_fd(struct world *world, const char *secret, int fd)
{
	struct protocol_change reload = {
		.header = {.op = PROTOCOL_RELOAD, .size = sizeof(reload), .n_fds = 1},
		.confirm_s = world->confirm_s,
	};

	world_secret(&reload.secret, secret);
	return outcome(world, world_ask(world, &reload.header, &fd));
}

unsigned world_reload(struct world *world, const char *secret, const struct test_image *image)
{
	_cleanup_close_ int fd = test_image_fd(image);

	return world_reload_fd(world, secret, fd);
}

char *world_log(const struct world *world)
{
	return log_text(world->state_dir);
}

size_t world_told(const struct world *world, const char *text)
{
	_cleanup_free_ char *log = world_log(world);
	size_t n = 0;

	for (const char *at = log; (at = strstr(at, text)); at++)
		n++;
	return n;
}

struct world *world_guarded(void **state, uint32_t mode)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, mode, 7), 0);
	return world;
}
