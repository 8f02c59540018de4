/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SHA-256, by libcrypto. */

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

struct iovec;

/**
 * sha256_iov() - digest of several pieces, one after the other
 * Return: 0; -ENOMEM; -EIO if libcrypto refuses.
 */
int sha256_iov(const struct iovec *pieces, size_t n_pieces, uint8_t ret_digest[SHA256_LEN]);

/**
 * sha256_buffer() - digest of one piece
 * Return: as sha256_iov().
 */
int sha256_buffer(const void *data, size_t size, uint8_t ret_digest[SHA256_LEN]);

/**
 * sha256_fd() - digest of a file's content, from its beginning
 * @fd:       borrowed, readable and seekable; its offset is neither used nor moved
 * @size:     bytes the file must have, as fstat() said
 *
 * Return: 0; -ESTALE if the file had more or fewer bytes (it is being written to); -ENOMEM; -EIO;
 * any errno of pread().
 */
int sha256_fd(int fd, uint64_t size, uint8_t ret_digest[SHA256_LEN]);
