// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `holdfast object inspect` and `advise` with --json. Names come printable from the reader; order
 * is the file's, or the kernel's.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "cli/object-view.h"
#include "loaded/loaded.h"
#include "object/advice.h"
#include "object/ctype.h"
#include "object/flags.h"
#include "object/object.h"

static void decrefp(json_t **json)
{
	json_decref(*json);
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static json_t *string_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *hex_json(const uint8_t *digest)
{
	char text[2 * SHA256_LEN + 1];

	hex_encode(digest, SHA256_LEN, text);
	return json_string(text);
}

/* A name, or the number of what has none yet. */
static json_t *kind_json(const char *name, uint32_t number)
{
	return name ? json_string(name) : json_integer(number);
}

static json_t *program_json(const struct object *object, const struct object_program *program)
{
	json_t *json = json_object(), *helpers = json_array(), *kfuncs = json_array();
	const struct attach *attach = &program->attach;
	json_t *maps = json_array();

	for (size_t i = 0; i < program->n_helpers; i++)
		(void)json_array_append_new(
			helpers, kind_json(helper_name(program->helpers[i]), program->helpers[i]));
	for (size_t i = 0; i < program->n_kfuncs; i++)
		(void)json_array_append_new(kfuncs, json_string(program->kfuncs[i]));
	for (size_t i = 0; i < program->n_maps; i++)
		(void)json_array_append_new(maps, json_string(object->maps[program->maps[i]].name));
	set(json, "name", json_string(program->function->name));
	set(json, "section", json_string(program->section));
	set(json, "type",
	    attach->type == KIND_UNKNOWN
		    ? json_null()
		    : kind_json(program_type_name(attach->type), attach->type));
	set(json, "attach", string_or_null(attach->point));
	set(json, "target", string_or_null(attach->target));
	set(json, "sleepable", json_boolean(attach->sleepable));
	set(json, "autoload", json_boolean(program->autoload));
	set(json, "bytes", json_integer((json_int_t)program->function->size));
	set(json, "instructions", json_integer((json_int_t)program->function->size / 8));
	set(json, "sha256", hex_json(program->digest));
	set(json, "helpers", helpers);
	set(json, "kfuncs", kfuncs);
	set(json, "maps", maps);
	return json;
}

static json_t *flags_json(uint32_t flags)
{
	json_t *json = json_array();

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flag = flags & (1u << bit);

		if (flag)
			(void)json_array_append_new(json, kind_json(flag_name(flag), flag));
	}
	return json;
}

static json_t *variables_json(const struct object *object, const struct object_map *map)
{
	struct btf_item items = btf_get(&object->btf, map->value_id);
	json_t *json = json_array();

	for (uint32_t i = 0; i < items.vlen; i++) {
		struct btf_var_secinfo place = btf_variable(&items, i);
		struct btf_item variable = btf_get(&object->btf, place.type);
		_cleanup_free_ char *name = NULL, *type = NULL;
		json_t *one = json_object();

		if (printable_copy(variable.name, OBJECT_MAX_NAME, &name) == 0)
			set(one, "name", json_string(name));
		if (ctype_write(&object->btf, variable.size_or_type, "", &type) == 0)
			set(one, "type", json_string(type));
		set(one, "bytes", json_integer(place.size));
		(void)json_array_append_new(json, one);
	}
	return json;
}

static json_t *map_json(const struct object *object, const struct object_map *map)
{
	json_t *json = json_object();

	set(json, "name", json_string(map->name));
	set(json, "type", kind_json(map_type_name(map->type), map->type));
	set(json, "key_size", json_integer(map->key_size));
	set(json, "value_size",
	    map->origin == MAP_STRUCT_OPS ? json_null() : json_integer(map->value_size));
	set(json, "max_entries", map->max_entries ? json_integer(map->max_entries) : json_null());
	set(json, "flags", flags_json(map->flags));
	set(json, "pinning", map->pinning == 1 ? json_string("by-name") : json_null());
	if (map->origin != MAP_INNER)
		set(json, "writers", json_string(advice_writers(map)));
	set(json, "key_type", string_or_null(map->key_type));
	set(json, "value_type", string_or_null(map->value_type));
	if (map->inner)
		set(json, "inner", map_json(object, map->inner));
	if (map->origin == MAP_DATA || map->origin == MAP_KCONFIG)
		set(json, "variables", variables_json(object, map));
	return json;
}

