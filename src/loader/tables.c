// SPDX-License-Identifier: LGPL-2.1-or-later
/* See tables.h. What the kernel does is in kernel/bpf/bpf_struct_ops.c. */

#include "loader/tables.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "loader/loader.h"
#include "loader/why.h"
#include "object/object.h"

#define PLAIN ".struct_ops"
#define LINKED ".struct_ops.link"
#define PATH_LEN 512

/* Of the kernel, all since 6.4; headers of a build machine may be older. */
#define MAP_IS_LINKED (1u << 13) /* BPF_F_LINK */
#define ATTACH_STRUCT_OPS 44 /* BPF_STRUCT_OPS, of enum bpf_attach_type */
#define LINK_IS_STRUCT_OPS 9 /* BPF_LINK_TYPE_STRUCT_OPS */

/* enum bpf_struct_ops_state, the second word of a table's value */
#define STATE_IN_USE 1
#define STATE_READY 3

bool table_is_linked(const struct object_map *map)
{
	return map->flags & MAP_IS_LINKED;
}

static bool is_table(const struct object_map *map)
{
	return map->type == BPF_MAP_TYPE_STRUCT_OPS;
}

/* ---- before the load */

/* Also .rel.struct_ops.link ends so. */
static void cut_names(char *strings, size_t size)
{
	char *end = strings + size;

	for (char *at = strings;
	     (at = memmem(at, (size_t)(end - at), LINKED, sizeof(LINKED))) != NULL;)
		at[strlen(PLAIN)] = '\0';
}

int tables_source(const struct object *object, uint8_t **ret_data, struct diag *reterr_diag)
{
	bool linked = sections_find(&object->sections, LINKED);
	uint8_t *data;

	*ret_data = NULL;
	if (!linked)
		return 0;
	if (sections_find(&object->sections, PLAIN)) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "it has tables in " PLAIN " and in " LINKED ": move all to one of them");
		return LOADER_E_REFUSED;
	}
	data = malloc(object->size);
	if (!data)
		return -ENOMEM;
	memcpy(data, object->data, object->size);
	for (size_t i = 0; i < object->sections.n; i++) {
		const struct section *s = &object->sections.items[i];

		if (s->type == SHT_STRTAB && s->data)
			cut_names((char *)data + (s->data - object->data), s->size);
	}
	if (object->has_btf)
		cut_names((char *)data + ((const uint8_t *)object->btf.strings - object->data),
			  object->btf.strings_size);
	*ret_data = data;
	return 0;
}

int tables_prepare(const struct loader *loader, struct diag *reterr_diag)
{
	const struct object *object = loader->object;

	for (size_t i = 0; i < object->n_maps; i++) {
		const struct object_map *map = &object->maps[i];
		struct bpf_map *bpf;

		if (!is_table(map) || !table_is_linked(map))
			continue;
		bpf = bpf_object__find_map_by_name(loader->bpf, map->name);
		if (!bpf || bpf_map__set_map_flags(bpf, MAP_IS_LINKED)) {
			diag_set(reterr_diag, NULL, 0, 0, "map %s: libbpf makes no table of it",
				 map->name);
			return LOADER_E_REFUSED;
		}
	}
	return 0;
}

/* ---- after it */

static int refuse(const struct loader_table *table, int error, const char *why, struct diag *diag)
{
	diag_set(diag, NULL, 0, 0, "map %s: its table %s%s%s", table->name, why, error ? ": " : "",
		 error ? strerror(error) : "");
	return LOADER_E_REFUSED;
}

static int link_fd(const struct loader_table *table)
{
	return table->link_fd >= 0 ? table->link_fd : bpf_link__fd(table->registered);
}

