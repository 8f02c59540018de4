// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/sha256.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "test.h"

/* FIPS 180-2, appendix B.1 */
#define DIGEST_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void assert_digest(const uint8_t *digest, const char *expected)
{
	char text[2 * SHA256_LEN + 1];

	hex_encode(digest, SHA256_LEN, text);
	assert_string_equal(text, expected);
}

static void a_published_vector_is_met_in_one_piece_and_in_many(void **state)
{
	struct iovec pieces[] = {{(void *)"a", 1}, {(void *)"", 0}, {(void *)"bc", 2}};
	uint8_t digest[SHA256_LEN];

	assert_int_equal(sha256_buffer("abc", 3, digest), 0);
	assert_digest(digest, DIGEST_ABC);
	assert_int_equal(sha256_iov(pieces, 3, digest), 0);
	assert_digest(digest, DIGEST_ABC);
}

static void a_file_is_read_from_its_beginning(void **state)
{
	_cleanup_close_ int fd = memfd_create("abc", MFD_CLOEXEC);
	uint8_t digest[SHA256_LEN];

	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(sha256_fd(fd, 3, digest), 0);
	assert_digest(digest, DIGEST_ABC);
}

static void a_file_that_grew_or_shrank_is_refused(void **state)
{
	_cleanup_close_ int fd = memfd_create("abc", MFD_CLOEXEC);
	uint8_t digest[SHA256_LEN];

	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(sha256_fd(fd, 2, digest), -ESTALE);
	assert_int_equal(sha256_fd(fd, 4, digest), -ESTALE);
	assert_int_equal(sha256_fd(-1, 4, digest), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_published_vector_is_met_in_one_piece_and_in_many),
		cmocka_unit_test(a_file_is_read_from_its_beginning),
		cmocka_unit_test(a_file_that_grew_or_shrank_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
