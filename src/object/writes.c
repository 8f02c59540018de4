// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who writes which map of an object. An object with more maps than one reading follows is read once
 * for each so many of them.
 */

#include <stdlib.h>

#include <linux/bpf.h>

#include "object/flow.h"
#include "object/internal.h"

#define INSN sizeof(struct bpf_insn)

struct batch {
	const struct object *object;
	const struct object_function *function;
	uint32_t first; /* map */
};

static struct flow_reference refer(const struct flow *flow, uint32_t at)
{
	const struct batch *batch = flow->context;
	struct reference reference = reference_of(batch->object, batch->function->section,
						  batch->function->offset + at * INSN);
	struct flow_reference result = {.kind = FLOW_NOTHING};

	if (reference.kind != REFERENCE_MAP && reference.kind != REFERENCE_VALUE)
		return result;
	if (reference.index < batch->first || reference.index - batch->first >= FLOW_MAPS)
		return result;
	result.kind = reference.kind == REFERENCE_MAP ? FLOW_HANDLE : FLOW_VALUE;
	result.map = reference.index - batch->first;
	return result;
}

static uint32_t helper_itself(const struct flow *flow, int32_t number)
{
	return (uint32_t)number;
}

static int read_function(struct object *object, const struct object_function *function,
			 uint32_t first, uint32_t *steps)
{
	struct batch batch = {.object = object, .function = function, .first = first};
	struct object_map *maps[FLOW_MAPS];
	struct flow flow = {.maps = maps,
			    .code = object->sections.items[function->section].data +
				    function->offset,
			    .n = (uint32_t)(function->size / INSN),
			    .function = (uint32_t)(function - object->functions),
			    .is_program = function->is_program,
			    .refer = refer,
			    .helper = helper_itself,
			    .context = &batch,
			    .steps = steps};

	while (flow.n_maps < FLOW_MAPS && first + flow.n_maps < object->n_maps) {
		maps[flow.n_maps] = &object->maps[first + flow.n_maps];
		flow.n_maps++;
	}
	return flow_follow(&flow);
}

/* Whether a map may be in a slot of another, where programs reach it without naming it. */
static bool may_be_inner(const struct object *object, const struct object_map *map)
{
	for (size_t i = 0; i < object->n_maps; i++) {
		const struct object_map *outer = &object->maps[i];

		if (outer->type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
		    outer->type != BPF_MAP_TYPE_HASH_OF_MAPS)
			continue;
		if (!outer->inner ||
		    (outer->inner->type == map->type && outer->inner->key_size == map->key_size &&
		     outer->inner->value_size == map->value_size))
			return true;
	}
	return false;
}

int writes_read(struct object *object)
{
	static const struct map_writer unnamed = {.use = USE_ESCAPE, .function = UINT32_MAX};
	bool outer = false;
	uint32_t steps = 0;
	int r = 0;

	for (uint32_t first = 0; first < object->n_maps && !r; first += FLOW_MAPS) {
		for (size_t i = 0; i < object->n_functions && !r && steps < FLOW_MAX_STEPS; i++)
			r = read_function(object, &object->functions[i], first, &steps);
		for (size_t i = first; i < object->n_maps && steps >= FLOW_MAX_STEPS; i++)
			flow_add_use(&object->maps[i], &unnamed);
	}
	for (size_t i = 0; i < object->n_maps; i++)
		outer = outer || object->maps[i].type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
			object->maps[i].type == BPF_MAP_TYPE_HASH_OF_MAPS;
	for (size_t i = 0; outer && i < object->n_maps && !r; i++) {
		if (object->maps[i].origin == MAP_DEFINED && may_be_inner(object, &object->maps[i]))
			flow_add_use(&object->maps[i], &unnamed);
	}
	return r;
}
