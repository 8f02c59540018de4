// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects that somebody has made to hurt who loads them: each is refused in words, or planned, and
 * soon. They go through both readers, ours and libbpf's, as `holdfast object load` has them do.
 */
#include "fixture.h"

#include <bpf/libbpf.h>
#include <time.h>

#include "base/cleanup.h"
#include "bend.h"
#include "loader/loader.h"
#include "object/object.h"
#include "test.h"

#define STRIDE 5 /* bytes between those that are tried */
#define SECONDS 2 /* of processor time, sanitizers included */

#define ALL_OF_IT "  looked_at: { entries: [ { key: 1, value: { source: 2, ports: [3, 4] } } ] }"

static void soon(clock_t since)
{
	clock_t passed = clock() - since;

	if (passed > SECONDS * CLOCKS_PER_SEC)
		fail_msg("%.1f seconds", (double)passed / CLOCKS_PER_SEC);
}

static void too_many_maps_are_refused(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;

	bend_many(&fixture, LOADER_MAX_MAPS);
	fixture_planned(&fixture, NULL);
	fixture_close(&fixture);
	bend_many(&fixture, LOADER_MAX_MAPS + 1);
	fixture_refused(&fixture, NULL, "o: the object has 513 maps, at most 512 are loaded");
}

static void ten_thousand_maps_are_refused_soon(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;
	clock_t start;

	bend_many(&fixture, 10000);
	start = clock();
	fixture_refused(&fixture, NULL, "o: the object has 10000 maps, at most 512 are loaded");
	soon(start);
	assert_int_equal(fixture.object->n_maps, 10000);
	fixture_close(&fixture);
	bend_many(&fixture, OBJECT_MAX_MAPS + 1);
	fixture_refused(&fixture, NULL, "more than 16384 maps");
}

/* ---- types that contain themselves */

static void circle_refused(void (*bend)(struct fixture *fixture), const char *words)
{
	_cleanup_(fixture_close) struct fixture fixture;
	clock_t start = clock();

	fixture_open("sealed", &fixture);
	bend(&fixture);
	fixture_refused(&fixture, ALL_OF_IT, words);
	fixture_refused(&fixture, NULL, words);
	soon(start);
}

static void types_that_contain_themselves_are_refused(void **state)
{
	circle_refused(bend_struct, "(rule) contains itself");
	circle_refused(bend_typedef, "(__u32) contains itself");
	circle_refused(bend_array, "contains itself");
	circle_refused(bend_far, "contains itself");
}

/* ---- any change */

static void flip(const char *name, const char *text)
{
	_cleanup_(fixture_close) struct fixture fixture;

	fixture_open(name, &fixture);
	for (size_t i = 0; i < fixture.size; i += STRIDE) {
		int r;

		fixture.bytes[i] ^= (char)(1u << i % 8);
		r = fixture_plan(&fixture, text);
		if (r < 0 || !r != !fixture.diag.text[0] || !r != !!fixture.loader)
			fail_msg("%s, bit flipped in byte %zu: %d, \"%s\"", name, i, r,
				 fixture.diag.text);
		fixture.bytes[i] ^= (char)(1u << i % 8);
	}
}

static void flipped_bits_are_planned_or_refused_in_words(void **state)
{
	flip("sealed", ALL_OF_IT);
	/* whose names are changed for libbpf */
	flip("linked", NULL);
}

static void what_is_cut_off_is_refused(void **state)
{
	_cleanup_(fixture_close) struct fixture fixture;
	size_t whole;

	fixture_open("sealed", &fixture);
	whole = fixture.size;
	for (fixture.size = 0; fixture.size < whole; fixture.size += STRIDE) {
		fixture_refused(&fixture, ALL_OF_IT, "");
		assert_true(fixture.diag.text[0]);
	}
}

static int quiet(void **state)
{
	libbpf_set_print(NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_maps_are_refused),
		cmocka_unit_test(ten_thousand_maps_are_refused_soon),
		cmocka_unit_test(types_that_contain_themselves_are_refused),
		cmocka_unit_test(flipped_bits_are_planned_or_refused_in_words),
		cmocka_unit_test(what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
