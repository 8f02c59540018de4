// SPDX-License-Identifier: LGPL-2.1-or-later
/* See data.h. */

#include "mapdata/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "policy/doc-quick.h"
#include "policy/doc.h"
#include "policy/walk.h"

static int read_constant(struct walk *walk, const struct doc_node *value, const char *constant)
{
	char what[64];

	if (value->kind == DOC_SCALAR && strcmp(value->text, constant) == 0)
		return 0;
	(void)snprintf(what, sizeof(what), "`%s`", constant);
	return walk_expected(walk, value, what);
}

static int read_version(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_constant(walk, value, "holdfast/v1");
}

static int read_kind(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_constant(walk, value, "MapData");
}

static int take_content(struct walk *walk, const struct doc_node *value, struct data_map *map,
			enum data_form form)
{
	enum doc_kind kind = form == DATA_VARIABLES ? DOC_MAPPING : DOC_LIST;

	if (map->content)
		return walk_refuse(walk, value, "a map has either entries, values or variables");
	if (value->kind != kind)
		return walk_expected(walk, value,
				     kind == DOC_LIST ? "a list" : "a mapping of variables");
	if (kind == DOC_LIST && value->n_items > DATA_MAX_ENTRIES)
		return walk_refuse(walk, value->rows ? value : value->items[DATA_MAX_ENTRIES],
				   "more than %d are not accepted", DATA_MAX_ENTRIES);
	map->form = form;
	map->content = value;
	return 0;
}

static int read_entries(struct walk *walk, const struct doc_node *value, void *object)
{
	return take_content(walk, value, object, DATA_ENTRIES);
}

static int read_values(struct walk *walk, const struct doc_node *value, void *object)
{
	return take_content(walk, value, object, DATA_VALUES);
}

static int read_variables(struct walk *walk, const struct doc_node *value, void *object)
{
	return take_content(walk, value, object, DATA_VARIABLES);
}

static int read_maps(struct walk *walk, const struct doc_node *value, void *object);

static const struct walk_key data_keys[] = {
	{.name = "apiVersion", .required = true, .read = read_version},
	{.name = "kind", .required = true, .read = read_kind},
	{.name = "maps", .required = true, .read = read_maps},
};

static const struct walk_key map_keys[] = {
	{.name = "entries", .read = read_entries},
	{.name = "values", .read = read_values},
	{.name = "variables", .read = read_variables},
};

static const struct walk_table tables[] = {
	{.name = "data", .keys = data_keys, .n_keys = ARRAY_SIZE(data_keys)},
	{.name = "map", .keys = map_keys, .n_keys = ARRAY_SIZE(map_keys)},
};

const struct walk_table *data_tables(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(tables);
	return tables;
}

static int read_map(struct walk *walk, const struct doc_node *name, const struct doc_node *value,
		    struct data_map *map)
{
	int r;

	if (!name->text[0] || strlen(name->text) > DATA_NAME_LEN)
		return walk_refuse(walk, name, "the name of a map has 1 to %d bytes",
				   DATA_NAME_LEN);
	*map = (struct data_map){.name = name->text, .name_node = name};
	(void)snprintf(walk->where, sizeof(walk->where), "maps.%.64s", name->text);
	r = walk_mapping(walk, &tables[1], value, map);
	if (r)
		return r;
	if (!map->content)
		return walk_refuse(walk, name, "it is empty: add entries, values or variables");
	return 0;
}

static int read_maps(struct walk *walk, const struct doc_node *value, void *object)
{
	struct data_file *data = object;

	if (value->kind != DOC_MAPPING)
		return walk_expected(walk, value, "a mapping of maps");
	for (size_t i = 0; i + 1 < value->n_items; i += 2) {
		int r = array_grow(&data->maps, data->n_maps, sizeof(*data->maps));

		if (!r)
			r = read_map(walk, value->items[i], value->items[i + 1],
				     &data->maps[data->n_maps]);
		if (r)
			return r;
		data->n_maps++;
	}
	(void)snprintf(walk->where, sizeof(walk->where), "maps");
	return 0;
}

