// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures of a log, held against ones that were reckoned by hand. */

#include "export/figures.h"

#include <stdio.h>

#include "entry.h"
#include "test.h"

static struct figures *taken(const char *const *texts)
{
	struct figures *figures = NULL;

	assert_int_equal(figures_new(&figures), 0);
	for (; *texts; texts++) {
		struct follow_entry entry = entry_of(0, *texts);

		assert_int_equal(figures_take(figures, &entry), 0);
	}
	return figures;
}

static void only_denials_are_detected(void **state)
{
	struct figures *figures = taken((const char *const[]){
		"{\"act\":\"exec\",\"detect_ns\":10,\"verdict\":\"refused\"}",
		"{\"act\":\"exec\",\"detect_ns\":20,\"verdict\":\"observed\"}",
		"{\"act\":\"exec\",\"detect_ns\":900,\"verdict\":\"noted\"}",
		"{\"act\":\"prog_load\",\"detect_ns\":900,\"verdict\":\"admitted\"}",
		"{\"act\":\"exec\",\"verdict\":\"refused\"}", "no JSON", NULL});
	struct figures_spread spread;

	figures_detect(figures, &spread);
	assert_int_equal(spread.n, 2);
	assert_int_equal(spread.median, 10);
	assert_int_equal(spread.max, 20);
	(void)figures_free(figures);
}

/* 1 to 100: the median's interval is from the 40th to the 61st, as tables have it. */
static void the_spread_of_a_hundred(void **state)
{
	struct figures *figures = NULL;
	struct figures_spread spread;

	assert_int_equal(figures_new(&figures), 0);
	for (unsigned i = 100; i > 0; i--) {
		char text[96];
		struct follow_entry entry;

		(void)snprintf(text, sizeof(text), "{\"detect_ns\":%u,\"verdict\":\"refused\"}", i);
		entry = entry_of(0, text);
		assert_int_equal(figures_take(figures, &entry), 0);
	}
	figures_detect(figures, &spread);
	assert_int_equal(spread.n, 100);
	assert_int_equal(spread.median, 50);
	assert_int_equal(spread.p90, 90);
	assert_int_equal(spread.max, 100);
	assert_int_equal(spread.low, 40);
	assert_int_equal(spread.high, 61);
	(void)figures_free(figures);
}

static void of_nothing_nothing_is_said(void **state)
{
	struct figures *figures = taken((const char *const[]){NULL});
	struct figures_coverage coverage;
	struct figures_spread spread;

	figures_detect(figures, &spread);
	figures_coverage(figures, &coverage);
	assert_int_equal(spread.n + spread.median + spread.max, 0);
	assert_int_equal(coverage.loads + coverage.decided, 0);
	(void)figures_free(figures);
}

static void loads_are_added_up(void **state)
{
	struct figures *figures = taken((const char *const[]){
		"{\"audit\":null,\"decided\":3,\"ids\":4,\"note\":\"loads\"}",
		"{\"audit\":6,\"decided\":2,\"ids\":6,\"note\":\"loads\"}",
		"{\"folded\":4,\"of\":\"prog_load\",\"verdict\":\"admitted\"}",
		"{\"folded\":50,\"row\":\"M01\",\"verdict\":\"refused\"}", NULL});
	struct figures_coverage coverage;

	figures_coverage(figures, &coverage);
	assert_int_equal(coverage.loads, 10);
	assert_int_equal(coverage.decided, 9);
	assert_int_equal(coverage.audit, 6);
	assert_int_equal(coverage.audit_ids, 6);
	assert_int_equal(coverage.audit_decided, 2);
	(void)figures_free(figures);
}

/* 0 of 40 is 0 to 8.8 %, 9 of 10 is 59.6 to 98.2 %. */
static void wilsons_interval(void **state)
{
	double low, high;

	figures_wilson(0, 40, &low, &high);
	assert_float_equal(low, 0, 0.001);
	assert_float_equal(high, 0.088, 0.001);
	figures_wilson(9, 10, &low, &high);
	assert_float_equal(low, 0.596, 0.001);
	assert_float_equal(high, 0.982, 0.001);
	figures_wilson(0, 0, &low, &high);
	assert_float_equal(high - low, 1, 0.001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_denials_are_detected),
		cmocka_unit_test(the_spread_of_a_hundred),
		cmocka_unit_test(of_nothing_nothing_is_said),
		cmocka_unit_test(loads_are_added_up),
		cmocka_unit_test(wilsons_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
