/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `holdfast posture check` prints, and how it compares. Pure: findings in, text out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

struct posture;
struct posture_finding;

#define BASELINE_MAX ((size_t)8 << 20) /* bytes of a file to be compared with */

enum baseline_outcome {
	BASELINE_E_INVALID = 1, /* no earlier answer of posture check */
};

/* Which findings make the exit status 1. */
struct posture_demand {
	const char *ids; /* borrowed: by commas; each has to be good. NULL: none may be bad */
	const void *policy; /* borrowed; without ids, what it requires counts as well; or NULL */
};

/* posture_fails() - whether a required check is not as it has to be */
bool posture_fails(const struct posture_demand *demand, const struct posture_finding *finding);

/* posture_text() - for people: the worst first, a line each */
void posture_text(FILE *file, const struct posture *posture);

/* posture_explain() - all about one finding */
void posture_explain(FILE *file, const struct posture_finding *finding);

/**
 * posture_json() - for machines
 * Return: a new reference; NULL if memory ran out.
 */
json_t *posture_json(const struct posture *posture, const struct posture_demand *demand);

/* posture_sarif() - the same as SARIF 2.1.0. Return: as posture_json(). */
json_t *posture_sarif(const struct posture *posture);

/**
 * baseline_compare() - what has changed since
 * @text:        @size bytes of what posture_json() gave earlier
 * @ret_changes: a new reference: an array, see holdfast-posture(1)
 * @ret_n_worse: how many of them are for the worse
 * Return: 0; BASELINE_E_INVALID; -ENOMEM.
 */
int baseline_compare(const char *text, size_t size, const struct posture *now, json_t **ret_changes,
		     size_t *ret_n_worse);

/* baseline_text() - changes for people, a line each */
void baseline_text(FILE *file, const json_t *changes);
