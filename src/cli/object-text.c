// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast object inspect` and `advise`, for people. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/size.h"
#include "cli/object-view.h"
#include "loaded/loaded.h"
#include "object/advice.h"
#include "object/ctype.h"
#include "object/flags.h"
#include "object/object.h"

static const char *or_number(const char *name, uint32_t number, char *buffer, size_t size)
{
	if (name)
		return name;
	(void)snprintf(buffer, size, "type %u", number);
	return buffer;
}

static void print_program(const struct object *object, const struct object_program *program)
{
	const struct attach *attach = &program->attach;
	char digest[2 * SHA256_LEN + 1], number[32];

	hex_encode(program->digest, SHA256_LEN, digest);
	(void)printf("  %s\n    section       %s\n", program->function->name, program->section);
	if (attach->type == KIND_UNKNOWN)
		(void)printf("    type          not told by the section: the loader sets it\n");
	else
		(void)printf("    type          %s%s\n",
			     or_number(program_type_name(attach->type), attach->type, number,
				       sizeof(number)),
			     attach->sleepable ? ", sleepable" : "");
	if (attach->point || attach->target)
		(void)printf("    attaches to   %s%s%s\n", attach->point ? attach->point : "",
			     attach->point && attach->target ? " " : "",
			     attach->target ? attach->target : "");
	if (!program->autoload)
		(void)printf("    loaded        only if the agent asks for it\n");
	(void)printf("    size          %llu bytes, %llu instructions\n    sha256        %s\n",
		     (unsigned long long)program->function->size,
		     (unsigned long long)program->function->size / 8, digest);
	for (size_t i = 0; i < program->n_helpers; i++)
		(void)printf("%s%s", i ? ", " : "    helpers       ",
			     or_number(helper_name(program->helpers[i]), program->helpers[i],
				       number, sizeof(number)));
	if (program->n_helpers)
		(void)putchar('\n');
	for (size_t i = 0; i < program->n_kfuncs; i++)
		(void)printf("%s%s%s", i ? ", " : "    kfuncs        ", program->kfuncs[i],
			     i + 1 == program->n_kfuncs ? "\n" : "");
	for (size_t i = 0; i < program->n_maps; i++)
		(void)printf("%s%s%s", i ? ", " : "    maps          ",
			     object->maps[program->maps[i]].name,
			     i + 1 == program->n_maps ? "\n" : "");
}

static int print_variables(const struct object *object, const struct object_map *map)
{
	struct btf_item items = btf_get(&object->btf, map->value_id);

	if (map->origin != MAP_DATA && map->origin != MAP_KCONFIG)
		return 0;
	for (uint32_t i = 0; i < items.vlen; i++) {
		struct btf_item variable = btf_get(&object->btf, btf_variable(&items, i).type);
		_cleanup_free_ char *text = NULL;
		int r;

		r = ctype_write(&object->btf, variable.size_or_type, variable.name, &text);
		if (r < 0)
			return r;
		(void)printf("    variable      %s\n", text);
	}
	return 0;
}

static int print_map(const struct object *object, const struct object_map *map)
{
	char number[32], flags[FLAGS_MAX];

	(void)printf("  %s\n    type          %s\n", map->name,
		     or_number(map_type_name(map->type), map->type, number, sizeof(number)));
	(void)printf("    key           %u bytes%s%s\n", map->key_size, map->key_type ? ": " : "",
		     map->key_type ? map->key_type : "");
	if (map->value_size || map->origin != MAP_STRUCT_OPS)
		(void)printf("    value         %u bytes%s%s\n", map->value_size,
			     map->value_type ? ": " : "", map->value_type ? map->value_type : "");
	else
		(void)printf("    value         %s\n", map->value_type ? map->value_type : "?");
	if (map->max_entries)
		(void)printf("    max entries   %u\n", map->max_entries);
	else
		(void)printf("    max entries   set by the agent or by libbpf\n");
	if (map->flags)
		(void)printf("    flags         %s\n", flags_text(map->flags, flags));
	if (map->pinning)
		(void)printf("    pinned        %s\n",
			     map->pinning == 1 ? "by name, in the agent's folder of bpffs" : "?");
	if (map->inner)
		(void)printf("    inner maps    %s, key %u bytes, value %u bytes\n",
			     or_number(map_type_name(map->inner->type), map->inner->type, number,
				       sizeof(number)),
			     map->inner->key_size, map->inner->value_size);
	(void)printf("    written by    %s\n", advice_writers(map));
	return print_variables(object, map);
}

static int print_features(const struct object *object)
{
	_cleanup_free_ struct object_feature *features = NULL;
	size_t n;
	int r;

	r = object_features(object, &features, &n);
	if (r < 0)
		return r;
	(void)printf("needs of the kernel\n");
	for (size_t i = 0; i < n; i++)
		(void)printf("  %-14s%s%s%s%s\n", features[i].kind, features[i].name,
			     features[i].since ? " (Linux " : "",
			     features[i].since ? features[i].since : "",
			     features[i].since ? ")" : "");
	return 0;
}

