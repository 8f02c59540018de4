// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A map's definition as libbpf has it: a struct whose members' types say the numbers. __uint(x, 3)
 * is a pointer to an array of three, __type(x, T) a pointer to T.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "object/ctype.h"
#include "object/internal.h"

struct reading {
	const struct object *object;
	const char *map; /* its name, for messages */
	struct diag *diag;
};

/* The number that a member's type stands for. */
static int read_number(const struct reading *reading, const char *what, uint32_t id,
		       uint32_t *ret_number)
{
	const struct btf_view *btf = &reading->object->btf;
	struct btf_item item = btf_get(btf, btf_strip(btf, id));

	if (item.kind == BTF_KIND_PTR) {
		item = btf_get(btf, btf_strip(btf, item.size_or_type));
		if (item.kind == BTF_KIND_ARRAY) {
			*ret_number = btf_array(&item).nelems;
			return 0;
		}
	}
	return refuse(reading->diag, "map %.64s: %s is not given as a number", reading->map, what);
}

static int read_type(const struct reading *reading, const char *what, uint32_t id, uint32_t *ret_id)
{
	const struct btf_view *btf = &reading->object->btf;
	struct btf_item item = btf_get(btf, btf_strip(btf, id));

	if (item.kind != BTF_KIND_PTR)
		return refuse(reading->diag, "map %.64s: %s is not given as a type", reading->map,
			      what);
	*ret_id = item.size_or_type;
	return 0;
}

/* values: an array of pointers, to what a slot holds: a map's definition, or a function. */
static int read_values(const struct reading *reading, uint32_t id, struct object_map *map)
{
	const struct btf_view *btf = &reading->object->btf;
	struct btf_item item = btf_get(btf, btf_strip(btf, id));

	if (item.kind == BTF_KIND_ARRAY)
		item = btf_get(btf, btf_strip(btf, btf_array(&item).type));
	if (map->origin == MAP_INNER)
		return refuse(reading->diag, "map %.64s: the kernel has no map in a map in a map",
			      reading->map);
	if (item.kind != BTF_KIND_PTR || map->inner)
		return refuse(reading->diag, "map %.64s: its values are not given as pointers",
			      reading->map);
	id = btf_strip(btf, item.size_or_type);
	map->value_size = 4;
	if (btf_get(btf, id).kind != BTF_KIND_STRUCT)
		return 0;
	map->inner = calloc(1, sizeof(*map->inner));
	if (!map->inner)
		return -ENOMEM;
	map->inner->name = strdup(reading->map);
	if (!map->inner->name)
		return -ENOMEM;
	map->inner->origin = MAP_INNER;
	return definition_read(reading->object, id, map->inner, reading->diag);
}

static int read_member(const struct reading *reading, const char *name, uint32_t type,
		       struct object_map *map)
{
	struct {
		const char *name;
		uint32_t *number;
	} numbers[] = {
		{"type", &map->type},
		{"max_entries", &map->max_entries},
		{"map_flags", &map->flags},
		{"key_size", &map->key_size},
		{"value_size", &map->value_size},
		{"pinning", &map->pinning},
	};
	uint32_t extra;
	int r;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) == 0)
			return read_number(reading, numbers[i].name, type, numbers[i].number);
	}
	if (strcmp(name, "map_extra") == 0) {
		r = read_number(reading, "map_extra", type, &extra);
		if (!r)
			map->extra = extra;
		return r;
	}
	if (strcmp(name, "key") == 0)
		return read_type(reading, "key", type, &map->key_id);
	if (strcmp(name, "value") == 0)
		return read_type(reading, "value", type, &map->value_id);
	if (strcmp(name, "values") == 0)
		return read_values(reading, type, map);
	return 0; /* a member of a newer libbpf, or the NUMA node */
}

static int read_types(const struct reading *reading, struct object_map *map)
{
	const struct btf_view *btf = &reading->object->btf;
	uint64_t size;
	int r = 0;

	if (map->key_id) {
		size = btf_size(btf, map->key_id);
		if (map->key_size && map->key_size != size)
			return refuse(reading->diag, "map %.64s: its key has two sizes",
				      reading->map);
		map->key_size = (uint32_t)size;
		r = ctype_write(btf, map->key_id, "", &map->key_type);
	}
	if (map->value_id && !r) {
		size = btf_size(btf, map->value_id);
		if (map->value_size && map->value_size != size)
			return refuse(reading->diag, "map %.64s: its value has two sizes",
				      reading->map);
		map->value_size = (uint32_t)size;
		r = ctype_write(btf, map->value_id, "", &map->value_type);
	}
	return r;
}

int definition_read(const struct object *object, uint32_t id, struct object_map *map,
		    struct diag *diag)
{
	struct reading reading = {.object = object, .map = map->name, .diag = diag};
	struct btf_item item = btf_get(&object->btf, btf_strip(&object->btf, id));
	int r = 0;

	if (item.kind != BTF_KIND_STRUCT)
		return refuse(diag, "map %.64s: its definition is no struct", map->name);
	for (uint32_t i = 0; i < item.vlen && !r; i++) {
		struct btf_member member = btf_member(&item, i);

		r = read_member(&reading, btf_string(&object->btf, member.name_off), member.type,
				map);
	}
	return r ? r : read_types(&reading, map);
}
