// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/tile.h"

#include <string.h>

#include "test.h"

static void the_names_of_files(void **state)
{
	static const struct {
		struct tile tile;
		const char *path;
	} rows[] = {
		{{0, 0, 256}, "tile/0/000"},
		{{0, 0, 1}, "tile/0/000.p/1"},
		{{TILE_ENTRIES, 999, 256}, "tile/entries/999"},
		{{1, 1000, 256}, "tile/1/x001/000"},
		{{TILE_ENTRIES, 1234067, 256}, "tile/entries/x001/x234/067"},
		{{2, 1234067, 255}, "tile/2/x001/x234/067.p/255"},
		{{7, UINT64_C(36028797018963967), 255},
		 "tile/7/x036/x028/x797/x018/x963/967.p/255"},
		{{TILE_ENTRIES, UINT64_C(36028797018963967), 255},
		 "tile/entries/x036/x028/x797/x018/x963/967.p/255"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[TILE_PATH_LEN];

		tile_path(&rows[i].tile, path);
		assert_string_equal(path, rows[i].path);
	}
}

static void expect(int level, uint64_t index, uint64_t size, uint64_t n, unsigned width)
{
	struct tile tile = {0};

	assert_true(tile_of(level, index, size, &tile));
	assert_int_equal(tile.level, level);
	assert_true(tile.n == n);
	assert_int_equal(tile.width, width);
}

/* 70000: 273 full tiles and one of 112 hashes, one full and one of 17, one of 1. */
static void the_tiles_of_a_size(void **state)
{
	struct tile tile;

	expect(0, 0, 70000, 0, 256);
	expect(0, 69887, 70000, 272, 256);
	expect(0, 69888, 70000, 273, 112);
	expect(TILE_ENTRIES, 69999, 70000, 273, 112);
	expect(1, 255, 70000, 0, 256);
	expect(1, 272, 70000, 1, 17);
	expect(2, 0, 70000, 0, 1);
	assert_false(tile_of(0, 70000, 70000, &tile));
	assert_false(tile_of(TILE_ENTRIES, 70000, 70000, &tile));
	assert_false(tile_of(1, 273, 70000, &tile));
	assert_false(tile_of(2, 1, 70000, &tile));
	assert_false(tile_of(3, 0, 70000, &tile));
	expect(0, 255, 256, 0, 256);
	expect(1, 0, 256, 0, 1);
	expect(7, 126, INT64_MAX, 0, 127);
	assert_false(tile_of(0, 0, 0, &tile));
}

static void a_bundle_is_read_to_its_last_whole_entry(void **state)
{
	static const uint8_t bytes[] = {0, 2, 'a', 'b', 0, 0, 0, 1, 'c', 0, 2, 'd'};
	struct bundle bundle = {bytes, sizeof(bytes), 3};
	const uint8_t *entry;
	size_t size;

	assert_true(bundle_next(&bundle, &entry, &size));
	assert_int_equal(size, 2);
	assert_memory_equal(entry, "ab", 2);
	assert_true(bundle_next(&bundle, &entry, &size));
	assert_int_equal(size, 0);
	assert_true(bundle_next(&bundle, &entry, &size));
	assert_int_equal(size, 1);
	assert_memory_equal(entry, "c", 1);
	assert_false(bundle_next(&bundle, &entry, &size));
	assert_int_equal(bundle.size, 3);
	for (size_t i = 0; i < 4; i++) {
		bundle = (struct bundle){bytes, i, 1};
		assert_false(bundle_next(&bundle, &entry, &size));
	}
}

static void an_entry_of_the_largest_size(void **state)
{
	static uint8_t bytes[2 + ENTRY_MAX_SIZE] = {0xff, 0xff};
	struct bundle bundle = {bytes, sizeof(bytes), 1};
	const uint8_t *entry;
	size_t size;

	assert_true(bundle_next(&bundle, &entry, &size));
	assert_int_equal(size, ENTRY_MAX_SIZE);
	assert_ptr_equal(entry, bytes + 2);
	bundle = (struct bundle){bytes, sizeof(bytes) - 1, 1};
	assert_false(bundle_next(&bundle, &entry, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_of_files),
		cmocka_unit_test(the_tiles_of_a_size),
		cmocka_unit_test(a_bundle_is_read_to_its_last_whole_entry),
		cmocka_unit_test(an_entry_of_the_largest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
