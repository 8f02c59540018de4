/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hash trees of RFC 6962, section 2.1, over SHA-256: hashes, a tree that leaves are appended to,
 * and the checks of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Knows nothing of files.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

/* Levels of a tree whose size is an uint64_t. */
#define MERKLE_LEVELS 64

/* Hashes in a proof: what a tree of 2^63 leaves takes, and no more is ever read. */
#define MERKLE_MAX_PROOF 63

enum merkle_outcome {
	_MERKLE_E_SUCCESS,
	MERKLE_E_WRONG, /* the proof does not show what it is said to show */
	MERKLE_E_FULL, /* the tree has as many leaves as a size can count */
};

struct merkle_hash {
	uint8_t bytes[SHA256_LEN];
};

/* Opaque: SHA-256, fetched once and used for one hash after the other. For one thread. */
struct merkle;

/*
 * The right edge of a tree, all that appending takes: the bits of @size say which of @levels are a
 * part of it, levels[k] then being the hash of 2^k leaves. {0} is the empty tree.
 */
struct merkle_edge {
	uint64_t size;
	struct merkle_hash levels[MERKLE_LEVELS];
};

/**
 * merkle_new() - get what hashing takes
 * @ret_merkle: the caller frees it by merkle_free()
 * Return: 0; -ENOMEM; -EIO if libcrypto has no SHA-256.
 */
int merkle_new(struct merkle **ret_merkle);

/* merkle_free() - free it; NULL is allowed */
struct merkle *merkle_free(struct merkle *merkle);

/* merkle_freep() - merkle_free(), for _cleanup_() */
void merkle_freep(struct merkle **merkle);

/**
 * merkle_leaf() - SHA-256 of 0x00 and an entry
 * @entry: @size bytes; NULL if @size is 0
 * Return: 0; -EIO if libcrypto refuses.
 */
int merkle_leaf(struct merkle *merkle, const void *entry, size_t size,
		struct merkle_hash *ret_hash);

/**
 * merkle_node() - SHA-256 of 0x01, left and right
 * @ret_hash: may be @left or @right
 * Return: 0; -EIO if libcrypto refuses.
 */
int merkle_node(struct merkle *merkle, const struct merkle_hash *left,
		const struct merkle_hash *right, struct merkle_hash *ret_hash);

/**
 * merkle_edge_append() - one more leaf
 * @edge: changed if 0 is returned; otherwise it is of no use any more
 * @leaf: what merkle_leaf() made of the entry
 *
 * Afterwards levels[k] is the hash of the last 2^k leaves for each k that @edge->size is a multiple
 * of 2^k for, whatever the bits of the size say: who stores hashes of level 8 reads levels[8] each
 * time that the size is a multiple of 256.
 * Return: 0; MERKLE_E_FULL; -EIO if libcrypto refuses.
 */
int merkle_edge_append(struct merkle *merkle, struct merkle_edge *edge,
		       const struct merkle_hash *leaf);

/**
 * merkle_edge_root() - the root of the tree as it is; of no leaves, SHA-256 of nothing
 * Return: 0; -EIO if libcrypto refuses.
 */
int merkle_edge_root(struct merkle *merkle, const struct merkle_edge *edge,
		     struct merkle_hash *ret_root);

/* A tree that somebody has signed. */
struct merkle_tree {
	uint64_t size; /* leaves */
	struct merkle_hash root;
};

/* Hashes of a proof, in the order of the RFC. Borrowed. */
struct merkle_proof {
	const struct merkle_hash *hashes;
	size_t n_hashes;
};

/**
 * merkle_check_inclusion() - whether a leaf is at an index of a tree
 * @index: from 0
 * @proof: as it came
 * Return: 0 if it is; MERKLE_E_WRONG if that is not shown, also if the index is none of the tree or
 * there are too few, too many or more than MERKLE_MAX_PROOF hashes; -EIO if libcrypto refuses.
 */
int merkle_check_inclusion(struct merkle *merkle, uint64_t index, const struct merkle_hash *leaf,
			   const struct merkle_tree *tree, const struct merkle_proof *proof);

/**
 * merkle_check_consistency() - whether a tree continues an earlier one
 * @proof: as it came; without a hash if both have the same size, or the earlier one no leaf
 *
 * Every tree continues the empty one, whose root has to be SHA-256 of nothing all the same.
 * Return: 0 if it does; MERKLE_E_WRONG if that is not shown, also if @later is smaller than
 * @earlier or there are too few, too many or more than MERKLE_MAX_PROOF hashes; -EIO if libcrypto
 * refuses.
 */
int merkle_check_consistency(struct merkle *merkle, const struct merkle_tree *earlier,
			     const struct merkle_tree *later, const struct merkle_proof *proof);
