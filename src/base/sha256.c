// SPDX-License-Identifier: LGPL-2.1-or-later
/* See sha256.h. Fetches the algorithm per call: correct before fast, callers hash whole files. */

#include "base/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/cleanup.h"

#define CHUNK ((size_t)1 << 16)

static void ctx_freep(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static int ctx_new(EVP_MD_CTX **ret_ctx)
{
	_cleanup_(ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		return -EIO;

	*ret_ctx = TAKE_PTR(ctx);
	return 0;
}

static int ctx_finish(EVP_MD_CTX *ctx, uint8_t ret_digest[SHA256_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (EVP_DigestFinal_ex(ctx, digest, &length) != 1 || length != SHA256_LEN)
		return -EIO;

	memcpy(ret_digest, digest, SHA256_LEN);
	return 0;
}

int sha256_iov(const struct iovec *pieces, size_t n_pieces, uint8_t ret_digest[SHA256_LEN])
{
	_cleanup_(ctx_freep) EVP_MD_CTX *ctx = NULL;
	int r;

	r = ctx_new(&ctx);
	if (r < 0)
		return r;

	for (size_t i = 0; i < n_pieces; i++) {
		if (EVP_DigestUpdate(ctx, pieces[i].iov_base, pieces[i].iov_len) != 1)
			return -EIO;
	}
	return ctx_finish(ctx, ret_digest);
}

int sha256_buffer(const void *data, size_t size, uint8_t ret_digest[SHA256_LEN])
{
	struct iovec piece = {.iov_base = (void *)data, .iov_len = size};

	return sha256_iov(&piece, 1, ret_digest);
}

int sha256_fd(int fd, uint64_t size, uint8_t ret_digest[SHA256_LEN])
{
	_cleanup_(ctx_freep) EVP_MD_CTX *ctx = NULL;
	_cleanup_free_ char *chunk = NULL;
	uint64_t done = 0;
	int r;

	chunk = malloc(CHUNK);
	if (!chunk)
		return -ENOMEM;

	r = ctx_new(&ctx);
	if (r < 0)
		return r;

	for (;;) {
		ssize_t n = pread(fd, chunk, CHUNK, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (uint64_t)n;
		if (done > size)
			return -ESTALE;
		if (EVP_DigestUpdate(ctx, chunk, (size_t)n) != 1)
			return -EIO;
	}
	if (done != size)
		return -ESTALE;
	return ctx_finish(ctx, ret_digest);
}
