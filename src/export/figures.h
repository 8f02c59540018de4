/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a log says of how well its guard works, by definitions that are printed beside the figures:
 * time to detect, and policy-gate coverage.
 */

#include <stdint.h>

struct figures;
struct follow_entry;

/* Of some numbers: what can be said of them without a guess at their distribution. */
struct figures_spread {
	uint64_t n, median, p90, max;
	uint64_t low, high; /* between these the median is, with at least 95 % */
};

struct figures_coverage {
	uint64_t loads; /* numbers that the kernel gave to programs while somebody counted */
	uint64_t decided; /* of those, with a decision in the log: an entry of its own, or folded */
	uint64_t audit; /* loads that the kernel's audit told of, in the looks when it was heard */
	uint64_t audit_ids, audit_decided; /* numbers and decisions in the same looks */
};

/* figures_new() - nothing was read yet. Return: 0; -ENOMEM. */
int figures_new(struct figures **ret_figures);

/* figures_free() - NULL is allowed. Return: NULL. */
struct figures *figures_free(struct figures *figures);

static inline void figures_freep(struct figures **figures)
{
	(void)figures_free(*figures);
}

/* figures_take() - count an entry; of no known form, it is none. Return: 0; -ENOMEM. */
int figures_take(struct figures *figures, const struct follow_entry *entry);

/* figures_detect() - nanoseconds from the hook to the record, of what was refused or observed */
void figures_detect(struct figures *figures, struct figures_spread *ret_spread);

/* figures_coverage() - of program loads */
void figures_coverage(const struct figures *figures, struct figures_coverage *ret_coverage);

/**
 * figures_wilson() - where a share is, with 95 %: Wilson's interval
 * @ret_low, @ret_high: from 0 to 1; of no cases it is all of that
 */
void figures_wilson(uint64_t hits, uint64_t n, double *ret_low, double *ret_high);
