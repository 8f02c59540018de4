// SPDX-License-Identifier: LGPL-2.1-or-later
/* The right side of a tree as tiles, held against the recursion of RFC 6962. */

#include "evidence/front.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "naive.h"
#include "test.h"

#define LEAVES ((size_t)65536 + 700)

static void each_level_has_the_roots_of_the_tiles_below(void **state)
{
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	_cleanup_free_ struct naive_hash *leaves = calloc(LEAVES, sizeof(*leaves));
	_cleanup_free_ struct front *front = calloc(1, sizeof(*front));
	_cleanup_free_ struct front *again = calloc(1, sizeof(*again));
	struct naive_hash hash;
	struct merkle_hash root;

	assert_true(leaves && front && again);
	assert_int_equal(merkle_new(&merkle), 0);
	for (size_t i = 0; i < LEAVES; i++) {
		leaves[i] = naive_leaf(&i, sizeof(i));
		assert_int_equal(front_push(merkle, front, (struct merkle_hash *)&leaves[i]), 0);
		if (!front_fills(i + 1, 0))
			continue;
		hash = naive_root(leaves + i - 255, 256);
		assert_memory_equal(&front->tiles[1][i / 256 % 256], &hash, 32);
	}
	hash = naive_root(leaves, 65536);
	assert_memory_equal(&front->tiles[2][0], &hash, 32);

	/* what the tiles have is enough to go on */
	memcpy(again->tiles, front->tiles, sizeof(front->tiles));
	assert_int_equal(front_start(merkle, again, LEAVES), 0);
	hash = naive_root(leaves, LEAVES);
	assert_int_equal(merkle_edge_root(merkle, &again->edge, &root), 0);
	assert_memory_equal(&root, &hash, 32);
}

static void sizes_say_what_is_full(void **state)
{
	assert_int_equal(front_width(70000, 0), 112);
	assert_int_equal(front_width(70000, 1), 17);
	assert_int_equal(front_width(70000, 2), 1);
	assert_int_equal(front_width(70000, 3), 0);
	assert_int_equal(front_tile(70000, 0), 273);
	assert_int_equal(front_tile(70000, 1), 1);
	assert_int_equal(front_tile(UINT64_MAX, 7), 0);
	assert_int_equal(front_width(UINT64_MAX, 7), 255);
	assert_false(front_fills(0, 0));
	assert_true(front_fills(256, 0));
	assert_false(front_fills(256, 1));
	assert_true(front_fills(65536, 1));
	assert_false(front_fills(65792, 1));
	assert_true(front_fills(1ull << 56, 6));
	assert_false(front_fills(1ull << 56, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_level_has_the_roots_of_the_tiles_below),
		cmocka_unit_test(sizes_say_what_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