static int table_prove(const struct loader_table *table, const struct bpf_map *map,
		       struct diag *diag)
{
	size_t size = bpf_map__value_size(map);
	_cleanup_free_ uint32_t *value = calloc(1, size + 2 * sizeof(*value));
	struct bpf_link_info info = {};
	uint32_t key = 0, state, length = sizeof(info);

	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(map), &key, value))
		return refuse(table, errno, "cannot be asked after", diag);
	state = value[1];
	if (state != (table->linked ? STATE_READY : STATE_IN_USE))
		return refuse(table, 0, "is not in use, as far as the kernel says", diag);
	if (table->linked && (bpf_obj_get_info_by_fd(link_fd(table), &info, &length) ||
			      info.type != LINK_IS_STRUCT_OPS))
		return refuse(table, 0, "is held by no link", diag);
	memset(value, 0, size);
	if (!bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY) || errno != EBUSY)
		return refuse(table, 0, "is in use, and a write to it does not end with EBUSY",
			      diag);
	return 0;
}

static int table_register(const struct loader *loader, struct loader_table *table,
			  const struct bpf_map *map, struct diag *diag)
{
	struct why why;
	int error;

	why_listen(&why);
	table->registered = bpf_map__attach_struct_ops(map);
	error = errno;
	why_done(&why);
	if (!table->registered) {
		why_tell(&why, loader->object, table->name, error, diag);
		return LOADER_E_REFUSED;
	}
	/* a libbpf that knows no links calls the map's fd one */
	if (table->linked && bpf_link__fd(table->registered) == bpf_map__fd(map)) {
		table->link_fd = bpf_link_create(bpf_map__fd(map), 0, ATTACH_STRUCT_OPS, NULL);
		if (table->link_fd < 0)
			return refuse(table, errno, "cannot be registered", diag);
	}
	return table_prove(table, map, diag);
}

int tables_register(struct loader *loader, struct diag *reterr_diag)
{
	const struct object *object = loader->object;

	loader->tables = calloc(object->n_maps + 1, sizeof(*loader->tables));
	if (!loader->tables)
		return -ENOMEM;
	for (size_t i = 0; i < object->n_maps; i++) {
		struct loader_table *table = &loader->tables[loader->n_tables];
		const struct object_map *map = &object->maps[i];
		int r;

		if (!is_table(map))
			continue;
		*table = (struct loader_table){
			.name = map->name, .linked = table_is_linked(map), .link_fd = -EBADF};
		loader->n_tables++;
		r = table_register(loader, table,
				   bpf_object__find_map_by_name(loader->bpf, map->name),
				   reterr_diag);
		if (r)
			return r;
	}
	return 0;
}

static bool path_make(const struct loader_table *table, const char *folder, char path[PATH_LEN])
{
	return snprintf(path, PATH_LEN, "%s/%s_link", folder, table->name) < PATH_LEN;
}

static void unpin_first(const struct loader *loader, const char *folder, size_t n)
{
	char path[PATH_LEN];

	for (size_t i = 0; i < n; i++) {
		if (loader->tables[i].linked && path_make(&loader->tables[i], folder, path))
			(void)unlink(path);
	}
}

int tables_pin(const struct loader *loader, const char *folder, struct diag *reterr_diag)
{
	char path[PATH_LEN];

	for (size_t i = 0; i < loader->n_tables; i++) {
		const struct loader_table *table = &loader->tables[i];
		int error = ENAMETOOLONG;

		if (!table->linked)
			continue;
		if (path_make(table, folder, path))
			error = bpf_obj_pin(link_fd(table), path) ? errno : 0;
		if (!error)
			continue;
		unpin_first(loader, folder, i);
		diag_set(reterr_diag, NULL, 0, 0, "pin: %s/%s_link cannot be pinned: %s", folder,
			 table->name, strerror(error));
		return LOADER_E_REFUSED;
	}
	return 0;
}

void tables_unpin(const struct loader *loader, const char *folder)
{
	unpin_first(loader, folder, loader->n_tables);
}

void tables_keep(struct loader *loader)
{
	for (size_t i = 0; i < loader->n_tables; i++) {
		if (!loader->tables[i].linked)
			bpf_link__disconnect(loader->tables[i].registered);
	}
}

void tables_release(struct loader *loader)
{
	for (size_t i = 0; i < loader->n_tables; i++) {
		(void)bpf_link__destroy(loader->tables[i].registered);
		if (loader->tables[i].link_fd >= 0)
			(void)close(loader->tables[i].link_fd);
	}
	free(loader->tables);
}
