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

static int find_types(struct loaded *loaded, uint32_t id, size_t *room,
		      const struct btf_view **ret_view)
{
	struct loaded_types *types;
	int r;

	/* Maps of one object follow each other. */
	for (size_t i = loaded->n_types; i-- > 0;) {
		*ret_view = loaded->types[i].view;
		if (loaded->types[i].id == id)
			return 0;
	}
	r = array_grow(&loaded->types, loaded->n_types, sizeof(*loaded->types));
	if (r < 0)
		return r;
	types = &loaded->types[loaded->n_types++];
	types->id = id;
	r = read_types(types, *room);
	*room -= types->view ? types->size : 0;
	*ret_view = types->view;
	return r;
}

int types_look(struct loaded *loaded)
{
	size_t room = LOADED_MAX_TYPES;
	int r;

	for (size_t i = 0; i < loaded->object.n_maps; i++) {
		struct loaded_map *map = &loaded->maps[i];
		const struct btf_view *view = NULL;

		if (!map->wanted || !map->types || !map->value_id)
			continue;
		r = find_types(loaded, map->types, &room, &view);
		if (r < 0)
			return r;
		loaded->n_untyped += !view;
		loaded->object.maps[i].btf = view;
		loaded->object.maps[i].value_id = view ? map->value_id : 0;
	}
	return 0;
}
