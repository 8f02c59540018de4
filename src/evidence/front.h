/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The right side of a tree as tiles: the hashes of the last tile of each level, and the edge that
 * they make. All that a log needs of its past to go on. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/merkle.h"
#include "evidence/tile.h"

#define FRONT_LEVELS TILE_LEVELS
#define FRONT_WIDTH TILE_WIDTH

struct front {
	struct merkle_edge edge;
	/* tiles[l] has front_width() hashes, or is full if a leaf has just filled it */
	struct merkle_hash tiles[FRONT_LEVELS][FRONT_WIDTH];
};

/* front_width() - hashes in the tile of a level that is not full; 0 if there is none */
static inline unsigned front_width(uint64_t size, unsigned level)
{
	return (unsigned)(size >> (8 * level)) % FRONT_WIDTH;
}

/* front_tile() - the number of that tile in its level */
static inline uint64_t front_tile(uint64_t size, unsigned level)
{
	return level + 1 < FRONT_LEVELS ? size >> (8 * (level + 1)) : 0;
}

/* front_fills() - whether the last of @size leaves has filled a tile of a level */
static inline int front_fills(uint64_t size, unsigned level)
{
	return level + 1 < FRONT_LEVELS && size && !(size << (64 - 8 * (level + 1)));
}

/**
 * front_push() - one more leaf
 * Return: as merkle_edge_append(); after a failure the front is of no use any more.
 */
int front_push(struct merkle *merkle, struct front *front, const struct merkle_hash *leaf);

/**
 * front_start() - the edge of what the tiles have
 * @front: its tiles are those of @size leaves
 * Return: 0; -EIO if libcrypto refuses.
 */
int front_start(struct merkle *merkle, struct front *front, uint64_t size);
