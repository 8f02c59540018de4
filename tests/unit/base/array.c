// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "test.h"

static void items_keep_their_values_while_it_grows(void **state)
{
	_cleanup_free_ unsigned *items = NULL;

	for (unsigned n = 0; n < 1000; n++) {
		assert_int_equal(array_grow(&items, n, sizeof(*items)), 0);
		assert_int_equal(items[n], 0);
		items[n] = n;
	}
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(items[n], n);
}

static void a_size_that_wraps_is_refused_and_changes_nothing(void **state)
{
	_cleanup_free_ char *items = malloc(1);
	char *before = items;

	assert_int_equal(array_grow(&items, (size_t)1 << 63, 1), -ENOMEM);
	assert_int_equal(array_grow(&items, (size_t)1 << 32, (size_t)1 << 31), -ENOMEM);
	assert_ptr_equal(items, before);
}

static void sums_and_products_that_wrap_are_refused(void **state)
{
	size_t result = 7;

	assert_true(size_add(SIZE_MAX - 1, 1, &result));
	assert_int_equal(result, SIZE_MAX);
	result = 7;
	assert_false(size_add(SIZE_MAX, 1, &result));
	assert_false(size_mul((size_t)1 << 32, (size_t)1 << 32, &result));
	assert_int_equal(result, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_keep_their_values_while_it_grows),
		cmocka_unit_test(a_size_that_wraps_is_refused_and_changes_nothing),
		cmocka_unit_test(sums_and_products_that_wrap_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
