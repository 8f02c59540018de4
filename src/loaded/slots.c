// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is in maps of maps: the system call gives a slot's map by its id. See internal.h. */

#include "loaded/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "object/flow.h"

static const struct map_writer unnamed = {.use = USE_ESCAPE, .function = UINT32_MAX};

static bool is_outer(const struct object_map *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || map->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static int add_inner(struct loaded *loaded, struct loaded_map *outer, uint32_t id)
{
	uint32_t number = (uint32_t)(outer - loaded->maps) + 1;
	size_t map = maps_find(loaded, id);
	int r;

	if (map == SIZE_MAX)
		return 0;
	flow_add_use(&loaded->object.maps[map], &unnamed);
	loaded->maps[map].wanted = loaded->maps[map].wanted || outer->wanted;
	if (loaded->maps[map].in == number)
		return 0;
	loaded->maps[map].in = number;
	r = array_grow(&outer->inner, outer->n_inner, sizeof(*outer->inner));
	if (r < 0)
		return r;
	outer->inner[outer->n_inner++] = (uint32_t)map;
	return 0;
}

/* @budget: slots that are still looked at */
static int look_at(struct loaded *loaded, size_t outer, uint32_t *budget)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = bpf_map_get_fd_by_id_opts(loaded->maps[outer].id, &opts);
	size_t size = loaded->object.maps[outer].key_size;
	_cleanup_free_ char *keys = calloc(2, size ? size : 1);
	char *key = NULL;
	int r = 0;

	if (!keys)
		return -ENOMEM;
	if (fd < 0) {
		unopened_count(loaded, fd);
		return 0;
	}
	/* Of two keys in turn one is the last; a map that changes meanwhile may begin anew. */
	for (char *next = keys; !r && bpf_map_get_next_key(fd, key, next) == 0;) {
		uint32_t id;

		if ((*budget)-- == 0) {
			*budget = 0;
			loaded->cut = true;
			break;
		}
		if (bpf_map_lookup_elem(fd, next, &id) == 0)
			r = add_inner(loaded, &loaded->maps[outer], id);
		key = next;
		next = next == keys ? keys + size : keys;
	}
	return r;
}

int slots_look(struct loaded *loaded)
{
	uint32_t budget = LOADED_MAX;
	int r = 0;

	for (size_t i = 0; i < loaded->object.n_maps && !r; i++) {
		if (is_outer(&loaded->object.maps[i]))
			r = look_at(loaded, i, &budget);
	}
	/* A map in a slot that was not looked at could be any. */
	for (size_t i = 0; !budget && i < loaded->object.n_maps; i++)
		flow_add_use(&loaded->object.maps[i], &unnamed);
	return r;
}
