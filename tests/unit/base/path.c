// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/path.h"

#include "test.h"

static void one_form_of_a_path_is_accepted(void **state)
{
	static const char *const good[] = {"/",	   "/a",  "/a/b",     "/..a/...",
					   "/a b", "/.a", "/\xc3\xbc"};
	static const char *const bad[] = {"",	     "a",    "a/b",    "//",   "/a/", "/a//b",
					  "//a",     "/.",   "/a/.",   "/./a", "/..", "/a/..",
					  "/a/../b", "/a\n", "/a\x7f", "./a"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(path_is_normalised(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(path_is_normalised(bad[i]));
}

static void components_are_counted(void **state)
{
	assert_int_equal(path_components("/"), 0);
	assert_int_equal(path_components("/a"), 1);
	assert_int_equal(path_components("/a/b/c"), 3);
}

static void a_common_beginning_is_not_a_folder(void **state)
{
	assert_true(path_is_within("/a/b", "/a"));
	assert_true(path_is_within("/a", "/a"));
	assert_true(path_is_within("/a", "/"));
	assert_false(path_is_within("/ab", "/a"));
	assert_false(path_is_within("/a", "/a/b"));
	assert_true(path_overlaps("/a", "/a/b"));
	assert_true(path_overlaps("/a/b", "/a"));
	assert_false(path_overlaps("/a/b", "/a/bc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form_of_a_path_is_accepted),
		cmocka_unit_test(components_are_counted),
		cmocka_unit_test(a_common_beginning_is_not_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
