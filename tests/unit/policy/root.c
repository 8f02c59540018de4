// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/root.h"

#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "elf-fixture.h"
#include "policy/image-check.h"
#include "test.h"

static struct root *open_root(const char *path)
{
	struct root *root = NULL;

	assert_int_equal(root_open(path, &root, NULL), 0);
	return root;
}

static void opens(const struct root *root, const char *path, const char *real)
{
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	struct diag diag = {0};

	if (root_open_file(root, path, false, &file, &diag))
		fail_msg("%s", diag.text);
	assert_string_equal(file.path, real);
	assert_int_equal(file.size, 1);
}

static void refused(const struct root *root, const char *path, bool no_symlink, int error,
		    const char *part)
{
	struct root_file file = ROOT_FILE_INIT;
	struct diag diag = {0};

	assert_int_equal(root_open_file(root, path, no_symlink, &file, &diag), error);
	assert_int_equal(file.fd, -EBADF);
	if (!strstr(diag.text, part))
		fail_msg("%s", diag.text);
}

static void symlinks_end_within_the_root(void **state)
{
	_cleanup_(root_closep) struct root *root = NULL;

	write_file("outside", "x", 1);
	write_file("r/usr/bin/a", "x", 1);
	assert_int_equal(symlink("/usr/bin/a", "r/absolute"), 0);
	assert_int_equal(symlink("../../../../usr/bin/a", "r/usr/bin/above"), 0);
	assert_int_equal(symlink("/usr/bin", "r/bin"), 0);
	assert_int_equal(symlink("../outside", "r/escape"), 0);
	root = open_root("r");
	opens(root, "/usr/bin/a", "/usr/bin/a");
	opens(root, "/absolute", "/usr/bin/a");
	opens(root, "/usr/bin/above", "/usr/bin/a");
	opens(root, "/bin/a", "/usr/bin/a");
	refused(root, "/escape", false, ROOT_E_NONE, "/escape does not exist");
}

static void a_symlink_is_refused_where_asked_naming_its_target(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root(".");

	write_file("a", "x", 1);
	assert_int_equal(symlink("a", "l"), 0);
	assert_int_equal(symlink(".", "d"), 0);
	refused(root, "/l", true, ROOT_E_REFUSED, "/l is a symlink to \"a\": name the file itself");
	opens(root, "/l", "/a");

	/* Only the last component: folders are links on every merged /usr. */
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	assert_int_equal(root_open_file(root, "/d/a", true, &file, NULL), 0);
	assert_string_equal(file.path, "/a");
}

static void what_is_no_readable_file_gives_one_clear_error(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root(".");

	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	write_file("empty", "", 0);
	refused(root, "/none", false, ROOT_E_NONE, "/none does not exist: install it");
	refused(root, "/empty/x", false, ROOT_E_NONE, "does not exist");
	refused(root, "/dir", false, ROOT_E_REFUSED, "/dir is a directory: name a file");
	refused(root, "/fifo", false, ROOT_E_REFUSED, "/fifo is not a regular file");
	refused(root, "/loop", false, ROOT_E_REFUSED, "/loop is a loop of symlinks");
	refused(root, "/empty", false, ROOT_E_REFUSED, "/empty is empty");
}

static void a_device_is_refused_without_being_opened(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root("/");

	refused(root, "/dev/null", false, ROOT_E_REFUSED, "/dev/null is not a regular file");
	refused(root, "/proc/self/exe", true, ROOT_E_REFUSED, "symlink");
	refused(root, "/proc/self/exe", false, ROOT_E_REFUSED, "loop of symlinks");
}

static void a_file_has_a_limit(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root(".");
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;

	write_file("large", "x", 1);
	assert_int_equal(truncate("large", (off_t)IMAGE_MAX_FILE), 0);
	assert_int_equal(root_open_file(root, "/large", true, &file, NULL), 0);
	assert_int_equal(truncate("large", (off_t)IMAGE_MAX_FILE + 1), 0);
	refused(root, "/large", false, ROOT_E_REFUSED,
		"/large has 1073741825 bytes, the limit is 1073741824");
}

static void a_root_that_is_none_is_refused(void **state)
{
	struct root *root = NULL;
	struct diag diag = {0};

	write_file("f", "x", 1);
	assert_int_equal(root_open("none", &root, &diag), ROOT_E_REFUSED);
	assert_non_null(strstr(diag.text, "none cannot be used as the root"));
	assert_int_equal(root_open("f", &root, &diag), ROOT_E_REFUSED);
	assert_null(root_close(root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(symlinks_end_within_the_root),
		in_folder(a_symlink_is_refused_where_asked_naming_its_target),
		in_folder(what_is_no_readable_file_gives_one_clear_error),
		cmocka_unit_test(a_device_is_refused_without_being_opened),
		in_folder(a_file_has_a_limit),
		in_folder(a_root_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
