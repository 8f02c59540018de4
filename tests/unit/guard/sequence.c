// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a number is lost, and when it is only late. */

#include "guard/sequence.h"
#include "test.h"

/* nothing comes out of the other ring, and it is empty */
#define ONE_RING              \
	{                     \
		0, UINT64_MAX \
	}
#define LATER (2 * SEQUENCE_PATIENCE_NS)

static void numbers_in_order_lose_nothing(void **state)
{
	struct sequence sequence = {.next = 1, .read = ONE_RING};
	uint64_t first, last;

	for (uint64_t i = 1; i <= 1000; i++)
		sequence_see(&sequence, 0, i, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void gap_is_lost_after_a_while_and_not_before(void **state)
{
	struct sequence sequence = {.next = 1, .read = ONE_RING};
	uint64_t first, last;

	sequence_see(&sequence, 0, 1, 0);
	sequence_see(&sequence, 0, 5, 0);
	assert_int_equal(sequence_lost(&sequence, SEQUENCE_PATIENCE_NS - 1, &first, &last), 0);
	assert_int_equal(sequence_lost(&sequence, SEQUENCE_PATIENCE_NS, &first, &last), 1);
	assert_int_equal(first, 2);
	assert_int_equal(last, 4);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void late_numbers_are_not_lost(void **state)
{
	struct sequence sequence = {.next = 1, .read = ONE_RING};
	uint64_t first, last;

	sequence_see(&sequence, 0, 7, 0); /* 1 to 6 are missing */
	sequence_see(&sequence, 0, 1, 0);
	sequence_see(&sequence, 0, 6, 0);
	sequence_see(&sequence, 0, 4, 0);
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
	struct sequence sequence = {.next = 0, .read = ONE_RING};
	uint64_t first, last;

	sequence_see(&sequence, 0, 4711, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void full_table_gives_its_oldest_gap_at_once(void **state)
{
	struct sequence sequence = {.next = 1, .read = ONE_RING};
	uint64_t first, last, n = 0;

	for (uint64_t i = 1; i <= 4 * SEQUENCE_MAX_GAPS; i++) {
		while (sequence_lost(&sequence, 0, &first, &last)) {
			n++;
			assert_int_equal(first, 2 * n - 1);
		}
		sequence_see(&sequence, 0, 2 * i, 0);
	}
	while (sequence_lost(&sequence, UINT64_MAX, &first, &last))
		n++;
	assert_int_equal(n, 4 * SEQUENCE_MAX_GAPS);
}

static void gap_waits_for_the_ring_that_is_read_later(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_see(&sequence, 1, 1, 0);
	sequence_see(&sequence, 1, 4, 0);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 0);
	sequence_see(&sequence, 0, 2, LATER);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 0);
	sequence_see(&sequence, 0, 5, LATER);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 1);
	assert_int_equal(first, 3);
	assert_int_equal(last, 3);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void ring_read_to_its_end_has_nothing_older(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_see(&sequence, 1, 3, 0);
	/* it was read to its end before that number, or not: a pass that begins later tells */
	sequence_pass(&sequence, 1);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 0);
	sequence_pass(&sequence, 2);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 0);
	sequence_pass(&sequence, 1);
	assert_int_equal(sequence_lost(&sequence, LATER, &first, &last), 1);
	assert_int_equal(first, 1);
	assert_int_equal(last, 2);
}

static void two_rings_far_apart_lose_nothing(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last, n = 0;

	for (uint64_t i = 1; i < SEQUENCE_MAX_GAPS; i++)
		sequence_see(&sequence, 1, 3 * i, 0);
	for (uint64_t i = 1; i < 3 * SEQUENCE_MAX_GAPS - 3; i++) {
		if (i % 3)
			sequence_see(&sequence, 0, i, LATER);
		while (sequence_lost(&sequence, LATER, &first, &last))
			n++;
	}
	assert_int_equal(n, 0);
	assert_int_equal(sequence.n_gaps, 0);
}

static void the_last_of_all_are_lost_as_well(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_see(&sequence, 0, 1, 0);
	sequence_reach(&sequence, 4, 0);
	sequence_reach(&sequence, 4, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 1);
	assert_int_equal(first, 2);
	assert_int_equal(last, 4);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
	sequence_see(&sequence, 0, 5, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 0);
}

static void one_that_was_reached_may_still_come(void **state)
{
	struct sequence sequence = {.next = 1};
	uint64_t first, last;

	sequence_reach(&sequence, 2, 0);
	sequence_see(&sequence, 0, 2, 0);
	assert_int_equal(sequence_lost(&sequence, UINT64_MAX, &first, &last), 1);
	assert_int_equal(first, 1);
	assert_int_equal(last, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_order_lose_nothing),
		cmocka_unit_test(gap_is_lost_after_a_while_and_not_before),
		cmocka_unit_test(late_numbers_are_not_lost),
		cmocka_unit_test(first_number_of_an_unknown_past_is_no_gap),
		cmocka_unit_test(full_table_gives_its_oldest_gap_at_once),
		cmocka_unit_test(gap_waits_for_the_ring_that_is_read_later),
		cmocka_unit_test(ring_read_to_its_end_has_nothing_older),
		cmocka_unit_test(two_rings_far_apart_lose_nothing),
		cmocka_unit_test(the_last_of_all_are_lost_as_well),
		cmocka_unit_test(one_that_was_reached_may_still_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
