// SPDX-License-Identifier: LGPL-2.1-or-later
/* Times as they are written, and what is none. */

#include "cli/duration.h"

#include <errno.h>

#include "test.h"

static void units_are_read(void **state)
{
	uint32_t seconds;

	assert_int_equal(duration_parse("0s", &seconds), 0);
	assert_int_equal(seconds, 0);
	assert_int_equal(duration_parse("90s", &seconds), 0);
	assert_int_equal(seconds, 90);
	assert_int_equal(duration_parse("10m", &seconds), 0);
	assert_int_equal(seconds, 600);
	assert_int_equal(duration_parse("2h", &seconds), 0);
	assert_int_equal(seconds, 7200);
	assert_int_equal(duration_parse("1d", &seconds), 0);
	assert_int_equal(seconds, 86400);
}

static void other_texts_are_none(void **state)
{
	static const char *const texts[] = {"",	   "m",	  "10",	  "-1m",  "+1m", " 1m",
					    "1 m", "1mm", "1.5h", "0x1m", "1M",	 "1m "};
	uint32_t seconds;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(duration_parse(texts[i], &seconds), -EINVAL);
}

static void too_much_is_told_apart(void **state)
{
	uint32_t seconds;

	assert_int_equal(duration_parse("2147483647s", &seconds), 0);
	assert_int_equal(duration_parse("2147483648s", &seconds), -ERANGE);
	assert_int_equal(duration_parse("24856d", &seconds), -ERANGE);
	assert_int_equal(duration_parse("99999999999999999999999s", &seconds), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_read),
		cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(too_much_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
