// SPDX-License-Identifier: LGPL-2.1-or-later
/* The programs of an object, and what each reaches: by itself and by the functions it calls. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "object/internal.h"

#define INSN sizeof(struct bpf_insn)

/* Following the calls of one program after the other. */
struct reach {
	struct object *object;
	struct diag *diag;
	uint32_t *seen; /* by function: the last program that reached it, from 1 */
	uint32_t *queue; /* functions still to be read */
	size_t n_queue;
	uint32_t *map_seen; /* the same by map */
	uint32_t number; /* of the program */
	uint32_t steps;
};

static void reach_done(struct reach *reach)
{
	free(reach->seen);
	free(reach->queue);
	free(reach->map_seen);
}

static int add_number(uint32_t **numbers, size_t *n, uint32_t number)
{
	int r;

	for (size_t i = 0; i < *n; i++) {
		if ((*numbers)[i] == number)
			return 0;
	}
	r = array_grow(numbers, *n, sizeof(**numbers));
	if (r < 0)
		return r;
	(*numbers)[(*n)++] = number;
	return 0;
}

static int add_kfunc(struct object_program *program, const char *name)
{
	int r;

	for (size_t i = 0; i < program->n_kfuncs; i++) {
		if (strcmp(program->kfuncs[i], name) == 0)
			return 0;
	}
	r = array_grow(&program->kfuncs, program->n_kfuncs, sizeof(*program->kfuncs));
	if (r < 0)
		return r;
	program->kfuncs[program->n_kfuncs++] = name;
	return 0;
}

/* A map that the program was not seen to use before. */
static int add_map(struct reach *reach, struct object_program *program, uint32_t map)
{
	int r;

	if (reach->map_seen[map] == reach->number)
		return 0;
	reach->map_seen[map] = reach->number;
	r = array_grow(&program->maps, program->n_maps, sizeof(*program->maps));
	if (r < 0)
		return r;
	program->maps[program->n_maps++] = map;
	return 0;
}

static int read_insn(struct reach *reach, struct object_program *program, uint32_t section,
		     uint64_t offset)
{
	struct reference reference = reference_of(reach->object, section, offset);
	struct bpf_insn insn;

	switch (reference.kind) {
	case REFERENCE_MAP:
	case REFERENCE_VALUE:
		return add_map(reach, program, reference.index);
	case REFERENCE_FUNCTION:
		if (reach->seen[reference.index] != reach->number) {
			reach->seen[reference.index] = reach->number;
			reach->queue[reach->n_queue++] = reference.index;
		}
		return 0;
	case REFERENCE_KFUNC:
		return add_kfunc(program, reference.name);
	case REFERENCE_NONE:
		break;
	}
	memcpy(&insn, reach->object->sections.items[section].data + offset, INSN);
	if (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == 0)
		return add_number(&program->helpers, &program->n_helpers, (uint32_t)insn.imm);
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int follow(struct reach *reach, struct object_program *program)
{
	const struct object *object = reach->object;
	uint32_t first = (uint32_t)(program->function - object->functions);
	int r = 0;

	reach->seen[first] = reach->number;
	reach->queue[reach->n_queue++] = first;
	while (reach->n_queue && !r) {
		const struct object_function *f =
			&object->functions[reach->queue[--reach->n_queue]];
		const uint8_t *code = object->sections.items[f->section].data + f->offset;

		reach->steps += (uint32_t)(f->size / INSN);
		if (reach->steps > OBJECT_MAX_STEPS)
			return refuse(reach->diag, "its programs call each other in more ways than "
						   "are followed");
		for (uint64_t at = 0; at < f->size && !r; at += INSN) {
			r = read_insn(reach, program, f->section, f->offset + at);
			if (code[at] == (BPF_LD | BPF_IMM | BPF_DW))
				at += INSN; /* its second half is no instruction */
		}
	}
	if (program->n_helpers)
		qsort(program->helpers, program->n_helpers, sizeof(uint32_t), compare_numbers);
	if (program->n_maps)
		qsort(program->maps, program->n_maps, sizeof(uint32_t), compare_numbers);
	return r;
}

static int read_program(struct reach *reach, const struct object_function *function)
{
	struct object *object = reach->object;
	const struct section *section = &object->sections.items[function->section];
	struct object_program *program;
	int r;

	r = array_grow(&object->programs, object->n_programs, sizeof(*object->programs));
	if (r < 0)
		return r;
	program = &object->programs[object->n_programs++];
	program->function = function;
	program->section = section->name;
	program->autoload = section->name[0] != '?';
	attach_read(section->name + !program->autoload, &program->attach);
	reach->number = (uint32_t)object->n_programs;
	r = sha256_buffer(section->data + function->offset, function->size, program->digest);
	return r ? r : follow(reach, program);
}

int programs_read(struct object *object, struct diag *diag)
{
	_cleanup_(reach_done) struct reach reach = {.object = object, .diag = diag};
	int r = 0;

	reach.seen = calloc(object->n_functions + 1, sizeof(*reach.seen));
	reach.queue = calloc(object->n_functions + 1, sizeof(*reach.queue));
	reach.map_seen = calloc(object->n_maps + 1, sizeof(*reach.map_seen));
	if (!reach.seen || !reach.queue || !reach.map_seen)
		return -ENOMEM;
	for (size_t i = 0; i < object->n_functions && !r; i++) {
		if (object->functions[i].is_program)
			r = read_program(&reach, &object->functions[i]);
	}
	return r;
}
