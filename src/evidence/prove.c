// SPDX-License-Identifier: LGPL-2.1-or-later
/* See prove.h. Pure. */

#include "evidence/prove.h"

#include <errno.h>
#include <stdbool.h>

/* Leaves of a tree: @first is a multiple of the largest power of two that @n has. */
struct range {
	uint64_t first;
	uint64_t n;
};

/* From the smallest of the perfect trees that a range is made of to the largest. */
static int range_hash(const struct prove_source *source, struct range range,
		      struct merkle_hash *ret_hash)
{
	struct merkle_hash hash, left;
	bool begun = false;

	for (unsigned level = 0; range.n >> level; level++) {
		uint64_t above;
		int r;

		if (!(range.n >> level & 1))
			continue;
		above = level == 63 ? 0 : range.n >> (level + 1) << (level + 1);
		r = source->read(source->userdata, level, (range.first + above) >> level, &left);
		if (r)
			return r;
		if (begun) {
			r = merkle_node(source->merkle, &left, &hash, &hash);
			if (r < 0)
				return r;
		} else {
			hash = left;
		}
		begun = true;
	}
	*ret_hash = hash;
	return 0;
}

int prove_root(const struct prove_source *source, uint64_t size, struct merkle_hash *ret_root)
{
	return size ? range_hash(source, (struct range){0, size}, ret_root) : -EINVAL;
}

/* The largest power of two that is smaller than n, which is at least 2. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Proofs are read from the leaf up, and made from the root down. */
static int add_hashes(const struct prove_source *source, const struct range *ranges, size_t n,
		      struct prove_hashes *ret_hashes)
{
	if (n > MERKLE_MAX_PROOF)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int r = range_hash(source, ranges[n - 1 - i], &ret_hashes->hashes[i]);

		if (r)
			return r;
	}
	ret_hashes->n = n;
	return 0;
}

int prove_inclusion(const struct prove_source *source, uint64_t index, uint64_t size,
		    struct prove_hashes *ret_hashes)
{
	struct range ranges[MERKLE_LEVELS], at = {0, size};
	size_t n = 0;

	if (index >= size || size > INT64_MAX)
		return -EINVAL;
	while (at.n > 1) {
		uint64_t k = split(at.n);

		if (index - at.first < k) {
			ranges[n++] = (struct range){at.first + k, at.n - k};
			at.n = k;
		} else {
			ranges[n++] = (struct range){at.first, k};
			at = (struct range){at.first + k, at.n - k};
		}
	}
	return add_hashes(source, ranges, n, ret_hashes);
}

int prove_consistency(const struct prove_source *source, uint64_t earlier, uint64_t later,
		      struct prove_hashes *ret_hashes)
{
	struct range ranges[MERKLE_LEVELS + 1], at = {0, later};
	size_t n = 0;

	if (earlier > later || later > INT64_MAX)
		return -EINVAL;
	if (earlier == 0) {
		ret_hashes->n = 0;
		return 0;
	}
	while (at.first + at.n != earlier) {
		uint64_t k = split(at.n);

		if (earlier - at.first <= k) {
			ranges[n++] = (struct range){at.first + k, at.n - k};
			at.n = k;
		} else {
			ranges[n++] = (struct range){at.first, k};
			at = (struct range){at.first + k, at.n - k};
		}
	}
	/* a tree that is a node itself is known to whoever asks */
	if (at.first)
		ranges[n++] = at;
	return add_hashes(source, ranges, n, ret_hashes);
}
