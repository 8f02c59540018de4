/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Acts against the ground that a guard stands on, one function each. Each does its act and nothing
 * more: whether it should have gone through is the suite's to say (posture-rows.sh).
 */

#include <stddef.h>

#define NOBODY 65534

/* What an act returns that could not be tried; main() says that it is no result. */
#define ACT_IMPOSSIBLE 1

struct act {
	const char *name;
	/* Return: 0 when it went through; a negative errno when it was refused; ACT_IMPOSSIBLE. */
	int (*run)(char **arguments);
	int n_arguments;
	const char *says;
};

extern const struct act acts_bpf[], acts_kernel[], acts_token[], acts_user[];

/**
 * ground_nobody() - become a user without a right, for good
 * Return: 0; negative errno.
 */
int ground_nobody(void);

/**
 * ground_apart() - run something in a child
 * @run: what it runs; returns what an act does
 * @data: its argument, borrowed
 * Return: what @run returned; a negative errno if there is no child; ACT_IMPOSSIBLE if it was
 * killed.
 */
int ground_apart(int (*run)(void *data), void *data);

/** ground_nap() - let others run for some milliseconds, less than a second */
void ground_nap(long milliseconds);
