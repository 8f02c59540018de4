/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a file holds, by the two digests that the kernel can tell it by. */

#include <stdint.h>

#include "base/sha256.h"

/**
 * content_read() - digests of a file
 * @fd:         borrowed, readable and seekable; its offset is neither used nor moved
 * @size:       bytes the file must have, as fstat() said
 * @ret_digest: SHA-256 of the content
 * @ret_verity: the fs-verity digest that the kernel gives the file once fs-verity is enabled on it
 *              with its defaults: SHA-256, blocks of 4096 bytes, no salt
 *              (Documentation/filesystems/fsverity.rst, "Hash algorithm"); whether it is, is not
 *              asked
 *
 * Return: as sha256_fd().
 */
int content_read(int fd, uint64_t size, uint8_t ret_digest[SHA256_LEN],
		 uint8_t ret_verity[SHA256_LEN]);
