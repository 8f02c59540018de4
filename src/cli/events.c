// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `holdfast events`: reads the log that holdfastd writes, from its oldest file to its newest, and
 * follows it through rotations. Asks nobody, changes nothing.
 */

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
#include "cli/cli.h"
#include "cli/event-text.h"
#include "guard/protocol.h"

#define CHUNK ((size_t)64 << 10)
#define MAX_LINE ((size_t)1 << 20)
#define MAX_ROTATED 9
#define TAIL_LINES 10 /* shown before what is followed */

/* A log being read. */
struct reader {
	int dir_fd, fd;
	bool json;
	bool skip_to_tail;
	char *line; /* what was read and not yet printed */
	size_t used, room;
};

static void reader_done(struct reader *reader)
{
	closep(&reader->dir_fd);
	closep(&reader->fd);
	free(reader->line);
}

static void print_line(const struct reader *reader, const char *line, size_t size)
{
	if (size == 0)
		return;
	if (reader->json) {
		(void)fwrite(line, 1, size, stdout);
		(void)putchar('\n');
	} else {
		event_text_print(stdout, line, size);
	}
}

/* Print the whole lines, keep the rest. */
static void print_lines(struct reader *reader)
{
	size_t start = 0;

	for (;;) {
		const char *end = memchr(reader->line + start, '\n', reader->used - start);

		if (!end)
			break;
		print_line(reader, reader->line + start, (size_t)(end - reader->line) - start);
		start = (size_t)(end - reader->line) + 1;
	}
	if (start > 0)
		memmove(reader->line, reader->line + start, reader->used - start);
	reader->used -= start;
	/* No line of ours is as long: not ours. */
	if (reader->used > MAX_LINE)
		reader->used = 0;
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
		print_lines(reader);
		if (ferror(stdout))
			return -EPIPE;
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
		if (r < 0 && r != -ENOENT)
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
		if (r < 0 || named)
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

		if (r < 0)
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

static int print_events(const struct cli_call *call)
{
	_cleanup_(reader_done) struct reader reader = {.dir_fd = -EBADF, .fd = -EBADF};
	const char *dir = PROTOCOL_STATE_DIR;
	int r;

	reader.json = cli_option(call, "json") != NULL;
	reader.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader.dir_fd < 0)
		return cli_error("%s: %s%s", dir, strerror(errno),
				 errno == ENOENT ? ": no guard was ever up on this host" : "");

	if (!reader.json)
		event_text_head(stdout);
	r = cli_option(call, "follow") ? follow(&reader, dir) : read_all(&reader);
	if (r == -EPIPE)
		return CLI_DONE;
	if (r < 0)
		return cli_error("%s: %s", dir, strerror(-r));
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static const struct cli_option events_options[] = {
	{.name = "follow",
	 .letter = 'f',
	 .help = "show the last events, and new ones as they come"},
	{.name = "json", .help = "print the log's own lines: one JSON object each"},
	{0},
};

const struct cli_verb cli_events_verbs[] = {
	{
		.object = "events",
		.args = "",
		.options = events_options,
		.help = "show what was refused, observed and noted, oldest first",
		.run = print_events,
	},
	{0},
};
