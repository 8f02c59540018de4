// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds BPF objects, read from folders like /proc's. */

#include "guard/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char proc[] = "/tmp/holdfast-holders-XXXXXX";

struct seen {
	size_t n;
	struct holder last;
};

static void see(void *userdata, const struct holder *holder)
{
	struct seen *seen = userdata;

	seen->n++;
	seen->last = *holder;
}

static void put(const char *path, const char *text)
{
	FILE *file;
	char name[256];

	(void)snprintf(name, sizeof(name), "%s/%s", proc, path);
	file = fopen(name, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void folder(const char *path)
{
	char name[256];

	(void)snprintf(name, sizeof(name), "%s/%s", proc, path);
	assert_int_equal(mkdir(name, 0700), 0);
}

static struct seen list(pid_t except)
{
	int fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct seen seen = {};

	assert_int_equal(holders_list(fd, except, see, &seen), 0);
	(void)close(fd);
	return seen;
}

static int setup(void **state)
{
	strcpy(proc + strlen(proc) - 6, "XXXXXX");
	if (!mkdtemp(proc))
		return -1;
	folder("7");
	folder("7/fdinfo");
	put("7/comm", "agent\n");
	put("7/fdinfo/0", "pos:\t0\nflags:\t02\nmnt_id:\t15\n");
	put("7/fdinfo/3", "pos:\t0\nflags:\t02\nmap_type:\t1\nmap_id:\t23\n");
	put("7/fdinfo/4", "pos:\t0\nprog_type:\t26\nprog_id:\t24\n");
	put("7/fdinfo/5", "pos:\t0\nlink_type:\ttracing\nlink_id:\t9\nprog_id:\t24\n");
	folder("self");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(proc, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void process_is_listed_with_what_it_holds(void **state)
{
	struct seen seen = list(0);

	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last.pid, 7);
	assert_string_equal(seen.last.comm, "agent");
	assert_int_equal(seen.last.maps, 1);
	assert_int_equal(seen.last.progs, 1);
	assert_int_equal(seen.last.links, 1);
}

static void the_one_excepted_is_not_listed(void **state)
{
	assert_int_equal(list(7).n, 0);
}

static void process_without_bpf_objects_is_not_listed(void **state)
{
	folder("8");
	folder("8/fdinfo");
	put("8/fdinfo/0", "pos:\t0\n");
	assert_int_equal(list(0).n, 1);
}

static void process_that_has_gone_is_passed_over(void **state)
{
	folder("9");
	assert_int_equal(list(0).n, 1);
}

static void long_file_is_passed_over(void **state)
{
	char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put("7/fdinfo/6", text);
	assert_int_equal(list(0).last.maps, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(process_is_listed_with_what_it_holds),
		TEST(the_one_excepted_is_not_listed),
		TEST(process_without_bpf_objects_is_not_listed),
		TEST(process_that_has_gone_is_passed_over),
		TEST(long_file_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
