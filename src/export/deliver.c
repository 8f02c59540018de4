// SPDX-License-Identifier: LGPL-2.1-or-later
/* See deliver.h. */

#include "export/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/follow.h"
#include "export/position.h"
#include "export/syslog.h"

#define HOST_LEN 256

#define failed(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), DELIVER_E_FAILED)

/* What is on its way. */
struct batch {
	char *data;
	size_t size;
	uint64_t next; /* index behind its last entry */
};

static void batch_done(struct batch *batch)
{
	free(batch->data);
	*batch = (struct batch){0};
}

/* ---- the receiver */

static int wait_for(int fd, short events)
{
	struct pollfd pollfd = {.fd = fd, .events = events};
	int n;

	do {
		n = poll(&pollfd, 1, DELIVER_PATIENCE_MS);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n < 0 ? -errno : -ETIMEDOUT;
}

/* Return: 0; -errno, that of the connection or of the question. */
static int pending_error(int fd)
{
	socklen_t size = sizeof(int);
	int error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

/* Return: a socket that is connected; -errno. */
static int connect_to(const struct addrinfo *address)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return -errno;
		r = wait_for(fd, POLLOUT);
		if (r == 0)
			r = pending_error(fd);
		if (r < 0)
			return r;
	}
	return TAKE_FD(fd);
}

static int connect_any(const struct deliver_options *options, int *ret_fd, struct diag *reterr_diag)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int r, fd = -EADDRNOTAVAIL;

	r = getaddrinfo(options->host, options->port, &hints, &found);
	if (r != 0)
		return failed("%s, port %s: %s", options->host, options->port, gai_strerror(r));
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
		fd = connect_to(a);
	freeaddrinfo(found);
	if (fd < 0)
		return failed("%s, port %s: %s", options->host, options->port, strerror(-fd));
	*ret_fd = fd;
	return 0;
}

