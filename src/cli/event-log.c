// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-log.h. */

#include "cli/event-log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/protocol.h"

#define CHUNK ((size_t)64 << 10)
#define MAX_LINE ((size_t)1 << 20)
#define MAX_ROTATED 9
#define TAIL_LINES 10 /* handed on before what is followed */

/* A log being read. */
struct reader {
	int dir_fd, fd;
	bool skip_to_tail;
	char *line; /* what was read and not yet handed on */
	size_t used, room;
	event_log_line *each;
	void *context;
};

static void reader_done(struct reader *reader)
{
	closep(&reader->dir_fd);
	closep(&reader->fd);
	free(reader->line);
}

/*
 * Hand the whole lines on, keep the rest.
 * Return: 0, or what the receiver said.
 */
static int hand_on(struct reader *reader)
{
	size_t start = 0;
	int r = 0;

	while (r == 0) {
		const char *end = memchr(reader->line + start, '\n', reader->used - start);
		size_t size = end ? (size_t)(end - reader->line) - start : 0;

		if (!end)
			break;
		if (size > 0)
			r = reader->each(reader->context, reader->line + start, size);
		start += size + 1;
	}
	if (start > 0)
		memmove(reader->line, reader->line + start, reader->used - start);
	reader->used -= start;
	/* No line of ours is as long: not ours. */
	if (reader->used > MAX_LINE)
		reader->used = 0;
	return r;
}

static int make_room(struct reader *reader)
{
	char *grown;

	if (reader->room - reader->used >= CHUNK)
		return 0;
	grown = realloc(reader->line, reader->used + CHUNK);
	if (!grown)
		return -ENOMEM;
	reader->line = grown;
	reader->room = reader->used + CHUNK;
	return 0;
}

/* Read to the end of what there is now. */
static int read_rest(struct reader *reader)
{
	for (;;) {
		ssize_t n;
		int r;

		if (make_room(reader) < 0)
			return -ENOMEM;
		n = read(reader->fd, reader->line + reader->used, reader->room - reader->used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		reader->used += (size_t)n;
		r = hand_on(reader);
		if (r)
			return r;
	}
}

/* Go to the start of the last few lines. */
static void seek_tail(int fd)
{
	_cleanup_free_ char *tail = malloc(CHUNK);
	off_t end = lseek(fd, 0, SEEK_END), start = end > (off_t)CHUNK ? end - (off_t)CHUNK : 0;
	ssize_t n = tail ? pread(fd, tail, CHUNK, start) : 0;
	int lines = 0;

	while (n > 0) {
		if (tail[n - 1] == '\n' && lines++ == TAIL_LINES)
			break;
		n--;
	}
	if (n > 0 || start == 0)
		(void)lseek(fd, start + (n > 0 ? n : 0), SEEK_SET);
}

/* Return: 0; -errno, -ENOENT if there is no such file. */
static int open_file(struct reader *reader, const char *name)
{
	closep(&reader->fd);
	reader->used = 0;
	reader->fd = openat(reader->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return reader->fd < 0 ? -errno : 0;
}

static int read_all(struct reader *reader)
{
	int r;

	for (int i = MAX_ROTATED; i >= 0; i--) {
		char name[32];

		if (i > 0)
			(void)snprintf(name, sizeof(name), "%s.%d", PROTOCOL_LOG_NAME, i);
		else
			(void)snprintf(name, sizeof(name), "%s", PROTOCOL_LOG_NAME);
		r = open_file(reader, name);
		if (r == 0)
			r = read_rest(reader);
		if (r && r != -ENOENT)
			return r;
	}
	return 0;
}

static bool still_named(const struct reader *reader)
{
	struct stat ours, named;

	return reader->fd >= 0 && fstat(reader->fd, &ours) == 0 &&
	       fstatat(reader->dir_fd, PROTOCOL_LOG_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* What is new in the file that was open, and then in the one that has its name now. */
static int catch_up(struct reader *reader)
{
	bool named = still_named(reader);
	int r;

	if (reader->fd >= 0) {
		r = read_rest(reader);
		if (r || named)
			return r;
	}
	r = open_file(reader, PROTOCOL_LOG_NAME);
	if (r == 0 && reader->skip_to_tail)
		seek_tail(reader->fd);
	reader->skip_to_tail = false;
	if (r == 0)
		r = read_rest(reader);
	return r == -ENOENT ? 0 : r;
}

static int follow(struct reader *reader, const char *dir)
{
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char events[4096] __attribute__((aligned(8)));

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(
		    fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR) < 0)
		return -errno;

	reader->skip_to_tail = true;
	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
		int r = catch_up(reader);

		if (r)
			return r;
		if (fflush(stdout) != 0)
			return -errno;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return -EPIPE; /* nobody reads any more */
		while (read(fd, events, sizeof(events)) > 0)
			continue;
	}
}

int event_log_read(const char *dir, event_log_line *each, void *context)
{
	_cleanup_(reader_done) struct reader reader = {
		.dir_fd = -EBADF, .fd = -EBADF, .each = each, .context = context};

	reader.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return reader.dir_fd < 0 ? -errno : read_all(&reader);
}

int event_log_follow(const char *dir, event_log_line *each, void *context)
{
	_cleanup_(reader_done) struct reader reader = {
		.dir_fd = -EBADF, .fd = -EBADF, .each = each, .context = context};

	reader.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return reader.dir_fd < 0 ? -errno : follow(&reader, dir);
}
