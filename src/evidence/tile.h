/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tiles and entry bundles of C2SP tlog-tiles: which of them a log of some size has, what their
 * files are called, and the entries in a bundle. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

#define TILE_WIDTH 256 /* hashes in a full tile, entries in a full bundle */
#define TILE_HEIGHT 8 /* levels of the tree in one of tiles */
#define TILE_LEVELS 8 /* of tiles, for the sizes that are read */
#define TILE_SIZE ((size_t)TILE_WIDTH * SHA256_LEN)
#define TILE_ENTRIES (-1) /* in the place of a level: an entry bundle */
#define TILE_PATH_LEN 64

#define ENTRY_MAX_SIZE 65535 /* bytes, as a bundle counts them */
#define BUNDLE_MAX_SIZE ((size_t)TILE_WIDTH * (2 + ENTRY_MAX_SIZE))

struct tile {
	int level; /* 0 to TILE_LEVELS - 1, or TILE_ENTRIES */
	uint64_t n; /* from the left */
	unsigned width; /* 1 to TILE_WIDTH */
};

/**
 * tile_of() - the tile with a hash, as wide as a log of some size has it
 * @level: as of struct tile
 * @index: of the hash on that level, or of the entry
 * @size:  entries of the log
 * Return: whether the log has that hash.
 */
bool tile_of(int level, uint64_t index, uint64_t size, struct tile *ret_tile);

/* tile_path() - the name of its file below the log's folder: "tile/0/x001/234.p/56" */
void tile_path(const struct tile *tile, char ret_path[TILE_PATH_LEN]);

/* The bytes of a bundle from one entry on. Borrowed. */
struct bundle {
	const uint8_t *at;
	size_t size;
	unsigned width; /* entries that its file has by its name, not counted down */
};

/**
 * bundle_next() - take the first entry off
 * @bundle:    what is left of it afterwards; unchanged if it ends within an entry
 * @ret_entry: borrowed from the bundle; *@ret_size bytes, at most ENTRY_MAX_SIZE
 * Return: whether there is a whole one.
 */
bool bundle_next(struct bundle *bundle, const uint8_t **ret_entry, size_t *ret_size);
