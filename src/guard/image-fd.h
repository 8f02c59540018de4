/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A policy image on its way between two processes: in a memory file. Nothing else is taken, for
 * reading a file of a file system that an attacker serves could keep the reader waiting for ever.
 */

#include <stddef.h>

struct diag;

enum image_fd_error {
	IMAGE_FD_E_INVALID = 1, /* no file of an image's kind and size; the diag says what it is */
};

/**
 * image_fd_new() - put bytes into a sealed memory file
 * @ret_fd: the caller closes
 * Return: 0 or -errno.
 */
int image_fd_new(const void *data, size_t size, int *ret_fd);

/**
 * image_fd_read() - take a private copy, which cannot change while it is checked
 * @fd:       borrowed; a memory file of 1 to IMAGE_MAX_SIZE bytes
 * @ret_data: aligned for image_check(); the caller frees
 * Return: 0; IMAGE_FD_E_INVALID; -errno.
 */
int image_fd_read(int fd, void **ret_data, size_t *ret_size, struct diag *reterr_diag);
