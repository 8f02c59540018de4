/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's BPF objects, whose they are, and which maps could be frozen. Changes nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/proc-text.h"

#define OBJECTS_MAX 65536 /* that are looked at, of each kind */
#define OBJECTS_NAME 64

struct objects_item {
	enum proc_kind kind;
	uint32_t id;
	uint32_t type; /* of a map, program or link, as bpf(2) numbers it */
	uint32_t attach_type; /* of a link that traces; else 0 */
	uint32_t program; /* of a link: what it runs */
	char name[OBJECTS_NAME]; /* "" if it has none */
	char hook[OBJECTS_NAME]; /* of a program: the function that it hangs on; "" */
	bool owned; /* held by an executable of the policy, or pinned where it says */
};

struct objects {
	struct objects_item *items;
	size_t n;
	char **unfrozen; /* names of maps that could be frozen, and are not */
	size_t n_unfrozen;
	size_t n_kept; /* not opened: a guard keeps them from strangers, or they went meanwhile */
	bool cut; /* there are more than OBJECTS_MAX */
};

/**
 * objects_read() - ask for all of them
 * @policy:      borrowed, of image_check(); NULL: nothing has an owner
 * @ret_objects: all zero; release with objects_done(), also after a failure
 * Return: 0; -EPERM without CAP_SYS_ADMIN; -ENOMEM; any errno of bpf(2).
 */
int objects_read(const void *policy, struct objects *ret_objects);

/**
 * objects_read_unfrozen() - a part of objects_read(): the maps that could be frozen
 * Return: as objects_read() does.
 */
int objects_read_unfrozen(struct objects *objects);

/* objects_done() - release what it owns */
void objects_done(struct objects *objects);
