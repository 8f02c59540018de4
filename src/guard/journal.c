// SPDX-License-Identifier: LGPL-2.1-or-later
/* See journal.h. */

#include "guard/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/jsonw.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/protocol.h"
#include "guard/record.h"
#include "guard/sequence.h"

#define BUFFER_SIZE ((size_t)64 << 10)
#define TAIL_SIZE ((size_t)64 << 10) /* holds several lines of RECORD_LINE_LEN */
/* what may have been written while a gap was open: its patience at some thousand events a second */
#define RESUME_SIZE ((size_t)8 << 20)
/* what the ring still holds has been read by then */
#define RESUME_PATIENCE_NS 100000000ull
#define LINE_START "{\"abi\":1,\"seq\":"
#define LOST_START "{\"abi\":1,\"lost\":"
#define UP_START "{\"abi\":1,\"note\":\"up\","
#define NEW_NAME PROTOCOL_LOG_NAME ".new"

struct journal {
	struct journal_options options;
	int fd; /* -EBADF: could not be opened so far */
	uint64_t size; /* of the file, in whole lines */
	struct sequence sequence;
	uint64_t unreported; /* unwritten lines that no line tells of yet */
	struct journal_counts counts;
	size_t used;
	char buffer[BUFFER_SIZE];
};

static size_t count_lines(const char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\n';
	return n;
}

static void name_of(size_t i, char ret_name[32])
{
	if (i == 0)
		(void)snprintf(ret_name, 32, "%s", PROTOCOL_LOG_NAME);
	else
		(void)snprintf(ret_name, 32, "%s.%zu", PROTOCOL_LOG_NAME, i);
}

static int mark(const struct journal *journal, int fd)
{
	if (!journal->options.mark)
		return 0;
	return journal->options.mark(journal->options.userdata, fd);
}

/* The last bytes of a file, NUL terminated. */
static ssize_t read_tail(int fd, char *buffer, size_t room, off_t size)
{
	off_t start = size > (off_t)(room - 1) ? size - (off_t)(room - 1) : 0;
	ssize_t n = pread(fd, buffer, room - 1, start);

	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	return n;
}

/* A line that a crash cut off is no line; it goes, so that every line is JSON. */
static int drop_torn_line(int fd, uint64_t *size)
{
	_cleanup_free_ char *tail = malloc(TAIL_SIZE);
	ssize_t n, keep;

	if (!tail)
		return -ENOMEM;
	if (*size == 0)
		return 0;
	n = read_tail(fd, tail, TAIL_SIZE, (off_t)*size);
	if (n < 0)
		return (int)n;

	keep = n;
	while (keep > 0 && tail[keep - 1] != '\n')
		keep--;
	if (keep == n)
		return 0;
	if (ftruncate(fd, (off_t)*size - (n - keep)) < 0)
		return -errno;
	*size -= (uint64_t)(n - keep);
	return 0;
}

static int open_file(const struct journal *journal, const char *name, int flags, struct stat *st)
{
	_cleanup_close_ int fd = -EBADF;

	fd = openat(journal->options.dir_fd, name,
		    flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		return -errno;
	/* Planted before there was a guard: not ours. */
	if (!S_ISREG(st->st_mode) || st->st_nlink > 1)
		return -EBADFD;
	return TAKE_FD(fd);
}

static int open_log(struct journal *journal)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	uint64_t size;
	int r;

	fd = open_file(journal, PROTOCOL_LOG_NAME, O_RDWR | O_APPEND | O_CREAT, &st);
	if (fd < 0)
		return fd;
	size = (uint64_t)st.st_size;
	r = drop_torn_line(fd, &size);
	if (r < 0)
		return r;
	r = mark(journal, fd);
	if (r < 0)
		return r;

	journal->size = size;
	journal->fd = TAKE_FD(fd);
	return 0;
}

int journal_new(const struct journal_options *options, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;

	journal->options = *options;
	journal->fd = -EBADF;
	journal->counts.error = open_log(journal);
	*ret_journal = journal;
	return 0;
}

struct journal *journal_free(struct journal *journal)
{
	if (!journal)
		return NULL;

	journal_flush(journal, UINT64_MAX);
	if (journal->fd >= 0)
		(void)fdatasync(journal->fd);
	closep(&journal->fd);
	free(journal);
	return NULL;
}

