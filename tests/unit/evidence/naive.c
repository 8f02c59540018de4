// SPDX-License-Identifier: LGPL-2.1-or-later
/* See naive.h. */

#include "naive.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/sha.h>

static struct naive_hash hash(const uint8_t *bytes, size_t size)
{
	struct naive_hash ret;

	(void)SHA256(bytes, size, ret.bytes);
	return ret;
}

struct naive_hash naive_leaf(const void *entry, size_t size)
{
	static uint8_t bytes[1 + 65535];

	bytes[0] = 0;
	if (size)
		memcpy(bytes + 1, entry, size);
	return hash(bytes, 1 + size);
}

struct naive_hash naive_node(const struct naive_hash *left, const struct naive_hash *right)
{
	uint8_t bytes[65] = {1};

	memcpy(bytes + 1, left->bytes, 32);
	memcpy(bytes + 33, right->bytes, 32);
	return hash(bytes, 65);
}

/* The largest power of two that is smaller than n. */
static size_t split(size_t n)
{
	size_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

struct naive_hash naive_root(const struct naive_hash *leaves, size_t n)
{
	struct naive_hash left, right;

	if (n == 0)
		return hash((const uint8_t *)"", 0);
	if (n == 1)
		return leaves[0];
	left = naive_root(leaves, split(n));
	right = naive_root(leaves + split(n), n - split(n));
	return naive_node(&left, &right);
}

size_t naive_path(const struct naive_hash *leaves, size_t n, size_t m, struct naive_hash *ret)
{
	size_t k = split(n), used;

	if (n == 1)
		return 0;
	if (m < k) {
		used = naive_path(leaves, k, m, ret);
		ret[used] = naive_root(leaves + k, n - k);
	} else {
		used = naive_path(leaves + k, n - k, m - k, ret);
		ret[used] = naive_root(leaves, k);
	}
	return used + 1;
}

static size_t subproof(const struct naive_hash *leaves, size_t n, size_t m, bool whole,
		       struct naive_hash *ret)
{
	size_t k = split(n), used;

	if (m == n) {
		if (whole)
			return 0;
		ret[0] = naive_root(leaves, m);
		return 1;
	}
	if (m <= k) {
		used = subproof(leaves, k, m, whole, ret);
		ret[used] = naive_root(leaves + k, n - k);
	} else {
		used = subproof(leaves + k, n - k, m - k, false, ret);
		ret[used] = naive_root(leaves, k);
	}
	return used + 1;
}

size_t naive_proof(const struct naive_hash *leaves, size_t n, size_t m, struct naive_hash *ret)
{
	return subproof(leaves, n, m, true, ret);
}
