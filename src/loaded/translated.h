/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a program does to its maps, by its instructions as the verifier left them. Pure. */

#include <stddef.h>
#include <stdint.h>

struct object_map;
struct symbols;

struct translated {
	const uint8_t *code; /* borrowed: all of its functions, one after the other */
	size_t size; /* bytes */
	const uint32_t *map_ids; /* borrowed: of its maps */
	struct object_map *const *maps; /* borrowed, in the same order: their uses are added to */
	size_t n_maps;
	const struct symbols *symbols; /* borrowed */
	uint32_t function; /* how a writer names it; offsets count from the program's start */
};

/**
 * translated_read() - add what a program does to its maps' uses and writers
 * @steps: instructions that were followed are added
 *
 * What is not understood counts as a write of all of its maps.
 * Return: 0; -ENOMEM.
 */
int translated_read(const struct translated *program, uint64_t *steps);
