// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/lock.h"

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "fixture.h"
#include "policy/tree.h"
#include "test.h"

#define HEX(digit) "sha256:" DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit)
#define LOCK_HEAD "holdfast-lock 1\npolicy t\n"
#define VERITY(digit) "fsverity:" DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit)
#define LINE(kind, domain, path) kind " " domain " " HEX("1") " 10 " path "\n"

static struct lock *read_lock(const char *text)
{
	struct lock *lock = NULL;
	struct diag diag = {0};

	if (lock_read("t.lock", text, strlen(text), &lock, &diag))
		fail_msg("%u: %s", diag.line, diag.text);
	return lock;
}

static void add(struct lock *lock, enum lock_kind kind, const char *domain, const char *path)
{
	struct lock_file file = {
		.kind = kind, .domain = (char *)domain, .path = (char *)path, .size = 10};

	memset(file.digest, 0x11, sizeof(file.digest));
	assert_int_equal(lock_add(lock, &file), 0);
}

static void a_lock_is_sorted_and_reads_as_written(void **state)
{
	static const char expected[] = LOCK_HEAD LINE("executable", "a", "/usr/bin/a")
		LINE("library", "a", "/usr/lib/x.so") LINE("needed", "a", "/usr/lib/libc.so.6")
			LINE("executable", "b", "/usr/bin/b");
	_cleanup_(lock_freep) struct lock *lock = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL, *text_again = NULL;
	size_t size;

	assert_int_equal(lock_new("t", &lock), 0);
	add(lock, LOCK_EXECUTABLE, "b", "/usr/bin/b");
	add(lock, LOCK_NEEDED, "a", "/usr/lib/libc.so.6");
	add(lock, LOCK_LIBRARY, "a", "/usr/lib/x.so");
	add(lock, LOCK_EXECUTABLE, "a", "/usr/bin/a");
	add(lock, LOCK_EXECUTABLE, "a", "/usr/bin/a");
	assert_int_equal(lock_write(lock, &text, &size), 0);
	assert_string_equal(text, expected);
	assert_int_equal(size, strlen(expected));

	again = read_lock(text);
	assert_int_equal(again->n_files, 4);
	assert_int_equal(again->files[2].line, 5);
	assert_int_equal(again->files[2].kind, LOCK_NEEDED);
	assert_int_equal(lock_write(again, &text_again, &size), 0);
	assert_string_equal(text_again, text);
}

static void a_path_may_have_what_is_there_and_what_will_be(void **state)
{
	static const char expected[] = LOCK_HEAD "executable a " HEX(
		"1") " 10 /usr/bin/a\nexecutable a " HEX("2") " 11 /usr/bin/a\n";
	static const char unsorted[] = LOCK_HEAD "executable a " HEX(
		"2") " 11 /usr/bin/a\nexecutable a " HEX("1") " 10 /usr/bin/a\n";
	struct lock_file file = {.domain = (char *)"a", .path = (char *)"/usr/bin/a", .size = 11};
	_cleanup_(lock_freep) struct lock *lock = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;

	memset(file.digest, 0x22, sizeof(file.digest));
	assert_int_equal(lock_new("t", &lock), 0);
	assert_int_equal(lock_add(lock, &file), 0);
	add(lock, LOCK_EXECUTABLE, "a", "/usr/bin/a");
	add(lock, LOCK_EXECUTABLE, "a", "/usr/bin/a");
	assert_int_equal(lock_write(lock, &text, &size), 0);
	assert_string_equal(text, expected);
	again = read_lock(text);
	assert_int_equal(again->n_files, 2);
	assert_int_equal(lock_read("t", unsorted, strlen(unsorted), &lock, NULL), LOCK_E_INVALID);
}

