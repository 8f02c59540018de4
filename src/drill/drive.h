/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of the driver share. */

#include <stdbool.h>
#include <sys/types.h>

#include "drill.h"
#include "probe.h"

#define DRIVE_ROWS_MAX 128
#define DRIVE_NUMBERS_MAX (DRIVE_ROWS_MAX / 4) /* a row's name and a space */

/* In the order of the names in verdict_name(). */
enum verdict {
	VERDICT_ALLOWED,
	VERDICT_REFUSED, /* with the errno that is meant */
	VERDICT_OTHERWISE, /* failed with another, or was done and changed nothing */
	VERDICT_NOT_ATTEMPTED,
};

/* One probe that ran. */
struct outcome {
	const struct technique *technique;
	pid_t pid;
	int code; /* enum probe_exit, or 128 + signal */
	int error; /* what the act answered; 0: it did not say */
	int kernel; /* technique.kernel(), looked for after the act; 0 of a neighbour */
	bool neighbour;
	bool harmed; /* the target says so */
	const char *why_not; /* it was not even tried; NULL: it was */
	char rows[DRIVE_ROWS_MAX]; /* of its events, in their order */
	uint64_t numbers[DRIVE_NUMBERS_MAX]; /* theirs */
	size_t n_numbers;
};

struct drive {
	const struct drill_options *options;
	size_t n;
	uint64_t log_start; /* of the log, when we began */
	int sys, bpffs; /* detached copies, to put back what a probe takes off */
	dev_t device; /* of the bpffs */
	bool tap;
	bool failed;
	bool lost; /* what the next rows need */
	const char *left; /* the word that options.leave was given last; NULL: the guard is whole */
	struct outcome outcomes[]; /* room for two of each technique, and one */
};

/* ---- drive.c */

/* drive_probe() - one technique in a process of its own. Return: enum probe_exit, as a process's
 * status in a shell; it is in the outcome as well. */
int drive_probe(const struct technique *technique, int (*run)(const struct target *),
		const struct target *target, struct outcome *ret_outcome);

/* ---- restore.c */

/* restore_keep() - remember the mounts */
void restore_keep(struct drive *d);

/* restore_mounts() - put them back; sets d->lost if that fails */
void restore_mounts(struct drive *d);

/* restore_places() - have the policy loaded again, whose mounts and folders may be new now */
void restore_places(const struct drive *d);

/* restore_folders() - take away what probes leave in folders of their own */
void restore_folders(void);

/* ---- journal.c */

/* journal_size() - entries that the log has now; 0 if there is none */
uint64_t journal_size(void);

/**
 * journal_follow() - hand on entries as they come, until one is the last
 * @from: index of the first
 * @take: gets one, NUL terminated. Return: whether it was the last
 * Return: 0; -ENOMEM; -EBADMSG if the log cannot be read; -ETIMEDOUT if the last did not come.
 */
int journal_follow(uint64_t from, bool (*take)(void *userdata, uint64_t index, char *entry),
		   void *userdata);

/* Acts that came after all others: one for each of the guard's two rings, of which neither is
 * logged in the order of the other. */
struct fence {
	uint64_t log; /* entries that the log had before them */
	char keys[2][32]; /* "" once it has been seen */
};

/* journal_fence() - act, so that an event of each ring follows all that there are */
void journal_fence(const struct target *target, struct fence *ret_fence);

/* journal_fenced() - with this entry, are all that came before the fence in the log? */
bool journal_fenced(struct fence *fence, uint64_t index, const char *entry);

/* journal_collect() - give each event to the probe that caused it, up to the fence
 * Return: 0; any errno of journal_follow(). */
int journal_collect(struct drive *d, const struct fence *fence);

/* ---- assign.c */

/* assign() - give an event of the log, a line of JSON, to the probe that caused it, in its place
 * among its events; one that the log has twice counts once */
void assign(struct drive *d, const char *line);

/* ---- judge.c */

/* verdict_of() - what became of a probe */
enum verdict verdict_of(const struct outcome *outcome);

/* verdict_name() - as JSON has it */
const char *verdict_name(enum verdict verdict);

/* judge_ok() - whether it is as the phase demands, events included */
bool judge_ok(const struct drive *d, const struct outcome *outcome);

/* judge_kernel() - the errno by which this kernel refuses the act whatever the guard does; 0 */
int judge_kernel(const struct drive *d, const struct outcome *outcome);

/* judge_absent() - what the act would need and this kernel has not got, as the act itself has found
 * as well; NULL if it is there */
const char *judge_absent(const struct outcome *outcome);

/* judge_reason() - why it is as it is, in a few words; @text gets at most @size bytes */
void judge_reason(const struct drive *d, const struct outcome *outcome, char *text, size_t size);

/* technique_is_for() - whether a technique can run in the phase at all */
bool technique_is_for(const struct technique *technique, enum drill_phase phase);

/* technique_guest_only() - whether it endangers the host if it goes through */
bool technique_guest_only(const struct technique *technique);

/* ---- report.c */

/* report() - all of it, in the format that is asked for */
void report(const struct drive *d, FILE *file);
