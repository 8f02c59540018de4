// SPDX-License-Identifier: LGPL-2.1-or-later
/* The maps of an object: those it defines, and those that libbpf makes of its data. */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "object/ctype.h"
#include "object/internal.h"

#define LEGACY_MEMBERS 5 /* of struct bpf_map_def: type, two sizes, entries, flags */

void map_done(struct object_map *map)
{
	free(map->name);
	free(map->key_type);
	free(map->value_type);
	if (map->inner)
		map_done(map->inner);
	free(map->inner);
}

/* A new map at the end; its name is copied and made printable. */
static int add_map(struct object *object, const char *name, struct object_map **ret_map,
		   struct diag *diag)
{
	struct object_map *map;
	int r;

	if (object->n_maps >= OBJECT_MAX_MAPS)
		return refuse(diag, "it has more than %d maps", OBJECT_MAX_MAPS);
	r = array_grow(&object->maps, object->n_maps, sizeof(*object->maps));
	if (r < 0)
		return r;
	map = &object->maps[object->n_maps];
	r = printable_copy(name, OBJECT_MAX_NAME, &map->name);
	if (r > 0)
		return refuse(diag, "the name of map %zu has more than %d bytes", object->n_maps,
			      OBJECT_MAX_NAME);
	if (r < 0)
		return r;
	object->n_maps++;
	*ret_map = map;
	return 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The symbols of a section, by name: where a variable lies, BTF may not know yet. */
static int sort_symbols(const struct object *object, uint32_t section,
			const struct symbol ***ret_symbols, size_t *ret_n)
{
	_cleanup_free_ const struct symbol **symbols = NULL;
	size_t n = 0;

	symbols = calloc(object->sections.n_symbols + 1, sizeof(*symbols));
	if (!symbols)
		return -ENOMEM;
	for (size_t i = 0; i < object->sections.n_symbols; i++) {
		if (object->sections.symbols[i].section == section)
			symbols[n++] = &object->sections.symbols[i];
	}
	qsort(symbols, n, sizeof(symbols[0]), compare_symbols);
	*ret_symbols = TAKE_PTR(symbols);
	*ret_n = n;
	return 0;
}

static bool symbol_offset(const struct symbol **symbols, size_t n, const char *name,
			  uint64_t *ret_offset)
{
	const struct symbol key = {.name = (char *)name}, *pointer = &key, **found;

	found = bsearch(&pointer, symbols, n, sizeof(pointer), compare_symbols);
	if (!found)
		return false;
	*ret_offset = (*found)->value;
	return true;
}

static int read_defined(struct object *object, uint32_t section, struct diag *diag)
{
	uint32_t id = btf_section_find(&object->btf, ".maps");
	struct btf_item items = btf_get(&object->btf, id);
	_cleanup_free_ const struct symbol **symbols = NULL;
	size_t n_symbols = 0;
	int r;

	if (!id)
		return refuse(diag, "it has a section .maps, and no BTF that says what is in it: "
				    "compile it with clang -g, and do not strip .BTF");
	r = sort_symbols(object, section, &symbols, &n_symbols);
	for (uint32_t i = 0; i < items.vlen && !r; i++) {
		struct btf_var_secinfo place = btf_variable(&items, i);
		struct btf_item variable = btf_get(&object->btf, place.type);
		struct object_map *map;
		uint32_t linkage;

		if (variable.kind != BTF_KIND_VAR)
			return refuse(diag, ".BTF: what is in .maps is no variable");
		r = add_map(object, variable.name, &map, diag);
		if (r)
			return r;
		map->section = section;
		map->offset = place.offset;
		memcpy(&linkage, variable.rest, sizeof(linkage));
		if (linkage == BTF_VAR_GLOBAL_EXTERN)
			return refuse(diag,
				      "map %.64s is another object's: link them first, with "
				      "bpftool gen object",
				      map->name);
		if (!symbol_offset(symbols, n_symbols, map->name, &map->offset))
			return refuse(diag, "map %.64s has no symbol in .maps", map->name);
		r = definition_read(object, variable.size_or_type, map, diag);
	}
	return r;
}

static int compare_places(const void *a, const void *b)
{
	const struct map_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Maps as before BTF: symbols of a section, each at the beginning of its definition. */
static int read_legacy(struct object *object, uint32_t section, struct diag *diag)
{
	const struct section *s = &object->sections.items[section];
	int r = 0;

	for (size_t i = 0; i < object->sections.n_symbols && !r; i++) {
		const struct symbol *symbol = &object->sections.symbols[i];
		uint32_t members[LEGACY_MEMBERS];
		struct object_map *map;

		if (symbol->section != section || !symbol->name[0] || symbol->type == STT_SECTION)
			continue;
		if (!s->data || symbol->value > s->size ||
		    s->size - symbol->value < sizeof(members))
			return refuse(diag, "map %.64s is not within its section", symbol->name);
		r = add_map(object, symbol->name, &map, diag);
		if (r)
			return r;
		memcpy(members, s->data + symbol->value, sizeof(members));
		map->origin = MAP_LEGACY;
		map->section = section;
		map->offset = symbol->value;
		map->type = members[0];
		map->key_size = members[1];
		map->value_size = members[2];
		map->max_entries = members[3];
		map->flags = members[4];
	}
	return r;
}

static bool section_is(const char *name, const char *kind)
{
	size_t length = strlen(kind);

	return strncmp(name, kind, length) == 0 && (!name[length] || name[length] == '.');
}

/* libbpf maps only what another file can name. */
static bool is_mappable(const struct object *object, uint32_t id)
{
	struct btf_item items = btf_get(&object->btf, id);

	for (uint32_t i = 0; i < items.vlen; i++) {
		struct btf_item variable = btf_get(&object->btf, btf_variable(&items, i).type);
		uint32_t linkage;

		if (variable.kind != BTF_KIND_VAR)
			continue;
		memcpy(&linkage, variable.rest, sizeof(linkage));
		if (linkage != BTF_VAR_STATIC)
			return true;
	}
	return false;
}

static int read_data(struct object *object, uint32_t section, struct diag *diag)
{
	const struct section *s = &object->sections.items[section];
	struct object_map *map;
	int r;

	if (s->size > UINT32_MAX)
		return refuse(diag, "%.64s has more bytes than a map's value", s->name);
	r = add_map(object, s->name, &map, diag);
	if (r)
		return r;
	map->origin = MAP_DATA;
	map->section = section;
	map->type = BPF_MAP_TYPE_ARRAY;
	map->key_size = 4;
	map->value_size = (uint32_t)s->size;
	map->max_entries = 1;
	map->flags = section_is(s->name, ".rodata") ? BPF_F_RDONLY_PROG : 0;
	map->value_id = btf_section_find(&object->btf, s->name);
	if (is_mappable(object, map->value_id))
		map->flags |= BPF_F_MMAPABLE;
	return 0;
}

static int read_struct_ops(struct object *object, uint32_t section, struct diag *diag)
{
	const char *name = object->sections.items[section].name;
	uint32_t id = btf_section_find(&object->btf, name);
	struct btf_item items = btf_get(&object->btf, id);

	for (uint32_t i = 0; i < items.vlen; i++) {
		struct btf_var_secinfo place = btf_variable(&items, i);
		struct btf_item variable = btf_get(&object->btf, place.type);
		struct object_map *map;
		int r;

		if (variable.kind != BTF_KIND_VAR)
			return refuse(diag, ".BTF: what is in %.64s is no variable", name);
		r = add_map(object, variable.name, &map, diag);
		if (!r)
			r = ctype_write(&object->btf, variable.size_or_type, "", &map->value_type);
		if (r)
			return r;
		map->origin = MAP_STRUCT_OPS;
		map->section = section;
		map->offset = place.offset;
		map->type = BPF_MAP_TYPE_STRUCT_OPS;
		map->key_size = 4;
		map->value_id = variable.size_or_type;
		map->max_entries = 1;
		map->flags = strcmp(name, ".struct_ops.link") == 0 ? 1u << 13 : 0;
	}
	return 0;
}

struct extern_size {
	uint64_t size, align;
};

static int compare_externs(const void *a, const void *b)
{
	const struct extern_size *x = a, *y = b;

	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	return x->size > y->size ? -1 : x->size < y->size;
}

/*
 * libbpf wants a number, a letter or a text, and finds out only after it has gone through a struct
 * from all sides: one can be made that takes it years.
 */
static bool is_composite(const struct btf_view *btf, uint32_t id)
{
	struct btf_item item = btf_get(btf, btf_strip(btf, id));

	for (unsigned depth = 0; item.kind == BTF_KIND_ARRAY && depth < BTF_MAX_DEPTH; depth++)
		item = btf_get(btf, btf_strip(btf, btf_array(&item).type));
	return item.kind == BTF_KIND_STRUCT || item.kind == BTF_KIND_UNION;
}

/* Externs one after the other, the most aligned first. */
static int read_kconfig(struct object *object, struct diag *diag)
{
	uint32_t id = btf_section_find(&object->btf, ".kconfig");
	struct btf_item items = btf_get(&object->btf, id);
	struct extern_size externs[OBJECT_MAX_EXTERNS];
	struct object_map *map;
	uint64_t end = 0;
	int r;

	if (!id)
		return 0;
	if (items.vlen > OBJECT_MAX_EXTERNS)
		return refuse(diag, ".kconfig has more than %d externs", OBJECT_MAX_EXTERNS);
	for (uint32_t i = 0; i < items.vlen; i++) {
		struct btf_item variable = btf_get(&object->btf, btf_variable(&items, i).type);
		uint64_t size = btf_size(&object->btf, variable.size_or_type);
		uint32_t type = btf_strip(&object->btf, variable.size_or_type);
		struct btf_item item = btf_get(&object->btf, type);

		if (is_composite(&object->btf, variable.size_or_type))
			return refuse(diag, "the extern %.64s is a struct, and .kconfig has none",
				      variable.name);
		externs[i].size = size;
		externs[i].align = item.kind == BTF_KIND_ARRAY || size == 0 || size > 8 ? 1 : size;
	}
	qsort(externs, items.vlen, sizeof(externs[0]), compare_externs);
	for (uint32_t i = 0; i < items.vlen; i++)
		end = (end + externs[i].align - 1) / externs[i].align * externs[i].align +
		      externs[i].size;
	r = add_map(object, ".kconfig", &map, diag);
	if (r)
		return r;
	object->kconfig = (uint32_t)(object->n_maps - 1);
	map->origin = MAP_KCONFIG;
	map->type = BPF_MAP_TYPE_ARRAY;
	map->key_size = 4;
	map->value_size = (uint32_t)end;
	map->value_id = id;
	map->max_entries = 1;
	map->flags = BPF_F_RDONLY_PROG | (is_mappable(object, id) ? BPF_F_MMAPABLE : 0);
	return 0;
}

static int read_section(struct object *object, uint32_t i, struct diag *diag)
{
	const struct section *s = &object->sections.items[i];

	if (s->size == 0 || (s->type != SHT_PROGBITS && s->type != SHT_NOBITS))
		return 0;
	if (strcmp(s->name, ".maps") == 0)
		return read_defined(object, i, diag);
	if (strcmp(s->name, "maps") == 0)
		return read_legacy(object, i, diag);
	if (strcmp(s->name, ".struct_ops") == 0 || strcmp(s->name, ".struct_ops.link") == 0)
		return read_struct_ops(object, i, diag);
	if (section_is(s->name, ".data") || section_is(s->name, ".rodata") ||
	    section_is(s->name, ".bss"))
		return read_data(object, i, diag);
	return 0;
}

static int index_places(struct object *object)
{
	object->places = calloc(object->n_maps ? object->n_maps : 1, sizeof(*object->places));
	if (!object->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < object->n_maps; i++) {
		const struct object_map *map = &object->maps[i];

		if (map->section)
			object->places[object->n_places++] = (struct map_place){
				.offset = map->offset, .section = map->section, .map = i};
	}
	qsort(object->places, object->n_places, sizeof(*object->places), compare_places);
	return 0;
}

/* Within a definition, only what is in a slot is there to be relocated. */
static void find_slots(struct object *object)
{
	size_t at = 0;

	for (size_t i = 0; i < object->n_places; i++) {
		const struct map_place *place = &object->places[i], *next = place + 1;
		const struct section *s = &object->sections.items[place->section];
		struct object_map *map = &object->maps[place->map];
		bool last = i + 1 == object->n_places || next->section != place->section;

		for (; at < s->n_relocations && (last || s->relocations[at].offset < next->offset);
		     at++)
			map->has_slots = map->has_slots ||
					 (map->origin == MAP_DEFINED &&
					  s->relocations[at].offset >= place->offset);
		at = last ? 0 : at;
	}
}

int maps_read(struct object *object, struct diag *diag)
{
	int r = 0;

	for (uint32_t i = 1; i < object->sections.n && !r; i++)
		r = read_section(object, i, diag);
	if (!r)
		r = read_kconfig(object, diag);
	r = r ? r : index_places(object);
	if (!r)
		find_slots(object);
	return r;
}
