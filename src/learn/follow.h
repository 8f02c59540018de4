/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Follows the processes of a unit, or of a process and all that it starts, for a while. Told of new
 * ones by the kernel's process connector, and where there is none by looking again and again.
 */

#include <stdint.h>
#include <sys/types.h>

struct diag;
struct seen;

enum follow_error {
	_FOLLOW_E_SUCCESS,
	FOLLOW_E_NONE, /* nothing of it ran: the diag says what to do */
};

struct follow_options {
	const char *unit; /* "x.service", or NULL */
	pid_t pid; /* without a unit */
	uint64_t milliseconds; /* 0: one look */
};

/**
 * follow() - see all that the options ask for
 * @seen:        empty, to be released with seen_done() whatever is returned
 * @reterr_diag: filled on FOLLOW_E_NONE; or NULL
 * Return: 0; FOLLOW_E_NONE; -ENOMEM; any errno of reading /proc.
 */
int follow(const struct follow_options *options, struct seen *seen, struct diag *reterr_diag);
