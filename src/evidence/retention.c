// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Removing the front of a log, whole bundles and full tiles of it. What may be missing is written
 * down first: a verifier tells that from a theft.
 *
 * The file has two lines: the size of the log when it was pruned, and the first index that stays.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "evidence/folder.h"
#include "evidence/tile.h"
#include "evidence/writer-internal.h"

static bool exists(const struct writer *writer, int level, uint64_t tile)
{
	char path[STORE_PATH_LEN];

	publisher_path(level, tile, 0, path);
	return faccessat(writer->store.dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* From the lowest up, so that what a crash leaves is found from above by the next one. */
static int remove_tiles(const struct writer *writer, int level, uint64_t n_tiles)
{
	char path[STORE_PATH_LEN];
	uint64_t tile = n_tiles;
	int r;

	while (tile > 0 && exists(writer, level, tile - 1))
		tile--;
	for (; tile < n_tiles; tile++) {
		publisher_path(level, tile, 0, path);
		r = store_remove(&writer->store, path);
		if (r < 0)
			return r;
		if (tile % 1000 != 999)
			continue;
		*strrchr(path, '/') = '\0';
		r = store_remove(&writer->store, path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_front(const struct writer *writer)
{
	int r;

	r = remove_tiles(writer, TILE_ENTRIES, front_tile(writer->minimum, 0));
	for (unsigned level = 0; r == 0 && front_tile(writer->minimum, level); level++)
		r = remove_tiles(writer, (int)level, front_tile(writer->minimum, level));
	return r;
}

int writer_prune(struct writer *writer, uint64_t minimum)
{
	struct iovec content;
	char text[FOLDER_RETENTION_LEN];
	int n, r;

	if (minimum > writer->first)
		minimum = writer->first;
	minimum -= minimum % FRONT_WIDTH;
	if (minimum <= writer->minimum)
		return 0;

	n = snprintf(text, sizeof(text), "%" PRIu64 "\n%" PRIu64 "\n", writer->durable, minimum);
	content = (struct iovec){text, (size_t)n};
	r = store_put(&writer->store, WRITER_RETENTION, &content, true);
	if (r < 0)
		return r;
	writer->minimum = minimum;
	return remove_front(writer);
}

static bool parse(const struct writer *writer, struct text text, uint64_t *ret_minimum)
{
	uint64_t size;

	return folder_parse_retention(text, &size, ret_minimum) &&
	       *ret_minimum % FRONT_WIDTH == 0 && *ret_minimum <= writer->first;
}

int writer_read_retention(struct writer *writer, bool *ret_unread)
{
	_cleanup_free_ char *data = NULL;
	uint64_t minimum;
	size_t size;
	int r;

	r = store_read(&writer->store, WRITER_RETENTION, FOLDER_RETENTION_LEN, &data, &size);
	if (r == STORE_E_NONE)
		return 0;
	if (r < 0)
		return r;
	if (r > 0 || !parse(writer, (struct text){data, size}, &minimum)) {
		*ret_unread = true;
		return 0;
	}
	writer->minimum = minimum;
	return remove_front(writer);
}
