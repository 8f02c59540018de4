// SPDX-License-Identifier: LGPL-2.1-or-later
/* See journal.h. */

#include "guard/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/loads.h"
#include "guard/sequence.h"

/* what may have been written while a gap was open: its patience at some thousand events a second */
#define RESUME_SIZE ((size_t)8 << 20)
/* what the ring still holds has been read by then */
#define RESUME_PATIENCE_NS 100000000ull
#define RETRY_NS CLOCK_SECOND_NS
#define ANCHOR_NS (60 * CLOCK_SECOND_NS)

struct journal {
	struct ledger *ledger;
	struct sequence sequence;
	uint64_t anchored; /* CLOCK_BOOTTIME of the last anchor; 0: none yet */
	bool unanchored; /* something came after it */
	uint64_t flushed; /* CLOCK_BOOTTIME of the last flush */
};

int journal_new(const struct ledger_options *options, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	r = ledger_new(options, &journal->ledger);
	if (r < 0) {
		free(journal);
		return r;
	}
	*ret_journal = journal;
	return 0;
}

struct journal *journal_free(struct journal *journal)
{
	if (!journal)
		return NULL;
	journal_flush(journal, UINT64_MAX);
	(void)ledger_free(journal->ledger);
	free(journal);
	return NULL;
}

int journal_mark(struct journal *journal)
{
	return ledger_mark(journal->ledger);
}

static void put(struct journal *journal, const struct jsonw *w, bool urgent)
{
	if (jsonw_finish(w) < 0)
		return;
	ledger_put(journal->ledger, w->buffer, w->used, urgent);
	journal->unanchored = true;
}

/* ---- numbers */

/* The number behind a member's name, which cannot be within a string: its quotes would not be. */
static bool number_of(struct text entry, const char *name, uint64_t *ret_number)
{
	char key[32];
	size_t size = (size_t)snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = memmem(entry.at, entry.size, key, size);
	const char *end = entry.at + entry.size;
	struct text digits;

	if (!at)
		return false;
	at += size;
	digits = (struct text){at, 0};
	while (at + digits.size < end && at[digits.size] >= '0' && at[digits.size] <= '9')
		digits.size++;
	return text_decimal(digits, ret_number);
}

static bool has(struct text entry, const char *what)
{
	return memmem(entry.at, entry.size, what, strlen(what)) != NULL;
}

static void read_numbers(void *userdata, struct text entry)
{
	struct sequence *sequence = userdata;
	uint64_t first, last;

	if (number_of(entry, "seq", &first))
		sequence_see(sequence, 0, first, 0);
	else if (number_of(entry, "lost", &last) && number_of(entry, "first", &first) &&
		 number_of(entry, "last", &last))
		sequence_told(sequence, first, last);
	else if (has(entry, "\"note\":\"up\""))
		*sequence = (struct sequence){.next = 1}; /* a guard without an event */
}

/* A gap that the one before has seen and not told of, because it was killed, is in the log. */
void journal_resume(struct journal *journal)
{
	journal->sequence = (struct sequence){.next = 0};
	/* so that what was not signed yet can be read as well */
	ledger_flush(journal->ledger, UINT64_MAX);
	(void)ledger_recent(journal->ledger, RESUME_SIZE, read_numbers, &journal->sequence);
	/* what was read of one ring says nothing of the other */
	memset(journal->sequence.read, 0, sizeof(journal->sequence.read));
	sequence_expire(&journal->sequence, clock_ns(CLOCK_BOOTTIME) + RESUME_PATIENCE_NS);
}

static void put_lost(struct journal *journal, uint64_t first, uint64_t last)
{
	char text[256], time[RECORD_TIME_LEN];
	struct jsonw w;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_u64(&w, "first", first);
	jsonw_u64(&w, "last", last);
	jsonw_u64(&w, "lost", last - first + 1);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_close(&w);
	put(journal, &w, true);
}

static void put_all_lost(struct journal *journal, uint64_t now)
{
	uint64_t first, last;

	while (sequence_lost(&journal->sequence, now, &first, &last))
		put_lost(journal, first, last);
}

