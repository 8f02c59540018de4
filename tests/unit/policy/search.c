// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/search.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "elf-fixture.h"
#include "policy/root.h"
#include "test.h"

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

static struct root *open_root(void)
{
	struct root *root = NULL;

	assert_int_equal(root_open(".", &root, NULL), 0);
	return root;
}

static void a_root_without_a_list_has_none(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root();
	_cleanup_(search_freep) struct search *search = NULL;

	assert_int_equal(search_new(root, &search, NULL), 0);
	assert_int_equal(search->n_dirs, 0);
}

static void folders_come_in_the_order_of_the_files(void **state)
{
	static const char *const expected[] = {"/first", "/b", "/c", "/absolute", "/last"};
	_cleanup_(root_closep) struct root *root = open_root();
	_cleanup_(search_freep) struct search *search = NULL;

	write_text("etc/ld.so.conf",
		   "# a comment\n  /first/  # another\ninclude ld.so.conf.d/*.conf\n"
		   "hwcap 1 nosegneg\nrelative/dir\ninclude /opt/x.conf\n"
		   "include /none/*.conf\n/last=libc6");
	write_text("etc/ld.so.conf.d/2.conf", "/c\n");
	write_text("etc/ld.so.conf.d/1.conf", "\t/b \r\n");
	write_text("etc/ld.so.conf.d/1.conf.bak", "/not\n");
	write_text("etc/ld.so.conf.d/.3.conf", "/not\n");
	write_text("opt/x.conf", "/absolute");
	assert_int_equal(search_new(root, &search, NULL), 0);
	assert_int_equal(search->n_dirs, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(search->dirs[i], expected[i]);
}

static void a_list_that_includes_itself_is_refused(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root();
	struct search *search = NULL;
	struct diag diag = {0};

	write_text("etc/ld.so.conf", "include /etc/ld.so.conf\n");
	assert_int_equal(search_new(root, &search, &diag), ROOT_E_REFUSED);
	assert_non_null(strstr(diag.text, "include each other"));
}

static void a_list_that_is_too_large_or_no_file_is_refused(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root();
	_cleanup_free_ char *large = calloc(1, SEARCH_MAX_CONF + 1);
	_cleanup_(search_freep) struct search *search = NULL;
	struct search *refused = NULL;
	struct diag diag = {0};

	memset(large, '\n', SEARCH_MAX_CONF + 1);
	write_file("etc/ld.so.conf", large, SEARCH_MAX_CONF);
	assert_int_equal(search_new(root, &search, &diag), 0);
	write_file("etc/ld.so.conf", large, SEARCH_MAX_CONF + 1);
	assert_int_equal(search_new(root, &refused, &diag), ROOT_E_REFUSED);
	assert_non_null(strstr(diag.text, "more than 65536 bytes"));

	assert_int_equal(remove("etc/ld.so.conf"), 0);
	assert_int_equal(mkfifo("etc/ld.so.conf", 0600), 0);
	assert_int_equal(search_new(root, &refused, &diag), ROOT_E_REFUSED);
	assert_non_null(strstr(diag.text, "not a regular file"));
}

static void folders_above_the_limit_are_left_out(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root();
	_cleanup_(search_freep) struct search *search = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (int i = 0; i < SEARCH_MAX_DIRS + 1; i++)
		fprintf(f, "/d%d\n", i);
	fclose(f);
	write_text("etc/ld.so.conf", text);
	assert_int_equal(search_new(root, &search, NULL), 0);
	assert_int_equal(search->n_dirs, SEARCH_MAX_DIRS);
}

static void machines_have_folders_of_their_own(void **state)
{
	const char *const *dirs;
	size_t n;

	dirs = search_default_dirs(EM_X86_64, &n);
	assert_int_equal(n, 6);
	assert_string_equal(dirs[0], "/lib/x86_64-linux-gnu");
	dirs = search_default_dirs(EM_AARCH64, &n);
	assert_string_equal(dirs[1], "/usr/lib/aarch64-linux-gnu");
	dirs = search_default_dirs(EM_NONE, &n);
	assert_int_equal(n, 4);
	(void)search_hwcaps(EM_X86_64, &n);
	assert_int_equal(n, 3);
	(void)search_hwcaps(EM_AARCH64, &n);
	assert_int_equal(n, 0);
}

static int read_and_free(void *root)
{
	struct search *search = NULL;
	int r = search_new(root, &search, NULL);

	(void)search_free(search);
	return r;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	_cleanup_(root_closep) struct root *root = open_root();

	write_text("etc/ld.so.conf", "include ld.so.conf.d/*.conf\n/a\n");
	write_text("etc/ld.so.conf.d/1.conf", "/b\n/c\n");
	write_text("etc/ld.so.conf.d/2.conf", "/d\n");
	alloc_check(read_and_free, root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_root_without_a_list_has_none),
		in_folder(folders_come_in_the_order_of_the_files),
		in_folder(a_list_that_includes_itself_is_refused),
		in_folder(a_list_that_is_too_large_or_no_file_is_refused),
		in_folder(folders_above_the_limit_are_left_out),
		cmocka_unit_test(machines_have_folders_of_their_own),
		in_folder(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
