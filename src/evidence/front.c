// SPDX-License-Identifier: LGPL-2.1-or-later
/* See front.h. Pure. */

#include "evidence/front.h"

int front_push(struct merkle *merkle, struct front *front, const struct merkle_hash *leaf)
{
	uint64_t size;
	int r;

	front->tiles[0][front_width(front->edge.size, 0)] = *leaf;
	r = merkle_edge_append(merkle, &front->edge, leaf);
	if (r != 0)
		return r;

	size = front->edge.size;
	for (unsigned level = 0; front_fills(size, level); level++) {
		uint64_t above = (size >> (8 * (level + 1))) - 1;

		front->tiles[level + 1][above % FRONT_WIDTH] = front->edge.levels[8 * (level + 1)];
	}
	return 0;
}

int front_start(struct merkle *merkle, struct front *front, uint64_t size)
{
	front->edge = (struct merkle_edge){.size = size};
	for (unsigned level = 0; level < FRONT_LEVELS; level++) {
		struct merkle_edge part = {0};

		for (unsigned i = 0; i < front_width(size, level); i++) {
			int r = merkle_edge_append(merkle, &part, &front->tiles[level][i]);

			if (r < 0)
				return r;
		}
		for (unsigned bit = 0; bit < 8; bit++)
			front->edge.levels[8 * level + bit] = part.levels[bit];
	}
	return 0;
}
