/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A small file of fixed size in the state folder: read whole or not at all, replaced whole or not
 * at all. What the bytes mean, their owner knows.
 */

#include <stddef.h>

enum state_file_error {
	STATE_FILE_E_NONE = 1, /* there is none */
	STATE_FILE_E_FORM, /* there is something else: no regular file, or of another size */
};

/**
 * state_file_read() - read a file of that size
 * @dir_fd: the state folder; borrowed
 * @size:   of @ret_data, and of the file, in bytes
 *
 * Return: 0; STATE_FILE_E_NONE; STATE_FILE_E_FORM; negative errno.
 */
int state_file_read(int dir_fd, const char *name, void *ret_data, size_t size);

/**
 * state_file_prepare() - write it beside its place, so that what can fail has not changed anything
 * @new_name: of the file until then; one that is there is removed
 *
 * Return: 0 or negative errno: no space, read-only.
 */
int state_file_prepare(int dir_fd, const char *new_name, const void *data, size_t size);

/* state_file_commit() - put it into its place, for good. Return: 0 or negative errno. */
int state_file_commit(int dir_fd, const char *new_name, const char *name);
