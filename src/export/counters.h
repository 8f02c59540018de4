/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a log says in numbers, for Prometheus: counted from its entries alone. Pure. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct counters;
struct follow_entry;

/* Series of a family; what more of them would be counts as one whose labels are all "other". */
#define COUNTERS_MAX_SERIES 4096

enum counters_format {
	COUNTERS_PROMETHEUS, /* text 0.0.4 */
	COUNTERS_OPENMETRICS, /* 1.0.0 */
};

#define COUNTERS_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define COUNTERS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What is not in the entries. */
struct counters_log {
	const char *origin; /* borrowed; "" if there is no log yet */
	uint64_t size; /* entries under the checkpoint */
	int64_t checkpoint_time; /* seconds since 1970 */
};

/**
 * counters_new() - all of them 0
 * @ret_counters: the caller frees it by counters_free()
 * Return: 0; -ENOMEM.
 */
int counters_new(struct counters **ret_counters);

/* counters_free() - NULL is allowed. Return: NULL. */
struct counters *counters_free(struct counters *counters);

static inline void counters_freep(struct counters **counters)
{
	(void)counters_free(*counters);
}

/**
 * counters_take() - count an entry, whatever it is
 * Return: 0; -ENOMEM.
 */
int counters_take(struct counters *counters, const struct follow_entry *entry);

/* counters_pruned() - so many entries are not there any more */
void counters_pruned(struct counters *counters, uint64_t n);

/**
 * counters_print() - all of them; what goes wrong is the file's to say
 * @log: as of now
 */
void counters_print(const struct counters *counters, const struct counters_log *log,
		    enum counters_format format, FILE *file);

/**
 * counters_wanted() - the format that an Accept header asks for
 * @accept: any text; NULL if there is none
 * Return: COUNTERS_OPENMETRICS if it is accepted, and by no smaller weight than the other.
 */
enum counters_format counters_wanted(const char *accept);
