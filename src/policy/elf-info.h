/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the dynamic linker reads of one ELF file: its interpreter, the libraries it needs, where it
 * wants them looked for. Reads hostile files: every number in them is bounded before it is used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_HEADERS 1024 /* program headers */
#define ELF_MAX_DYNAMIC 8192 /* entries of the dynamic section */
#define ELF_MAX_NEEDED 512
#define ELF_MAX_STRING 4096 /* bytes of one name or search path */

enum elf_error {
	_ELF_E_SUCCESS,
	ELF_E_NOT_ELF, /* no ELF file */
	ELF_E_CLASS, /* not 64 bit, little endian */
	ELF_E_TYPE, /* neither executable nor shared object */
	ELF_E_MALFORMED, /* an ELF file that contradicts itself or a limit above */
};

struct elf_info {
	uint16_t machine; /* EM_* */
	char *interpreter; /* PT_INTERP; NULL if there is none */
	char *soname; /* DT_SONAME; NULL if there is none */
	char *rpath; /* DT_RPATH; NULL if there is none, or a DT_RUNPATH that overrides it */
	char *runpath; /* DT_RUNPATH; NULL if there is none */
	char **needed; /* DT_NEEDED, in the file's order */
	size_t n_needed;
	bool no_default; /* DF_1_NODEFLIB: not in the system's folders */
};

/**
 * elf_info_read() - read an open file
 * @fd:       borrowed, a regular file open for reading
 * @ret_info: to be released with elf_info_free()
 * Return: 0; ELF_E_*; -ENOMEM; -EIO if libelf does not work at all.
 */
int elf_info_read(int fd, struct elf_info **ret_info);

/**
 * elf_info_read_memory() - read a file's content
 * @data: borrowed, @size bytes; not changed
 * Return: as elf_info_read().
 */
int elf_info_read_memory(void *data, size_t size, struct elf_info **ret_info);

/**
 * elf_info_free() - release it
 * Return: NULL. NULL and a half-built one are accepted.
 */
struct elf_info *elf_info_free(struct elf_info *info);

static inline void elf_info_freep(struct elf_info **info)
{
	(void)elf_info_free(*info);
}

/**
 * elf_error_text() - an ELF_E_* in words that follow "PATH "
 */
const char *elf_error_text(int error);
