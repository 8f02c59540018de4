// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static void the_borders_of_utf8_are_kept(void **state)
{
	static const char *const good[] = {"",
					   "a",
					   "\x7f",
					   "\xc2\x80",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xef\xbf\xbf",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xc2",
					  "\xc2\x7f",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xe2\x82",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xe2\x82z",
					  "\xf0\x90\x80"};
	size_t offset = 99;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(utf8_check(good[i], strlen(good[i]), &offset), 0);
	assert_int_equal(offset, 99);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(utf8_check(bad[i], strlen(bad[i]), &offset), -EILSEQ);
	assert_int_equal(offset, 0);
}

static void the_first_bad_byte_is_named(void **state)
{
	static const char text[] = "ab\n\xc3\xbc"
				   "x\xff\xfe";
	unsigned line, column;
	size_t offset;

	assert_int_equal(utf8_check(text, sizeof(text) - 1, &offset), -EILSEQ);
	assert_int_equal(offset, 6);
	text_position(text, sizeof(text) - 1, offset, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_borders_of_utf8_are_kept),
		cmocka_unit_test(the_first_bad_byte_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
