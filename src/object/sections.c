// SPDX-License-Identifier: LGPL-2.1-or-later
/* See sections.h. Headers are copied out before they are read: nothing in the file is aligned. */

#include "object/sections.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"

#define refuse(diag, ...) (diag_set(diag, NULL, 0, 0, __VA_ARGS__), OBJECT_E_REFUSED)

struct file {
	const uint8_t *data;
	size_t size;
	Elf64_Ehdr header;
	struct diag *diag;
};

void sections_done(struct sections *sections)
{
	for (size_t i = 0; sections->items && i < sections->n; i++) {
		free(sections->items[i].name);
		free(sections->items[i].relocations);
	}
	for (size_t i = 0; sections->symbols && i < sections->n_symbols; i++)
		free(sections->symbols[i].name);
	free(sections->items);
	free(sections->symbols);
	*sections = (struct sections){0};
}

int printable_copy(const char *text, size_t room, char **ret_text)
{
	size_t length = strnlen(text, room < OBJECT_MAX_NAME ? room : OBJECT_MAX_NAME), used = 0;
	char *copy;

	if (length == room || length == OBJECT_MAX_NAME)
		return OBJECT_E_REFUSED;
	copy = malloc(length * 4 + 1);
	if (!copy)
		return -ENOMEM;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= ' ' && c < 0x7f && c != '\\')
			copy[used++] = (char)c;
		else
			used += (size_t)sprintf(copy + used, "\\x%02x", c);
	}
	copy[used] = '\0';
	*ret_text = copy;
	return 0;
}

static bool within(const struct file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

static int read_header(struct file *file)
{
	const uint8_t *ident = file->header.e_ident;

	if (file->size > OBJECT_MAX_SIZE)
		return refuse(file->diag, "the object has %zu bytes, at most %zu are read",
			      file->size, OBJECT_MAX_SIZE);
	if (file->size < sizeof(file->header))
		return refuse(file->diag, "it ends within the ELF header");
	memcpy(&file->header, file->data, sizeof(file->header));
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return refuse(file->diag, "it is no ELF file");
	if (ident[EI_DATA] == ELFDATA2MSB)
		return refuse(file->diag,
			      "it is a big-endian object, and this host is little-endian: "
			      "compile it with -target bpfel");
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return refuse(file->diag, "it is not a 64-bit little-endian ELF file");
	if (file->header.e_machine != EM_BPF && file->header.e_machine != EM_NONE)
		return refuse(file->diag, "it is for the processor %u, not for BPF",
			      file->header.e_machine);
	if (file->header.e_type != ET_REL)
		return refuse(file->diag, "it is linked already: an object of clang -c is wanted");
	if (file->header.e_shentsize != sizeof(Elf64_Shdr) || file->header.e_shnum == 0)
		return refuse(file->diag, "it has no table of sections");
	if (file->header.e_shnum > OBJECT_MAX_SECTIONS)
		return refuse(file->diag, "it has %u sections, at most %u are read",
			      file->header.e_shnum, OBJECT_MAX_SECTIONS);
	if (!within(file, file->header.e_shoff, file->header.e_shnum * sizeof(Elf64_Shdr)))
		return refuse(file->diag,
			      "it is cut off: its table of sections is not in the file");
	return 0;
}

static void read_section_header(const struct file *file, size_t i, Elf64_Shdr *ret_header)
{
	memcpy(ret_header, file->data + file->header.e_shoff + i * sizeof(*ret_header),
	       sizeof(*ret_header));
}

static int read_section(const struct file *file, size_t i, const Elf64_Shdr *names,
			struct section *section)
{
	Elf64_Shdr header;
	int r;

	read_section_header(file, i, &header);
	if (header.sh_name >= names->sh_size)
		return refuse(file->diag, "the name of section %zu is not in the file", i);
	r = printable_copy((const char *)file->data + names->sh_offset + header.sh_name,
			   names->sh_size - header.sh_name, &section->name);
	if (r > 0)
		return refuse(file->diag,
			      "the name of section %zu has no end, or more than %d bytes", i,
			      OBJECT_MAX_NAME);
	if (r < 0)
		return r;
	section->type = header.sh_type;
	section->flags = header.sh_flags;
	section->link = header.sh_link;
	section->info = header.sh_info;
	section->size = header.sh_size;
	if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL || header.sh_size == 0)
		return 0;
	if (!within(file, header.sh_offset, header.sh_size))
		return refuse(file->diag, "it is cut off: section %zu (%.64s) is not in the file",
			      i, section->name);
	section->data = file->data + header.sh_offset;
	return 0;
}

static int read_sections(struct file *file, struct sections *sections)
{
	Elf64_Shdr names;
	int r = 0;

	if (file->header.e_shstrndx >= file->header.e_shnum)
		return refuse(file->diag, "it does not say where the names of its sections are");
	read_section_header(file, file->header.e_shstrndx, &names);
	if (names.sh_type != SHT_STRTAB || !within(file, names.sh_offset, names.sh_size))
		return refuse(file->diag, "the names of its sections are not in the file");
	sections->items = calloc(file->header.e_shnum, sizeof(*sections->items));
	if (!sections->items)
		return -ENOMEM;
	sections->n = file->header.e_shnum;
	for (size_t i = 0; i < sections->n && !r; i++)
		r = read_section(file, i, &names, &sections->items[i]);
	return r;
}

static int read_symbol(const struct file *file, const struct section *table, size_t i,
		       struct sections *sections)
{
	const struct section *strings = &sections->items[table->link];
	struct symbol *symbol = &sections->symbols[i];
	Elf64_Sym raw;
	int r;

