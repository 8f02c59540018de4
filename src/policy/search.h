/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the dynamic linker of a root looks for libraries when the file that needs them does not
 * say: the folders of ld.so.conf, then the built-in ones. The linker's cache is not read: it is
 * made from the same list.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct root;

#define SEARCH_MAX_DIRS 256
#define SEARCH_MAX_DEPTH 8 /* of include lines */
#define SEARCH_MAX_CONF ((size_t)65536) /* bytes of one file */

struct search {
	char **dirs; /* of ld.so.conf, in order */
	size_t n_dirs;
};

/**
 * search_new() - read ld.so.conf and what it includes
 * @root:        borrowed during the call
 * @ret_search:  to be released with search_free()
 * @reterr_diag: filled on a positive return; or NULL
 *
 * A root without ld.so.conf has no folders of its own.
 * Return: 0; ROOT_E_REFUSED; -ENOMEM.
 */
int search_new(const struct root *root, struct search **ret_search, struct diag *reterr_diag);

/**
 * search_free() - release it
 * Return: NULL. NULL and a half-built one are accepted.
 */
struct search *search_free(struct search *search);

static inline void search_freep(struct search **search)
{
	(void)search_free(*search);
}

/**
 * search_default_dirs() - the built-in folders for a machine, best first
 * @machine: EM_*
 * @ret_n:   how many
 * Return: borrowed, static.
 */
const char *const *search_default_dirs(uint16_t machine, size_t *ret_n);

/**
 * search_hwcaps() - folders below a library folder with variants for better processors
 * @machine: EM_*
 * @ret_n:   how many
 *
 * All of them count: the host that reads the lock's files may not be the one that runs them.
 * Return: borrowed, static; each begins with "glibc-hwcaps/".
 */
const char *const *search_hwcaps(uint16_t machine, size_t *ret_n);
