// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/prove.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/reader.h"
#include "log.h"
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

/* Only perfect trees that lie within the size are ever asked for. */
static int read_naive(void *userdata, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	size_t size = *(size_t *)userdata;
	struct naive_hash hash;

	assert_true(level < 7);
	assert_true((index + 1) << level <= size);
	hash = naive_root(leaves + (index << level), (size_t)1 << level);
	memcpy(ret_hash, &hash, sizeof(hash));
	return 0;
}

static void every_proof_is_the_one_of_the_rfc(void **state)
{
	for (size_t size = 1; size <= LEAVES; size++) {
		struct prove_source source = {read_naive, &size, merkle};
		struct naive_hash expected[MERKLE_MAX_PROOF];
		struct prove_hashes proof;

		for (size_t i = 0; i < size; i++) {
			size_t n = naive_path(leaves, size, i, expected);

			assert_int_equal(prove_inclusion(&source, i, size, &proof), 0);
			assert_int_equal(proof.n, n);
			assert_memory_equal(proof.hashes, expected, n * 32);
		}
		for (size_t m = 1; m <= size; m++) {
			size_t n = naive_proof(leaves, size, m, expected);

			assert_int_equal(prove_consistency(&source, m, size, &proof), 0);
			assert_int_equal(proof.n, n);
			assert_memory_equal(proof.hashes, expected, n * 32);
		}
		assert_int_equal(prove_consistency(&source, 0, size, &proof), 0);
		assert_int_equal(proof.n, 0);
	}
}

static void what_cannot_be_proved(void **state)
{
	size_t size = 5;
	struct prove_source source = {read_naive, &size, merkle};
	struct prove_hashes proof;
	struct merkle_hash root;

	assert_int_equal(prove_inclusion(&source, 5, 5, &proof), -EINVAL);
	assert_int_equal(prove_inclusion(&source, 0, 0, &proof), -EINVAL);
	assert_int_equal(prove_inclusion(&source, 0, UINT64_C(1) << 63, &proof), -EINVAL);
	assert_int_equal(prove_consistency(&source, 6, 5, &proof), -EINVAL);
	assert_int_equal(prove_consistency(&source, 6, UINT64_C(1) << 63, &proof), -EINVAL);
	assert_int_equal(prove_root(&source, 0, &root), -EINVAL);
}

static int read_zero(void *userdata, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	*ret_hash = (struct merkle_hash){0};
	return 0;
}

static void the_largest_tree_takes_63_hashes(void **state)
{
	struct prove_source source = {read_zero, NULL, merkle};
	struct prove_hashes proof;

	assert_int_equal(prove_inclusion(&source, 0, INT64_MAX, &proof), 0);
	assert_int_equal(proof.n, 63);
	assert_int_equal(prove_inclusion(&source, INT64_MAX - 1, INT64_MAX, &proof), 0);
	assert_int_equal(prove_consistency(&source, 3, UINT64_C(1) << 62, &proof), 0);
	assert_int_equal(proof.n, 63);
	/* nobody reads one of 64 */
	assert_int_equal(prove_consistency(&source, 3, INT64_MAX, &proof), -EINVAL);
}

static void from_the_tiles_of(size_t size, const size_t *places, size_t n_places)
{
	_cleanup_(reader_freep) struct reader *reader = NULL;
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct naive_hash expected[MERKLE_MAX_PROOF], root;
	struct prove_hashes proof;
	struct prove_source source;
	struct merkle_hash own;

	log_make(size, &log);
	assert_int_equal(reader_new(log.dir_fd, size, merkle, &reader), 0);
	source = reader_source(reader, NULL);
	root = naive_root(log.leaves, size);
	assert_int_equal(prove_root(&source, size, &own), 0);
	assert_memory_equal(&own, &root, 32);
	for (size_t i = 0; i < n_places; i++) {
		size_t n = naive_path(log.leaves, size, places[i], expected);

		assert_int_equal(prove_inclusion(&source, places[i], size, &proof), 0);
		assert_int_equal(proof.n, n);
		assert_memory_equal(proof.hashes, expected, n * 32);

		n = naive_proof(log.leaves, size, places[i] + 1, expected);
		assert_int_equal(prove_consistency(&source, places[i] + 1, size, &proof), 0);
		assert_int_equal(proof.n, n);
		assert_memory_equal(proof.hashes, expected, n * 32);
	}
}

static void proofs_are_made_from_tiles(void **state)
{
	static const size_t few[] = {0}, some[] = {0, 1, 255, 256, 511, 512, 600, 698, 699};
	static const size_t many[] = {0, 255, 256, 33333, 65535, 65536, 69887, 69888, 69999};

	from_the_tiles_of(1, few, 1);
	from_the_tiles_of(256, some, 3);
	from_the_tiles_of(700, some, 9);
	from_the_tiles_of(70000, many, 9);
}

static void a_tile_that_is_missing_is_named(void **state)
{
	_cleanup_(reader_freep) struct reader *reader = NULL;
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct prove_source source;
	struct prove_hashes proof;
	struct diag diag = {0};

	log_make(700, &log);
	log_remove(&log, "tile/0/001");
	assert_int_equal(reader_new(log.dir_fd, 700, merkle, &reader), 0);
	source = reader_source(reader, &diag);
	assert_int_equal(prove_inclusion(&source, 0, 700, &proof), 0);
	assert_int_equal(prove_inclusion(&source, 300, 700, &proof), FOLDER_E_MISSING);
	assert_string_equal(diag.text, "tile/0/001: it is not there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_proof_is_the_one_of_the_rfc),
		cmocka_unit_test(what_cannot_be_proved),
		cmocka_unit_test(the_largest_tree_takes_63_hashes),
		cmocka_unit_test(proofs_are_made_from_tiles),
		cmocka_unit_test(a_tile_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