int journal_mark(struct journal *journal)
{
	int first = 0;

	for (size_t i = 0; i <= JOURNAL_ROTATED; i++) {
		_cleanup_close_ int fd = -EBADF;
		char name[32];
		struct stat st;
		int r;

		name_of(i, name);
		fd = open_file(journal, name, O_RDONLY, &st);
		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : mark(journal, fd);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

/* {"abi":1,"lost":2,"first":1,"last":2, */
static void read_lost(struct sequence *sequence, const char *line)
{
	unsigned long long first, last;

	if (sscanf(line + strlen(LOST_START), "%*u,\"first\":%llu,\"last\":%llu,", &first, &last) ==
	    2)
		sequence_told(sequence, first, last);
}

/* What the end of a file says of numbers. */
static void read_numbers(const struct journal *journal, const char *name, struct sequence *sequence)
{
	_cleanup_free_ char *tail = malloc(RESUME_SIZE);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (!tail)
		return;
	fd = open_file(journal, name, O_RDONLY, &st);
	if (fd < 0 || read_tail(fd, tail, RESUME_SIZE, st.st_size) < 0)
		return;

	for (const char *line = tail; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, LINE_START, strlen(LINE_START)) == 0)
			sequence_see(sequence, 0, strtoull(line + strlen(LINE_START), NULL, 10), 0);
		else if (strncmp(line, LOST_START, strlen(LOST_START)) == 0)
			read_lost(sequence, line);
		else if (strncmp(line, UP_START, strlen(UP_START)) == 0)
			*sequence = (struct sequence){.next = 1}; /* a guard without an event */
	}
}

/* A gap that the one before has seen and not told of, because it was killed, is in the log. */
void journal_resume(struct journal *journal)
{
	journal->sequence = (struct sequence){.next = 0};
	/* or what lies between the two ends would be a gap */
	if (journal->size < RESUME_SIZE)
		read_numbers(journal, PROTOCOL_LOG_NAME ".1", &journal->sequence);
	read_numbers(journal, PROTOCOL_LOG_NAME, &journal->sequence);
	/* what was read of one ring says nothing of the other */
	memset(journal->sequence.read, 0, sizeof(journal->sequence.read));
	sequence_expire(&journal->sequence, clock_ns(CLOCK_BOOTTIME) + RESUME_PATIENCE_NS);
}

/* The new file is there and guarded before the old one gives up its name. */
static int rotate(struct journal *journal)
{
	int dir_fd = journal->options.dir_fd;
	_cleanup_close_ int fd = -EBADF;
	char from[32], to[32];
	struct stat st;
	int r;

	(void)unlinkat(dir_fd, NEW_NAME, 0);
	fd = open_file(journal, NEW_NAME, O_RDWR | O_APPEND | O_CREAT | O_EXCL, &st);
	if (fd < 0)
		return fd;
	r = mark(journal, fd);
	if (r < 0)
		return r;
	(void)fdatasync(journal->fd);

	for (size_t i = JOURNAL_ROTATED; i > 0; i--) {
		name_of(i - 1, from);
		name_of(i, to);
		if (renameat(dir_fd, from, dir_fd, to) < 0 && errno != ENOENT)
			return -errno;
	}
	if (renameat(dir_fd, NEW_NAME, dir_fd, PROTOCOL_LOG_NAME) < 0)
		return -errno;

	closep(&journal->fd);
	journal->fd = TAKE_FD(fd);
	journal->size = 0;
	return 0;
}

/* All of it, or whole lines of it. Return: 0 or -errno; *ret_done bytes are in the file. */
static int write_lines(struct journal *journal, const char *text, size_t size, size_t *ret_done)
{
	size_t done = 0;
	int r = 0;

	while (done < size) {
		ssize_t n = write(journal->fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			break;
		}
		done += (size_t)n;
	}

	if (r < 0) {
		while (done > 0 && text[done - 1] != '\n')
			done--;
		(void)ftruncate(journal->fd, (off_t)(journal->size + done));
	}
	journal->size += done;
	*ret_done = done;
	return r;
}

static int report_unwritten(struct journal *journal)
{
	char text[256], time[RECORD_TIME_LEN];
	struct jsonw w;
	size_t done;
	int r;

	if (journal->unreported == 0)
		return 0;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text) - 1);
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_u64(&w, "unwritten", journal->unreported);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_close(&w);
	text[w.used] = '\n';

	r = write_lines(journal, text, w.used + 1, &done);
	if (r < 0)
		return r;
	journal->unreported = 0;
	return 0;
}

