// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operator's secret: its form, its hash, its file, its wrong tries. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/secret.h"
#include "test.h"

#define SECOND ((uint64_t)1000000000)

static void what_is_printed_can_be_typed(void **state)
{
	for (int i = 0; i < 100; i++) {
		struct secret made, typed;
		char text[SECRET_TEXT_LEN];

		assert_int_equal(secret_make(&made), 0);
		secret_format(&made, text);
		assert_int_equal(strlen(text), SECRET_TEXT_LEN - 1);
		assert_null(strpbrk(text, "ILOU"));
		assert_int_equal(secret_parse(text, &typed), 0);
		assert_memory_equal(&made, &typed, sizeof(made));
	}
}

static void known_bytes_have_a_known_form(void **state)
{
	struct secret secret;
	char text[SECRET_TEXT_LEN];

	for (size_t i = 0; i < SECRET_SIZE; i++)
		secret.bytes[i] = (uint8_t)(i * 13);
	secret_format(&secret, text);
	assert_string_equal(text, "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ");
}

static void hands_that_err_are_forgiven(void **state)
{
	struct secret a, b;

	assert_int_equal(secret_parse("0011-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG", &a), 0);
	assert_int_equal(secret_parse(" oOiL aaaa bbbb cccc dddd eeee ffff gggg\n", &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(secret_parse("0011AAAABBBBCCCCDDDDEEEEFFFFGGGG", &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void what_has_no_form_of_a_secret_is_told_apart(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"0011",
		"0011-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGG",
		"0011-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGGG",
		"0011-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGU",
		"0011-AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGG\xff",
	};
	struct secret secret = {.bytes = {1}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(secret_parse(bad[i], &secret), SECRET_E_FORM);
	assert_int_equal(secret.bytes[0], 1);
}

static void only_the_secret_itself_verifies(void **state)
{
	struct guard_operator operator, other;
	struct secret secret;

	assert_int_equal(secret_make(&secret), 0);
	assert_int_equal(secret_keep(&secret, &operator), 0);
	assert_int_equal(secret_keep(&secret, &other), 0);
	assert_memory_not_equal(operator.salt, other.salt, sizeof(operator.salt));
	assert_memory_not_equal(operator.hash, other.hash, sizeof(operator.hash));
	assert_int_equal(secret_verify(&secret, &operator), 0);
	assert_int_equal(secret_verify(&secret, &other), 0);
	secret.bytes[SECRET_SIZE - 1] ^= 1;
	assert_int_equal(secret_verify(&secret, &operator), SECRET_E_WRONG);
}

static void guard_without_an_operator_verifies_nothing(void **state)
{
	struct guard_operator operator= {};
	struct secret secret = {};

	assert_int_equal(secret_verify(&secret, &operator), SECRET_E_WRONG);
}

static void fifth_wrong_try_within_a_minute_locks(void **state)
{
	struct secret_tries tries = {};
	uint64_t now = 100 * SECOND;

	for (int i = 0; i < 4; i++)
		assert_false(secret_tries_wrong(&tries, now + (uint64_t)i * 10 * SECOND));
	assert_int_equal(secret_tries_wait(&tries, now + 40 * SECOND), 0);
	assert_true(secret_tries_wrong(&tries, now + 59 * SECOND));
	assert_int_equal(secret_tries_wait(&tries, now + 59 * SECOND), SECRET_LOCKED_NS);
	assert_int_equal(secret_tries_wait(&tries, now + 119 * SECOND), 0);
	assert_int_equal(tries.wrong, 5);
}

static void slow_wrong_tries_never_lock(void **state)
{
	struct secret_tries tries = {};

	for (uint64_t i = 1; i < 100; i++)
		assert_false(secret_tries_wrong(&tries, i * 16 * SECOND));
	assert_int_equal(tries.wrong, 99);
}

static int temporary(char path[32])
{
	int fd;

	(void)strcpy(path, "/tmp/holdfast-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void operator_is_kept_over_a_reboot(void **state)
{
	struct guard_operator operator, loaded;
	_cleanup_close_ int dir = -EBADF;
	struct secret secret;
	struct stat st;
	char path[32];

	dir = temporary(path);
	assert_int_equal(operator_load(dir, &loaded), SECRET_E_NONE);
	assert_int_equal(secret_make(&secret), 0);
	assert_int_equal(secret_keep(&secret, &operator), 0);
	assert_int_equal(operator_prepare(dir, &operator), 0);
	assert_int_equal(operator_load(dir, &loaded), SECRET_E_NONE);
	assert_int_equal(operator_commit(dir), 0);
	assert_int_equal(operator_load(dir, &loaded), 0);
	assert_int_equal(secret_verify(&secret, &loaded), 0);
	assert_int_equal(fstatat(dir, SECRET_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlinkat(dir, SECRET_FILE, 0), 0);
	assert_int_equal(rmdir(path), 0);
}

static void operator_that_is_discarded_leaves_nothing(void **state)
{
	struct guard_operator operator= {.set = 1};
	_cleanup_close_ int dir = -EBADF;
	char path[32];

	dir = temporary(path);
	assert_int_equal(operator_prepare(dir, &operator), 0);
	assert_int_equal(operator_prepare(dir, &operator), 0);
	operator_discard(dir);
	assert_int_equal(rmdir(path), 0);
}

static void operators_file_of_another_shape_is_refused(void **state)
{
	struct guard_operator operator= {.set = 1}, loaded;
	_cleanup_close_ int dir = -EBADF, fd = -EBADF;
	char path[32];

	dir = temporary(path);
	assert_int_equal(operator_prepare(dir, &operator), 0);
	assert_int_equal(operator_commit(dir), 0);
	fd = openat(dir, SECRET_FILE, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(operator_load(dir, &loaded), SECRET_E_FILE);
	assert_int_equal(ftruncate(fd, 71), 0);
	assert_int_equal(operator_load(dir, &loaded), SECRET_E_FILE);
	assert_int_equal(unlinkat(dir, SECRET_FILE, 0), 0);
	assert_int_equal(mkfifoat(dir, SECRET_FILE, 0600), 0);
	assert_int_equal(operator_load(dir, &loaded), SECRET_E_FILE);
	assert_int_equal(unlinkat(dir, SECRET_FILE, 0), 0);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_can_be_typed),
		cmocka_unit_test(known_bytes_have_a_known_form),
		cmocka_unit_test(hands_that_err_are_forgiven),
		cmocka_unit_test(what_has_no_form_of_a_secret_is_told_apart),
		cmocka_unit_test(only_the_secret_itself_verifies),
		cmocka_unit_test(guard_without_an_operator_verifies_nothing),
		cmocka_unit_test(fifth_wrong_try_within_a_minute_locks),
		cmocka_unit_test(slow_wrong_tries_never_lock),
		cmocka_unit_test(operator_is_kept_over_a_reboot),
		cmocka_unit_test(operator_that_is_discarded_leaves_nothing),
		cmocka_unit_test(operators_file_of_another_shape_is_refused),
	};

	if (secret_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
