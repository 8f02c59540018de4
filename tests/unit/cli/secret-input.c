// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operator's secret from a descriptor. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "cli/secret-input.h"
#include "guard/protocol.h"
#include "test.h"

static int read_from(const char *text, size_t size, struct protocol_secret *ret_secret)
{
	struct diag diag = {};
	char number[16];
	int fds[2], r;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, size), size);
	(void)close(fds[1]);
	(void)snprintf(number, sizeof(number), "%d", fds[0]);
	r = secret_input_fd(number, ret_secret, &diag);
	if (r)
		assert_true(strlen(diag.text) > 0);
	(void)close(fds[0]);
	return r;
}

static void first_line_is_the_secret(void **state)
{
	struct protocol_secret secret;

	assert_int_equal(read_from("ABCD-EFGH\nmore", 14, &secret), 0);
	assert_int_equal(secret.size, 9);
	assert_string_equal(secret.text, "ABCD-EFGH");
	assert_int_equal(read_from("ABCD", 4, &secret), 0);
	assert_string_equal(secret.text, "ABCD");
}

static void what_cannot_be_a_secret_is_refused(void **state)
{
	char text[PROTOCOL_SECRET_LEN];
	struct protocol_secret secret;

	memset(text, 'A', sizeof(text));
	assert_int_equal(read_from(text, sizeof(text) - 1, &secret), 0);
	assert_int_equal(read_from(text, sizeof(text), &secret), 1);
	assert_int_equal(read_from("", 0, &secret), 1);
	assert_int_equal(read_from("\n", 1, &secret), 1);
	assert_int_equal(read_from("A\0B", 3, &secret), 1);
	assert_int_equal(secret.size, 0);
}

static void number_that_is_no_descriptor_is_refused(void **state)
{
	static const char *const numbers[] = {"", "-1", "x", "3x", "99999999999", "250"};
	struct protocol_secret secret;
	struct diag diag;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(secret_input_fd(numbers[i], &secret, &diag), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_line_is_the_secret),
		cmocka_unit_test(what_cannot_be_a_secret_is_refused),
		cmocka_unit_test(number_that_is_no_descriptor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