static int write_buffer(struct journal *journal, size_t *ret_done)
{
	int r;

	*ret_done = 0;
	if (journal->fd < 0) {
		r = open_log(journal);
		if (r < 0)
			return r;
	}
	/* If that fails the old file grows: better than an event that is not written. */
	if (journal->size > 0 && journal->size + journal->used > journal->options.limit)
		(void)rotate(journal);

	r = report_unwritten(journal);
	if (r < 0)
		return r;
	return write_lines(journal, journal->buffer, journal->used, ret_done);
}

static void write_out(struct journal *journal)
{
	size_t done, unwritten;
	int r;

	if (journal->used == 0 && journal->unreported == 0)
		return;

	r = write_buffer(journal, &done);
	unwritten = count_lines(journal->buffer + done, journal->used - done);
	journal->counts.error = r;
	journal->counts.written += count_lines(journal->buffer, done);
	journal->counts.unwritten += unwritten;
	journal->unreported += unwritten;
	journal->used = 0;
}

static void put_line(struct journal *journal, const struct jsonw *w)
{
	if (jsonw_finish(w) < 0)
		return;
	if (journal->used + w->used + 1 > BUFFER_SIZE)
		write_out(journal);

	memcpy(journal->buffer + journal->used, w->buffer, w->used);
	journal->buffer[journal->used + w->used] = '\n';
	journal->used += w->used + 1;
}

static void put_lost(struct journal *journal, uint64_t first, uint64_t last)
{
	char text[256], time[RECORD_TIME_LEN];
	struct jsonw w;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_u64(&w, "lost", last - first + 1);
	jsonw_u64(&w, "first", first);
	jsonw_u64(&w, "last", last);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_close(&w);
	put_line(journal, &w);
}

static void put_all_lost(struct journal *journal, uint64_t now)
{
	uint64_t first, last;

	while (sequence_lost(&journal->sequence, now, &first, &last))
		put_lost(journal, first, last);
}

void journal_restart(struct journal *journal)
{
	put_all_lost(journal,
		     UINT64_MAX); /* of the guard before, and before its successor's lines */
	journal->sequence = (struct sequence){.next = 1};
}

void journal_event(struct journal *journal, const void *data, size_t size,
		   const struct image_header *image)
{
	uint64_t boot = clock_ns(CLOCK_BOOTTIME), real = clock_ns(CLOCK_REALTIME), age;
	const struct event *event;
	char text[RECORD_LINE_LEN];
	struct jsonw w;

	if (record_check(data, size, &event) != 0) {
		journal_note(journal,
			     &(struct journal_note){
				     .what = "unreadable",
				     .text = "an event of another build's ABI, or a short one",
			     });
		return;
	}

	put_all_lost(journal, boot);
	sequence_see(&journal->sequence, record_flags(event) & EVENT_RISK ? 1 : 0, event->sequence,
		     boot);

	age = event->boot_ns < boot ? boot - event->boot_ns : 0;
	jsonw_init(&w, text, sizeof(text));
	record_write(&w, event, image, age < real ? real - age : real);
	put_line(journal, &w);
}

void journal_pass(struct journal *journal, unsigned int ends)
{
	sequence_pass(&journal->sequence, ends);
}

void journal_folded(struct journal *journal, const struct record_folded *folded)
{
	char text[RECORD_LINE_LEN];
	struct jsonw w;

	jsonw_init(&w, text, sizeof(text));
	record_folded(&w, folded, clock_ns(CLOCK_REALTIME));
	put_line(journal, &w);
}

void journal_note(struct journal *journal, const struct journal_note *note)
{
	char text[RECORD_LINE_LEN * 4], time[RECORD_TIME_LEN];
	struct jsonw w;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_string(&w, "note", note->what, 64);
	jsonw_string(&w, "time", time, sizeof(time));
	if (note->check)
		jsonw_string(&w, "check", note->check, 64);
	jsonw_string(&w, "text", note->text, 1024);
	if (note->pid) {
		jsonw_u64(&w, "pid", (uint64_t)note->pid);
		jsonw_u64(&w, "uid", note->uid);
	}
	jsonw_close(&w);
	put_line(journal, &w);
}

void journal_flush(struct journal *journal, uint64_t now)
{
	put_all_lost(journal, now);
	write_out(journal);
}

int journal_busy(const struct journal *journal)
{
	return journal->used > 0 || journal->unreported > 0 || journal->sequence.n_gaps > 0;
}

void journal_count(const struct journal *journal, struct journal_counts *ret_counts)
{
	*ret_counts = journal->counts;
}