static void a_lock_keeps_the_other_digest_where_it_has_one(void **state)
{
	static const char text[] = LOCK_HEAD "executable a " HEX("1") " " VERITY(
		"2") " 10 /x\nexecutable a " HEX("1") " 10 /y\n";
	_cleanup_(lock_freep) struct lock *lock = read_lock(text);
	_cleanup_free_ char *again = NULL;
	size_t size;

	assert_true(lock_has_verity(&lock->files[0]));
	assert_int_equal(lock->files[0].verity[31], 0x22);
	assert_int_equal(lock->files[0].size, 10);
	assert_false(lock_has_verity(&lock->files[1]));
	assert_int_equal(lock_write(lock, &again, &size), 0);
	assert_string_equal(again, text);
}

static void odd_bytes_in_a_path_are_escaped_and_come_back(void **state)
{
	static const char odd[] = "/a b\\x\xc3\xbc/\xff";
	_cleanup_(lock_freep) struct lock *lock = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;

	assert_int_equal(lock_new("t", &lock), 0);
	add(lock, LOCK_EXECUTABLE, "a", odd);
	assert_int_equal(lock_write(lock, &text, &size), 0);
	assert_non_null(strstr(text, " /a\\x20b\\x5cx\\xc3\\xbc/\\xff\n"));
	again = read_lock(text);
	assert_string_equal(again->files[0].path, odd);
}

static const struct {
	const char *text;
	unsigned line;
	const char *part;
} rows[] = {
	{"", 0, "empty"},
	{"holdfast-lock 1", 0, "cut off"},
	{LOCK_HEAD "executable a", 0, "cut off"},
	{"holdfast-lock 2\npolicy t\n", 1, "expected \"holdfast-lock 1\""},
	{"holdfast-lock 1\n", 1, "second line"},
	{"holdfast-lock 1\npolicy T\n", 2, "second line"},
	{"holdfast-lock 1\n\npolicy t\n", 2, "second line"},
	{LOCK_HEAD "\n", 3, "expected KIND"},
	{LOCK_HEAD "executable a " HEX("1") " 10\n", 3, "expected KIND"},
	{LOCK_HEAD LINE("program", "a", "/x"), 3, "got \"program\""},
	{LOCK_HEAD LINE("executable", "A", "/x"), 3, "\"A\" is no name of a domain"},
	{LOCK_HEAD LINE("executable", "self", "/x"), 3, "\"self\" is no name of a domain"},
	{LOCK_HEAD LINE("executable", "admission:", "/x"), 3, "no name of a domain"},
	{LOCK_HEAD LINE("executable", "admission:0", "/x"), 3, "no name of a domain"},
	{LOCK_HEAD LINE("executable", "admission:1x", "/x"), 3, "no name of a domain"},
	{LOCK_HEAD LINE("executable", "admission:1234", "/x"), 3, "no name of a domain"},
	{LOCK_HEAD LINE("executable", "a", " /x"), 3, "path"},
	{LOCK_HEAD LINE("executable ", "a", "/x"), 3, "expected KIND"},
	{LOCK_HEAD LINE("executable", "a", "x"), 3, "path is not normalised"},
	{LOCK_HEAD LINE("executable", "a", "/x/"), 3, "path is not normalised"},
	{LOCK_HEAD LINE("executable", "a", "/x/../y"), 3, "path is not normalised"},
	{LOCK_HEAD LINE("executable", "a", "/\\x0a"), 3, "path is not normalised"},
	{LOCK_HEAD LINE("executable", "a", "/x y"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\xc3\xbc"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\x41"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\x00"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\xC3"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\n"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\x0"), 3, "not escaped"},
	{LOCK_HEAD LINE("executable", "a", "/\\"), 3, "not escaped"},
	{LOCK_HEAD "executable a " HEX("1") " 0 /x\n", 3, "size"},
	{LOCK_HEAD "executable a " HEX("1") " 010 /x\n", 3, "size"},
	{LOCK_HEAD "executable a " HEX("1") " 1073741825 /x\n", 3, "size"},
	{LOCK_HEAD "executable a " HEX("1") " 99999999999999999999 /x\n", 3, "size"},
	{LOCK_HEAD "executable a " HEX("1") "1 10 /x\n", 3, "64 digits"},
	{LOCK_HEAD "executable a " HEX("A") " 10 /x\n", 3, "64 digits"},
	{LOCK_HEAD "executable a md5:11 10 /x\n", 3, "64 digits"},
	{LOCK_HEAD "executable a " HEX("1") " fsverity:11 10 /x\n", 3,
	 "\"fsverity:\" and 64 digits"},
	{LOCK_HEAD "executable a " HEX("1") " " VERITY("0") " 10 /x\n", 3, "no file has"},
	{LOCK_HEAD "executable a " HEX("1") " " VERITY("2") " /x\n", 3, "size"},
	{LOCK_HEAD "executable a " VERITY("2") " " HEX("1") " 10 /x\n", 3, "\"sha256:\" and 64"},
	{LOCK_HEAD LINE("executable", "a", "/x") LINE("executable", "a", "/x"), 4, "here twice"},
	{LOCK_HEAD LINE("executable", "b", "/x") LINE("executable", "a", "/x"), 4, "out of order"},
	{LOCK_HEAD LINE("needed", "a", "/x") LINE("library", "a", "/x"), 4, "out of order"},
};

