// SPDX-License-Identifier: LGPL-2.1-or-later
/* See tile.h. Pure. */

#include "evidence/tile.h"

#include <inttypes.h>
#include <stdio.h>

bool tile_of(int level, uint64_t index, uint64_t size, struct tile *ret_tile)
{
	uint64_t hashes = level == TILE_ENTRIES ? size : size >> (TILE_HEIGHT * level), n, left;

	if (index >= hashes)
		return false;
	n = index / TILE_WIDTH;
	left = hashes - n * TILE_WIDTH;
	*ret_tile = (struct tile){level, n, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH};
	return true;
}

void tile_path(const struct tile *tile, char ret_path[TILE_PATH_LEN])
{
	uint64_t group = 1;
	int used;

	while (tile->n / group >= 1000)
		group *= 1000;
	used = tile->level == TILE_ENTRIES
		       ? snprintf(ret_path, TILE_PATH_LEN, "tile/entries")
		       : snprintf(ret_path, TILE_PATH_LEN, "tile/%d", tile->level);
	for (; group; group /= 1000)
		used += snprintf(ret_path + used, TILE_PATH_LEN - (size_t)used, "/%s%03" PRIu64,
				 group > 1 ? "x" : "", tile->n / group % 1000);
	if (tile->width < TILE_WIDTH)
		(void)snprintf(ret_path + used, TILE_PATH_LEN - (size_t)used, ".p/%u", tile->width);
}

bool bundle_next(struct bundle *bundle, const uint8_t **ret_entry, size_t *ret_size)
{
	size_t size;

	if (bundle->size < 2)
		return false;
	size = (size_t)bundle->at[0] << 8 | bundle->at[1];
	if (bundle->size - 2 < size)
		return false;
	*ret_entry = bundle->at + 2;
	*ret_size = size;
	bundle->at += 2 + size;
	bundle->size -= 2 + size;
	return true;
}
