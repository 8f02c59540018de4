// SPDX-License-Identifier: LGPL-2.1-or-later
/* See server.h. The loop, and what has a deadline. */

#include "guard/server.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/journal.h"
#include "guard/log.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"

#define MAX_READY 16
/*
 * Events of each ring between two looks at everything else, no more than the log has room for. Few
 * of the one that is read first: each may leave a gap in the numbers, up to where the other is read
 * (SEQUENCE_MAX_GAPS).
 */
static const size_t max_drain[_GUARD_RING_MAX] = {
	[GUARD_RING_EVENTS] = 896,
	[GUARD_RING_RISK] = 28,
};

int server_new(const struct server_options *options, struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		return -ENOMEM;

	server->options = *options;
	server->epoll_fd = server->signal_fd = server->listen_fd = server->host.fd =
		server->audit_fd = -EBADF;
	server->dirs = (struct dirs){
		.run_path = options->run_dir,
		.state_path = options->state_dir,
		.run_fd = -EBADF,
		.state_fd = -EBADF,
		.lock_fd = -EBADF,
	};
	for (size_t i = 0; i < SERVER_SLOTS; i++)
		server->connections[i].fd = -EBADF;
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++)
		server->runs[i].exec_fd = -EBADF;
	*ret_server = server;
	return 0;
}

struct server *server_free(struct server *server)
{
	if (!server)
		return NULL;

	host_done(server);
	/* Clients see the end of the connection when everything is gone. */
	server->journal = journal_free(server->journal);
	if (server->settled && !server->guard && server->dirs.lock_fd >= 0)
		dirs_remove_run(&server->dirs);
	server->guard = guard_free(server->guard);
	for (size_t i = 0; i < SERVER_SLOTS; i++)
		closep(&server->connections[i].fd);
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++)
		closep(&server->runs[i].exec_fd);
	closep(&server->listen_fd);
	closep(&server->signal_fd);
	closep(&server->audit_fd);
	closep(&server->epoll_fd);
	dirs_close(&server->dirs);
	free(server->image);
	free(server->hold);
	free(server);
	return NULL;
}

int server_watch(struct server *server, enum watch kind, size_t slot, int fd)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)kind << 56 | (uint64_t)slot << 32 | (uint32_t)fd,
	};

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void server_unwatch(struct server *server, int fd)
{
	/* A child that has not reached its exec may still hold the file: closing is not enough. */
	(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void server_note(struct server *server, const struct connection *client, const char *what,
		 const char *format, ...)
{
	struct record_note note = {.what = what};
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	if (client) {
		note.pid = client->pid;
		note.uid = client->uid;
	}
	note.text = text;
	log_notice("%s: %s", what, text);
	if (server->journal)
		journal_note(server->journal, &note);
}

static int mark_file(void *userdata, int fd)
{
	struct server *server = userdata;

	return server->guard ? guard_mark(server->guard, fd, DOMAIN_SELF) : 0;
}

static int open_loop(struct server *server)
{
	sigset_t signals;
	int r;

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0)
		return -errno;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	server->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd < 0)
		return -errno;
	r = server_watch(server, WATCH_SIGNALS, 0, server->signal_fd);
	if (r < 0)
		return r;
	return server_watch(server, WATCH_SOCKET, 0, server->listen_fd);
}

static int open_state(struct server *server, struct diag *reterr_diag)
{
	struct ledger_options options = {
		.keep = server->options.log_keep,
		.key_age = LEDGER_KEY_AGE,
		.mark = mark_file,
		.userdata = server,
	};
	int r;

	r = dirs_open_state(&server->dirs, reterr_diag);
	if (r && !server->guard)
		return SERVER_E_PLACE;
	/* A guard that is up does not need the folder: what cannot be written is counted. */
	if (r)
		log_warning("%s: %s, ignoring", reterr_diag->file ?: "", reterr_diag->text);

	options.dir_fd = server->dirs.state_fd;
	r = journal_new(&options, &server->journal);
	if (r == 0)
		server_note(server, NULL, "start", "holdfastd, process %d", getpid());
	return r;
}

int server_start(struct server *server, struct diag *reterr_diag)
{
	struct diag contended;
	int r, locked;

	locked = dirs_open_run(&server->dirs, &contended);
	if (locked == DIRS_E_RUNNING) {
		*reterr_diag = contended;
		return SERVER_E_RUNNING;
	}

	r = arm_adopt(server, reterr_diag);
	if (r)
		return r;
	server->settled = true;
	/* Who could adopt is `self`: an unguarded process that holds the lock shall not stop us. */
	if (locked && !(locked == DIRS_E_LOCKED && server->guard)) {
		*reterr_diag = contended;
		return locked == DIRS_E_LOCKED ? SERVER_E_RUNNING : SERVER_E_PLACE;
	}
	if (dirs_listen(&server->dirs, &server->listen_fd, reterr_diag))
		return SERVER_E_PLACE;
	r = open_state(server, reterr_diag);
	if (r)
		return r;
	r = open_loop(server);
	if (r < 0)
		return r;

	if (server->guard)
		return arm_take(server);
	if (!server->options.wait)
		return arm_boot(server, reterr_diag);
	server->lonely_until = server->options.now() + SERVER_TIMEOUT_NS;
	return 0;
}

struct drain {
	struct server *server;
	size_t n, max;
};

static int take_event(void *userdata, const void *data, size_t size)
{
	struct drain *drain = userdata;
	const struct event *event;

	journal_event(drain->server->journal, data, size, drain->server->image);
	if (record_check(data, size, &event) == 0) {
		hold_event(drain->server, event);
		flood_event(drain->server, event);
		loads_event(drain->server, event);
	}
	return ++drain->n < drain->max ? 0 : -ECANCELED;
}

