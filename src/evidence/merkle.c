// SPDX-License-Identifier: LGPL-2.1-or-later
/* See merkle.h. Pure. */

#include "evidence/merkle.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <openssl/evp.h>

#include "base/cleanup.h"

struct merkle {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
};

struct merkle *merkle_free(struct merkle *merkle)
{
	if (!merkle)
		return NULL;
	EVP_MD_CTX_free(merkle->digest);
	EVP_MD_free(merkle->sha256);
	free(merkle);
	return NULL;
}

void merkle_freep(struct merkle **merkle)
{
	(void)merkle_free(*merkle);
}

int merkle_new(struct merkle **ret_merkle)
{
	_cleanup_(merkle_freep) struct merkle *merkle = calloc(1, sizeof(*merkle));

	if (!merkle)
		return -ENOMEM;
	merkle->digest = EVP_MD_CTX_new();
	if (!merkle->digest)
		return -ENOMEM;
	merkle->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!merkle->sha256 || EVP_MD_get_size(merkle->sha256) != SHA256_LEN)
		return -EIO;

	*ret_merkle = TAKE_PTR(merkle);
	return 0;
}

/* One update for short input: what libcrypto does around a hash costs as much as the hash. */
static int digest(struct merkle *merkle, const void *head, size_t n_head, const struct iovec *tail,
		  struct merkle_hash *ret_hash)
{
	uint8_t hash[SHA256_LEN];

	if (EVP_DigestInit_ex2(merkle->digest, merkle->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(merkle->digest, head, n_head) != 1 ||
	    (tail && EVP_DigestUpdate(merkle->digest, tail->iov_base, tail->iov_len) != 1) ||
	    EVP_DigestFinal_ex(merkle->digest, hash, NULL) != 1)
		return -EIO;
	memcpy(ret_hash->bytes, hash, SHA256_LEN);
	return 0;
}

int merkle_leaf(struct merkle *merkle, const void *entry, size_t size, struct merkle_hash *ret_hash)
{
	struct iovec rest = {(void *)entry, size};
	uint8_t short_leaf[256] = {0x00};

	if (size >= sizeof(short_leaf))
		return digest(merkle, short_leaf, 1, &rest, ret_hash);
	if (size)
		memcpy(short_leaf + 1, entry, size);
	return digest(merkle, short_leaf, 1 + size, NULL, ret_hash);
}

int merkle_node(struct merkle *merkle, const struct merkle_hash *left,
		const struct merkle_hash *right, struct merkle_hash *ret_hash)
{
	uint8_t node[1 + 2 * SHA256_LEN] = {0x01};

	memcpy(node + 1, left->bytes, SHA256_LEN);
	memcpy(node + 1 + SHA256_LEN, right->bytes, SHA256_LEN);
	return digest(merkle, node, sizeof(node), NULL, ret_hash);
}

int merkle_edge_append(struct merkle *merkle, struct merkle_edge *edge,
		       const struct merkle_hash *leaf)
{
	struct merkle_hash hash = *leaf;
	unsigned level = 0;

	if (edge->size == UINT64_MAX)
		return MERKLE_E_FULL;
	for (; edge->size >> level & 1; level++) {
		struct merkle_hash left = edge->levels[level];
		int r;

		edge->levels[level] = hash;
		r = merkle_node(merkle, &left, &hash, &hash);
		if (r < 0)
			return r;
	}
	edge->levels[level] = hash;
	edge->size++;
	return 0;
}

int merkle_edge_root(struct merkle *merkle, const struct merkle_edge *edge,
		     struct merkle_hash *ret_root)
{
	struct merkle_hash root;
	unsigned level;

	if (!edge->size)
		return digest(merkle, "", 0, NULL, ret_root);

