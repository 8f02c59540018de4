// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a number is lost, and when it is only late. */

#include "guard/sequence.h"
#include "test.h"

#define LATER (2 * SEQUENCE_PATIENCE_NS)

static void numbers_in_order_lose_nothing(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	for (uint64_t i = 1; i <= 1000; i++)
		sequence_see(&sequence, i, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void gap_is_lost_after_a_while_and_not_before(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_see(&sequence, 1, 0);
	sequence_see(&sequence, 5, 0);
	assert_int_equal(sequence_lost(&sequence, SEQUENCE_PATIENCE_NS - 1, &first, &last), 0);
	assert_int_equal(sequence_lost(&sequence, SEQUENCE_PATIENCE_NS, &first, &last), 1);
	assert_int_equal(first, 2);
	assert_int_equal(last, 4);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void late_numbers_are_not_lost(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_see(&sequence, 7, 0); /* 1 to 6 are missing */
	sequence_see(&sequence, 1, 0);
	sequence_see(&sequence, 6, 0);
	sequence_see(&sequence, 4, 0);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 1);
	assert_int_equal(first, 2);
	assert_int_equal(last, 3);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 1);
	assert_int_equal(first, 5);
	assert_int_equal(last, 5);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 0);
}

static void first_number_of_an_unknown_past_is_no_gap(void **state)
{
	struct sequence sequence = {.next = 0};
	uint64_t first, last;

	sequence_see(&sequence, 4711, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void full_table_gives_its_oldest_gap_at_once(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last, n = 0;

	for (uint64_t i = 1; i <= 4 * SEQUENCE_MAX_GAPS; i++) {
		while (sequence_lost(&sequence, 0, &first, &last)) {
			n++;
			assert_int_equal(first, 2 * n - 1);
		}
		sequence_see(&sequence, 2 * i, 0);
	}
	while (sequence_lost(&sequence, UINT64_MAX, &first, &last))
		n++;
	assert_int_equal(n, 4 * SEQUENCE_MAX_GAPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_order_lose_nothing),
		cmocka_unit_test(gap_is_lost_after_a_while_and_not_before),
		cmocka_unit_test(late_numbers_are_not_lost),
		cmocka_unit_test(first_number_of_an_unknown_past_is_no_gap),
		cmocka_unit_test(full_table_gives_its_oldest_gap_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
