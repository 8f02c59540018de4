// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tail of a log: what is written is read again, and nothing else is. */

#include "evidence/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "test.h"

static const uint8_t key[MAC_LEN] = {3};

struct parts {
	struct merkle *merkle;
	struct mac *mac;
	struct front *front, *back;
};

static int setup(void **state)
{
	struct parts *parts = calloc(1, sizeof(*parts));

	assert_non_null(parts);
	assert_int_equal(merkle_new(&parts->merkle), 0);
	assert_int_equal(mac_new(&parts->mac), 0);
	parts->front = calloc(1, sizeof(*parts->front));
	parts->back = calloc(1, sizeof(*parts->back));
	assert_true(parts->front && parts->back);
	*state = parts;
	return 0;
}

static int teardown(void **state)
{
	struct parts *parts = *state;

	(void)merkle_free(parts->merkle);
	(void)mac_free(parts->mac);
	free(parts->front);
	free(parts->back);
	free(parts);
	return 0;
}

static size_t write_head(struct parts *parts, uint64_t first, uint8_t *ret_head)
{
	mac_start(parts->mac, key);
	assert_int_equal(tail_head_write(parts->mac, parts->front, first, ret_head), 0);
	return tail_head_size(first);
}

static int read_head(struct parts *parts, uint64_t first, const uint8_t *head, size_t size)
{
	mac_start(parts->mac, key);
	return tail_head_read(parts->mac, parts->merkle, first, &(struct iovec){(void *)head, size},
			      parts->back);
}

static void a_head_comes_back_and_no_byte_of_it_may_differ(void **state)
{
	_cleanup_free_ uint8_t *head = malloc(TAIL_MAX_HEAD);
	const uint64_t first = 256 * 3 + 65536 * 2;
	struct parts *parts = *state;
	size_t size;

	assert_non_null(head);
	memset(parts->front->tiles[1], 0x11, sizeof(parts->front->tiles[1]));
	memset(parts->front->tiles[2], 0x22, sizeof(parts->front->tiles[2]));
	size = write_head(parts, first, head);
	assert_int_equal(size, 16 + 8 + 5 * 32 + 32);
	assert_int_equal(read_head(parts, first, head, size), 0);
	assert_int_equal(parts->back->edge.size, first);
	assert_memory_equal(parts->back->tiles[1], parts->front->tiles[1], 3 * 32);
	assert_memory_equal(parts->back->tiles[2], parts->front->tiles[2], 2 * 32);

	for (size_t i = 0; i < size; i++) {
		assert_int_equal(read_head(parts, first, head, i), TAIL_E_TORN);
		head[i] ^= 1;
		assert_int_equal(read_head(parts, first, head, size), TAIL_E_TORN);
		head[i] ^= 1;
	}
	assert_int_equal(read_head(parts, first + 256, head, size), TAIL_E_TORN);
}

static void the_largest_head_fits(void **state)
{
	assert_true(tail_head_size(UINT64_MAX) <= TAIL_MAX_HEAD);
	assert_int_equal(tail_head_size(0), 16 + 8 + 32);
}

static void put_record(int fd, const uint8_t *entry, size_t size)
{
	uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size}, tag[MAC_LEN] = {4};

	assert_int_equal(write(fd, length, 2), 2);
	assert_int_equal(write(fd, entry, size), size);
	assert_int_equal(write(fd, tag, sizeof(tag)), sizeof(tag));
}

static void records_of_any_size_come_back_one_after_the_other(void **state)
{
	static const size_t sizes[] = {0, 1, 65535, 200, 65535, 65535, 65535, 65535, 0, 65534};
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;
	static uint8_t entry[65535];
	_cleanup_close_ int fd = memfd_create("tail", MFD_CLOEXEC);
	struct tail_record record;
	uint64_t offset = 3;

	assert_int_equal(write(fd, "abc", 3), 3);
	for (size_t i = 0; i < 10; i++) {
		memset(entry, (int)i, sizeof(entry));
		put_record(fd, entry, sizes[i]);
	}
	assert_int_equal(tail_reader_new(fd, 3, &reader), 0);
	for (size_t i = 0; i < 10; i++) {
		memset(entry, (int)i, sizeof(entry));
		assert_int_equal(tail_reader_offset(reader), offset);
		assert_int_equal(tail_reader_next(reader, &record), 0);
		assert_int_equal(record.size, sizes[i]);
		assert_memory_equal(record.entry, entry, sizes[i]);
		assert_int_equal(record.tag[0], 4);
		offset += TAIL_RECORD(sizes[i]);
	}
	assert_int_equal(tail_reader_next(reader, &record), TAIL_E_END);
	assert_int_equal(tail_reader_offset(reader), offset);

	put_record(fd, entry, 5);
	for (uint64_t cut = 1; cut < TAIL_RECORD(5); cut++) {
		assert_int_equal(ftruncate(fd, (off_t)(offset + TAIL_RECORD(5) - cut)), 0);
		reader = tail_reader_free(reader);
		assert_int_equal(tail_reader_new(fd, offset, &reader), 0);
		assert_int_equal(tail_reader_next(reader, &record), TAIL_E_TORN);
	}
}

static void a_tag_is_for_one_entry_at_one_place(void **state)
{
	struct parts *parts = *state;
	struct merkle_hash leaf = {{5}};
	uint8_t tag[MAC_LEN];

	mac_start(parts->mac, key);
	assert_int_equal(tail_tag(parts->mac, 7, &leaf, tag), 0);
	mac_start(parts->mac, key);
	assert_int_equal(tail_check(parts->mac, 8, &leaf, tag), TAIL_E_TORN);
	leaf.bytes[31]++;
	assert_int_equal(tail_check(parts->mac, 7, &leaf, tag), TAIL_E_TORN);
	leaf.bytes[31]--;
	assert_int_equal(tail_check(parts->mac, 7, &leaf, tag), 0);
	assert_int_equal(tail_check(parts->mac, 7, &leaf, tag), TAIL_E_TORN);
}

static int make(void *userdata)
{
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;

	return tail_reader_new(0, 0, &reader);
}

static void memory_may_run_out(void **state)
{
	alloc_check(make, NULL);
}

#define with_parts(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_parts(a_head_comes_back_and_no_byte_of_it_may_differ),
		cmocka_unit_test(the_largest_head_fits),
		cmocka_unit_test(records_of_any_size_come_back_one_after_the_other),
		with_parts(a_tag_is_for_one_entry_at_one_place),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
