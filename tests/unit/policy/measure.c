// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/measure.h"

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/sha256.h"
#include "elf-fixture.h"
#include "fixture.h"
#include "policy/lock.h"
#include "policy/tree.h"
#include "test.h"

#define POLICY HEAD("1", "observe") "domains:\n"

/* clang-format off */
static const char text[] =
	POLICY "  - name: a\n"
	"    executables:\n"
	"      - {path: /bin/x, launch: any}\n"
	"      - {digest: " DIGEST("1") ", size: 1, launch: any}\n"
	"    libraries:\n"
	"      - {path: /plugin}\n"
	"      - {digest: " DIGEST("2") "}\n"
	"  - name: b\n"
	"    executables: [{path: /bin/y, launch: any}]\n"
	"admission:\n"
	"  allow: [{executable: /bin/y, programs: [ext], libraries: [{path: /plugin}]}]\n";
/* clang-format on */

static void write_host(void)
{
	elf_fixture_write("bin/x", &(struct elf_spec){.salt = "x", .needed = {"liba.so"}});
	elf_fixture_write("bin/y", &(struct elf_spec){.salt = "y", .needed = {"liba.so"}});
	elf_fixture_write("lib/liba.so", &(struct elf_spec){.salt = "a"});
	elf_fixture_write("plugin.so",
			  &(struct elf_spec){.salt = "p", .needed = {"liba.so", "libb.so"}});
	elf_fixture_write("lib/libb.so", &(struct elf_spec){.salt = "b"});
	(void)unlink("plugin");
	assert_int_equal(symlink("plugin.so", "plugin"), 0);
}

static void a_host_is_read_into_a_lock_that_agrees(void **state)
{
	static const struct {
		enum lock_kind kind;
		const char *domain, *path;
	} expected[] = {
		{LOCK_EXECUTABLE, "a", "/bin/x"},
		{LOCK_LIBRARY, "a", "/plugin"},
		{LOCK_NEEDED, "a", "/lib/liba.so"},
		{LOCK_NEEDED, "a", "/lib/libb.so"},
		{LOCK_EXECUTABLE, "admission:1", "/bin/y"},
		{LOCK_LIBRARY, "admission:1", "/plugin"},
		{LOCK_NEEDED, "admission:1", "/lib/liba.so"},
		{LOCK_NEEDED, "admission:1", "/lib/libb.so"},
		{LOCK_EXECUTABLE, "b", "/bin/y"},
		{LOCK_NEEDED, "b", "/lib/liba.so"},
	};
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *lock = NULL;
	_Alignas(8) char data[ELF_FIXTURE_SIZE];
	_cleanup_free_ char *written = NULL;
	uint8_t digest[SHA256_LEN];
	size_t size;

	write_host();
	assert_int_equal(measure_policy(policy, ".", &lock, NULL), 0);
	assert_int_equal(lock_write(lock, &written, &size), 0);
	assert_int_equal(lock->n_files, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < lock->n_files; i++) {
		assert_int_equal(lock->files[i].kind, expected[i].kind);
		assert_string_equal(lock->files[i].domain, expected[i].domain);
		assert_string_equal(lock->files[i].path, expected[i].path);
		assert_int_equal(lock->files[i].size, ELF_FIXTURE_SIZE);
	}
	assert_int_equal(lock_agrees(lock, "l", policy, NULL), 0);

	elf_fixture(&(struct elf_spec){.salt = "p", .needed = {"liba.so", "libb.so"}}, data);
	assert_int_equal(sha256_buffer(data, sizeof(data), digest), 0);
	assert_memory_equal(lock->files[1].digest, digest, sizeof(digest));
}

static void two_readings_are_the_same_bytes(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *one = NULL, *two = NULL;
	_cleanup_free_ char *first = NULL, *second = NULL;
	size_t size;

	write_host();
	assert_int_equal(measure_policy(policy, ".", &one, NULL), 0);
	assert_int_equal(measure_policy(policy, ".", &two, NULL), 0);
	assert_int_equal(lock_write(one, &first, &size), 0);
	assert_int_equal(lock_write(two, &second, &size), 0);
	assert_string_equal(first, second);
}

static void a_file_that_cannot_be_locked_is_named_where_the_policy_asks_for_it(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	struct lock *lock = NULL;
	struct diag diag = {0};

	write_host();
	assert_int_equal(unlink("lib/libb.so"), 0);
	assert_int_equal(measure_policy(policy, ".", &lock, &diag), POLICY_E_INVALID);
	assert_string_equal(diag.file, "t.yaml");
	assert_int_equal(diag.line, 11);
	assert_int_equal(diag.column, 9);
	assert_string_equal(diag.text, "domains[0].libraries[0].path: /plugin.so needs the library"
				       " \"libb.so\", which is not found: install it");

	assert_int_equal(unlink("bin/x"), 0);
	assert_int_equal(measure_policy(policy, ".", &lock, &diag), POLICY_E_INVALID);
	assert_int_equal(diag.line, 8);
	assert_string_equal(diag.text,
			    "domains[0].executables[0].path: /bin/x does not exist: install it"
			    " or correct the path");
	assert_int_equal(measure_policy(policy, "./none", &lock, &diag), POLICY_E_INVALID);
	assert_null(lock);
}

static void a_path_that_no_image_can_hold_is_refused(void **state)
{
	static const char simple[] = POLICY
		"  - {name: a, executables: [{path: /bin/x, launch: any}]}\n";
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(simple);
	_cleanup_free_ char *folder = NULL;
	struct lock *lock = NULL;
	struct diag diag = {0};
	char path[300];

	folder = calloc(1, 251);
	memset(folder, 'x', 250);
	(void)snprintf(path, sizeof(path), "%s/liba.so", folder);
	elf_fixture_write(path, &(struct elf_spec){0});
	(void)snprintf(path, sizeof(path), "/%s", folder);
	elf_fixture_write("bin/x", &(struct elf_spec){.rpath = path, .needed = {"liba.so"}});
	assert_int_equal(measure_policy(policy, ".", &lock, &diag), POLICY_E_INVALID);
	assert_int_equal(diag.line, 6);
	assert_non_null(
		strstr(diag.text, "xxx/liba.so has more than 255 bytes or control characters"));
	assert_null(lock);
}

static int measure_and_free(void *policy)
{
	struct lock *lock = NULL;
	int r = measure_policy(policy, ".", &lock, NULL);

	(void)lock_free(lock);
	return r;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);

	write_host();
	alloc_check(measure_and_free, policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_host_is_read_into_a_lock_that_agrees),
		in_folder(two_readings_are_the_same_bytes),
		in_folder(a_file_that_cannot_be_locked_is_named_where_the_policy_asks_for_it),
		in_folder(a_path_that_no_image_can_hold_is_refused),
		in_folder(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
