// SPDX-License-Identifier: LGPL-2.1-or-later
/* Type information of loaded maps, from the kernel, and checked as that of a file. */

#include "loaded/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "object/sections.h"

struct loaded_types {
	uint32_t id;
	uint8_t *data; /* NULL if it could not be read */
	size_t size;
	struct btf_view *view; /* NULL likewise */
};

static void types_free(struct loaded_types *types)
{
	if (types->view)
		btf_view_done(types->view);
	free(types->view);
	free(types->data);
}

void types_done(struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->n_types; i++)
		types_free(&loaded->types[i]);
	free(loaded->types);
}

/* The bytes; none if the kernel does not give them, or they are too many. */
static int ask(struct loaded_types *types, size_t room)
{
	_cleanup_close_ int fd = bpf_btf_get_fd_by_id(types->id);
	struct bpf_btf_info info = {0};
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) || !info.btf_size ||
	    info.btf_size > OBJECT_MAX_SIZE || info.btf_size > room)
		return 0;
	types->size = info.btf_size;
	types->data = malloc(types->size);
	if (!types->data)
		return -ENOMEM;
	info = (struct bpf_btf_info){.btf = (uintptr_t)types->data,
				     .btf_size = (uint32_t)types->size};
	size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.btf_size != types->size) {
		free(types->data);
		types->data = NULL;
	}
	return 0;
}

static int read_types(struct loaded_types *types, size_t room)
{
	struct section section = {0};
	int r = ask(types, room);

	if (r || !types->data)
		return r;
	types->view = calloc(1, sizeof(*types->view));
	if (!types->view)
		return -ENOMEM;
	section.data = types->data;
	section.size = types->size;
	r = btf_view_read(&section, types->view, NULL);
	if (r <= 0)
		return r;
	btf_view_done(types->view);
	free(types->view);
	types->view = NULL;
	return 0;
}

/* A map that wants types, and whose they are. */
struct wanted {
	uint32_t types;
	uint32_t map;
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->types != y->types)
		return x->types < y->types ? -1 : 1;
	return x->map < y->map ? -1 : x->map > y->map;
}

static size_t list_wanted(const struct loaded *loaded, struct wanted *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < loaded->object.n_maps; i++) {
		const struct loaded_map *map = &loaded->maps[i];

		if (map->wanted && map->types && map->value_id)
			wanted[n++] = (struct wanted){map->types, (uint32_t)i};
	}
	qsort(wanted, n, sizeof(*wanted), compare_wanted);
	return n;
}

static int add_types(struct loaded *loaded, uint32_t id, size_t *room)
{
	struct loaded_types *types;
	int r = array_grow(&loaded->types, loaded->n_types, sizeof(*loaded->types));

	if (r < 0)
		return r;
	types = &loaded->types[loaded->n_types++];
	types->id = id;
	r = read_types(types, *room);
	*room -= types->view ? types->size : 0;
	return r;
}

int types_look(struct loaded *loaded)
{
	_cleanup_free_ struct wanted *wanted = calloc(loaded->object.n_maps + 1, sizeof(*wanted));
	size_t n = wanted ? list_wanted(loaded, wanted) : 0, room = LOADED_MAX_TYPES;

	if (!wanted)
		return -ENOMEM;
	/* many maps can have their types from one BTF, or each from its own */
	for (size_t i = 0; i < n; i++) {
		const struct btf_view *view;
		uint32_t map = wanted[i].map;

		if (!i || wanted[i].types != wanted[i - 1].types) {
			int r = add_types(loaded, wanted[i].types, &room);

			if (r < 0)
				return r;
		}
		view = loaded->types[loaded->n_types - 1].view;
		loaded->n_untyped += !view;
		loaded->object.maps[map].btf = view;
		loaded->object.maps[map].value_id = view ? loaded->maps[map].value_id : 0;
	}
	return 0;
}