static int read_root(struct data_file *data, struct diag *reterr_diag)
{
	struct walk walk = {.file = data->file, .reterr_diag = reterr_diag};
	int r = walk_mapping(&walk, &tables[0], data->root, data);

	return r == WALK_E_INVALID ? DATA_E_INVALID : r;
}

struct doc_source data_file_source(const struct data_file *data)
{
	return (struct doc_source){.file = data->file,
				   .text = data->text,
				   .size = data->size,
				   .limits = {.what = "file of map data",
					      .size = DATA_MAX_SIZE,
					      .depth = DATA_MAX_DEPTH,
					      .nodes = DATA_MAX_NODES,
					      .keys = DATA_MAX_KEYS}};
}

static void forget(struct data_file *data)
{
	data->root = doc_free(data->root);
	free(data->maps);
	data->maps = NULL;
	data->n_maps = 0;
}

int data_file_again(struct data_file *data, struct diag *reterr_diag)
{
	struct doc_source source = data_file_source(data);
	int r;

	forget(data);
	data->quick = false;
	r = doc_read(&source, &data->root, reterr_diag);
	if (!r)
		r = read_root(data, reterr_diag);
	else if (r == DOC_E_INVALID)
		r = DATA_E_INVALID;
	if (r)
		forget(data);
	return r;
}

/* Quickly if it is plain: entries and values, which are three deep, become rows. */
static int read_document(struct data_file *data, struct diag *reterr_diag)
{
	struct doc_source source = data_file_source(data);
	struct diag unheard;
	int r = data->size > DATA_MAX_SIZE ? 0 : doc_quick_read(&source, 3, &data->root);

	if (r < 0)
		return r;
	if (r > 0) {
		data->quick = true;
		r = read_root(data, &unheard);
		if (r <= 0)
			return r;
	}
	return data_file_again(data, reterr_diag);
}

/* Takes the text in any case. */
static int parse(const char *file, char *text, size_t size, struct data_file **ret_data,
		 struct diag *reterr_diag)
{
	_cleanup_(data_file_freep) struct data_file *data = calloc(1, sizeof(*data));
	int r;

	if (!data) {
		free(text);
		return -ENOMEM;
	}
	data->file = file;
	data->text = text;
	data->size = size;
	r = read_document(data, reterr_diag);
	if (r)
		return r;
	*ret_data = TAKE_PTR(data);
	return 0;
}

int data_file_parse(const char *file, const char *text, size_t size, struct data_file **ret_data,
		    struct diag *reterr_diag)
{
	/* longer ones are refused by their size alone */
	size_t copied = size > DATA_MAX_SIZE ? 0 : size;
	char *copy = malloc(copied + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, copied);
	copy[copied] = '\0';
	return parse(file, copy, size, ret_data, reterr_diag);
}

int data_file_read(const char *path, struct data_file **ret_data, struct diag *reterr_diag)
{
	char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, DATA_MAX_SIZE, &text, &size);
	if (r == FILE_E_TOO_BIG) {
		diag_set(reterr_diag, path, 0, 0,
			 "the file has more than %zu bytes: that is no file of map data",
			 DATA_MAX_SIZE);
		return DATA_E_INVALID;
	}
	if (r)
		return r;
	return parse(path, text, size, ret_data, reterr_diag);
}

const struct data_map *data_file_find(const struct data_file *data, const char *name)
{
	for (size_t i = 0; i < data->n_maps; i++) {
		if (strcmp(data->maps[i].name, name) == 0)
			return &data->maps[i];
	}
	return NULL;
}

struct data_file *data_file_free(struct data_file *data)
{
	if (!data)
		return NULL;

	(void)doc_free(data->root);
	free(data->maps);
	free(data->text);
	free(data);
	return NULL;
}
