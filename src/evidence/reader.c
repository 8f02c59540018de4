// SPDX-License-Identifier: LGPL-2.1-or-later
/* See reader.h. */

#include "evidence/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	int dir_fd;
	uint64_t size;
	struct merkle *merkle;
	struct diag *reterr_diag;
	struct {
		struct tile tile; /* of width 0: none yet */
		struct merkle_hash hashes[TILE_WIDTH];
	} levels[TILE_LEVELS];
};

struct reader *reader_free(struct reader *reader)
{
	free(reader);
	return NULL;
}

void reader_freep(struct reader **reader)
{
	(void)reader_free(*reader);
}

int reader_new(int dir_fd, uint64_t size, struct merkle *merkle, struct reader **ret_reader)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->dir_fd = dir_fd;
	reader->size = size;
	reader->merkle = merkle;
	*ret_reader = reader;
	return 0;
}

int tile_hash(struct merkle *merkle, const struct merkle_hash *hashes, unsigned height,
	      struct merkle_hash *ret_hash)
{
	struct merkle_hash row[TILE_WIDTH];
	size_t n = (size_t)1 << height;

	memcpy(row, hashes, n * sizeof(*row));
	for (; n > 1; n /= 2) {
		for (size_t i = 0; i < n / 2; i++) {
			int r = merkle_node(merkle, &row[2 * i], &row[2 * i + 1], &row[i]);

			if (r < 0)
				return r;
		}
	}
	*ret_hash = row[0];
	return 0;
}

static int read_hash(void *userdata, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	unsigned of_tile = level / TILE_HEIGHT, height = level % TILE_HEIGHT;
	struct reader *reader = userdata;
	struct tile tile;
	uint64_t first;
	int r;

	if (of_tile >= TILE_LEVELS || index > UINT64_MAX >> height)
		return -EINVAL;
	first = index << height;
	/* the last of the hashes below is there if all of them are */
	if (!tile_of((int)of_tile, first | ((UINT64_C(1) << height) - 1), reader->size, &tile))
		return -EINVAL;
	if (!reader->levels[of_tile].tile.width || reader->levels[of_tile].tile.n != tile.n) {
		reader->levels[of_tile].tile.width = 0;
		r = folder_read_tile(reader->dir_fd, &tile, reader->levels[of_tile].hashes,
				     reader->reterr_diag);
		if (r)
			return r;
		reader->levels[of_tile].tile = tile;
	}
	return tile_hash(reader->merkle, &reader->levels[of_tile].hashes[first % TILE_WIDTH],
			 height, ret_hash);
}

struct prove_source reader_source(struct reader *reader, struct diag *reterr_diag)
{
	reader->reterr_diag = reterr_diag;
	return (struct prove_source){read_hash, reader, reader->merkle};
}