static int send_all(int fd, const struct batch *batch)
{
	size_t done = 0;

	while (done < batch->size) {
		ssize_t n = send(fd, batch->data + done, batch->size - done, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(fd, POLLOUT);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The receiver has closed. What it had not read then has reset the connection, and what came later
 * resets it as well: until that has arrived, no acknowledgement has.
 *
 * Return: 0 if it has acknowledged all; -errno, -ECONNRESET if not.
 */
static int closed_by_receiver(int fd)
{
	int r, unacknowledged;

	r = pending_error(fd);
	if (r < 0)
		return r;
	if (ioctl(fd, SIOCOUTQ, &unacknowledged) < 0)
		return -errno;
	return unacknowledged > 0 ? -ECONNRESET : 0;
}

static int wait_for_end(int fd)
{
	char ignored[512];

	if (shutdown(fd, SHUT_WR) < 0) {
		int error = -errno, r = pending_error(fd);

		return r < 0 ? r : error; /* of a connection that is reset it says ENOTCONN */
	}
	for (;;) {
		ssize_t n = recv(fd, ignored, sizeof(ignored), 0);
		int r;

		if (n == 0)
			return closed_by_receiver(fd);
		if (n > 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(fd, POLLIN);
		if (r < 0)
			return r;
	}
}

static int send_batch(const struct deliver_options *options, const struct batch *batch,
		      struct diag *reterr_diag)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	r = connect_any(options, &fd, reterr_diag);
	if (r)
		return r;
	r = send_all(fd, batch);
	if (r == 0)
		r = wait_for_end(fd);
	if (r < 0)
		return failed("%s, port %s: %s%s", options->host, options->port, strerror(-r),
			      r == -ETIMEDOUT ? ": it has to close when we have" : "");
	return 0;
}

/* Until it is taken; once: one attempt. */
static int send_until_taken(const struct deliver_options *options, const struct batch *batch,
			    struct diag *reterr_diag)
{
	int wait_ms = 1000;

	for (;;) {
		struct diag diag = {0};
		char text[DIAG_TEXT_LEN + 64];
		int r = send_batch(options, batch, &diag);

		if (r && options->once)
			return failed("%s", diag.text);
		if (r == 0)
			return 0;
		(void)snprintf(text, sizeof(text), "%s; again in %d seconds", diag.text,
			       wait_ms / 1000);
		options->warn(text);
		(void)poll(NULL, 0, wait_ms);
		wait_ms = 2 * wait_ms < DELIVER_MAX_WAIT_MS ? 2 * wait_ms : DELIVER_MAX_WAIT_MS;
	}
}

/* ---- the log */

static int add_entry(struct batch *batch, const struct follow_entry *entry, const char *host)
{
	_cleanup_free_ char *frame = NULL;
	size_t size;
	char *data;
	int r;

	r = syslog_format(entry, host, &frame, &size);
	if (r < 0)
		return r;
	data = realloc(batch->data, batch->size + size);
	if (!data)
		return -ENOMEM;
	memcpy(data + batch->size, frame, size);
	batch->data = data;
	batch->size += size;
	batch->next = entry->index + 1;
	return 0;
}

/* What there is, up to a batch. Return: 0; DELIVER_E_FAILED; -errno. */
static int fill(const struct deliver_options *options, struct batch *batch,
		struct diag *reterr_diag)
{
	char host[HOST_LEN] = "", text[128];
	struct follow_entry entry;

	(void)gethostname(host, sizeof(host) - 1);
	while (batch->size < DELIVER_BATCH) {
		int r = follow_next(options->follow, &entry, reterr_diag);

		if (r == FOLLOW_E_END)
			return 0;
		if (r == FOLLOW_E_PRUNED) {
			(void)snprintf(text, sizeof(text),
				       "entries %" PRIu64 " to %" PRIu64
				       " were pruned and are not sent",
				       follow_index(options->follow), entry.index - 1);
			options->warn(text);
			follow_seek(options->follow, entry.index);
			continue;
		}
		if (r)
			return r < 0 ? r : DELIVER_E_FAILED;
		r = add_entry(batch, &entry, host);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Until there is a log. Return: 0; DELIVER_E_FAILED; -errno. */
static int find_log(const struct deliver_options *options, struct diag *reterr_diag)
{
	for (;;) {
		int r = follow_look(options->follow, reterr_diag);

		if (r != FOLLOW_E_END)
			return r > 0 ? DELIVER_E_FAILED : r;
		if (options->once)
			return failed("there is no log yet");
		r = follow_wait(options->follow, NULL, -1);
		if (r < 0)
			return r;
	}
}

/* Go to where the last one has stopped. Return: 0; DELIVER_E_FAILED; -errno. */
static int resume(const struct deliver_options *options, struct diag *reterr_diag)
{
	const struct checkpoint *checkpoint;
	struct position position;
	int r;

	if (!options->state)
		return 0;
	r = position_read(options->state, &position, reterr_diag);
	if (r == POSITION_E_NONE)
		return 0;
	if (r)
		return r < 0 ? r : DELIVER_E_FAILED;
	checkpoint = follow_checkpoint(options->follow, NULL);
	if (strcmp(position.origin, checkpoint->origin) != 0)
		return failed("%s: it is of the log '%s', this one is '%s': name another file",
			      options->state, position.origin, checkpoint->origin);
	if (position.next > checkpoint->tree.size)
		return failed("%s: %" PRIu64 " entries were sent, and the log has %" PRIu64
			      ": it was set back",
			      options->state, position.next, checkpoint->tree.size);
	follow_seek(options->follow, position.next);
	return 0;
}

static int keep_position(const struct deliver_options *options, uint64_t next,
			 struct diag *reterr_diag)
{
	struct position position = {.next = next};
	int r;

	if (!options->state)
		return 0;
	(void)snprintf(position.origin, sizeof(position.origin), "%s",
		       follow_checkpoint(options->follow, NULL)->origin);
	r = position_write(options->state, &position, reterr_diag);
	return r > 0 ? DELIVER_E_FAILED : r;
}

int deliver_run(const struct deliver_options *options, struct diag *reterr_diag)
{
	int r;

	r = find_log(options, reterr_diag);
	if (r == 0)
		r = resume(options, reterr_diag);
	while (r == 0) {
		_cleanup_(batch_done) struct batch batch = {0};

		r = fill(options, &batch, reterr_diag);
		if (r == 0 && batch.size == 0) {
			if (options->once)
				return 0;
			r = follow_wait(options->follow, NULL, -1);
			continue;
		}
		if (r == 0)
			r = send_until_taken(options, &batch, reterr_diag);
		if (r == 0)
			r = keep_position(options, batch.next, reterr_diag);
	}
	return r;
}
