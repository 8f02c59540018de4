/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The maps that the kernel has, as those of an object: so that what is said of a file can be said
 * of them. Asks bpf(2) and /proc, and changes nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "object/object.h"

struct diag;

#define LOADED_MAX 65536 /* maps, programs and slots of maps of maps that are looked at, of each */
#define LOADED_MAX_INSNS (1u << 20) /* of one program */
#define LOADED_MAX_TASKS 4096 /* of a unit */
#define LOADED_MAX_FDS 65536 /* of all tasks */
#define LOADED_MAX_TYPES ((size_t)256 << 20) /* bytes of type information */

enum loaded_outcome {
	LOADED_E_REFUSED = 1, /* what was asked for cannot be had: the diag says why */
};

/* Whose maps; of nobody, if neither is set: then all. */
struct loaded_request {
	pid_t pid; /* 0: of no process */
	const char *unit; /* "x.service", of system.slice; NULL: of none */
};

struct loaded_map {
	uint32_t id;
	bool wanted; /* the request means it, or a map that it is in */
	uint32_t types, value_id; /* id of its BTF, and its value's type there; 0: none */
	uint32_t *inner; /* indices into maps: what its slots hold */
	size_t n_inner;
	uint32_t in; /* the last map that was seen to hold it, from 1; 0: none */
};

struct loaded {
	struct object object; /* maps by id; its functions are the programs that have any of them */
	struct loaded_map *maps; /* as many, in the same order */
	struct loaded_types *types; /* their BTF */
	size_t n_types;
	size_t n_gone; /* not found by their id: gone meanwhile, or hidden by a guard */
	size_t n_refused; /* not opened, with EPERM */
	size_t n_untyped; /* maps of the request whose BTF could not be read */
	bool cut; /* there are more than LOADED_MAX of something */
	bool calls_hidden; /* which helper a call means is not known */
};

/**
 * loaded_read() - read maps, and what each loaded program does to them
 * @ret_loaded:  release with loaded_free()
 * @reterr_diag: filled on LOADED_E_REFUSED
 * Return: 0; LOADED_E_REFUSED; -ENOMEM.
 */
int loaded_read(const struct loaded_request *request, struct loaded **ret_loaded,
		struct diag *reterr_diag);

/**
 * loaded_free() - release it
 * Return: NULL. NULL and a half-built one are accepted.
 */
struct loaded *loaded_free(struct loaded *loaded);

static inline void loaded_freep(struct loaded **loaded)
{
	(void)loaded_free(*loaded);
}