	level = (unsigned)__builtin_ctzll(edge->size);
	root = edge->levels[level];
	while (++level < MERKLE_LEVELS) {
		int r;

		if (!(edge->size >> level & 1))
			continue;
		r = merkle_node(merkle, &edge->levels[level], &root, &root);
		if (r < 0)
			return r;
	}
	*ret_root = root;
	return 0;
}

static bool equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_LEN) == 0;
}

/* The way up from a node to the root, which is at its end once @last is 0. */
struct climb {
	uint64_t node;
	uint64_t last; /* of the same level */
};

/* Whether the next hash stands to the left; the way then goes on from the node above both. */
static bool climb(struct climb *at)
{
	bool left = (at->node & 1) || at->node == at->last;

	/* a node that is last and alone on its level is the one above as well */
	while (left && !(at->node & 1) && at->node) {
		at->node >>= 1;
		at->last >>= 1;
	}
	at->node >>= 1;
	at->last >>= 1;
	return left;
}

int merkle_check_inclusion(struct merkle *merkle, uint64_t index, const struct merkle_hash *leaf,
			   const struct merkle_tree *tree, const struct merkle_proof *proof)
{
	struct merkle_hash root = *leaf;
	struct climb at = {index, tree->size - 1};

	if (index >= tree->size || proof->n_hashes > MERKLE_MAX_PROOF)
		return MERKLE_E_WRONG;
	for (size_t i = 0; i < proof->n_hashes; i++) {
		const struct merkle_hash *hash = &proof->hashes[i];
		int r;

		if (at.last == 0)
			return MERKLE_E_WRONG;
		r = climb(&at) ? merkle_node(merkle, hash, &root, &root)
			       : merkle_node(merkle, &root, hash, &root);
		if (r < 0)
			return r;
	}
	return at.last == 0 && equal(&root, &tree->root) ? 0 : MERKLE_E_WRONG;
}

static int check_without_hashes(struct merkle *merkle, const struct merkle_tree *earlier,
				const struct merkle_tree *later, const struct merkle_proof *proof)
{
	struct merkle_hash empty;
	int r;

	if (proof->n_hashes)
		return MERKLE_E_WRONG;
	if (earlier->size) /* the same size */
		return equal(&earlier->root, &later->root) ? 0 : MERKLE_E_WRONG;
	r = digest(merkle, "", 0, NULL, &empty);
	if (r < 0)
		return r;
	if (!equal(&earlier->root, &empty) || (!later->size && !equal(&later->root, &empty)))
		return MERKLE_E_WRONG;
	return 0;
}

int merkle_check_consistency(struct merkle *merkle, const struct merkle_tree *earlier,
			     const struct merkle_tree *later, const struct merkle_proof *proof)
{
	struct climb at = {earlier->size - 1, later->size - 1};
	struct merkle_hash first, second;
	size_t i = 0;

	if (earlier->size > later->size || proof->n_hashes > MERKLE_MAX_PROOF)
		return MERKLE_E_WRONG;
	if (earlier->size == 0 || earlier->size == later->size)
		return check_without_hashes(merkle, earlier, later, proof);
	if (proof->n_hashes == 0)
		return MERKLE_E_WRONG;

	for (; at.node & 1; at.node >>= 1)
		at.last >>= 1;
	/* a tree of 2^k leaves is one of the nodes itself */
	first = at.node ? proof->hashes[i++] : earlier->root;
	second = first;
	for (; i < proof->n_hashes; i++) {
		const struct merkle_hash *hash = &proof->hashes[i];
		int r;

		if (at.last == 0)
			return MERKLE_E_WRONG;
		if (climb(&at)) {
			r = merkle_node(merkle, hash, &first, &first);
			if (r < 0)
				return r;
			r = merkle_node(merkle, hash, &second, &second);
		} else {
			r = merkle_node(merkle, &second, hash, &second);
		}
		if (r < 0)
			return r;
	}
	return at.last == 0 && equal(&first, &earlier->root) && equal(&second, &later->root)
		       ? 0
		       : MERKLE_E_WRONG;
}
