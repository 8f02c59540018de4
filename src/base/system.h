/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Helpers with side effects: files are read and written here, and nowhere else in this folder. */

#include <stddef.h>
#include <sys/types.h>

enum file_outcome {
	FILE_E_TOO_BIG = 1, /* the file has more bytes than the limit */
	FILE_E_NOT_REGULAR = 2, /* what is to be replaced is no regular file */
};

/**
 * file_read_fd() - read all of an open file
 * @fd:       borrowed, read from its offset to its end
 * @limit:    bytes allowed, at most SIZE_MAX - 2
 * @ret_data: @ret_size bytes and a NUL after them; the caller frees
 * Return: 0; FILE_E_TOO_BIG; -ENOMEM; any errno of read().
 */
int file_read_fd(int fd, size_t limit, char **ret_data, size_t *ret_size);

/**
 * file_read() - read all of a file
 * @dir_fd: borrowed, where a relative @path starts; AT_FDCWD for the working directory
 * Return: as file_read_fd(), and any errno of openat().
 */
int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_size);

/**
 * file_write_atomic() - replace a file by new content, or leave it as it was
 * @path: must not exist or be a regular file: a symlink or a device is never replaced
 * @mode: permissions of the new file
 *
 * The content and the new name are on the disk when this returns 0.
 * Return: 0; FILE_E_NOT_REGULAR; -ENOMEM; any errno of open(), write(), fsync() or rename().
 */
int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode);
