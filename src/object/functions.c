// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions of an object, and what each of their instructions refers to. */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/array.h"
#include "base/size.h"
#include "object/internal.h"

#define INSN sizeof(struct bpf_insn)

static int compare_functions(const void *a, const void *b)
{
	const struct object_function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool has_code(const struct section *section)
{
	return section->type == SHT_PROGBITS && (section->flags & SHF_EXECINSTR) && section->data;
}

static int add_function(struct object *object, const struct symbol *symbol, struct diag *diag)
{
	const struct section *section = &object->sections.items[symbol->section];
	int r;

	if (symbol->size == 0 || symbol->size % INSN || symbol->value % INSN ||
	    symbol->value > section->size || symbol->size > section->size - symbol->value)
		return refuse(diag, "the function %.64s is not within its section %.64s",
			      symbol->name, section->name);
	if (object->n_functions >= OBJECT_MAX_FUNCTIONS)
		return refuse(diag, "it has more than %d functions", OBJECT_MAX_FUNCTIONS);
	r = array_grow(&object->functions, object->n_functions, sizeof(*object->functions));
	if (r < 0)
		return r;
	object->functions[object->n_functions++] = (struct object_function){
		.name = symbol->name,
		.section = symbol->section,
		.offset = symbol->value,
		.size = symbol->size,
		.is_program = symbol->bind != STB_LOCAL && strcmp(section->name, ".text") != 0,
	};
	return 0;
}

int functions_read(struct object *object, struct diag *diag)
{
	int r = 0;

	for (size_t i = 0; i < object->sections.n_symbols && !r; i++) {
		const struct symbol *symbol = &object->sections.symbols[i];

		if (symbol->type == STT_FUNC && symbol->section < object->sections.n &&
		    has_code(&object->sections.items[symbol->section]))
			r = add_function(object, symbol, diag);
	}
	if (object->n_functions)
		qsort(object->functions, object->n_functions, sizeof(*object->functions),
		      compare_functions);
	/* A single function in .text is a program: there is nothing that could call it. */
	if (object->n_functions == 1)
		object->functions[0].is_program = true;
	return r;
}

static bool find_function(const struct object *object, uint32_t section, uint64_t offset,
			  struct reference *ret_reference)
{
	size_t low = 0, high = object->n_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct object_function *f = &object->functions[middle];

		if (f->section < section || (f->section == section && f->offset < offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == object->n_functions || object->functions[low].section != section ||
	    object->functions[low].offset != offset)
		return false;
	*ret_reference = (struct reference){.kind = REFERENCE_FUNCTION, .index = (uint32_t)low};
	return true;
}

static bool find_map(const struct object *object, uint32_t section, uint64_t offset,
		     struct reference *ret_reference)
{
	size_t low = 0, high = object->n_places;

	/* The last place that is not behind the offset. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct map_place *p = &object->places[middle];

		if (p->section < section || (p->section == section && p->offset <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || object->places[low - 1].section != section)
		return false;
	ret_reference->index = object->places[low - 1].map;
	ret_reference->kind = object->maps[ret_reference->index].origin == MAP_DATA
				      ? REFERENCE_VALUE
				      : REFERENCE_MAP;
	return true;
}

static bool is_kconfig(const struct object *object, const char *name)
{
	struct btf_item items;

	if (object->kconfig == UINT32_MAX)
		return false;
	items = btf_get(&object->btf, object->maps[object->kconfig].value_id);
	for (uint32_t i = 0; i < items.vlen; i++) {
		if (strcmp(btf_get(&object->btf, btf_variable(&items, i).type).name, name) == 0)
			return true;
	}
	return false;
}

static struct reference call_reference(const struct object *object, uint32_t section,
				       uint64_t offset, const struct symbol *symbol)
{
	struct reference reference = {.kind = REFERENCE_NONE};
	struct bpf_insn insn;
	uint64_t target;

	memcpy(&insn, object->sections.items[section].data + offset, INSN);
	if (symbol && symbol->section == SHN_UNDEF) {
		reference.kind = REFERENCE_KFUNC;
		reference.name = symbol->name;
		return reference;
	}
	if (insn.src_reg != BPF_PSEUDO_CALL)
		return reference;
	target = symbol ? symbol->value : offset;
	target += ((uint64_t)(int64_t)insn.imm + 1) * INSN;
	(void)find_function(object, symbol ? symbol->section : section, target, &reference);
	return reference;
}

struct reference reference_of(const struct object *object, uint32_t section, uint64_t offset)
{
	const struct section *s = &object->sections.items[section];
	const struct symbol *symbol = sections_relocation(&object->sections, s, offset);
	struct reference reference = {.kind = REFERENCE_NONE};
	struct bpf_insn insn;

	memcpy(&insn, s->data + offset, INSN);
	if (insn.code == (BPF_JMP | BPF_CALL))
		return call_reference(object, section, offset, symbol);
	if (insn.code != (BPF_LD | BPF_IMM | BPF_DW) || !symbol)
		return reference;
	if (symbol->section == SHN_UNDEF) {
		if (is_kconfig(object, symbol->name)) {
			reference.kind = REFERENCE_VALUE;
			reference.index = object->kconfig;
		}
		return reference;
	}
	if (symbol->section >= object->sections.n)
		return reference;
	if (has_code(&object->sections.items[symbol->section]))
		(void)find_function(object, symbol->section, symbol->value + (uint32_t)insn.imm,
				    &reference);
	else
		(void)find_map(object, symbol->section,
			       symbol->type == STT_SECTION ? (uint32_t)insn.imm : symbol->value,
			       &reference);
	return reference;
}
