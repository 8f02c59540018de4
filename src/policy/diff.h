/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Two images compared by what they permit. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/image-check.h"

struct diff_line {
	char *text;
	bool weakens;
	unsigned times; /* the same text for so many files */
};

struct diff {
	struct diff_line *lines; /* those that weaken first */
	size_t n_lines;
	enum image_change change; /* what holdfastd would say of a reload */
	bool secret; /* whether it would ask for the operator's secret: the old one enforces */
};

/**
 * diff_images() - what goes, what comes, and what weakens
 * @old:      borrowed, checked by image_check()
 * @new:      borrowed, checked by image_check()
 * @ret_diff: to be released with diff_done()
 *
 * Weakening lines are image_weakenings(), which is what a reload is judged by.
 * Return: 0; -ENOMEM.
 */
int diff_images(const void *old, const void *new, struct diff *ret_diff);

/**
 * diff_done() - release the lines
 */
void diff_done(struct diff *diff);