/* Written before the ring forgets it: who is killed here leaves it twice rather than not at all. */
bool server_drain(struct server *server)
{
	static const enum guard_ring order[] = {GUARD_RING_RISK, GUARD_RING_EVENTS};
	unsigned int ends = 0;
	bool more = false;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct drain drain = {.server = server, .max = max_drain[order[i]]};
		int r = guard_events_read(server->guard, order[i], take_event, &drain);

		ends |= r >= 0 ? 1u << order[i] : 0;
		more |= r < 0;
	}
	journal_pass(server->journal, ends);
	journal_flush(server->journal, server->options.now());
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		more |= !guard_events_release(server->guard, order[i]);
	server->unread = more;
	return more;
}

static int watch_ring(struct server *server, enum guard_ring ring)
{
	int fd = guard_events_fd(server->guard, ring);

	return fd < 0 ? 0 : server_watch(server, WATCH_EVENTS, ring, fd);
}

int server_watch_events(struct server *server)
{
	int r = watch_ring(server, GUARD_RING_EVENTS);

	return r ?: watch_ring(server, GUARD_RING_RISK);
}

/* A number that is missing is lost when the rings have been read and do not have it. */
static void log_now(struct server *server, uint64_t now)
{
	if (journal_due(server->journal, now) > now && !(server->guard && server->unread))
		return;
	if (server->guard)
		(void)server_drain(server);
	else
		journal_flush(server->journal, now);
}

static void report_log(struct server *server)
{
	struct ledger_counts counts;

	journal_count(server->journal, &counts);
	if (counts.error == server->log_error)
		return;

	server->log_error = counts.error;
	if (counts.error < 0)
		(void)log_error_errno(
			counts.error,
			"Events cannot be written to %s: %m; they are counted, enforcement goes on",
			server->options.state_dir);
	else
		log_notice("Events are written to %s again", server->options.state_dir);
}

static void read_signals(struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			server->stopped = true;
	}
	runs_reap(server);
	host_reap(server);
}

static void dispatch(struct server *server, uint64_t data)
{
	size_t slot = data >> 32 & 0xffffff;
	int fd = (int)(uint32_t)data;

	switch ((enum watch)(data >> 56)) {
	case WATCH_SOCKET:
		connection_accept(server);
		break;
	case WATCH_SIGNALS:
		read_signals(server);
		break;
	case WATCH_EVENTS:
		if (server->guard)
			(void)server_drain(server);
		break;
	case WATCH_CONNECTION:
		if (server->connections[slot].fd == fd)
			connection_receive(server, &server->connections[slot]);
		break;
	case WATCH_HOST:
		if (server->host.fd == fd)
			host_seen(server);
		break;
	case WATCH_AUDIT:
		if (server->guard)
			loads_heard(server);
		break;
	case WATCH_EXEC:
		if (server->runs[slot].exec_fd == fd)
			runs_exec(server, &server->runs[slot]);
		break;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Started for one request that never came, or was refused: nothing to stay for. */
static void leave_if_lonely(struct server *server, uint64_t now)
{
	if (!server->options.wait || server->guard)
		return;
	for (size_t i = 0; i < SERVER_SLOTS; i++) {
		if (server->connections[i].fd >= 0)
			server->lonely_until = now + SERVER_TIMEOUT_NS;
	}
	if (server->lonely_until <= now)
		server->stopped = true;
}

/* How long nothing has to be done, in milliseconds; -1: for as long as nothing comes. */
static int idle_ms(const struct server *server, int timeout_ms)
{
	uint64_t now = server->options.now(), next = UINT64_MAX, ms;

	for (size_t i = 0; i < SERVER_SLOTS; i++) {
		if (server->connections[i].fd >= 0 && !server->connections[i].run)
			next = earlier(next, server->connections[i].deadline);
	}
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		if (server->runs[i].exec_fd >= 0)
			next = earlier(next, server->runs[i].deadline);
	}
	next = earlier(next, journal_due(server->journal, now));
	if (server->options.wait && !server->guard)
		next = earlier(next, server->lonely_until);
	if (server->guard) {
		next = earlier(next, earlier(server->proof_due, server->respite_due));
		next = earlier(next, earlier(server->upgrade_due, hold_due(server, now)));
		next = earlier(next, earlier(server->late_due, host_due(server)));
		next = earlier(next, earlier(server->flood_due, server->loads_due));
		if (server->unread)
			next = now;
	}
	if (next == UINT64_MAX)
		return timeout_ms;

	ms = next > now ? (next - now) / (CLOCK_SECOND_NS / 1000) + 1 : 0;
	return timeout_ms >= 0 && (uint64_t)timeout_ms < ms ? timeout_ms : (int)ms;
}

int server_step(struct server *server, int timeout_ms)
{
	struct epoll_event ready[MAX_READY];
	uint64_t now;
	int n;

	n = epoll_wait(server->epoll_fd, ready, MAX_READY, idle_ms(server, timeout_ms));
	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++)
		dispatch(server, ready[i].data.u64);

	now = server->options.now();
	connection_expire(server, now);
	runs_expire(server, now);
	leave_if_lonely(server, now);
	prove_now(server, now);
	watch_links(server, now);
	respite_now(server, now);
	upgrade_now(server, now);
	hold_now(server, now);
	host_now(server, now);
	flood_now(server, now);
	loads_now(server, now);
	log_now(server, now);
	report_log(server);
	if (!server->stopped)
		return 0;
	if (server->guard) {
		(void)flood_tell(server, now);
		loads_tell(server);
	}
	server_note(server, NULL, "stop", "holdfastd, process %d", getpid());
	return server->taken_down ? SERVER_DOWN : SERVER_STOPPED;
}