static const char *verdict_name(enum advice_verdict verdict)
{
	switch (verdict) {
	case ADVICE_NO:
		return "no";
	case ADVICE_YES:
		return "yes";
	case ADVICE_ALREADY:
		break;
	}
	return "already";
}

static int add_features(json_t *json, const struct object *object)
{
	_cleanup_free_ struct object_feature *features = NULL;
	json_t *array = json_array();
	size_t n = 0;
	int r;

	set(json, "features", array);
	r = object_features(object, &features, &n);
	for (size_t i = 0; i < n && !r; i++)
		(void)json_array_append_new(
			array, json_pack("{s:s, s:s, s:s?}", "kind", features[i].kind, "name",
					 features[i].name, "since", features[i].since));
	return r;
}

int object_print_json(const struct object_view *view)
{
	_cleanup_(decrefp) json_t *json = json_object();
	json_t *programs = json_array(), *maps = json_array();
	const struct object *object = view->object;
	int r;

	set(json, "offset", json_integer((json_int_t)view->offset));
	set(json, "bytes", json_integer((json_int_t)object->size));
	set(json, "sha256", hex_json(object->digest));
	set(json, "license", string_or_null(object->license));
	set(json, "btf", json_boolean(object->has_btf));
	set(json, "programs", programs);
	for (size_t i = 0; i < object->n_programs; i++)
		(void)json_array_append_new(programs, program_json(object, &object->programs[i]));
	set(json, "maps", maps);
	for (size_t i = 0; i < object->n_maps; i++)
		(void)json_array_append_new(maps, map_json(object, &object->maps[i]));
	r = add_features(json, object);
	if (r < 0)
		return r;
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0)
		return -ENOMEM;
	(void)putchar('\n');
	return 0;
}

static json_t *advice_json(const struct object *object, const struct object_map *map)
{
	struct advice advice;

	advise(object, map, &advice);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s}", "name", map->name, "type",
			 kind_json(map_type_name(map->type), map->type), "writers",
			 advice_writers(map), "freeze", verdict_name(advice.freeze), "freeze_why",
			 advice.freeze_why, "read_only", verdict_name(advice.read_only),
			 "read_only_why", advice.read_only_why);
}

int object_advise_json(const struct object_view *view)
{
	_cleanup_(decrefp) json_t *json = json_object();
	_cleanup_free_ char *patch = NULL;
	const struct object *object = view->object;
	json_t *maps = json_array();
	int r;

	r = advice_patch(object, &patch);
	set(json, "sha256", hex_json(object->digest));
	set(json, "maps", maps);
	for (size_t i = 0; i < object->n_maps; i++)
		(void)json_array_append_new(maps, advice_json(object, &object->maps[i]));
	set(json, "patch", string_or_null(patch));
	if (r < 0)
		return r;
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0)
		return -ENOMEM;
	(void)putchar('\n');
	return 0;
}

static json_t *inner_json(const struct loaded *loaded, const struct loaded_map *map)
{
	json_t *json = json_array();

	for (size_t i = 0; i < map->n_inner; i++)
		(void)json_array_append_new(json,
					    json_pack("{s:s, s:I}", "name",
						      loaded->object.maps[map->inner[i]].name, "id",
						      (json_int_t)loaded->maps[map->inner[i]].id));
	return json;
}

int loaded_advise_json(const struct loaded *loaded)
{
	_cleanup_(decrefp) json_t *json = json_object();
	json_t *maps = json_array();

	set(json, "maps", maps);
	for (size_t i = 0; i < loaded->object.n_maps; i++) {
		const struct object_map *map = &loaded->object.maps[i];
		json_t *one;

		if (!loaded->maps[i].wanted)
			continue;
		one = advice_json(&loaded->object, map);
		set(one, "id", json_integer(loaded->maps[i].id));
		set(one, "flags", flags_json(map->flags));
		set(one, "frozen", json_boolean(map->frozen));
		set(one, "inner", inner_json(loaded, &loaded->maps[i]));
		(void)json_array_append_new(maps, one);
	}
	set(json, "gone", json_integer((json_int_t)loaded->n_gone));
	set(json, "refused", json_integer((json_int_t)loaded->n_refused));
	set(json, "untyped", json_integer((json_int_t)loaded->n_untyped));
	set(json, "cut", json_boolean(loaded->cut));
	set(json, "calls_hidden", json_boolean(loaded->calls_hidden));
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0)
		return -ENOMEM;
	(void)putchar('\n');
	return 0;
}
