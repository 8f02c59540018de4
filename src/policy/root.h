/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A host's files, below "/" or below the folder of an unpacked image. The kernel resolves every
 * path, absolute symlinks included, within that root. Reads only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;

enum root_error {
	_ROOT_E_SUCCESS,
	ROOT_E_NONE, /* there is no such file */
	ROOT_E_REFUSED, /* there is, and it cannot be used: the diag says why */
};

struct root;

struct root_file {
	int fd; /* open for reading; closed by root_file_done() */
	uint64_t size; /* in bytes, 1 to IMAGE_MAX_FILE */
	char *path; /* the real one, within the root */
};

/**
 * root_open() - use a folder as "/"
 * @path:        "/" for the host itself
 * @ret_root:    to be released with root_close()
 * @reterr_diag: filled on ROOT_E_REFUSED; or NULL
 * Return: 0; ROOT_E_REFUSED; -ENOMEM.
 */
int root_open(const char *path, struct root **ret_root, struct diag *reterr_diag);

/**
 * root_close() - release a root
 * Return: NULL. NULL is accepted.
 */
struct root *root_close(struct root *root);

static inline void root_closep(struct root **root)
{
	(void)root_close(*root);
}

/**
 * root_open_file() - open a regular file for reading
 * @path:        absolute; symlinks are followed within the root, but
 * @no_symlink:  refuses one as the last component, naming its target
 * @ret_file:    to be released with root_file_done()
 * @reterr_diag: filled on ROOT_E_REFUSED, and on ROOT_E_NONE; its file is unset; or NULL
 *
 * Opening has no side effect on devices and pipes: they are refused before.
 * Return: 0; ROOT_E_NONE; ROOT_E_REFUSED (a symlink, a folder, a device, a symlink loop, an empty
 * file, one above IMAGE_MAX_FILE, permission); -ENOMEM.
 */
int root_open_file(const struct root *root, const char *path, bool no_symlink,
		   struct root_file *ret_file, struct diag *reterr_diag);

/**
 * root_read() - read a file of configuration, following symlinks
 * @limit:       bytes allowed
 * @ret_data:    NUL terminated, the caller frees; may be empty
 * @reterr_diag: filled on ROOT_E_REFUSED and ROOT_E_NONE; its file is unset; or NULL
 * Return: 0; ROOT_E_NONE; ROOT_E_REFUSED; -ENOMEM.
 */
int root_read(const struct root *root, const char *path, size_t limit, char **ret_data,
	      struct diag *reterr_diag);

/**
 * root_open_dir() - open a folder
 * Return: a file descriptor the caller closes; a negative errno.
 */
int root_open_dir(const struct root *root, const char *path);

/**
 * root_file_done() - close the file and forget its path; also a zeroed or half-built one
 */
void root_file_done(struct root_file *file);

#define ROOT_FILE_INIT       \
	{                    \
		.fd = -EBADF \
	}
