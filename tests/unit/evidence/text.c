// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/text.h"

#include <string.h>

#include "test.h"

static struct text text(const char *string)
{
	return (struct text){string, strlen(string)};
}

static void what_is_cut_is_gone_from_the_front(void **state)
{
	struct text rest = text("a\n\nb"), piece;

	assert_true(text_cut(&rest, '\n', &piece));
	assert_true(text_is(piece, "a"));
	assert_true(text_cut(&rest, '\n', &piece));
	assert_true(text_is(piece, ""));
	assert_false(text_cut(&rest, '\n', &piece));
	assert_true(text_is(rest, "b"));
	assert_false(text_is(rest, "bc"));
	assert_true(text_starts(rest, "", &piece));
	assert_false(text_starts(rest, "bc", &piece));
	assert_true(text_starts(rest, "b", &rest));
	assert_false(text_cut(&rest, '\n', &piece));
}

static void a_number_has_one_form(void **state)
{
	static const char *const others[] = {
		"",
		"00",
		"01",
		"+1",
		"-1",
		" 1",
		"1 ",
		"0x1",
		"1\n",
		"9223372036854775808",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999",
	};
	uint64_t number = 7;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(text_decimal(text(others[i]), &number));
	assert_true(number == 7);
	assert_true(text_decimal(text("0"), &number) && number == 0);
	assert_true(text_decimal(text("10"), &number) && number == 10);
	assert_true(text_decimal(text("9223372036854775807"), &number) && number == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_is_gone_from_the_front),
		cmocka_unit_test(a_number_has_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