static void what_lock_would_not_have_written_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lock *lock = NULL;
		struct diag diag = {0};
		int r = lock_read("t.lock", rows[i].text, strlen(rows[i].text), &lock, &diag);

		assert_null(lock);
		if (r != LOCK_E_INVALID || diag.line != rows[i].line ||
		    !strstr(diag.text, rows[i].part))
			fail_msg("case %zu: %d, %u: %s", i, r, diag.line, diag.text);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = LOCK_HEAD "\0\n";
	struct lock *lock = NULL;

	assert_int_equal(lock_read("t.lock", text, sizeof(text) - 1, &lock, NULL), LOCK_E_INVALID);
}

/* n files, and room for the text. */
static char *files(size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, LOCK_HEAD);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "needed a " HEX("1") " 10 /%06zu\n", i);
	fclose(f);
	return text;
}

static void files_have_a_limit(void **state)
{
	_cleanup_free_ char *good = files(LOCK_MAX_FILES), *bad = files(LOCK_MAX_FILES + 1);
	struct lock_file one = {
		.kind = LOCK_EXECUTABLE, .domain = (char *)"a", .path = (char *)"/x"};
	_cleanup_(lock_freep) struct lock *lock = read_lock(good);
	struct lock *refused = NULL;
	struct diag diag = {0};

	assert_int_equal(lock->n_files, LOCK_MAX_FILES);
	assert_int_equal(lock_add(lock, &one), LOCK_E_TOO_MANY);
	assert_int_equal(lock_read("t.lock", bad, strlen(bad), &refused, &diag), LOCK_E_INVALID);
	assert_non_null(strstr(diag.text, "more than 10000 files"));
}

static void the_text_has_a_limit(void **state)
{
	_cleanup_free_ char *text = malloc(LOCK_MAX_SIZE + 1);
	struct lock *lock = NULL;
	struct diag diag = {0};

	memset(text, '\n', LOCK_MAX_SIZE + 1);
	assert_int_equal(lock_read("t.lock", text, LOCK_MAX_SIZE + 1, &lock, &diag),
			 LOCK_E_INVALID);
	assert_non_null(strstr(diag.text, "more than 8388608 bytes"));
	assert_int_equal(lock_read("t.lock", text, LOCK_MAX_SIZE, &lock, &diag), LOCK_E_INVALID);
	assert_non_null(strstr(diag.text, "first line"));
}

static void a_path_has_a_limit(void **state)
{
	char path[(IMAGE_PATH_LEN - 1) + 2], text[(IMAGE_PATH_LEN - 1) + 512];
	struct lock *refused = NULL;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[(IMAGE_PATH_LEN - 1)] = '\0';
	(void)snprintf(text, sizeof(text), "%s%s%s\n", LOCK_HEAD, "needed a " HEX("1") " 10 ",
		       path);
	_cleanup_(lock_freep) struct lock *lock = read_lock(text);
	assert_int_equal(strlen(lock->files[0].path), (IMAGE_PATH_LEN - 1));

	path[(IMAGE_PATH_LEN - 1)] = 'x';
	path[(IMAGE_PATH_LEN - 1) + 1] = '\0';
	(void)snprintf(text, sizeof(text), "%s%s%s\n", LOCK_HEAD, "needed a " HEX("1") " 10 ",
		       path);
	assert_int_equal(lock_read("t.lock", text, strlen(text), &refused, NULL), LOCK_E_INVALID);
}

