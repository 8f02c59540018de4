/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hashes of a log's tree from its tiles, for prove.h. Nothing is verified: a proof that is made of
 * them is checked against the checkpoint by whoever made it.
 */

#include <stdint.h>

#include "evidence/folder.h"
#include "evidence/prove.h"

/* Opaque: keeps one tile of each level. */
struct reader;

/**
 * reader_new() - read tiles below a folder
 * @dir_fd:     borrowed until reader_free()
 * @size:       of the log: how wide its last tiles are
 * @merkle:     borrowed until reader_free()
 * @ret_reader: the caller frees it by reader_free()
 * Return: 0; -ENOMEM.
 */
int reader_new(int dir_fd, uint64_t size, struct merkle *merkle, struct reader **ret_reader);

/* reader_free() - free it; NULL is allowed */
struct reader *reader_free(struct reader *reader);

/* reader_freep() - reader_free(), for _cleanup_() */
void reader_freep(struct reader **reader);

/**
 * reader_source() - what prove.h reads from
 * @reterr_diag: borrowed, filled when a read fails; or NULL
 *
 * Its read() returns what folder_read_tile() does, and -EINVAL for a hash that the log has not.
 */
struct prove_source reader_source(struct reader *reader, struct diag *reterr_diag);

/**
 * tile_hash() - the hash above a power of two of hashes that stand side by side
 * @hashes: 2^@height of them
 * @height: at most TILE_HEIGHT
 * Return: 0; -EIO from libcrypto.
 */
int tile_hash(struct merkle *merkle, const struct merkle_hash *hashes, unsigned height,
	      struct merkle_hash *ret_hash);
