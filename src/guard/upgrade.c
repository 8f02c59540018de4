// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The holdfastd that comes after this one. Which it may be is the operator's decision, and known to
 * the guard by content; while one is admitted, a package manager may put it in this one's place.
 * Then this one makes room, and the service manager starts the other.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/server-internal.h"
#include "policy/image.h"

#define DAEMON_MAX_SIZE (256u << 20)

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

static bool same(const struct guard_daemon *a, const struct guard_daemon *b)
{
	return a->size == b->size && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

static uint32_t daemon_read(int fd, struct guard_daemon *ret_daemon, struct diag *reterr_diag)
{
	struct guard_daemon daemon = {};
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > DAEMON_MAX_SIZE)
		return refuse(reterr_diag, PROTOCOL_E_UPGRADE, "that is no file of a holdfastd");
	daemon.size = (uint64_t)st.st_size;
	if (sha256_fd(fd, daemon.size, daemon.digest))
		return refuse(reterr_diag, PROTOCOL_E_UPGRADE,
			      "the file cannot be read, or somebody writes it");
	*ret_daemon = daemon;
	return 0;
}

/* Where this process was started from, whatever lies there by now. */
static int place_open(void)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char path[PROTOCOL_TEXT_LEN];
	ssize_t n;
	int fd;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return -errno;
	path[n] = '\0';
	/* what the kernel says of a file that has been replaced */
	if ((size_t)n > tail && !strcmp(path + n - tail, deleted))
		path[(size_t)n - tail] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Its file may give way from now on, or may not; who is admitted is known by content. */
static int binary_mark(struct server *server, uint32_t domain)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : guard_mark(server->guard, fd, domain);
}

static uint32_t admit(struct server *server, struct connection *client,
		      const struct guard_daemon *daemon, struct diag *reterr_diag)
{
	char digest[2 * sizeof(daemon->digest) + 1];
	_cleanup_free_ void *image = NULL;
	uint32_t error;
	int r;

	error = ops_in_force(server, &image, reterr_diag);
	if (!error)
		error = ops_unsealed(image, reterr_diag);
	if (!error && respite_enforces(server, image))
		error = ops_authorise(server, client, &server->message.change.secret, reterr_diag);
	if (error)
		return error;
	r = guard_admit(server->guard, daemon);
	if (r == 0)
		r = binary_mark(server, DOMAIN_NONE);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the guard does not admit it: %s",
			      strerror(-r));
	hex_encode(daemon->digest, sizeof(daemon->digest), digest);
	server_note(server, client, "upgrade", "holdfastd sha256:%s is admitted", digest);
	return 0;
}

/* The one that runs, in its place again: the other is admitted no more. */
static uint32_t stay(struct server *server, struct connection *client, struct diag *reterr_diag)
{
	static const struct guard_daemon none;
	int r;

	r = guard_admit(server->guard, &none);
	if (r == 0)
		r = binary_mark(server, DOMAIN_SELF);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "%s", strerror(-r));
	server_note(server, client, "upgrade", "no other holdfastd is admitted");
	return 0;
}

static uint32_t upgrade(struct server *server, struct connection *client, struct diag *reterr_diag)
{
	struct guard_daemon daemon, own, next;
	uint32_t error;

	if (!server->guard)
		return refuse(reterr_diag, PROTOCOL_E_NOT_UP,
			      "no guard is up: replace holdfastd, and start it");
	error = daemon_read(server->message.fds[0], &daemon, reterr_diag);
	if (error)
		return error;
	if (guard_daemons(server->guard, &own, &next) < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the guard does not say who it is");
	if (same(&daemon, &next))
		return 0;
	if (same(&daemon, &own))
		return stay(server, client, reterr_diag);
	return admit(server, client, &daemon, reterr_diag);
}

void upgrade_ask(struct server *server, struct connection *client)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};
	struct diag diag;
	uint32_t error;

	error = upgrade(server, client, &diag);
	if (error) {
		connection_refuse(server, client, error, diag.text);
		return;
	}
	server->upgrade_due = 0;
	server->upgrade_seen = (struct stat){};
	connection_answer(server, client, &done.header, NULL);
}

/* A file that is there since the last look has been read then. */
static bool replaced(struct server *server, int fd)
{
	struct stat *seen = &server->upgrade_seen, st;

	if (fstat(fd, &st) < 0)
		return false;
	if (st.st_dev == seen->st_dev && st.st_ino == seen->st_ino &&
	    st.st_ctim.tv_sec == seen->st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == seen->st_ctim.tv_nsec)
		return false;
	*seen = st;
	return true;
}

void upgrade_now(struct server *server, uint64_t now)
{
	struct guard_daemon daemon, own, next;
	_cleanup_close_ int fd = -EBADF;
	struct diag diag;

	if (!server->guard || server->upgrade_due > now)
		return;
	server->upgrade_due = UINT64_MAX;
	if (guard_daemons(server->guard, &own, &next) < 0 || !next.size)
		return;
	server->upgrade_due = now + CLOCK_SECOND_NS;
	fd = place_open();
	if (fd < 0 || !replaced(server, fd) || daemon_read(fd, &daemon, &diag) ||
	    !same(&daemon, &next))
		return;
	server_note(server, NULL, "upgrade", "the holdfastd that was admitted is in place");
	(void)server_drain(server);
	server->stopped = true;
}

bool upgrade_open(struct server *server)
{
	struct guard_daemon own, next;

	return guard_daemons(server->guard, &own, &next) == 0 && next.size;
}

int upgrade_fill(struct server *server, struct protocol_state *state)
{
	struct guard_daemon own, next;
	int r;

	r = guard_daemons(server->guard, &own, &next);
	if (r < 0)
		return r;
	memcpy(state->daemon, own.digest, sizeof(state->daemon));
	memcpy(state->next, next.digest, sizeof(state->next));
	state->next_set = next.size != 0;
	return 0;
}
