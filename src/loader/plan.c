// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is to become of each map: decided from object and text, before anything is loaded. */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "holdfast/object.h"
#include "loader/loader.h"
#include "loader/shape.h"
#include "loader/tables.h"
#include "loader/why.h"
#include "mapdata/plan.h"
#include "object/object.h"

static int refuse(struct diag *diag, const struct loader_request *request,
		  const struct data_map *contents, const char *why)
{
	diag_set(diag, request->contents->file, 0, 0, "maps.%s: %s", contents->name, why);
	return LOADER_E_REFUSED;
}

static int side_plan(const struct loader_request *request, const struct plan_request *side,
		     struct data_plan **ret_plan, struct diag *diag)
{
	int r = data_plan_make(side, ret_plan, diag);

	if (r == PLAN_E_INVALID && diag)
		diag->file = request->path;
	return r == PLAN_E_INVALID ? LOADER_E_REFUSED : r;
}

static int encode(const struct loader *loader, const struct loader_request *request,
		  const struct object_map *map, struct loader_map *plan, struct diag *diag)
{
	const struct data_map *contents = data_file_find(request->contents, map->name);
	_cleanup_(data_plan_freep) struct data_plan *key = NULL;
	_cleanup_(data_plan_freep) struct data_plan *value = NULL;
	struct plan_request side = {.btf = bpf_object__btf(loader->bpf)};
	struct data_layout layout = {.shape = plan->shape, .max_entries = map->max_entries};
	struct bpf_map *bpf = bpf_object__find_map_by_name(loader->bpf, map->name);
	size_t size;
	int r;

	if (!bpf || !side.btf || !map->value_id)
		return refuse(diag, request, contents, "the object has no BTF type for its values");
	side.type_id = map->value_id;
	side.size = map->value_size;
	r = side_plan(request, &side, &value, diag);
	if (r)
		return r;
	if (plan->shape == DATA_KEYED) {
		side.type_id = map->key_id;
		side.size = map->key_size;
		side.is_prefix = map->type == BPF_MAP_TYPE_LPM_TRIE;
		r = side_plan(request, &side, &key, diag);
		if (r)
			return r;
	}
	layout.key = key;
	layout.value = value;
	if (plan->shape == DATA_SECTION)
		layout.initial = bpf_map__initial_value(bpf, &size);
	r = data_map_encode(request->contents, contents, &layout, &plan->entries, diag);
	return r > 0 ? LOADER_E_REFUSED : r;
}

/* Variables can be frozen here: the mapping that keeps an agent from it is a skeleton's. */
static bool freezes(const struct object *object, const struct object_map *map,
		    const struct loader_map *plan)
{
	if (map->origin == MAP_DATA)
		return plan->advice.freeze != ADVICE_ALREADY && !(map->uses & USE_WRITES) &&
		       !advice_special(object, map);
	if (!plan->filled && !map->has_slots)
		return false;
	/* nor has anybody mapped what is to be mapped, before it is pinned */
	return plan->advice.freeze == ADVICE_YES ||
	       (plan->advice.freeze == ADVICE_NO && map->type == BPF_MAP_TYPE_ARRAY &&
		map->flags & BPF_F_MMAPABLE && !advice_special(object, map));
}

static int map_plan(const struct loader *loader, const struct loader_request *request,
		    const struct object_map *map, struct loader_map *plan, struct diag *diag)
{
	const struct data_map *contents =
		request->contents ? data_file_find(request->contents, map->name) : NULL;

	*plan = (struct loader_map){.name = map->name, .filled = contents};
	plan->unfillable = shape_find(map, &plan->shape);
	advise(request->object, map, &plan->advice);
	if (freezes(request->object, map, plan))
		plan->flags |= HOLDFAST_MAP_FREEZE;
	if ((contents || map->has_slots || map->origin == MAP_DATA) &&
	    plan->advice.read_only == ADVICE_YES)
		plan->flags |= HOLDFAST_MAP_RDONLY_PROG;
	if (!contents)
		return 0;
	if (plan->unfillable)
		return refuse(diag, request, contents, plan->unfillable);
	return encode(loader, request, map, plan, diag);
}

/* Each map of the text is one of the object. */
static int names_check(const struct loader_request *request, struct diag *diag)
{
	for (size_t i = 0; request->contents && i < request->contents->n_maps; i++) {
		const char *name = request->contents->maps[i].name;
		size_t n = 0;

		while (n < request->object->n_maps &&
		       strcmp(request->object->maps[n].name, name) != 0)
			n++;
		if (n == request->object->n_maps)
			return refuse(diag, request, &request->contents->maps[i],
				      "the object has no map of that name");
	}
	return 0;
}

static int object_open(struct loader *loader, const struct loader_request *request,
		       struct diag *diag)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "loaded");
	_cleanup_free_ uint8_t *data = NULL;
	struct why why;
	int error, r;

	r = tables_source(request->object, &data, diag);
	if (r)
		return r;
	why_listen(&why);
	loader->bpf =
		bpf_object__open_mem(data ?: request->object->data, request->object->size, &opts);
	error = errno;
	why_done(&why);
	if (loader->bpf)
		return tables_prepare(loader, diag);
	why_tell(&why, request->object, "libbpf does not take the object", error, diag);
	return LOADER_E_REFUSED;
}

static int plan_all(const struct loader_request *request, struct loader **ret_loader,
		    struct diag *reterr_diag)
{
	_cleanup_(loader_freep) struct loader *loader = calloc(1, sizeof(*loader));
	const struct object *object = request->object;
	int r;

	if (!loader)
		return -ENOMEM;
	if (object->n_maps > LOADER_MAX_MAPS) {
		diag_set(reterr_diag, request->path, 0, 0,
			 "the object has %zu maps, at most %d are loaded", object->n_maps,
			 LOADER_MAX_MAPS);
		return LOADER_E_REFUSED;
	}
	r = names_check(request, reterr_diag);
	if (r)
		return r;
	loader->object = object;
	loader->maps = calloc(object->n_maps + 1, sizeof(*loader->maps));
	loader->links = calloc(object->n_programs + 1, sizeof(*loader->links));
	if (!loader->maps || !loader->links)
		return -ENOMEM;
	r = object_open(loader, request, reterr_diag);
	if (r == LOADER_E_REFUSED && reterr_diag)
		reterr_diag->file = request->path;
	if (r)
		return r;
	for (; loader->n_maps < object->n_maps; loader->n_maps++) {
		size_t i = loader->n_maps;

		r = map_plan(loader, request, &object->maps[i], &loader->maps[i], reterr_diag);
		if (r) {
			data_entries_done(&loader->maps[i].entries);
			return r;
		}
	}
	*ret_loader = TAKE_PTR(loader);
	return 0;
}

int loader_plan(const struct loader_request *request, struct loader **ret_loader,
		struct diag *reterr_diag)
{
	bool quick = request->contents && request->contents->quick;
	struct diag unheard;
	int r;

	r = plan_all(request, ret_loader, quick ? &unheard : reterr_diag);
	if (r != LOADER_E_REFUSED || !quick)
		return r;
	r = data_file_again(request->contents, reterr_diag);
	if (r)
		return r == DATA_E_INVALID ? LOADER_E_REFUSED : r;
	return plan_all(request, ret_loader, reterr_diag);
}