void journal_restart(struct journal *journal)
{
	/* of the guard before, and before its successor's entries */
	put_all_lost(journal, UINT64_MAX);
	journal->sequence = (struct sequence){.next = 1};
}

/* ---- entries */

/* What the clock said, so that times can be compared however somebody set it in between. */
static void anchor(struct journal *journal, uint64_t boot)
{
	char text[256], time[RECORD_TIME_LEN];
	struct jsonw w;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_u64(&w, "boot_ns", boot);
	jsonw_string(&w, "note", "clock", SIZE_MAX);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_close(&w);
	put(journal, &w, false);
	journal->anchored = boot;
	journal->unanchored = false;
}

void journal_event(struct journal *journal, const void *data, size_t size,
		   const struct image_header *image)
{
	uint64_t boot = clock_ns(CLOCK_BOOTTIME), real = clock_ns(CLOCK_REALTIME);
	const struct event *event;
	struct record_when when;
	char text[RECORD_LINE_LEN];
	struct jsonw w;

	if (record_check(data, size, &event) != 0) {
		journal_note(journal,
			     &(struct record_note){
				     .what = "unreadable",
				     .text = "an event of another build's ABI, or a short one",
			     });
		return;
	}

	put_all_lost(journal, boot);
	sequence_see(&journal->sequence, record_flags(event) & EVENT_RISK ? 1 : 0, event->sequence,
		     boot);

	when.detect_ns = event->boot_ns < boot ? boot - event->boot_ns : 0;
	when.realtime_ns = when.detect_ns < real ? real - when.detect_ns : real;
	jsonw_init(&w, text, sizeof(text));
	record_write(&w, event, image, &when);
	put(journal, &w, event->verdict == EVENT_REFUSED || event->verdict == EVENT_OBSERVED);
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
	put(journal, &w, true);
}

void journal_reach(struct journal *journal, uint64_t number)
{
	put_all_lost(journal, clock_ns(CLOCK_BOOTTIME));
	sequence_reach(&journal->sequence, number, clock_ns(CLOCK_BOOTTIME));
}

void journal_loads(struct journal *journal, const struct loads_count *count)
{
	char text[256], time[RECORD_TIME_LEN];
	struct jsonw w;

	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	if (count->audited)
		jsonw_u64(&w, "audit", count->audit);
	else
		jsonw_null(&w, "audit");
	jsonw_u64(&w, "boot_ns", clock_ns(CLOCK_BOOTTIME));
	jsonw_u64(&w, "decided", count->decided);
	jsonw_u64(&w, "ids", count->ids);
	jsonw_string(&w, "note", "loads", SIZE_MAX);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_close(&w);
	put(journal, &w, false);
}

void journal_note(struct journal *journal, const struct record_note *note)
{
	char text[RECORD_NOTE_LEN];
	struct jsonw w;

	jsonw_init(&w, text, sizeof(text));
	record_note(&w, note, clock_ns(CLOCK_REALTIME));
	put(journal, &w, true);
}

void journal_flush(struct journal *journal, uint64_t now)
{
	uint64_t boot = clock_ns(CLOCK_BOOTTIME);

	put_all_lost(journal, now);
	if (journal->unanchored &&
	    (!journal->anchored || boot >= journal->anchored + ANCHOR_NS || now == UINT64_MAX))
		anchor(journal, boot);
	ledger_flush(journal->ledger, now);
	journal->flushed = now;
}

uint64_t journal_due(const struct journal *journal, uint64_t now)
{
	uint64_t due = ledger_due(journal->ledger, now);

	/* whether what is missing is lost, is asked each second */
	if (journal->sequence.n_gaps > 0 && due > journal->flushed + RETRY_NS)
		due = journal->flushed + RETRY_NS;
	if (journal->unanchored && due > journal->anchored + ANCHOR_NS)
		due = journal->anchored + ANCHOR_NS;
	return due;
}

void journal_count(const struct journal *journal, struct ledger_counts *ret_counts)
{
	ledger_count(journal->ledger, ret_counts);
}
