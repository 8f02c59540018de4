/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A log to a receiver of syslog over TCP, at least once. A batch has a connection of its own: what
 * counts as taken is a batch that was acknowledged to its end, and after which the receiver has
 * closed its side in good order, which a kernel does for a process only if that has read all of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct follow;

#define DELIVER_BATCH ((size_t)1 << 20) /* bytes after which a batch is sent */
#define DELIVER_PATIENCE_MS 10000 /* how long a receiver may do nothing */
#define DELIVER_MAX_WAIT_MS 60000 /* between two attempts */

enum deliver_outcome {
	_DELIVER_E_SUCCESS,
	DELIVER_E_FAILED, /* the diag says what, and with once that the receiver has refused */
};

struct deliver_options {
	struct follow *follow; /* borrowed; begins where nothing else is known */
	const char *host, *port; /* borrowed */
	const char *state; /* borrowed: where the position is kept; NULL: nowhere */
	bool once; /* end when all that is there has been taken */
	void (*warn)(const char *text); /* of what does not end it */
};

/**
 * deliver_run() - send what there is, and then what comes
 * @reterr_diag: filled on DELIVER_E_FAILED and an errno
 * Return: 0 if all was taken, with once; DELIVER_E_FAILED; -ENOMEM; any errno of follow_next() and
 * follow_wait().
 */
int deliver_run(const struct deliver_options *options, struct diag *reterr_diag);
