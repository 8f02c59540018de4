/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What freezing is worth for a type of map: a table of what the kernels of the matrix were seen to
 * do (docs/freeze.md). Knows nothing of any one map, and asks no kernel.
 */

#include <stdbool.h>
#include <stdint.h>

enum freeze_answer {
	FREEZE_NO,
	FREEZE_YES,
	FREEZE_SOMETIMES, /* by what the kernel is, or the map went through; the reason says */
};

/* Who still writes a frozen map; or'ed together. */
enum freeze_writer {
	FREEZE_WRITER_HELPER = 1, /* a program, by a helper */
	FREEZE_WRITER_STORE = 2, /* a program, through a pointer to the value */
	FREEZE_WRITER_ITERATOR = 4, /* a program that a map's iterator gives each value */
	FREEZE_WRITER_INNER = 8, /* whoever writes the maps that are in it */
};

struct freeze_facts {
	enum freeze_answer can_freeze;
	const char *freeze_reason;
	enum freeze_answer can_rdonly_prog; /* can a map of the type be made with that flag? */
	const char *rdonly_prog_reason;
	unsigned int writers; /* enum freeze_writer; 0 if it cannot be frozen */
	const char *writers_reason;
};

/**
 * freeze_facts_get() - what is known of maps like this
 * @type:      BPF_MAP_TYPE_*, the kernel's number
 * @map_flags: BPF_F_*; RDONLY_PROG is what counts
 * @special:   its value has a field that the kernel looks after: spin lock, timer, kptr, wq
 * @ret_facts: filled on success; the texts are constants, short, in one line
 *
 * Return: 0; -ENOENT if nobody has measured that type.
 */
int freeze_facts_get(uint32_t type, uint32_t map_flags, bool special,
		     struct freeze_facts *ret_facts);

/**
 * freeze_type_name() - as enum bpf_map_type has it, in lower case
 * @type: BPF_MAP_TYPE_*
 *
 * Return: a constant; NULL for a type that freeze_facts_get() does not know either.
 */
const char *freeze_type_name(uint32_t type);

/**
 * freeze_type_find() - the number of a type
 * @name: as freeze_type_name() gives it; borrowed
 *
 * Return: BPF_MAP_TYPE_*; 0, which is no type, if there is none of that name.
 */
uint32_t freeze_type_find(const char *name);
