/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A BPF ELF object as sections, symbols and relocations. The bytes come from anybody: each number
 * in them is held against the file and a limit before it is used, and each name is made printable.
 */

#include <stddef.h>
#include <stdint.h>

struct diag;

#define OBJECT_MAX_SIZE ((size_t)32 << 20) /* bytes of one object */
#define OBJECT_MAX_SECTIONS 4096
#define OBJECT_MAX_SYMBOLS (1u << 18)
#define OBJECT_MAX_RELOCATIONS (1u << 18) /* of all sections */
#define OBJECT_MAX_NAME 512 /* bytes of a name in the file, with its NUL */

enum object_outcome {
	OBJECT_E_REFUSED = 1, /* the file is not what was asked for; the diagnostic says why */
};

struct relocation {
	uint64_t offset; /* bytes from the section's start */
	uint32_t symbol; /* index into symbols */
};

struct section {
	char *name; /* printable ASCII */
	const uint8_t *data; /* borrowed from the file; NULL if it has no bytes there */
	uint64_t size, flags;
	uint32_t type, link, info;
	struct relocation *relocations; /* by offset */
	size_t n_relocations;
};

struct symbol {
	char *name; /* printable ASCII; "" if it has none */
	uint64_t value, size;
	uint16_t section; /* SHN_UNDEF, a special number, or an index into sections */
	uint8_t type, bind; /* STT_*, STB_* */
};

struct sections {
	struct section *items; /* by number; 0 is the empty one */
	size_t n;
	struct symbol *symbols;
	size_t n_symbols, n_relocations;
};

/**
 * sections_read() - read an object
 * @data:         borrowed, @size bytes, must outlive the result
 * @ret_sections: filled, also in part after a failure: release it with sections_done() either way
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM.
 */
int sections_read(const uint8_t *data, size_t size, struct sections *ret_sections,
		  struct diag *reterr_diag);

/* sections_done() - release what it owns */
void sections_done(struct sections *sections);

/**
 * sections_find() - the first section of a name
 * Return: borrowed; NULL if there is none.
 */
const struct section *sections_find(const struct sections *sections, const char *name);

/**
 * sections_relocation() - the relocation at an offset of a section
 * Return: its symbol, borrowed; NULL if there is none.
 */
const struct symbol *sections_relocation(const struct sections *sections,
					 const struct section *section, uint64_t offset);

/**
 * printable_copy() - a name made printable: other bytes and '\\' become \xNN
 * @text:     @room bytes; the name ends at the first NUL
 * @ret_text: the caller frees
 * Return: 0; OBJECT_E_REFUSED if no NUL is within @room or OBJECT_MAX_NAME; -ENOMEM.
 */
int printable_copy(const char *text, size_t room, char **ret_text);