	memcpy(&raw, table->data + i * sizeof(raw), sizeof(raw));
	if (raw.st_name >= strings->size || !strings->data)
		return refuse(file->diag, "the name of symbol %zu is not in the file", i);
	r = printable_copy((const char *)strings->data + raw.st_name, strings->size - raw.st_name,
			   &symbol->name);
	if (r > 0)
		return refuse(file->diag,
			      "the name of symbol %zu has no end, or more than %d bytes", i,
			      OBJECT_MAX_NAME);
	if (r < 0)
		return r;
	if (raw.st_shndx >= sections->n && raw.st_shndx < SHN_LORESERVE)
		return refuse(file->diag, "the symbol %.64s is in section %u, which is not there",
			      symbol->name, raw.st_shndx);
	symbol->value = raw.st_value;
	symbol->size = raw.st_size;
	symbol->section = raw.st_shndx;
	symbol->type = ELF64_ST_TYPE(raw.st_info);
	symbol->bind = ELF64_ST_BIND(raw.st_info);
	return 0;
}

static int read_symbols(const struct file *file, struct sections *sections)
{
	const struct section *table = NULL;
	size_t n;
	int r = 0;

	for (size_t i = 0; i < sections->n; i++) {
		if (sections->items[i].type != SHT_SYMTAB)
			continue;
		if (table)
			return refuse(file->diag, "it has two tables of symbols");
		table = &sections->items[i];
	}
	if (!table || !table->data)
		return refuse(file->diag,
			      "it has no symbols: it was stripped of what a loader needs");
	n = table->size / sizeof(Elf64_Sym);
	if (n > OBJECT_MAX_SYMBOLS)
		return refuse(file->diag, "it has %zu symbols, at most %u are read", n,
			      OBJECT_MAX_SYMBOLS);
	if (table->link >= sections->n || sections->items[table->link].type != SHT_STRTAB)
		return refuse(file->diag, "the names of its symbols are not in the file");
	sections->symbols = calloc(n ? n : 1, sizeof(*sections->symbols));
	if (!sections->symbols)
		return -ENOMEM;
	sections->n_symbols = n;
	for (size_t i = 0; i < n && !r; i++)
		r = read_symbol(file, table, i, sections);
	return r;
}

static int compare_relocations(const void *a, const void *b)
{
	const struct relocation *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int read_relocations(const struct file *file, const struct section *table,
			    struct sections *sections)
{
	size_t n = table->size / sizeof(Elf64_Rel);
	struct section *target;

	if (table->info == 0 || table->info >= sections->n)
		return refuse(file->diag, "%.64s is about a section that is not there",
			      table->name);
	target = &sections->items[table->info];
	/* Debugging information has by far the most of them, and nobody asks for those. */
	if (!table->data ||
	    (!(target->flags & SHF_EXECINSTR) && strncmp(target->name, ".debug", 6) == 0))
		return 0;
	if (n > OBJECT_MAX_RELOCATIONS - sections->n_relocations)
		return refuse(file->diag, "it has more than %u relocations",
			      OBJECT_MAX_RELOCATIONS);
	if (target->relocations)
		return refuse(file->diag, "%.64s has two tables of relocations", target->name);
	target->relocations = calloc(n ? n : 1, sizeof(*target->relocations));
	if (!target->relocations)
		return -ENOMEM;

	for (size_t i = 0; i < n; i++) {
		Elf64_Rel raw;

		memcpy(&raw, table->data + i * sizeof(raw), sizeof(raw));
		if (ELF64_R_SYM(raw.r_info) >= sections->n_symbols)
			return refuse(file->diag, "relocation %zu of %.64s names no symbol", i,
				      target->name);
		target->relocations[i] = (struct relocation){
			.offset = raw.r_offset, .symbol = (uint32_t)ELF64_R_SYM(raw.r_info)};
	}
	target->n_relocations = n;
	sections->n_relocations += n;
	qsort(target->relocations, n, sizeof(*target->relocations), compare_relocations);
	return 0;
}

int sections_read(const uint8_t *data, size_t size, struct sections *ret_sections,
		  struct diag *reterr_diag)
{
	struct file file = {.data = data, .size = size, .diag = reterr_diag};
	int r;

	*ret_sections = (struct sections){0};
	r = read_header(&file);
	if (!r)
		r = read_sections(&file, ret_sections);
	if (!r)
		r = read_symbols(&file, ret_sections);
	for (size_t i = 0; i < ret_sections->n && !r; i++) {
		const struct section *s = &ret_sections->items[i];

		if (s->type == SHT_RELA)
			r = refuse(reterr_diag, "%.64s: BPF has no relocations of this kind",
				   s->name);
		else if (s->type == SHT_REL)
			r = read_relocations(&file, s, ret_sections);
	}
	return r;
}

const struct section *sections_find(const struct sections *sections, const char *name)
{
	for (size_t i = 1; i < sections->n; i++) {
		if (strcmp(sections->items[i].name, name) == 0)
			return &sections->items[i];
	}
	return NULL;
}

const struct symbol *sections_relocation(const struct sections *sections,
					 const struct section *section, uint64_t offset)
{
	const struct relocation key = {.offset = offset}, *found;

	if (section->n_relocations == 0)
		return NULL;
	found = bsearch(&key, section->relocations, section->n_relocations, sizeof(key),
			compare_relocations);
	return found ? &sections->symbols[found->symbol] : NULL;
}
