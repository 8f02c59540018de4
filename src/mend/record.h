/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was mended, and what was there before. It names checks, never files: what is written where
 * follows from the tables. Pure: text in, values out, and back.
 */

#include <stdbool.h>
#include <stddef.h>

#include "posture/posture.h"

struct diag;

#define RECORD_MAX ((size_t)1 << 16) /* bytes of the file */
#define RECORD_MAX_ENTRIES 64
#define RECORD_VALUE 200 /* of a value, with its NUL */
#define RECORD_WAS 48

struct record_entry {
	const struct posture_check *check; /* with a mend */
	char value[RECORD_VALUE]; /* what was set; "": nothing is said */
	char was[RECORD_WAS]; /* what was there; "": not known, as what runs was not touched */
};

struct record {
	struct record_entry entries[RECORD_MAX_ENTRIES];
	size_t n;
};

enum record_outcome {
	RECORD_E_INVALID = 1, /* the diag says where */
};

/**
 * record_parse() - read what record_text() wrote
 * Return: 0; RECORD_E_INVALID, and @ret_record is undefined; -ENOMEM is told as invalid, too.
 */
int record_parse(const char *text, size_t size, struct record *ret_record,
		 struct diag *reterr_diag);

/**
 * record_text() - as JSON
 * Return: the caller frees; NULL if memory ran out.
 */
char *record_text(const struct record *record);

/**
 * record_find() - the entry of a check
 * Return: borrowed, until the record changes; NULL if there is none.
 */
struct record_entry *record_find(struct record *record, const struct posture_check *check);

/**
 * record_add() - an entry of the check, the one that is there or a new one
 * Return: borrowed; NULL past RECORD_MAX_ENTRIES.
 */
struct record_entry *record_add(struct record *record, const struct posture_check *check);

/* record_drop() - leave an entry out; the check need not have one */
void record_drop(struct record *record, const struct posture_check *check);

/* record_value_fits() - whether a value may go into a record, and so into a file of ours */
bool record_value_fits(const char *value);
