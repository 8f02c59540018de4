/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mends what posture found, for now and for later boots, and takes it back. What was there before
 * is in one file, written before anything changes. A mend is a row of src/posture; nothing here
 * names a check.
 */

#include <stdbool.h>
#include <stddef.h>

#include "posture/posture.h"

struct diag;

#define MEND_RECORD "etc/holdfast/posture-undo.json" /* below the root */
#define MEND_MAX_RESULTS 64 /* more than there are checks */

/* What of it reaches the running kernel and systemd. Each returns 0 or a negative errno. */
struct mend_acts {
	int (*sysctl)(const char *name, const char *value);
	int (*lockdown)(const char *mode);
	/* -ENOENT when it is to go: it is a part of the kernel */
	int (*module)(const char *name, bool loaded);
	int (*debugfs)(const char *where, bool mounted);
	int (*unit)(const char *name, bool enabled);
	int (*boot_loader)(void); /* reads what was written for it */
};

/* mend_acts_host - on the host that this runs on */
extern const struct mend_acts mend_acts_host;

struct mend_options {
	const char *root; /* below which files are; NULL: "/" */
	const struct mend_acts *acts; /* NULL: files alone */
	char *const *ids; /* of checks, each of which exists */
	size_t n_ids; /* 0: all */
	bool dry; /* mend_fix(): say it only */
};

enum mend_outcome {
	MENDED_DONE,
	MENDED_REBOOT, /* done, and counts from the next boot */
	MENDED_PLANNED,
	MENDED_LEFT, /* good already */
	MENDED_ONE_WAY, /* done only if it is named */
	MENDED_FAILED, /* some of it, at least: why says what */
	_MENDED_MAX,
};

struct mend_result {
	const struct posture_check *check;
	enum mend_outcome outcome;
	char now[POSTURE_TEXT]; /* what changes at once, or "" */
	char later[2 * POSTURE_TEXT]; /* and for later boots */
	char why[2 * POSTURE_TEXT]; /* for MENDED_FAILED, and what else a person should know */
};

struct mend_report {
	struct mend_result results[MEND_MAX_RESULTS];
	size_t n;
};

/**
 * mend_fix() - mend what is weak or bad
 * @posture: of the same root
 * Return: 0, what failed is in the report; -EINVAL if the record cannot be read or written, and
 * then nothing was changed: the diag says why; -ENOMEM.
 */
int mend_fix(const struct mend_options *options, const struct posture *posture,
	     struct mend_report *ret_report, struct diag *reterr_diag);

/**
 * mend_undo() - set what mend_fix() has changed to what it was before
 * Return: as mend_fix(); if the record cannot be written at the end, the diag says so.
 */
int mend_undo(const struct mend_options *options, struct mend_report *ret_report,
	      struct diag *reterr_diag);

/* mend_outcome_name() - "done", "reboot", "planned", "left", "one-way", "failed" */
const char *mend_outcome_name(enum mend_outcome outcome);
