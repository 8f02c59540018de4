// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What this binary is, by content: a later holdfastd is itself if it is the same; and whether the
 * guard in it is the one that was built into it.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/sha256.h"

static size_t object_size(void)
{
	return (size_t)(guard_object_end - guard_object_start);
}

int build_identify(struct guard_build *ret_build)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct guard_build build = {};
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	build.daemon_size = (uint64_t)st.st_size;
	r = sha256_fd(fd, build.daemon_size, build.daemon);
	if (r)
		return r < 0 ? r : -EIO;
	r = sha256_buffer(guard_object_start, object_size(), build.object);
	if (r < 0)
		return r;
	*ret_build = build;
	return 0;
}

static int signature_verify(EVP_PKEY *key, EVP_MD_CTX *context)
{
	if (!key || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
		return -EIO;
	return EVP_DigestVerify(context, guard_object_signature, GUARD_SIGNATURE_LEN,
				(const unsigned char *)guard_object_start, object_size()) == 1
		       ? 0
		       : GUARD_E_TRUST;
}

int guard_origin(struct guard_origin *ret_origin)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, guard_object_key,
						    GUARD_KEY_LEN);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int r = signature_verify(key, context);

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	if (r)
		return r;
	memcpy(ret_origin->key, guard_object_key, GUARD_KEY_LEN);
	return sha256_buffer(guard_object_start, object_size(), ret_origin->object);
}
