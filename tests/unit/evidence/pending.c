// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a tail has beyond its checkpoint, told by who has no key. */

#include "evidence/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "evidence/folder.h"
#include "test.h"
#include "world.h"

static void entries_beyond_the_checkpoint_are_counted(void **state)
{
	struct world *world = world_new();
	int dir_fd = world->options.dir_fd;
	uint64_t n = 99;

	assert_int_equal(pending_count(dir_fd, 0, &n), -ENOENT);
	assert_int_equal(world_open(world), 0);
	world_append(world, 300);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(pending_count(dir_fd, 300, &n), 0);
	assert_true(n == 0);
	world_append(world, 7);
	assert_int_equal(writer_commit(world->writer), 0);
	assert_int_equal(pending_count(dir_fd, 300, &n), 0);
	assert_true(n == 7);
	/* a checkpoint that is ahead of this tail */
	assert_int_equal(pending_count(dir_fd, 400, &n), 0);
	assert_true(n == 0);
	world_close(world);
	world_free(world);
}

static void what_is_torn_or_no_tail_counts_for_nothing(void **state)
{
	struct world *world = world_new();
	int dir_fd = world->options.dir_fd, fd;
	uint64_t n = 0;

	assert_int_equal(world_open(world), 0);
	world_append(world, 5);
	assert_int_equal(writer_commit(world->writer), 0);
	world_close(world);
	fd = openat(dir_fd, "tail/00000000000000000000", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\0\100torn", 6), 6);
	assert_int_equal(close(fd), 0);
	assert_int_equal(symlinkat("/dev/zero", dir_fd, "tail/00000000000000000512"), 0);
	assert_int_equal(mkdirat(dir_fd, "tail/00000000000000000768", 0700), 0);
	assert_int_equal(mkdirat(dir_fd, "tail/1024", 0700), 0);
	assert_int_equal(pending_count(dir_fd, 0, &n), -ELOOP);
	assert_int_equal(unlinkat(dir_fd, "tail/00000000000000000512", 0), 0);
	assert_int_equal(pending_count(dir_fd, 0, &n), 0);
	assert_true(n == 5);
	world_free(world);
}

static void what_was_pruned_is_read(void **state)
{
	static const struct {
		const char *text;
		int expected;
	} rows[] = {
		{"700\n256\n", 0},
		{"700\n256", FOLDER_E_WRONG},
		{"700\n", FOLDER_E_WRONG},
		{"", FOLDER_E_WRONG},
		{"700\n0256\n", FOLDER_E_WRONG},
		{"700\n256\n\n", FOLDER_E_WRONG},
		{"700\n-1\n", FOLDER_E_WRONG},
	};
	struct world *world = world_new();
	int dir_fd = world->options.dir_fd;
	uint64_t first = 9;

	assert_int_equal(folder_read_retention(dir_fd, &first, NULL), 0);
	assert_true(first == 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		FILE *file;
		int fd =
			openat(dir_fd, "retention", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		file = fdopen(fd, "w");
		assert_non_null(file);
		assert_true(fputs(rows[i].text, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(folder_read_retention(dir_fd, &first, NULL), rows[i].expected);
		assert_true(rows[i].expected || first == 256);
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_beyond_the_checkpoint_are_counted),
		cmocka_unit_test(what_is_torn_or_no_tail_counts_for_nothing),
		cmocka_unit_test(what_was_pruned_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