/* clang-format off */
static const char policy_text[] =
	HEAD("1", "observe")
	"domains:\n"
	"  - name: a\n"
	"    executables: [{path: /a, launch: any}]\n"
	"    libraries: [{path: /l}]\n"
	"  - name: b\n"
	"    executables: [{digest: " DIGEST("1") ", size: 1, launch: any}]\n";
/* clang-format on */

static const struct {
	const char *text;
	const char *file; /* NULL: it agrees */
	unsigned line;
	const char *part;
} agreements[] = {
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("library", "a", "/l"), NULL, 0, ""},
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("library", "a", "/l")
		 LINE("needed", "a", "/n"),
	 NULL, 0, ""},
	{"holdfast-lock 1\npolicy u\n" LINE("executable", "a", "/a") LINE("library", "a", "/l"),
	 "t.lock", 2,
	 "the lock is of the policy \"u\", not \"t\": run `holdfast policy lock` again"},
	{LOCK_HEAD LINE("library", "a", "/l"), "t.yaml", 7, "the lock has no executable /a: run"},
	{LOCK_HEAD LINE("executable", "a", "/a"), "t.yaml", 8, "the lock has no library /l: run"},
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("executable", "a", "/b")
		 LINE("library", "a", "/l"),
	 "t.lock", 4, "/b: run `holdfast policy lock` again"},
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("library", "a", "/l")
		 LINE("library", "a", "/m"),
	 "t.lock", 5, "/m: run"},
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("library", "a", "/l")
		 LINE("needed", "b", "/n"),
	 "t.lock", 5, "/n: run"},
	{LOCK_HEAD LINE("executable", "a", "/a") LINE("library", "a", "/l")
		 LINE("executable", "c", "/a"),
	 "t.lock", 5, "/a: run"},
	{LOCK_HEAD LINE("executable", "a", "/l") LINE("library", "a", "/a"), "t.yaml", 7,
	 "the lock has no executable /a"},
};

static void a_lock_of_another_policy_or_another_day_is_told_apart(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(policy_text);

	for (size_t i = 0; i < sizeof(agreements) / sizeof(*agreements); i++) {
		_cleanup_(lock_freep) struct lock *lock = read_lock(agreements[i].text);
		struct diag diag = {0};
		int r = lock_agrees(lock, "t.lock", policy, &diag);

		if (!agreements[i].file) {
			assert_int_equal(r, 0);
			continue;
		}
		if (r != LOCK_E_MISMATCH || strcmp(diag.file, agreements[i].file) != 0 ||
		    diag.line != agreements[i].line || !strstr(diag.text, agreements[i].part))
			fail_msg("case %zu: %d, %s:%u: %s", i, r, diag.file, diag.line, diag.text);
	}
}

static int read_and_write(void *text)
{
	_cleanup_(lock_freep) struct lock *lock = NULL;
	_cleanup_free_ char *again = NULL;
	size_t size;
	int r = lock_read("f", text, strlen(text), &lock, NULL);

	return r ? r : lock_write(lock, &again, &size);
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	alloc_check(read_and_write, LOCK_HEAD LINE("executable", "a", "/a")
					    LINE("library", "a", "/l") LINE("needed", "a", "/n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_sorted_and_reads_as_written),
		cmocka_unit_test(a_path_may_have_what_is_there_and_what_will_be),
		cmocka_unit_test(a_lock_keeps_the_other_digest_where_it_has_one),
		cmocka_unit_test(odd_bytes_in_a_path_are_escaped_and_come_back),
		cmocka_unit_test(what_lock_would_not_have_written_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(files_have_a_limit),
		cmocka_unit_test(the_text_has_a_limit),
		cmocka_unit_test(a_path_has_a_limit),
		cmocka_unit_test(a_lock_of_another_policy_or_another_day_is_told_apart),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
