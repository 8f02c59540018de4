// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each loaded program that has a map is read. See internal.h. */

#include "loaded/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "loaded/symbols.h"
#include "loaded/translated.h"
#include "object/flow.h"

#define INSN sizeof(struct bpf_insn)

struct programs {
	struct loaded *loaded;
	struct symbols symbols;
	uint64_t steps;
};

/* A program as the kernel shows it. */
struct shown {
	struct bpf_prog_info info;
	uint32_t *map_ids;
	uint8_t *code;
};

static void shown_done(struct shown *shown)
{
	free(shown->map_ids);
	free(shown->code);
}

static void programs_done(struct programs *programs)
{
	symbols_done(&programs->symbols);
}

static int ask(int fd, struct bpf_prog_info *info)
{
	uint32_t size = sizeof(*info);

	return bpf_obj_get_info_by_fd(fd, info, &size);
}

/* Its maps, and its instructions unless they are withheld or too many. */
static int show(int fd, struct shown *shown)
{
	struct bpf_prog_info first = {0};
	int r;

	r = ask(fd, &first);
	if (r < 0)
		return r;
	shown->info.nr_map_ids = first.nr_map_ids < LOADED_MAX ? first.nr_map_ids : LOADED_MAX;
	shown->map_ids = calloc((size_t)shown->info.nr_map_ids + 1, sizeof(*shown->map_ids));
	if (!shown->map_ids)
		return -ENOMEM;
	shown->info.map_ids = (uintptr_t)shown->map_ids;
	if (first.xlated_prog_len && first.xlated_prog_len <= LOADED_MAX_INSNS * INSN) {
		shown->code = malloc(first.xlated_prog_len);
		if (!shown->code)
			return -ENOMEM;
		shown->info.xlated_prog_len = first.xlated_prog_len;
		shown->info.xlated_prog_insns = (uintptr_t)shown->code;
	}
	r = ask(fd, &shown->info);
	if (r < 0)
		return r;
	/* Kernels that withhold them say so by an address of 0, or a length. */
	if (!shown->info.xlated_prog_insns ||
	    shown->info.xlated_prog_len != first.xlated_prog_len ||
	    shown->info.xlated_prog_len % INSN) {
		free(shown->code);
		shown->code = NULL;
	}
	if (shown->info.nr_map_ids > first.nr_map_ids)
		shown->info.nr_map_ids = first.nr_map_ids;
	if (shown->info.nr_map_ids > LOADED_MAX)
		shown->info.nr_map_ids = LOADED_MAX;
	return 0;
}

static int add_function(struct object *object, const struct bpf_prog_info *info)
{
	struct object_function *function;
	_cleanup_free_ char *name = NULL;
	char *full = NULL;
	int r;

	r = printable_copy(info->name, sizeof(info->name), &name);
	if (r)
		return r < 0 ? r : -EINVAL;
	r = array_grow(&object->functions, object->n_functions, sizeof(*object->functions));
	if (r < 0)
		return r;
	if (asprintf(&full, "%s%s(program %u)", name, name[0] ? " " : "", info->id) < 0)
		return -ENOMEM;
	function = &object->functions[object->n_functions++];
	function->name = full;
	function->size = info->xlated_prog_len;
	function->is_program = true;
	return 0;
}

static int read_code(struct programs *programs, const struct shown *shown,
		     struct object_map *const *maps)
{
	struct map_writer writer = {.use = USE_ESCAPE, .function = UINT32_MAX};
	struct object *object = &programs->loaded->object;
	struct translated program = {.code = shown->code,
				     .size = shown->info.xlated_prog_len,
				     .map_ids = shown->map_ids,
				     .maps = maps,
				     .n_maps = shown->info.nr_map_ids,
				     .symbols = &programs->symbols,
				     .function = (uint32_t)object->n_functions - 1};

	if (shown->code && programs->steps < OBJECT_MAX_STEPS)
		return translated_read(&program, &programs->steps);
	if (!shown->code && shown->info.xlated_prog_len <= LOADED_MAX_INSNS * INSN) {
		writer.function = program.function;
		writer.withheld = true;
	}
	for (size_t i = 0; i < program.n_maps; i++)
		flow_add_use(maps[i], &writer);
	return 0;
}

static int read_program(struct programs *programs, const struct shown *shown, bool wanted)
{
	struct loaded *loaded = programs->loaded;
	struct object_map unknown = {.origin = MAP_LOADED};
	_cleanup_free_ struct object_map **maps = NULL;
	uint32_t n = shown->info.nr_map_ids;
	bool any = false;
	int r;

	maps = calloc((size_t)n + 1, sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		size_t map = maps_find(loaded, shown->map_ids[i]);

		maps[i] = map == SIZE_MAX ? &unknown : &loaded->object.maps[map];
		if (map == SIZE_MAX)
			continue;
		any = true;
		loaded->maps[map].wanted = loaded->maps[map].wanted || wanted;
	}
	if (!any)
		return 0;
	r = add_function(&loaded->object, &shown->info);
	return r ?: read_code(programs, shown, maps);
}

static int look_at(struct programs *programs, uint32_t id, struct held *held)
{
	_cleanup_(shown_done) struct shown shown = {0};
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	int r;

	if (fd < 0) {
		unopened_count(programs->loaded, fd);
		return 0;
	}
	r = show(fd, &shown);
	if (r < 0 && r != -ENOMEM) {
		unopened_count(programs->loaded, r);
		return 0;
	}
	if (r)
		return r;
	if (held)
		held->found = true;
	return read_program(programs, &shown, held != NULL);
}

int programs_look(struct loaded *loaded, struct holders *holders)
{
	_cleanup_(programs_done) struct programs programs = {.loaded = loaded};
	uint32_t id = 0;
	int r;

	r = symbols_read(&programs.symbols);
	if (r == -ENOMEM)
		return r;
	loaded->calls_hidden = !programs.symbols.base;
	for (size_t i = 0; (r = bpf_prog_get_next_id(id, &id)) == 0; i++) {
		if (i >= LOADED_MAX) {
			loaded->cut = true;
			return 0;
		}
		r = look_at(&programs, id, holders ? held_find(&holders->programs, id) : NULL);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}
