/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files that come into a task with an executable or a plugin: the interpreter of its ELF file
 * and the libraries the dynamic linker loads for it, found as the linker finds them. What a program
 * opens by itself (dlopen) is not in it: the policy names those as `libraries`.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

struct diag;
struct root;
struct search;

#define CLOSURE_MAX_FILES 1024 /* of one executable or plugin */

enum closure_error {
	_CLOSURE_E_SUCCESS,
	CLOSURE_E_REFUSED, /* the diag says which file and why; its file, line, column are unset */
};

enum closure_role {
	CLOSURE_EXECUTABLE, /* a symlink is refused, so is what is no ELF program */
	CLOSURE_LIBRARY, /* symlinks are followed */
};

struct closure_file {
	char *path; /* real, within the root */
	uint8_t digest[SHA256_LEN];
	uint8_t verity[SHA256_LEN]; /* content_read()'s second */
	uint64_t size; /* in bytes */
};

struct closure;

/**
 * closure_new() - for the files of one domain
 * @root:        borrowed, outlives the closure
 * @search:      borrowed, outlives the closure
 * @ret_closure: to be released with closure_free()
 * Return: 0; -ENOMEM.
 */
int closure_new(const struct root *root, const struct search *search, struct closure **ret_closure);

/**
 * closure_free() - release it
 * Return: NULL. NULL is accepted.
 */
struct closure *closure_free(struct closure *closure);

static inline void closure_freep(struct closure **closure)
{
	(void)closure_free(*closure);
}

/**
 * closure_add() - read a file and all that it needs
 * @path:        absolute, within the root
 * @ret_first:   index of the file itself; those it needs follow, up to closure_count()
 * @reterr_diag: filled on CLOSURE_E_REFUSED; or NULL
 *
 * Executables come before libraries: what a plugin needs may be there already.
 * Return: 0; CLOSURE_E_REFUSED; -ENOMEM; -EIO from libelf or libcrypto.
 */
int closure_add(struct closure *closure, const char *path, enum closure_role role,
		size_t *ret_first, struct diag *reterr_diag);

/**
 * closure_count() - files read so far
 */
size_t closure_count(const struct closure *closure);

/**
 * closure_get() - one of them
 * @i: below closure_count()
 * Return: borrowed, until the next closure_add().
 */
const struct closure_file *closure_get(const struct closure *closure, size_t i);
