/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel calls the numbers that an object has: map types, program types, helpers. */

#include <stddef.h>
#include <stdint.h>

#define KIND_UNKNOWN UINT32_MAX /* the type of a program whose section tells none */

/* map_type_name(), program_type_name() - as bpftool has them; NULL for a number nobody knows */
const char *map_type_name(uint32_t type);
const char *program_type_name(uint32_t type);

/* map_type_since(), program_type_since() - the Linux that first had it; NULL if unknown */
const char *map_type_since(uint32_t type);
const char *program_type_since(uint32_t type);

/* helper_name() - without "bpf_"; NULL for a number nobody knows */
const char *helper_name(uint32_t helper);

/* helper_since() - the first long-term Linux that has it; NULL if unknown */
const char *helper_since(uint32_t helper);

struct attach {
	uint32_t type; /* BPF_PROG_TYPE_*, or KIND_UNKNOWN */
	const char
		*point; /* what the kind of attachment is called; NULL if it is the type itself */
	const char *target; /* borrowed from the name: what it is attached to; NULL if not told */
	int sleepable;
};

/**
 * attach_read() - what libbpf takes a section's name to mean
 * @section: borrowed, without the '?' that switches loading off
 */
void attach_read(const char *section, struct attach *ret_attach);
