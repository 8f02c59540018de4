/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log of events: JSON lines in the state folder, rotated by size. Owns those files. A disk that
 * is full never stops its caller: what could not be written is counted, and a line says so later.
 * It reads nothing but the end of its own last file.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct image_header;
struct journal;
struct record_folded;

#define JOURNAL_LIMIT (64ull << 20) /* bytes of one file */
#define JOURNAL_ROTATED 4 /* events.jsonl.1 is the youngest of them */

struct journal_options {
	int dir_fd; /* borrowed: the state folder; negative if it cannot be opened */
	uint64_t limit; /* JOURNAL_LIMIT, less in tests */
	int (*mark)(void *userdata, int fd); /* called for each file that is ours; or NULL */
	void *userdata;
};

/* Something that holdfastd did or refused, which the kernel cannot know. */
struct journal_note {
	const char *what; /* a word of our own */
	const char *text; /* any bytes */
	const char *check; /* of the host, by its id; or NULL */
	pid_t pid; /* of whoever asked; 0 if nobody did */
	uid_t uid;
};

struct journal_counts {
	uint64_t written; /* lines */
	uint64_t unwritten; /* lines that found no room */
	int error; /* why, as a negative errno; 0 once there is room again */
};

/**
 * journal_new() - open the log, or prepare to
 *
 * A log that cannot be opened now is tried again at each flush.
 * Return: 0; -ENOMEM.
 */
int journal_new(const struct journal_options *options, struct journal **ret_journal);

/* journal_free() - write what is left. NULL is fine. Return: NULL. */
struct journal *journal_free(struct journal *journal);

static inline void journal_freep(struct journal **journal)
{
	(void)journal_free(*journal);
}

/* journal_mark() - call options.mark for every file there is. Return: 0 or its first error. */
int journal_mark(struct journal *journal);

/**
 * journal_restart() - the numbers of a new guard start at 1; what is missing of the old one is lost
 */
void journal_restart(struct journal *journal);

/**
 * journal_resume() - the numbers go on after the last one in the log, if there is one
 *
 * What the end of the log shows to be missing, with no line that tells of it, is a gap again.
 */
void journal_resume(struct journal *journal);

/**
 * journal_event() - take one record of the kernel
 * @image: in force, checked; NULL if there is none
 *
 * A record that this build cannot read becomes a note.
 */
void journal_event(struct journal *journal, const void *data, size_t size,
		   const struct image_header *image);

/**
 * journal_pass() - all rings have had their turn to be read
 * @ends: bit N: ring N, of enum guard_ring, was read to its end since the call before
 *
 * A number that is missing is lost only when both have been read beyond it.
 */
void journal_pass(struct journal *journal, unsigned int ends);

/* journal_folded() - take events that were counted and had no record; @folded is borrowed */
void journal_folded(struct journal *journal, const struct record_folded *folded);

/* journal_note() - take one of our own; @note is borrowed for the call */
void journal_note(struct journal *journal, const struct journal_note *note);

/**
 * journal_flush() - write what was taken, and the numbers that are missing for good
 * @now: CLOCK_BOOTTIME
 *
 * To be called after a number of events, and once a second while journal_busy().
 */
void journal_flush(struct journal *journal, uint64_t now);

/* journal_busy() - whether there is something that a later flush would write */
int journal_busy(const struct journal *journal);

/* journal_count() - what was written and what was not, since journal_new() */
void journal_count(const struct journal *journal, struct journal_counts *ret_counts);
