/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log on the disk: a folder that is written by evidence/writer.h, its key, when it is signed,
 * and what is let go of at its beginning. A disk that is full or read-only never stops the caller:
 * what could not be written is counted, and an entry says so once there is room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/text.h"
#include "guard/protocol.h"

struct ledger;

#define LEDGER_DIR PROTOCOL_LOG_DIR /* in the state folder */
#define LEDGER_ENTRY_LEN 8192 /* bytes that an entry may have */
#define LEDGER_KEEP ((uint64_t)1 << 19) /* entries that stay */
#define LEDGER_KEY_AGE ((uint64_t)24 * 60 * 60)
#define LEDGER_UNSIGNED 1024 /* entries after which they are signed, whatever the time */

struct ledger_options {
	int dir_fd; /* borrowed: the state folder; negative if it cannot be opened */
	uint64_t keep; /* LEDGER_KEEP, less in tests; at least 1 */
	uint64_t
		key_age; /* LEDGER_KEY_AGE, less in tests: seconds after which the key is changed */
	int (*mark)(void *userdata, int fd); /* called for each folder and key of ours; or NULL */
	void *userdata;
};

struct ledger_counts {
	uint64_t written; /* entries that are on the disk, since ledger_new() */
	uint64_t unwritten; /* entries that found no room */
	uint64_t size; /* entries of the log, from its beginning */
	uint64_t signed_size; /* of those, under a checkpoint */
	int error; /* why not all are, as a negative errno; 0 once there is room again */
};

/**
 * ledger_new() - open the log, begin one, or prepare to
 *
 * A log that cannot be opened now is tried again at each flush. One that could only be continued
 * by contradicting what was signed is put aside under another name, and a new one begins.
 * Return: 0; -ENOMEM.
 */
int ledger_new(const struct ledger_options *options, struct ledger **ret_ledger);

/* ledger_free() - write and sign what is left. NULL is fine. Return: NULL. */
struct ledger *ledger_free(struct ledger *ledger);

static inline void ledger_freep(struct ledger **ledger)
{
	(void)ledger_free(*ledger);
}

/* ledger_mark() - call options.mark for all there is. Return: 0 or its first error. */
int ledger_mark(struct ledger *ledger);

/**
 * ledger_put() - take an entry
 * @entry:  at most LEDGER_ENTRY_LEN bytes
 * @urgent: to be signed by the next flush, whatever the time
 *
 * One that finds no room is counted. Makes no system call.
 */
void ledger_put(struct ledger *ledger, const char *entry, size_t size, bool urgent);

/**
 * ledger_flush() - what was taken is on the disk; signed, if it is time
 * @now: CLOCK_BOOTTIME; UINT64_MAX: it is
 */
void ledger_flush(struct ledger *ledger, uint64_t now);

/* ledger_due() - CLOCK_BOOTTIME at which a flush has something to do; UINT64_MAX: never */
uint64_t ledger_due(const struct ledger *ledger, uint64_t now);

/**
 * ledger_recent() - the last entries that are signed, oldest first
 * @most: bytes of them, about
 * @each: gets one; its text is borrowed for the call
 * Return: 0; negative errno of reading; -EBADMSG if they are damaged.
 */
int ledger_recent(const struct ledger *ledger, size_t most,
		  void (*each)(void *userdata, struct text entry), void *userdata);

/* ledger_count() - how far it is */
void ledger_count(const struct ledger *ledger, struct ledger_counts *ret_counts);
