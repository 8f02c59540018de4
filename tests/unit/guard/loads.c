// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loads counted from two sides, and the kernel's audit records of them. */

#include <string.h>

#include "guard/loads.h"
#include "test.h"

static uint32_t parsed(const char *text)
{
	return loads_parse(text, strlen(text));
}

static void a_load_is_told_from_other_records(void **state)
{
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=7 op=LOAD"), 7);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=4294967295 op=LOAD"),
			 UINT32_MAX);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=7 op=UNLOAD"), 0);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id= op=LOAD"), 0);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=4294967296 op=LOAD"), 0);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=10000000000 op=LOAD"), 0);
	assert_int_equal(parsed("audit(1732888888.123:45): prog-id=00000000007 op=LOAD"), 0);
	assert_int_equal(parsed("prog-id=7"), 0);
	assert_int_equal(parsed(""), 0);
}

static void what_is_above_waits_for_the_next_look(void **state)
{
	static struct loads loads;
	struct loads_count count;

	loads_start(&loads, 10);
	loads.audited = true;
	loads_decided(&loads, 9); /* before it began */
	loads_decided(&loads, 11);
	loads_decided(&loads, 13);
	loads_audited(&loads, 11);
	loads_audited(&loads, 12);
	loads_look(&loads, 12, &count);
	assert_int_equal(count.ids, 2);
	assert_int_equal(count.decided, 1);
	assert_int_equal(count.audit, 2);
	assert_true(count.audited);
	loads_look(&loads, 13, &count);
	assert_int_equal(count.ids, 1);
	assert_int_equal(count.decided, 1);
	assert_int_equal(count.audit, 0);
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	static struct loads loads;
	struct loads_count count;

	loads_start(&loads, 0);
	for (uint32_t i = 1; i <= LOADS_IDS + 100; i++)
		loads_decided(&loads, i);
	loads_look(&loads, LOADS_IDS + 100, &count);
	assert_int_equal(count.decided, LOADS_IDS + 100);
	assert_int_equal(count.ids, LOADS_IDS + 100);
}

static void numbers_that_begin_anew_are_no_loads(void **state)
{
	static struct loads loads;
	struct loads_count count;

	loads_start(&loads, 1000);
	loads_look(&loads, 3, &count);
	assert_int_equal(count.ids, 0);
	loads_decided(&loads, 4);
	loads_look(&loads, 5, &count);
	assert_int_equal(count.ids, 2);
	assert_int_equal(count.decided, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_is_told_from_other_records),
		cmocka_unit_test(what_is_above_waits_for_the_next_look),
		cmocka_unit_test(more_than_there_is_room_for_are_counted),
		cmocka_unit_test(numbers_that_begin_anew_are_no_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
