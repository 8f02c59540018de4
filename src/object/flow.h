/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a function does to the maps that it names: its instructions are followed over all branches.
 * They may be those of a file, or those that the verifier has made of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_writer;
struct object_map;

#define FLOW_MAPS 64 /* that one reading follows: a set of them is a word */
#define FLOW_MAX_STEPS (1u << 23) /* instructions followed, with those that are followed again */
#define FLOW_HELPER_NONE 0 /* no helper has the number: it may do anything */
#define FLOW_HELPER_ELEMENT UINT32_MAX /* the kernel's own call that finds a hash's element */

enum flow_kind {
	FLOW_NOTHING,
	FLOW_HANDLE, /* a map */
	FLOW_VALUE, /* an address within a map's value */
};

/* What an instruction of 16 bytes loads. */
struct flow_reference {
	enum flow_kind kind;
	size_t map; /* index into maps */
};

struct flow {
	struct object_map *const *maps; /* borrowed: at most FLOW_MAPS, their uses are added to */
	size_t n_maps;
	const uint8_t *code; /* borrowed: the function */
	uint32_t n; /* instructions, at least one */
	uint32_t function; /* how a writer names it */
	uint32_t before; /* instructions before it, in what a writer's offset is counted from */
	bool is_program; /* what it returns goes to the kernel */
	/*
	 * The verifier has been here: it puts lookups in place of calls, so that arithmetic on a
	 * map's address leads to a value.
	 */
	bool translated;
	struct flow_reference (*refer)(const struct flow *flow, uint32_t at);
	uint32_t (*helper)(const struct flow *flow, int32_t number); /* of a call's number */
	const void *context; /* of these two; borrowed */
	uint32_t *steps; /* counted on; the caller stops at FLOW_MAX_STEPS */
};

/**
 * flow_follow() - add what a function does to its maps' uses and writers
 *
 * What is not understood counts as a write of all maps that the function names.
 * Return: 0; -ENOMEM.
 */
int flow_follow(const struct flow *flow);

/* flow_add_use() - a use of a map; of one that writes, the first is kept */
void flow_add_use(struct object_map *map, const struct map_writer *writer);
