// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/merkle.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "naive.h"
#include "test.h"

#define LEAVES 70

static struct merkle *merkle;
static struct naive_hash leaves[LEAVES];

static int setup(void **state)
{
	for (unsigned i = 0; i < LEAVES; i++)
		leaves[i] = naive_leaf(&i, sizeof(i));
	return merkle_new(&merkle);
}

static int teardown(void **state)
{
	merkle = merkle_free(merkle);
	return 0;
}

static const struct merkle_hash *as_merkle(const struct naive_hash *hash)
{
	return (const struct merkle_hash *)hash;
}

static struct merkle_tree tree_of(size_t size)
{
	struct naive_hash root = naive_root(leaves, size);
	struct merkle_tree tree = {.size = size, .root = *as_merkle(&root)};

	return tree;
}

/* Certificate Transparency's own test leaves, and what everybody gets for them. */
static void the_roots_of_the_eight_known_leaves(void **state)
{
	static const char *const rows[9][2] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"00", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{"10", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
		{"2021", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
		{"3031", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
		{"40414243", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
		{"5051525354555657",
		 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
		{"606162636465666768696a6b6c6d6e6f",
		 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
		{NULL, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	struct merkle_edge edge = {0};

	for (size_t n = 0; n <= 8; n++) {
		struct merkle_hash root, leaf;
		uint8_t entry[16];
		char text[65];
		size_t size = rows[n][0] ? strlen(rows[n][0]) / 2 : 0;

		assert_int_equal(merkle_edge_root(merkle, &edge, &root), 0);
		hex_encode(root.bytes, 32, text);
		assert_string_equal(text, rows[n][1]);
		if (n == 8)
			break;
		assert_int_equal(hex_decode(rows[n][0], entry, size), 0);
		assert_int_equal(merkle_leaf(merkle, entry, size, &leaf), 0);
		assert_int_equal(merkle_edge_append(merkle, &edge, &leaf), 0);
		assert_int_equal(edge.size, n + 1);
	}
}

/* Around the length that is copied, and the longest that a bundle can hold. */
static void leaves_of_every_length(void **state)
{
	static const size_t sizes[] = {0, 1, 54, 55, 56, 63, 64, 254, 255, 256, 257, 65535};
	static uint8_t entry[65535];

	memset(entry, 0x5a, sizeof(entry));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct naive_hash expected = naive_leaf(entry, sizes[i]);
		struct merkle_hash hash;

		assert_int_equal(merkle_leaf(merkle, entry, sizes[i], &hash), 0);
		assert_memory_equal(&hash, &expected, 32);
	}
}

/* Who writes tiles reads them from there. */
static void an_edge_has_the_hash_of_each_subtree_that_ends_at_it(void **state)
{
	struct merkle_edge edge = {0};

	for (size_t n = 1; n <= LEAVES; n++) {
		struct naive_hash expected = naive_root(leaves, n);
		struct merkle_hash root;

		assert_int_equal(merkle_edge_append(merkle, &edge, as_merkle(&leaves[n - 1])), 0);
		assert_int_equal(merkle_edge_root(merkle, &edge, &root), 0);
		assert_memory_equal(&root, &expected, 32);
		for (unsigned k = 0; n % (1U << k) == 0; k++) {
			expected = naive_root(leaves + n - (1U << k), 1U << k);
			assert_memory_equal(&edge.levels[k], &expected, 32);
		}
	}
}

static void a_tree_without_room_takes_no_leaf(void **state)
{
	struct merkle_edge edge = {.size = UINT64_MAX};

	assert_int_equal(merkle_edge_append(merkle, &edge, as_merkle(&leaves[0])), MERKLE_E_FULL);
	edge.size--;
	assert_int_equal(merkle_edge_append(merkle, &edge, as_merkle(&leaves[0])), 0);
	assert_true(edge.size == UINT64_MAX);
}

static int inclusion(size_t index, const struct naive_hash *leaf, const struct merkle_tree *tree,
		     const struct naive_hash *path, size_t n)
{
	struct merkle_proof proof = {as_merkle(path), n};

	return merkle_check_inclusion(merkle, index, as_merkle(leaf), tree, &proof);
}

static void every_leaf_is_shown_to_be_in_every_tree(void **state)
{
	for (size_t size = 1; size <= LEAVES; size++) {
		struct merkle_tree tree = tree_of(size);

		for (size_t i = 0; i < size; i++) {
			struct naive_hash path[MERKLE_MAX_PROOF + 1];
			size_t n = naive_path(leaves, size, i, path);

			assert_int_equal(inclusion(i, &leaves[i], &tree, path, n), 0);
			/* at another place, in another tree, or with a hash less or more */
			assert_int_equal(inclusion(i ^ 1, &leaves[i], &tree, path, n),
					 MERKLE_E_WRONG);
			assert_int_equal(inclusion(i + size, &leaves[i], &tree, path, n),
					 MERKLE_E_WRONG);
			if (n)
				assert_int_equal(inclusion(i, &leaves[i], &tree, path, n - 1),
						 MERKLE_E_WRONG);
			path[n] = leaves[0];
			assert_int_equal(inclusion(i, &leaves[i], &tree, path, n + 1),
					 MERKLE_E_WRONG);
		}
		assert_int_equal(inclusion(size, &leaves[0], &tree, leaves, 0), MERKLE_E_WRONG);
	}
}

static void a_flipped_bit_is_not_included(void **state)
{
	struct naive_hash path[MERKLE_MAX_PROOF], leaf = leaves[21];
	struct merkle_tree tree = tree_of(LEAVES);
	size_t n = naive_path(leaves, LEAVES, 21, path);

	assert_int_equal(inclusion(21, &leaf, &tree, path, n), 0);
	for (size_t bit = 0; bit < n * 256; bit++) {
		uint8_t *byte = &path[bit / 256].bytes[bit % 256 / 8];

		*byte ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(inclusion(21, &leaf, &tree, path, n), MERKLE_E_WRONG);
		*byte ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		leaf.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(inclusion(21, &leaf, &tree, path, n), MERKLE_E_WRONG);
		leaf.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		tree.root.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(inclusion(21, &leaf, &tree, path, n), MERKLE_E_WRONG);
		tree.root.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static int consistency(const struct merkle_tree *earlier, const struct merkle_tree *later,
		       const struct naive_hash *hashes, size_t n)
{
	struct merkle_proof proof = {as_merkle(hashes), n};

	return merkle_check_consistency(merkle, earlier, later, &proof);
}

static void flip_consistency(struct merkle_tree *earlier, struct merkle_tree *later,
			     struct naive_hash *hashes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		hashes[i].bytes[i % 32] ^= 1;
		assert_int_equal(consistency(earlier, later, hashes, n), MERKLE_E_WRONG);
		hashes[i].bytes[i % 32] ^= 1;
	}
	earlier->root.bytes[31] ^= 0x80;
	assert_int_equal(consistency(earlier, later, hashes, n), MERKLE_E_WRONG);
	earlier->root.bytes[31] ^= 0x80;
	later->root.bytes[0] ^= 1;
	assert_int_equal(consistency(earlier, later, hashes, n), MERKLE_E_WRONG);
	later->root.bytes[0] ^= 1;
}

static void every_tree_is_shown_to_continue_every_earlier_one(void **state)
{
	for (size_t size = 1; size <= LEAVES; size++) {
		struct merkle_tree later = tree_of(size);

		for (size_t m = 1; m <= size; m++) {
			struct naive_hash hashes[MERKLE_MAX_PROOF + 1];
			struct merkle_tree earlier = tree_of(m);
			size_t n = naive_proof(leaves, size, m, hashes);

			assert_int_equal(consistency(&earlier, &later, hashes, n), 0);
			flip_consistency(&earlier, &later, hashes, n);
			if (m < size) {
				assert_int_equal(consistency(&later, &earlier, hashes, n),
						 MERKLE_E_WRONG);
				assert_int_equal(consistency(&earlier, &later, hashes, n - 1),
						 MERKLE_E_WRONG);
			}
			hashes[n] = leaves[0];
			assert_int_equal(consistency(&earlier, &later, hashes, n + 1),
					 MERKLE_E_WRONG);
		}
	}
}

static void every_tree_continues_the_empty_one(void **state)
{
	struct merkle_tree empty = tree_of(0), later = tree_of(3);

	assert_int_equal(consistency(&empty, &empty, leaves, 0), 0);
	assert_int_equal(consistency(&empty, &later, leaves, 0), 0);
	assert_int_equal(consistency(&empty, &later, leaves, 1), MERKLE_E_WRONG);
	assert_int_equal(consistency(&later, &empty, leaves, 0), MERKLE_E_WRONG);
	empty.root.bytes[0] ^= 1;
	assert_int_equal(consistency(&empty, &later, leaves, 0), MERKLE_E_WRONG);
	assert_int_equal(consistency(&empty, &empty, leaves, 0), MERKLE_E_WRONG);
}

/* A tree of more than 2^63 leaves has 64 hashes above its first one. */
static void a_proof_has_63_hashes_at_most(void **state)
{
	struct naive_hash path[MERKLE_MAX_PROOF + 1], root = leaves[0];
	struct merkle_tree tree = {.size = UINT64_C(1) << 63};

	for (size_t i = 0; i <= MERKLE_MAX_PROOF; i++) {
		if (i == MERKLE_MAX_PROOF)
			tree.root = *as_merkle(&root);
		path[i] = leaves[i];
		root = naive_node(&root, &path[i]);
	}
	assert_int_equal(inclusion(0, &leaves[0], &tree, path, 63), 0);
	tree = (struct merkle_tree){.size = UINT64_MAX, .root = *as_merkle(&root)};
	assert_int_equal(inclusion(0, &leaves[0], &tree, path, 64), MERKLE_E_WRONG);
}

static int make(void *userdata)
{
	struct merkle *made = NULL;
	int r = merkle_new(&made);

	assert_true(!made == !!r);
	(void)merkle_free(made);
	return r;
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	alloc_check(make, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_roots_of_the_eight_known_leaves),
		cmocka_unit_test(leaves_of_every_length),
		cmocka_unit_test(an_edge_has_the_hash_of_each_subtree_that_ends_at_it),
		cmocka_unit_test(a_tree_without_room_takes_no_leaf),
		cmocka_unit_test(every_leaf_is_shown_to_be_in_every_tree),
		cmocka_unit_test(a_flipped_bit_is_not_included),
		cmocka_unit_test(every_tree_is_shown_to_continue_every_earlier_one),
		cmocka_unit_test(every_tree_continues_the_empty_one),
		cmocka_unit_test(a_proof_has_63_hashes_at_most),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
