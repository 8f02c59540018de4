// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "test.h"

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	return fd;
}

/* As `fsverity digest` says and, once it is enabled, the kernel (`fsverity measure`). */
static const struct {
	size_t size; /* of zeros; 0: "hello" and a newline */
	const char *verity;
} rows[] = {
	{0, "9c76eecc7b76fcb46199cb27b90cf59a660e10575bb0412128905129d5b1c2aa"},
	{1000000, "5829f7f4451bf83dd61618787a0dfc11d5eaab032ae8b26d2d98945a06a69c9e"},
};

static void both_digests_are_those_of_the_content(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t size = rows[i].size ? rows[i].size : 6;
		_cleanup_free_ char *data = calloc(1, size);
		uint8_t digest[SHA256_LEN], verity[SHA256_LEN], expected[SHA256_LEN];
		_cleanup_close_ int fd = -EBADF;

		if (!rows[i].size)
			memcpy(data, "hello\n", size);
		fd = file_of(data, size);
		assert_int_equal(content_read(fd, size, digest, verity), 0);
		assert_int_equal(sha256_buffer(data, size, expected), 0);
		assert_memory_equal(digest, expected, SHA256_LEN);
		assert_int_equal(hex_decode(rows[i].verity, expected, SHA256_LEN), 0);
		assert_memory_equal(verity, expected, SHA256_LEN);
	}
}

static void a_file_of_another_size_has_changed(void **state)
{
	_cleanup_close_ int fd = file_of("hello\n", 6);
	uint8_t digest[SHA256_LEN], verity[SHA256_LEN];

	assert_int_equal(content_read(fd, 5, digest, verity), -ESTALE);
	assert_int_equal(content_read(fd, 7, digest, verity), -ESTALE);
	assert_int_equal(content_read(-1, 6, digest, verity), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_digests_are_those_of_the_content),
		cmocka_unit_test(a_file_of_another_size_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
