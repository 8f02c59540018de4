/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* RFC 6962 word by word, recursive and slow: what the code under test is held against. */

#include <stddef.h>
#include <stdint.h>

struct naive_hash {
	uint8_t bytes[32];
};

/* naive_leaf() - of an entry */
struct naive_hash naive_leaf(const void *entry, size_t size);

/* naive_node() - of two hashes */
struct naive_hash naive_node(const struct naive_hash *left, const struct naive_hash *right);

/* naive_root() - MTH(D[n]), section 2.1, of the leaves' hashes */
struct naive_hash naive_root(const struct naive_hash *leaves, size_t n);

/* naive_path() - PATH(m, D[n]), section 2.1.1; returns how many hashes */
size_t naive_path(const struct naive_hash *leaves, size_t n, size_t m, struct naive_hash *ret);

/* naive_proof() - PROOF(m, D[n]), section 2.1.2; returns how many hashes */
size_t naive_proof(const struct naive_hash *leaves, size_t n, size_t m, struct naive_hash *ret);
