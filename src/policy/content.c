// SPDX-License-Identifier: LGPL-2.1-or-later
/* See content.h. The second digest is libfsverity's; both are of the same bytes, read once. */

#include "policy/content.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfsverity.h>
#include <openssl/evp.h>

#include "base/cleanup.h"

struct reader {
	int fd;
	uint64_t offset;
	EVP_MD_CTX *sha256;
};

static void reader_done(struct reader *reader)
{
	EVP_MD_CTX_free(reader->sha256);
}

/* libfsverity asks for what comes next, and takes nothing less. */
static int read_next(void *context, void *buffer, size_t size)
{
	struct reader *reader = context;
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(reader->fd, (char *)buffer + done, size - done,
				  (off_t)(reader->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ESTALE;
		done += (size_t)n;
	}
	reader->offset += size;
	return EVP_DigestUpdate(reader->sha256, buffer, size) == 1 ? 0 : -EIO;
}

static bool has_ended(const struct reader *reader)
{
	char byte;

	return pread(reader->fd, &byte, 1, (off_t)reader->offset) == 0;
}

int content_read(int fd, uint64_t size, uint8_t ret_digest[SHA256_LEN],
		 uint8_t ret_verity[SHA256_LEN])
{
	const struct libfsverity_merkle_tree_params params = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
		.file_size = size,
	};
	_cleanup_(reader_done) struct reader reader = {.fd = fd, .sha256 = EVP_MD_CTX_new()};
	_cleanup_free_ struct libfsverity_digest *verity = NULL;
	unsigned length = 0;
	int r;

	if (!reader.sha256)
		return -ENOMEM;
	if (EVP_DigestInit_ex(reader.sha256, EVP_sha256(), NULL) != 1)
		return -EIO;
	r = libfsverity_compute_digest(&reader, read_next, &params, &verity);
	if (r < 0)
		return r;
	if (reader.offset != size || !has_ended(&reader))
		return -ESTALE;
	if (verity->digest_size != SHA256_LEN ||
	    EVP_DigestFinal_ex(reader.sha256, ret_digest, &length) != 1 || length != SHA256_LEN)
		return -EIO;
	memcpy(ret_verity, verity->digest, SHA256_LEN);
	return 0;
}
