/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What goes into the log of events, and in which words: the kernel's records, our own notes, what
 * is missing of both, and what the clock said. Where it goes is ledger.h's.
 */

#include <stddef.h>
#include <stdint.h>

#include "guard/ledger.h"
#include "guard/record.h"

struct image_header;
struct journal;
struct loads_count;
struct record_folded;

/**
 * journal_new() - open the log, or prepare to
 * Return: as ledger_new().
 */
int journal_new(const struct ledger_options *options, struct journal **ret_journal);

/* journal_free() - write and sign what is left. NULL is fine. Return: NULL. */
struct journal *journal_free(struct journal *journal);

static inline void journal_freep(struct journal **journal)
{
	(void)journal_free(*journal);
}

/* journal_mark() - as ledger_mark() */
int journal_mark(struct journal *journal);

/**
 * journal_restart() - the numbers of a new guard start at 1; what is missing of the old one is lost
 */
void journal_restart(struct journal *journal);

/**
 * journal_resume() - the numbers go on after the last one in the log, if there is one
 *
 * What the end of the log shows to be missing, with no entry that tells of it, is a gap again.
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

/* journal_reach() - the kernel has given out event numbers up to this one; others may be lost */
void journal_reach(struct journal *journal, uint64_t number);

/* journal_loads() - what two sources say of program loads since the last such entry */
void journal_loads(struct journal *journal, const struct loads_count *count);

/* journal_note() - take one of our own; @note is borrowed for the call */
void journal_note(struct journal *journal, const struct record_note *note);

/**
 * journal_flush() - what was taken is on the disk, and the numbers that are missing for good
 * @now: CLOCK_BOOTTIME
 *
 * To be called after a number of events, and at journal_due().
 */
void journal_flush(struct journal *journal, uint64_t now);

/* journal_due() - CLOCK_BOOTTIME at which a flush has something to do; UINT64_MAX: never */
uint64_t journal_due(const struct journal *journal, uint64_t now);

/* journal_count() - what was written and what was not, since journal_new() */
void journal_count(const struct journal *journal, struct ledger_counts *ret_counts);
