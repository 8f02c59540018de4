// SPDX-License-Identifier: LGPL-2.1-or-later
/* JSON into a buffer of a fixed size. */

#include <errno.h>
#include <string.h>

#include "base/jsonw.h"
#include "test.h"

static void members_are_separated_and_objects_nest(void **state)
{
	char text[128];
	struct jsonw w;

	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "a", UINT64_MAX);
	jsonw_open(&w, "b");
	jsonw_null(&w, "c");
	jsonw_string(&w, "d", NULL, 9);
	jsonw_close(&w);
	jsonw_string(&w, "e", "x", 9);
	jsonw_close(&w);
	assert_int_equal(jsonw_finish(&w), 0);
	assert_string_equal(
		text, "{\"a\":18446744073709551615,\"b\":{\"c\":null,\"d\":null},\"e\":\"x\"}");
}

static void value_that_ends_in_a_brace_is_followed_by_a_comma(void **state)
{
	char text[128];
	struct jsonw w;

	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_string(&w, "a", "{", 9);
	jsonw_u64(&w, "b", 1);
	jsonw_close(&w);
	assert_string_equal(text, "{\"a\":\"{\",\"b\":1}");
}

static void buffer_is_filled_to_its_last_byte_and_no_further(void **state)
{
	char text[16];
	struct jsonw w;

	memset(text, 'x', sizeof(text));
	jsonw_init(&w, text, 8);
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "a", 1);
	jsonw_close(&w);
	assert_int_equal(jsonw_finish(&w), 0);
	assert_string_equal(text, "{\"a\":1}");
	jsonw_init(&w, text, 7);
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "a", 1);
	jsonw_close(&w);
	assert_int_equal(jsonw_finish(&w), -ENOBUFS);
	assert_int_equal(text[8], 'x');
}

static void string_ends_at_its_room_or_its_nul(void **state)
{
	char text[64];
	struct jsonw w;

	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_string(&w, "a", "abcdef", 3);
	jsonw_string(&w, "b", "ab\0cd", 5);
	/* A character that the room cut in two is no character. */
	jsonw_string(&w, "c", "a\xc3\xa9", 2);
	jsonw_close(&w);
	assert_string_equal(text, "{\"a\":\"abc\",\"b\":\"ab\",\"c\":\"a\\\\xc3\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_separated_and_objects_nest),
		cmocka_unit_test(value_that_ends_in_a_brace_is_followed_by_a_comma),
		cmocka_unit_test(buffer_is_filled_to_its_last_byte_and_no_further),
		cmocka_unit_test(string_ends_at_its_room_or_its_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
