// SPDX-License-Identifier: LGPL-2.1-or-later
/* See object-view.h: what the text and the JSON have in common. */

#include "cli/object-view.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "object/object.h"

struct list {
	struct object_feature *items;
	size_t n;
};

static void list_done(struct list *list)
{
	free(list->items);
}

static int add(struct list *list, const struct object_feature *feature)
{
	int r;

	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].name == feature->name && list->items[i].kind == feature->kind)
			return 0;
	}
	if (!feature->name)
		return 0;
	r = array_grow(&list->items, list->n, sizeof(*list->items));
	if (r < 0)
		return r;
	list->items[list->n++] = *feature;
	return 0;
}

static int add_helpers(struct list *list, const struct object_program *program)
{
	int r = 0;

	for (size_t i = 0; i < program->n_helpers && !r; i++) {
		struct object_feature feature = {"helper", helper_name(program->helpers[i]),
						 helper_since(program->helpers[i])};

		r = add(list, &feature);
	}
	return r;
}

int object_features(const struct object *object, struct object_feature **ret_features,
		    size_t *ret_n)
{
	static const char program[] = "program type", map[] = "map type";
	_cleanup_(list_done) struct list list = {0};
	int r = 0;

	for (size_t i = 0; i < object->n_programs && !r; i++) {
		uint32_t type = object->programs[i].attach.type;
		struct object_feature feature = {program, program_type_name(type),
						 program_type_since(type)};

		r = add(&list, &feature);
	}
	for (size_t i = 0; i < object->n_maps && !r; i++) {
		uint32_t type = object->maps[i].type;
		struct object_feature feature = {map, map_type_name(type), map_type_since(type)};

		r = add(&list, &feature);
	}
	for (size_t i = 0; i < object->n_programs && !r; i++)
		r = add_helpers(&list, &object->programs[i]);
	if (r)
		return r;
	*ret_n = list.n;
	*ret_features = TAKE_PTR(list.items);
	return 0;
}
