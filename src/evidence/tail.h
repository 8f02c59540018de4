/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The tail of a log, the file that its entries go to first: how its bytes lie, and reading them
 * back, torn or forged. A head says what came before; each entry has a tag of a chain of keys.
 *
 *	"holdfast tail 1\n"  be64 first  hashes of tiles  tag	the head; first is a multiple of 256
 *	be16 length  entry  tag					and again
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/front.h"
#include "evidence/mac.h"
#include "evidence/tile.h"

#define TAIL_MAX_ENTRY ENTRY_MAX_SIZE
#define TAIL_RECORD(size) (2 + (size) + MAC_LEN)
#define TAIL_MAX_HEAD (16 + 8 + FRONT_LEVELS * FRONT_WIDTH * SHA256_LEN + MAC_LEN)

enum tail_outcome {
	_TAIL_E_SUCCESS,
	TAIL_E_END, /* the file ends here */
	TAIL_E_TORN, /* what is here is none of ours, or not all of it */
};

struct iovec;

/* An entry as it was read. Borrowed from the reader, until the next one is read. */
struct tail_record {
	const uint8_t *entry;
	size_t size;
	const uint8_t *tag;
};

/* Opaque: reads a file through a buffer of its own. */
struct tail_reader;

/* tail_name_parse() - whether a file is called as a tail that begins with an entry is */
bool tail_name_parse(const char *name, uint64_t *ret_first);

/* tail_head_size() - bytes of the head of a tail that begins with an entry */
size_t tail_head_size(uint64_t first);

/**
 * tail_head_write() - the head of a tail
 * @mac: at its first key; afterwards at that of the first entry
 * @front: of @first leaves or up to 255 more
 * @ret_head: at least tail_head_size(@first) bytes
 * Return: 0; -EIO if libcrypto refuses.
 */
int tail_head_write(struct mac *mac, const struct front *front, uint64_t first, uint8_t *ret_head);

/**
 * tail_head_read() - read what tail_head_write() wrote
 * @head: of the beginning of a file
 * @ret_front: of @first leaves; undefined after a failure
 * Return: 0; TAIL_E_TORN if it is no head of a tail that begins with @first by that key; -EIO.
 */
int tail_head_read(struct mac *mac, struct merkle *merkle, uint64_t first, const struct iovec *head,
		   struct front *ret_front);

/**
 * tail_tag() - the tag of an entry
 * Return: 0; -EIO if libcrypto refuses.
 */
int tail_tag(struct mac *mac, uint64_t index, const struct merkle_hash *leaf,
	     uint8_t ret_tag[MAC_LEN]);

/**
 * tail_check() - whether it is the tag of an entry; only then the chain goes on
 * Return: 0; TAIL_E_TORN if it is not; -EIO if libcrypto refuses.
 */
int tail_check(struct mac *mac, uint64_t index, const struct merkle_hash *leaf,
	       const uint8_t tag[MAC_LEN]);

/**
 * tail_reader_new() - read records
 * @fd: borrowed; its offset is neither used nor moved
 * @offset: where the first one begins
 * Return: 0; -ENOMEM.
 */
int tail_reader_new(int fd, uint64_t offset, struct tail_reader **ret_reader);

/* tail_reader_free() - NULL is allowed. Return: NULL. */
struct tail_reader *tail_reader_free(struct tail_reader *reader);

/* tail_reader_freep() - tail_reader_free(), for _cleanup_() */
void tail_reader_freep(struct tail_reader **reader);

/**
 * tail_reader_next() - the next record; its tag is not looked at
 * Return: 0; TAIL_E_END; TAIL_E_TORN if the file ends within it; any errno of pread().
 */
int tail_reader_next(struct tail_reader *reader, struct tail_record *ret_record);

/* tail_reader_offset() - where the next record begins */
uint64_t tail_reader_offset(const struct tail_reader *reader);
