// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

/* Each test works in a folder of its own, and leaves it. */
static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/holdfast-test.XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state, *command = NULL;

	if (chdir("/") < 0 || asprintf(&command, "rm -rf '%s'", folder) < 0)
		return -1;
	return system(command); /* NOLINT: our own name */
}

static void assert_content(const char *path, const char *expected)
{
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_int_equal(file_read(AT_FDCWD, path, 4096, &data, &size), 0);
	assert_string_equal(data, expected);
}

static void a_file_is_replaced_with_its_mode(void **state)
{
	struct stat st;

	assert_int_equal(file_write_atomic("f", "one", 3, 0600), 0);
	assert_content("f", "one");
	assert_int_equal(file_write_atomic("./f", "two!", 4, 0644), 0);
	assert_content("f", "two!");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void what_is_no_regular_file_is_never_replaced(void **state)
{
	assert_int_equal(file_write_atomic("f", "one", 3, 0600), 0);
	assert_int_equal(symlink("f", "link"), 0);
	/* A pipe stands for devices: a build that is broken here would replace a real one. */
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(file_write_atomic("link", "two", 3, 0600), FILE_E_NOT_REGULAR);
	assert_int_equal(file_write_atomic("dir", "two", 3, 0600), FILE_E_NOT_REGULAR);
	assert_int_equal(file_write_atomic("fifo", "two", 3, 0600), FILE_E_NOT_REGULAR);
	assert_content("f", "one");
}

static void a_failure_leaves_the_old_file_and_no_other(void **state)
{
	assert_int_equal(file_write_atomic("no/such/folder", "two", 3, 0600), -ENOENT);
	assert_int_equal(file_write_atomic("f", "one", 3, 0600), 0);
	assert_int_equal(file_write_atomic("f/f", "two", 3, 0600), -ENOTDIR);
	assert_content("f", "one");
	assert_int_equal(system("test \"$(ls -A)\" = f"), 0);
}

static void a_limit_is_kept_to_the_byte(void **state)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_write_atomic("f", "12345", 5, 0600), 0);
	assert_int_equal(file_read(AT_FDCWD, "f", 4, &data, &size), FILE_E_TOO_BIG);
	assert_null(data);
	assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 100000, &data, &size), FILE_E_TOO_BIG);
	assert_null(data);
	assert_int_equal(file_read(AT_FDCWD, "f", 5, &data, &size), 0);
	assert_int_equal(size, 5);
	assert_int_equal(data[5], '\0');
}

static void an_empty_file_is_an_empty_string(void **state)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 1;

	assert_int_equal(file_read(AT_FDCWD, "/dev/null", 10, &data, &size), 0);
	assert_int_equal(size, 0);
	assert_string_equal(data, "");
}

static void a_file_that_cannot_be_read_gives_its_errno(void **state)
{
	char *data = NULL;
	size_t size;

	assert_int_equal(file_read(AT_FDCWD, "none", 10, &data, &size), -ENOENT);
	assert_int_equal(file_read(AT_FDCWD, "/", 10, &data, &size), -EISDIR);
	assert_null(data);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_file_is_replaced_with_its_mode),
		in_folder(what_is_no_regular_file_is_never_replaced),
		in_folder(a_failure_leaves_the_old_file_and_no_other),
		in_folder(a_limit_is_kept_to_the_byte),
		in_folder(an_empty_file_is_an_empty_string),
		in_folder(a_file_that_cannot_be_read_gives_its_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
