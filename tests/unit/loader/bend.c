// SPDX-License-Identifier: LGPL-2.1-or-later
/* See bend.h. Apart from what reads the result, whose names are also those of libbpf's btf.h. */

#include "bend.h"

#include <bpf/btf.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "test.h"

#define MAP_SIZE 32 /* of a definition with four members */
#define NAME_SIZE 16 /* of "m" and a number */

static size_t section_index(const struct fixture *fixture, const char *name)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)fixture->bytes;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(fixture->bytes + header->e_shoff);
	const char *names = fixture->bytes + sections[header->e_shstrndx].sh_offset;

	for (size_t i = 1; i < header->e_shnum; i++) {
		if (strcmp(names + sections[i].sh_name, name) == 0)
			return i;
	}
	fail_msg("no section %s", name);
	return 0;
}

static Elf64_Shdr *section(const struct fixture *fixture, const char *name)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)fixture->bytes;

	return (Elf64_Shdr *)(fixture->bytes + header->e_shoff) + section_index(fixture, name);
}

/* A section's new content at the end of the file, after the first @keep bytes of the old one. */
static void section_put(struct fixture *fixture, const char *name, size_t keep, const void *bytes,
			size_t size)
{
	size_t at = (fixture->size + 7) / 8 * 8;
	char *grown = calloc(1, at + keep + size);

	assert_non_null(grown);
	memcpy(grown, fixture->bytes, fixture->size);
	memcpy(grown + at, fixture->bytes + section(fixture, name)->sh_offset, keep);
	memcpy(grown + at + keep, bytes, size);
	free(fixture->bytes);
	fixture->bytes = grown;
	fixture->size = at + keep + size;
	section(fixture, name)->sh_offset = at;
	section(fixture, name)->sh_size = keep + size;
}

static struct btf *types(const struct fixture *fixture)
{
	const Elf64_Shdr *s = section(fixture, ".BTF");
	struct btf *btf = btf__new(fixture->bytes + s->sh_offset, (uint32_t)s->sh_size);

	assert_non_null(btf);
	return btf;
}

static struct btf_type *type(struct btf *btf, const char *name, uint32_t kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);

	assert_true(id > 0);
	return (struct btf_type *)btf__type_by_id(btf, (uint32_t)id);
}

static void types_put(struct fixture *fixture, struct btf *btf)
{
	uint32_t size;
	const void *bytes = btf__raw_data(btf, &size);

	section_put(fixture, ".BTF", 0, bytes, size);
	btf__free(btf);
}

static void many_types(struct fixture *fixture, uint32_t n)
{
	struct btf *btf = types(fixture);
	struct btf_type *was = type(btf, ".maps", BTF_KIND_DATASEC);
	uint32_t definition = type(btf, "seed", BTF_KIND_VAR)->type, first = btf__type_cnt(btf);
	char name[NAME_SIZE];

	/* in this order: what is added moves what was there; with a size libbpf leaves it alone */
	was->size = MAP_SIZE;
	was->name_off = type(btf, "seed", BTF_KIND_VAR)->name_off;
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "m%u", i);
		assert_int_equal(btf__add_var(btf, name, BTF_VAR_GLOBAL_ALLOCATED, (int)definition),
				 first + i);
	}
	assert_true(btf__add_datasec(btf, ".maps", n * MAP_SIZE) > 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(
			btf__add_datasec_var_info(btf, (int)(first + i), i * MAP_SIZE, MAP_SIZE),
			0);
	types_put(fixture, btf);
}

static void many_symbols(struct fixture *fixture, uint32_t n)
{
	size_t strings = section(fixture, ".strtab")->sh_size;
	_cleanup_free_ char *names = calloc(n, NAME_SIZE);
	_cleanup_free_ Elf64_Sym *symbols = calloc(n, sizeof(*symbols));

	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(names + i * NAME_SIZE, NAME_SIZE, "m%u", i);
		symbols[i] = (Elf64_Sym){
			.st_name = (uint32_t)(strings + i * NAME_SIZE),
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
			.st_shndx = (uint16_t)section_index(fixture, ".maps"),
			.st_value = i * MAP_SIZE,
			.st_size = MAP_SIZE,
		};
	}
	section_put(fixture, ".strtab", strings, names, n * NAME_SIZE);
	section_put(fixture, ".symtab", section(fixture, ".symtab")->sh_size, symbols,
		    n * sizeof(*symbols));
}

void bend_many(struct fixture *fixture, uint32_t n)
{
	_cleanup_free_ char *definitions = calloc(n, MAP_SIZE);

	fixture_open("many", fixture);
	many_types(fixture, n);
	many_symbols(fixture, n);
	section_put(fixture, ".maps", 0, definitions, (size_t)n * MAP_SIZE);
}

static uint32_t number(struct btf *btf, const struct btf_type *t)
{
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		if (btf__type_by_id(btf, i) == t)
			return i;
	}
	return 0;
}

static void struct_in_itself(struct btf *btf)
{
	struct btf_type *rule = type(btf, "rule", BTF_KIND_STRUCT);

	btf_members(rule)[0].type = number(btf, rule);
}

static void typedef_of_itself(struct btf *btf)
{
	struct btf_type *u32 = type(btf, "__u32", BTF_KIND_TYPEDEF);

	u32->type = number(btf, u32);
}

static void array_of_itself(struct btf *btf)
{
	uint32_t ports = btf_members(type(btf, "rule", BTF_KIND_STRUCT))[1].type;

	btf_array(btf__type_by_id(btf, ports))->type = ports;
}

static void far(struct btf *btf)
{
	struct btf_type *rule = type(btf, "rule", BTF_KIND_STRUCT);

	type(btf, "__u32", BTF_KIND_TYPEDEF)->type = btf_members(rule)[1].type;
	btf_array(btf__type_by_id(btf, btf_members(rule)[1].type))->type = number(btf, rule);
}

static void types_bend(struct fixture *fixture, void (*bend)(struct btf *btf))
{
	struct btf *btf = types(fixture);

	bend(btf);
	types_put(fixture, btf);
}

void bend_struct(struct fixture *fixture)
{
	types_bend(fixture, struct_in_itself);
}

void bend_typedef(struct fixture *fixture)
{
	types_bend(fixture, typedef_of_itself);
}

void bend_array(struct fixture *fixture)
{
	types_bend(fixture, array_of_itself);
}

void bend_far(struct fixture *fixture)
{
	types_bend(fixture, far);
}
