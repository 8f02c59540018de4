/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proofs made of a tree's stored hashes: RFC 6962, sections 2.1.1 and 2.1.2. Pure: where hashes
 * come from is the caller's; src/evidence/reader.h has them from tiles.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/merkle.h"

struct prove_source {
	/*
	 * The hash of the 2^level leaves from index * 2^level on. Return: 0; anything else ends
	 * what was asked for and is returned.
	 */
	int (*read)(void *userdata, unsigned level, uint64_t index, struct merkle_hash *ret_hash);
	void *userdata;
	struct merkle *merkle;
};

/* A proof that is made. */
struct prove_hashes {
	struct merkle_hash hashes[MERKLE_MAX_PROOF];
	size_t n;
};

/**
 * prove_root() - the root of the first leaves
 * @size: how many, from 1
 * Return: 0; -EIO from libcrypto; what the source's read() has returned.
 */
int prove_root(const struct prove_source *source, uint64_t size, struct merkle_hash *ret_root);

/**
 * prove_inclusion() - what merkle_check_inclusion() takes
 * @index: of the leaf, below @size
 * @size:  of the tree, at most INT64_MAX
 * Return: as prove_root(); -EINVAL if there is no such leaf or tree.
 */
int prove_inclusion(const struct prove_source *source, uint64_t index, uint64_t size,
		    struct prove_hashes *ret_hashes);

/**
 * prove_consistency() - what merkle_check_consistency() takes
 * @earlier: size of the earlier tree, at most @later; of no leaf, there is nothing to prove
 * @later:   size of the later one, at most INT64_MAX
 * Return: as prove_root(); -EINVAL if there are no such trees, or more than MERKLE_MAX_PROOF hashes
 * would be needed, as above 2^62 leaves they can be.
 */
int prove_consistency(const struct prove_source *source, uint64_t earlier, uint64_t later,
		      struct prove_hashes *ret_hashes);
