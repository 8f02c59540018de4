// SPDX-License-Identifier: LGPL-2.1-or-later
/* See mac.h. Pure. HMAC is RFC 2104's, as each key serves for two messages only. */

#include "evidence/mac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/cleanup.h"

#define BLOCK 64 /* of SHA-256 */
#define MESSAGE 64 /* bytes that are hashed in one go */

struct mac {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	uint8_t key[MAC_LEN];
};

struct mac *mac_free(struct mac *mac)
{
	if (!mac)
		return NULL;
	EVP_MD_CTX_free(mac->digest);
	EVP_MD_free(mac->sha256);
	explicit_bzero(mac->key, sizeof(mac->key));
	free(mac);
	return NULL;
}

void mac_freep(struct mac **mac)
{
	(void)mac_free(*mac);
}

int mac_new(struct mac **ret_mac)
{
	_cleanup_(mac_freep) struct mac *mac = calloc(1, sizeof(*mac));

	if (!mac)
		return -ENOMEM;
	mac->digest = EVP_MD_CTX_new();
	if (!mac->digest)
		return -ENOMEM;
	mac->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!mac->sha256 || EVP_MD_get_size(mac->sha256) != SHA256_LEN)
		return -EIO;

	*ret_mac = TAKE_PTR(mac);
	return 0;
}

void mac_start(struct mac *mac, const uint8_t key[MAC_LEN])
{
	memcpy(mac->key, key, MAC_LEN);
}

/* A hash over the padded key and what fits behind it. */
static int half(struct mac *mac, uint8_t pad, const void *data, size_t size, uint8_t *ret_hash)
{
	uint8_t block[BLOCK + MESSAGE];
	size_t fits = size < MESSAGE ? size : MESSAGE;
	int ok;

	memset(block, pad, BLOCK);
	for (size_t i = 0; i < MAC_LEN; i++)
		block[i] ^= mac->key[i];
	memcpy(block + BLOCK, data, fits);
	ok = EVP_DigestInit_ex2(mac->digest, mac->sha256, NULL) == 1 &&
	     EVP_DigestUpdate(mac->digest, block, BLOCK + fits) == 1 &&
	     (fits == size ||
	      EVP_DigestUpdate(mac->digest, (const uint8_t *)data + fits, size - fits) == 1) &&
	     EVP_DigestFinal_ex(mac->digest, ret_hash, NULL) == 1;
	explicit_bzero(block, BLOCK);
	return ok ? 0 : -EIO;
}

static int hmac(struct mac *mac, const void *data, size_t size, uint8_t *ret_tag)
{
	uint8_t inner[MAC_LEN];
	int r;

	r = half(mac, 0x36, data, size, inner);
	if (r < 0)
		return r;
	return half(mac, 0x5c, inner, sizeof(inner), ret_tag);
}

static int step(struct mac *mac)
{
	uint8_t next[MAC_LEN];
	int r;

	r = hmac(mac, "next", 4, next);
	if (r < 0)
		return r;
	memcpy(mac->key, next, MAC_LEN);
	explicit_bzero(next, sizeof(next));
	return 0;
}

int mac_next(struct mac *mac, const void *data, size_t size, uint8_t ret_tag[MAC_LEN])
{
	int r;

	r = hmac(mac, data, size, ret_tag);
	return r < 0 ? r : step(mac);
}

int mac_check(struct mac *mac, const void *data, size_t size, const uint8_t tag[MAC_LEN])
{
	uint8_t expected[MAC_LEN];
	int r;

	r = hmac(mac, data, size, expected);
	if (r < 0)
		return r;
	return CRYPTO_memcmp(expected, tag, MAC_LEN) == 0 ? step(mac) : MAC_E_WRONG;
}
