// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/diag.h"

#include <string.h>

#include "test.h"

static void what_is_not_known_is_left_out(void **state)
{
	char text[64];
	struct diag d;

	diag_set(&d, NULL, 0, 0, "text");
	assert_string_equal(diag_format(&d, text, sizeof(text)), "text");
	diag_set(&d, "f", 0, 0, "text");
	assert_string_equal(diag_format(&d, text, sizeof(text)), "f: text");
	diag_set(&d, "f", 3, 0, "text");
	assert_string_equal(diag_format(&d, text, sizeof(text)), "f:3: text");
	diag_set(&d, "f", 3, 4, "%s %d", "text", 5);
	assert_string_equal(diag_format(&d, text, sizeof(text)), "f:3:4: text 5");
}

static void control_characters_never_reach_a_terminal(void **state)
{
	struct diag d;

	diag_set(&d, NULL, 0, 0, "a%sb", "\x1b[2J\x7f\xc2\x9b\r\n");
	assert_string_equal(d.text, "a?[2J???\?\?b");
	diag_set(&d, NULL, 0, 0, "%s", "gr\xc3\xbcn");
	assert_string_equal(d.text, "gr\xc3\xbcn");
}

static void a_long_text_is_cut_and_terminated(void **state)
{
	char large[2 * DIAG_TEXT_LEN];
	struct diag d;

	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	diag_set(&d, NULL, 0, 0, "%s", large);
	assert_int_equal(strlen(d.text), DIAG_TEXT_LEN - 1);
}

static void nobody_has_to_want_a_diagnostic(void **state)
{
	diag_set(NULL, "f", 1, 1, "text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(control_characters_never_reach_a_terminal),
		cmocka_unit_test(a_long_text_is_cut_and_terminated),
		cmocka_unit_test(nobody_has_to_want_a_diagnostic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