int object_print_text(const struct object_view *view)
{
	const struct object *object = view->object;
	char digest[2 * SHA256_LEN + 1];
	int r = 0;

	hex_encode(object->digest, SHA256_LEN, digest);
	(void)printf("%s", view->path);
	if (view->offset || view->n > 1)
		(void)printf(", object %zu of %zu, at byte %zu", view->number, view->n,
			     view->offset);
	(void)printf("\n  size          %zu bytes\n  sha256        %s\n  license       %s\n",
		     object->size, digest, object->license ? object->license : "none");
	if (!object->has_btf)
		(void)printf("  BTF           none: types of keys and values are not known\n");
	(void)printf("programs%s\n", object->n_programs ? "" : "\n  none");
	for (size_t i = 0; i < object->n_programs; i++)
		print_program(object, &object->programs[i]);
	(void)printf("maps%s\n", object->n_maps ? "" : "\n  none");
	for (size_t i = 0; i < object->n_maps && !r; i++)
		r = print_map(object, &object->maps[i]);
	return r ? r : print_features(object);
}

static void print_verdict(const char *what, enum advice_verdict verdict, const char *why)
{
	static const char *const words[] = {
		[ADVICE_NO] = "no", [ADVICE_YES] = "yes", [ADVICE_ALREADY] = "already"};

	(void)printf("  %-18s %s: %s\n", what, words[verdict], why);
}

static void print_advice(const struct object *object, const struct object_map *map)
{
	struct advice advice;

	advise(object, map, &advice);
	print_verdict("freeze", advice.freeze, advice.freeze_why);
	print_verdict("BPF_F_RDONLY_PROG", advice.read_only, advice.read_only_why);
}

/* An iterator writes the map that it is attached to, which no object names. */
static bool has_iterator(const struct object *object)
{
	for (size_t i = 0; i < object->n_programs; i++) {
		const struct attach *attach = &object->programs[i].attach;

		if (attach->target && attach->point && strncmp(attach->point, "iter", 4) == 0 &&
		    strstr(attach->target, "map_elem"))
			return true;
	}
	return false;
}

int object_advise_text(const struct object_view *view)
{
	const struct object *object = view->object;
	_cleanup_free_ char *patch = NULL;
	int r;

	for (size_t i = 0; i < object->n_maps; i++) {
		const struct object_map *map = &object->maps[i];
		char number[32];

		(void)printf("%s (%s, written by %s)\n", map->name,
			     or_number(map_type_name(map->type), map->type, number, sizeof(number)),
			     advice_writers(map));
		print_advice(object, map);
	}
	if (object->n_maps == 0)
		(void)printf("%s: no maps\n", view->path);
	if (has_iterator(object))
		(void)printf("note: an iterator over map elements writes whatever map it is "
			     "attached to, frozen and read-only ones as well\n");
	r = advice_patch(object, &patch);
	if (r < 0)
		return r;
	if (patch[0])
		(void)printf("\n%s", patch);
	return 0;
}

static void print_inner(const struct loaded *loaded, const struct loaded_map *map)
{
	for (size_t i = 0; i < map->n_inner; i++)
		(void)printf("%s%s (map %u)", i ? ", " : "  maps in it         ",
			     loaded->object.maps[map->inner[i]].name,
			     loaded->maps[map->inner[i]].id);
	if (map->n_inner)
		(void)putchar('\n');
}

/* What makes the answer less than all of it. */
static void print_limits(const struct loaded *loaded)
{
	if (loaded->n_gone)
		(void)printf("note: %zu maps or programs were not found by their id: they have "
			     "gone meanwhile, or a guard hides them\n",
			     loaded->n_gone);
	if (loaded->n_refused)
		(void)printf("note: %zu maps or programs could not be opened: CAP_SYS_ADMIN is "
			     "missing, or a guard keeps them from strangers\n",
			     loaded->n_refused);
	if (loaded->n_untyped)
		(void)printf("note: of %zu maps the type information could not be read: a lock or "
			     "a timer in their values is not seen\n",
			     loaded->n_untyped);
	if (loaded->cut)
		(void)printf("note: there are more than %d maps, programs or slots, and only so "
			     "many were looked at\n",
			     LOADED_MAX);
	if (loaded->calls_hidden)
		(void)printf("note: which helpers programs call is hidden (kernel.kptr_restrict, "
			     "CAP_SYSLOG): what any is given counts as written\n");
}

int loaded_advise_text(const struct loaded *loaded)
{
	size_t n = 0;

	for (size_t i = 0; i < loaded->object.n_maps; i++) {
		const struct object_map *map = &loaded->object.maps[i];
		char number[32], flags[FLAGS_MAX];

		if (!loaded->maps[i].wanted)
			continue;
		n++;
		(void)printf("%s%s(map %u, %s, written by %s%s%s%s)\n", map->name,
			     map->name[0] ? " " : "", loaded->maps[i].id,
			     or_number(map_type_name(map->type), map->type, number, sizeof(number)),
			     advice_writers(map), map->frozen ? ", frozen" : "",
			     map->flags ? ", " : "",
			     map->flags ? flags_text(map->flags, flags) : "");
		print_advice(&loaded->object, map);
		print_inner(loaded, &loaded->maps[i]);
	}
	if (n == 0)
		(void)printf("no maps\n");
	print_limits(loaded);
	return 0;
}
