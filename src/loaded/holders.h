/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tasks of a request hold, by their fds in /proc. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct loaded_request;

struct held {
	uint32_t id;
	bool found; /* by whoever looks for it */
};

/* Each id once, ascending. */
struct held_set {
	struct held *items;
	size_t n;
};

struct holders {
	struct held_set maps;
	struct held_set programs; /* with those of links */
};

/**
 * holders_read() - look at each fd of each task
 * @request:     of a process or a unit
 * @ret_holders: all zero; release with holders_done(), also after a failure
 * @reterr_diag: filled on LOADED_E_REFUSED
 * Return: 0; LOADED_E_REFUSED if there is no such task, or it may not be looked at; -ENOMEM.
 */
int holders_read(const struct loaded_request *request, struct holders *ret_holders,
		 struct diag *reterr_diag);

/* held_find() - borrowed; NULL if the id is not there */
struct held *held_find(const struct held_set *set, uint32_t id);

/* holders_done() - release what it owns */
void holders_done(struct holders *holders);
