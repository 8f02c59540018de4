/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A policy image, or what vouches for it, on its way between two processes: in a memory file.
 * Nothing else is taken, for
 * reading a file of a file system that an attacker serves could keep the reader waiting for ever.
 */

#include <stddef.h>

struct diag;

enum image_fd_kind {
	IMAGE_FD_IMAGE,
	IMAGE_FD_SIGNATURE,
	IMAGE_FD_CERTIFICATE,
};

/* image_fd_name() - "image", "signature", "certificate" */
const char *image_fd_name(enum image_fd_kind kind);

enum image_fd_error {
	IMAGE_FD_E_INVALID = 1, /* no file of that kind and size; the diag says what it is */
};

/**
 * image_fd_new() - put bytes into a sealed memory file
 * @ret_fd: the caller closes
 * Return: 0 or -errno.
 */
int image_fd_new(const void *data, size_t size, int *ret_fd);

/**
 * image_fd_read() - take a private copy, which cannot change while it is checked
 * @fd:       borrowed; a memory file of 1 byte to as many as such a thing may have
 * @ret_data: aligned for image_check(); the caller frees
 * Return: 0; IMAGE_FD_E_INVALID; -errno.
 */
int image_fd_read(int fd, enum image_fd_kind kind, void **ret_data, size_t *ret_size,
		  struct diag *reterr_diag);
