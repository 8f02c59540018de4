// SPDX-License-Identifier: LGPL-2.1-or-later
/* See tail.h. Reads files of which nothing can be believed: an attacker may have written them. */

#include "evidence/tail.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAGIC "holdfast tail 1\n"
#define MAGIC_LEN 16
#define NAME_DIGITS 20
#define BUFFER ((size_t)256 << 10) /* holds several records of any size */

_Static_assert(sizeof(MAGIC) == MAGIC_LEN + 1, "the hashes are where tail_head_size() says");
_Static_assert(BUFFER > 2 * TAIL_RECORD(TAIL_MAX_ENTRY), "a record fits");

struct tail_reader {
	int fd;
	uint64_t offset; /* of what is in the buffer */
	size_t at, used;
	uint8_t buffer[BUFFER];
};

bool tail_name_parse(const char *name, uint64_t *ret_first)
{
	if (strlen(name) != NAME_DIGITS || strspn(name, "0123456789") != NAME_DIGITS)
		return false;
	errno = 0;
	*ret_first = strtoull(name, NULL, 10);
	return errno == 0 && *ret_first <= INT64_MAX;
}

size_t tail_head_size(uint64_t first)
{
	size_t size = MAGIC_LEN + sizeof(first) + MAC_LEN;

	for (unsigned level = 0; level < FRONT_LEVELS; level++)
		size += front_width(first, level) * (size_t)SHA256_LEN;
	return size;
}

int tail_head_write(struct mac *mac, const struct front *front, uint64_t first, uint8_t *ret_head)
{
	uint64_t be = htobe64(first);
	uint8_t *at = ret_head;

	memcpy(at, MAGIC, MAGIC_LEN);
	memcpy(at + MAGIC_LEN, &be, sizeof(be));
	at += MAGIC_LEN + sizeof(be);
	for (unsigned level = 0; level < FRONT_LEVELS; level++) {
		size_t size = front_width(first, level) * (size_t)SHA256_LEN;

		memcpy(at, front->tiles[level], size);
		at += size;
	}
	return mac_next(mac, ret_head, (size_t)(at - ret_head), at);
}

int tail_head_read(struct mac *mac, struct merkle *merkle, uint64_t first, const struct iovec *head,
		   struct front *ret_front)
{
	const uint8_t *data = head->iov_base;
	uint64_t be = htobe64(first);
	size_t signed_size = tail_head_size(first) - MAC_LEN;
	const uint8_t *at = data + MAGIC_LEN + sizeof(be);
	int r;

	if (first % FRONT_WIDTH != 0 || head->iov_len < tail_head_size(first) ||
	    memcmp(data, MAGIC, MAGIC_LEN) != 0 || memcmp(data + MAGIC_LEN, &be, sizeof(be)) != 0)
		return TAIL_E_TORN;
	r = mac_check(mac, data, signed_size, data + signed_size);
	if (r != 0)
		return r < 0 ? r : TAIL_E_TORN;

	for (unsigned level = 0; level < FRONT_LEVELS; level++) {
		size_t hashes = front_width(first, level) * (size_t)SHA256_LEN;

		memcpy(ret_front->tiles[level], at, hashes);
		at += hashes;
	}
	return front_start(merkle, ret_front, first);
}

#define TAGGED (sizeof(uint64_t) + SHA256_LEN)

static void tagged(uint64_t index, const struct merkle_hash *leaf, uint8_t ret_message[TAGGED])
{
	index = htobe64(index);
	memcpy(ret_message, &index, sizeof(index));
	memcpy(ret_message + sizeof(index), leaf->bytes, SHA256_LEN);
}

int tail_tag(struct mac *mac, uint64_t index, const struct merkle_hash *leaf,
	     uint8_t ret_tag[MAC_LEN])
{
	uint8_t message[TAGGED];

	tagged(index, leaf, message);
	return mac_next(mac, message, sizeof(message), ret_tag);
}

int tail_check(struct mac *mac, uint64_t index, const struct merkle_hash *leaf,
	       const uint8_t tag[MAC_LEN])
{
	uint8_t message[TAGGED];
	int r;

	tagged(index, leaf, message);
	r = mac_check(mac, message, sizeof(message), tag);
	return r > 0 ? TAIL_E_TORN : r;
}

int tail_reader_new(int fd, uint64_t offset, struct tail_reader **ret_reader)
{
	struct tail_reader *reader = malloc(sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->fd = fd;
	reader->offset = offset;
	reader->at = reader->used = 0;
	*ret_reader = reader;
	return 0;
}

struct tail_reader *tail_reader_free(struct tail_reader *reader)
{
	free(reader);
	return NULL;
}

void tail_reader_freep(struct tail_reader **reader)
{
	(void)tail_reader_free(*reader);
}

/* Have @size bytes at hand, if the file has them. */
static int need(struct tail_reader *reader, size_t size)
{
	if (reader->used - reader->at >= size)
		return 0;

	memmove(reader->buffer, reader->buffer + reader->at, reader->used - reader->at);
	reader->offset += reader->at;
	reader->used -= reader->at;
	reader->at = 0;
	while (reader->used < size) {
		ssize_t n = pread(reader->fd, reader->buffer + reader->used, BUFFER - reader->used,
				  (off_t)(reader->offset + reader->used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return reader->used ? TAIL_E_TORN : TAIL_E_END;
		reader->used += (size_t)n;
	}
	return 0;
}

int tail_reader_next(struct tail_reader *reader, struct tail_record *ret_record)
{
	const uint8_t *at;
	size_t size;
	int r;

	r = need(reader, 2);
	if (r != 0)
		return r;
	size = (size_t)reader->buffer[reader->at] << 8 | reader->buffer[reader->at + 1];
	r = need(reader, TAIL_RECORD(size));
	if (r != 0)
		return r;

	at = reader->buffer + reader->at;
	*ret_record = (struct tail_record){.entry = at + 2, .size = size, .tag = at + 2 + size};
	reader->at += TAIL_RECORD(size);
	return 0;
}

uint64_t tail_reader_offset(const struct tail_reader *reader)
{
	return reader->offset + reader->at;
}
