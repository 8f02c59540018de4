// SPDX-License-Identifier: LGPL-2.1-or-later
/* See publisher.h. */

#include "evidence/publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

_Static_assert(TILE_PATH_LEN <= STORE_PATH_LEN, "a tile's name fits");

void publisher_path(int level, uint64_t tile, unsigned width, char ret_path[STORE_PATH_LEN])
{
	const struct tile which = {.level = level, .n = tile, .width = width ? width : TILE_WIDTH};

	tile_path(&which, ret_path);
}

void publisher_start(struct publisher *publisher)
{
	publisher->used = 0;
	publisher->settled = true;
}

void publisher_done(struct publisher *publisher)
{
	free(publisher->bundle);
	publisher->bundle = NULL;
}

static int make_room(struct publisher *publisher, size_t size)
{
	size_t room = publisher->room;
	uint8_t *grown;

	if (publisher->used + size <= room)
		return 0;
	while (room < publisher->used + size)
		room = room ? room * 2 : 4096;
	grown = realloc(publisher->bundle, room);
	if (!grown)
		return -ENOMEM;
	publisher->bundle = grown;
	publisher->room = room;
	return 0;
}

int publisher_push(struct publisher *publisher, const void *entry, size_t size)
{
	struct merkle_hash leaf;
	uint8_t *at;
	int r;

	if (front_width(publisher->front.edge.size, 0) == 0)
		publisher->used = 0; /* the bundle before is written */
	r = make_room(publisher, 2 + size);
	if (r < 0)
		return r;
	r = merkle_leaf(publisher->merkle, entry, size, &leaf);
	if (r < 0)
		return r;
	r = front_push(publisher->merkle, &publisher->front, &leaf);
	if (r != 0)
		return r;

	at = publisher->bundle + publisher->used;
	at[0] = (uint8_t)(size >> 8);
	at[1] = (uint8_t)size;
	if (size)
		memcpy(at + 2, entry, size);
	publisher->used += 2 + size;
	publisher->settled = false;
	return 0;
}

static int put(struct publisher *publisher, const char *path, const void *data, size_t size)
{
	const struct iovec content = {.iov_base = (void *)data, .iov_len = size};

	if (!publisher->durable)
		publisher->unsynced = true;
	return store_put(publisher->store, path, &content, publisher->durable);
}

static int put_tile(struct publisher *publisher, unsigned level, uint64_t tile, unsigned width)
{
	char path[STORE_PATH_LEN];

	publisher_path((int)level, tile, width, path);
	return put(publisher, path, publisher->front.tiles[level],
		   (width ? width : FRONT_WIDTH) * sizeof(publisher->front.tiles[level][0]));
}

static int put_bundle(struct publisher *publisher, uint64_t tile, unsigned width)
{
	char path[STORE_PATH_LEN];

	publisher_path(TILE_ENTRIES, tile, width, path);
	return put(publisher, path, publisher->bundle, publisher->used);
}

static int remove_partial(const struct publisher *publisher, int level, uint64_t tile)
{
	char path[STORE_PATH_LEN];

	publisher_path(level, tile, 1, path);
	*strrchr(path, '/') = '\0';
	return store_remove(publisher->store, path);
}

/* What is full needs nothing partial, but where that belongs to the checkpoint that is out. */
static int settle_partial(const struct publisher *publisher, int level, uint64_t tile)
{
	unsigned of = level == TILE_ENTRIES ? 0 : (unsigned)level;

	if (front_width(publisher->published, of) && tile == front_tile(publisher->published, of))
		return 0;
	return remove_partial(publisher, level, tile);
}

int publisher_settle(struct publisher *publisher)
{
	uint64_t size = publisher->front.edge.size;
	int r;

	if (publisher->settled)
		return 0;
	for (unsigned level = 0; front_fills(size, level); level++) {
		uint64_t tile = front_tile(size, level) - 1;

		r = level == 0 ? put_bundle(publisher, tile, 0) : 0;
		if (r == 0 && level == 0)
			r = settle_partial(publisher, TILE_ENTRIES, tile);
		if (r == 0)
			r = put_tile(publisher, level, tile, 0);
		if (r == 0)
			r = settle_partial(publisher, (int)level, tile);
		if (r < 0)
			return r;
	}
	publisher->settled = true;
	return 0;
}

int publisher_rest(struct publisher *publisher)
{
	uint64_t size = publisher->front.edge.size;
	int r;

	if (front_width(size, 0)) {
		r = put_bundle(publisher, front_tile(size, 0), front_width(size, 0));
		if (r < 0)
			return r;
	}
	for (unsigned level = 0; level < FRONT_LEVELS; level++) {
		if (!front_width(size, level))
			continue;
		r = put_tile(publisher, level, front_tile(size, level), front_width(size, level));
		if (r < 0)
			return r;
	}
	if (!publisher->unsynced)
		return 0;
	r = store_sync_all(publisher->store);
	if (r < 0)
		return r;
	publisher->unsynced = false;
	return 0;
}

int publisher_published(struct publisher *publisher)
{
	uint64_t before = publisher->published, now = publisher->front.edge.size;

	publisher->published = now;
	for (unsigned level = 0; level < FRONT_LEVELS; level++) {
		uint64_t tile = front_tile(before, level);
		int r = 0;

		if (tile == front_tile(now, level) || !front_width(before, level))
			continue;
		if (level == 0)
			r = remove_partial(publisher, TILE_ENTRIES, tile);
		if (r == 0)
			r = remove_partial(publisher, (int)level, tile);
		if (r < 0)
			return r;
	}
	return 0;
}
