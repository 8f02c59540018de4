// SPDX-License-Identifier: LGPL-2.1-or-later
/* A log that is written: its files, its checkpoints, disks that fail, what is lost, pruning. */

#include "evidence/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/system.h"
#include "test.h"
#include "world.h"

static int setup(void **state)
{
	*state = world_new();
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static bool has(const struct world *world, const char *path)
{
	return faccessat(world->options.dir_fd, path, F_OK, 0) == 0;
}

static struct writer_counts counts_of(const struct world *world)
{
	struct writer_counts counts;

	writer_count(world->writer, &counts);
	return counts;
}

static void a_log_of_each_size_is_whole(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_open(world), 0);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0); /* of no entries */
	for (uint64_t size = 1; size < 600; size++) {
		world_append(world, 1);
		assert_int_equal(writer_checkpoint(world->writer), 0);
		if (size % 51 == 0 || size % 256 < 2)
			world_check(world, 0);
		assert_int_equal(world_size(world), size);
	}
	assert_int_equal(world->n_signed, 600);
}

static void partial_files_go_when_the_full_one_is_out(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_open(world), 0);
	world_append(world, 200);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_true(has(world, "tile/0/000.p/200") && has(world, "tile/entries/000.p/200"));
	world_append(world, 100);
	world->sign_result = -EAGAIN;
	assert_int_equal(writer_checkpoint(world->writer), -EAGAIN);
	/* the checkpoint that is out still needs them */
	assert_true(has(world, "tile/0/000") && has(world, "tile/0/000.p/200"));
	world_check(world, 0);
	world->sign_result = 0;
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_false(has(world, "tile/0/000.p") || has(world, "tile/entries/000.p"));
	world_check(world, 0);
}

static void what_is_signed_is_on_the_disk_before(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_int_equal(world_open(world), 0);
	world_append(world, 3);
	world->sign_result = -EAGAIN;
	assert_int_equal(writer_checkpoint(world->writer), -EAGAIN);
	assert_int_equal(file_read(world->options.dir_fd, "signing", 1000, &data, &size), 0);
	assert_int_equal(strncmp(data, "example.org/log\n3\n", 18), 0);
	assert_false(has(world, "checkpoint"));
	assert_int_equal(counts_of(world).published, 0);
	assert_int_equal(counts_of(world).error, -EAGAIN);
}

static void nothing_is_signed_twice(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_open(world), 0);
	world_append(world, 3);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(world->n_signed, 1);
	world_close(world);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(world->n_signed, 1);
}

static void a_folder_has_one_writer(void **state)
{
	struct world *world = *state;
	struct writer *second = NULL;

	assert_int_equal(world_open(world), 0);
	assert_int_equal(writer_open(&world->options, &second, NULL, NULL), WRITER_E_BUSY);
	assert_null(second);
}

static void the_tail_begins_anew_when_it_is_long(void **state)
{
	struct world *world = *state;

	world->options.tail = 4000;
	assert_int_equal(world_open(world), 0);
	for (unsigned i = 0; i < 12; i++) {
		world_append(world, 70);
		assert_int_equal(writer_checkpoint(world->writer), 0);
	}
	assert_false(has(world, "tail/00000000000000000000"));
	assert_true(has(world, "tail/00000000000000000768"));
	world_check(world, 0);
	world_close(world);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(world->found.size, 840);
	assert_int_equal(world->found.cut_bytes, 0);
	world_append(world, 70);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0);
}

static void an_entry_of_any_size_is_one(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *entry = calloc(1, TAIL_MAX_ENTRY + 1);

	assert_non_null(entry);
	world->options.room = 200000;
	assert_int_equal(world_open(world), 0);
	assert_int_equal(writer_append(world->writer, entry, TAIL_MAX_ENTRY, NULL), 0);
	assert_int_equal(writer_append(world->writer, entry, TAIL_MAX_ENTRY + 1, NULL),
			 WRITER_E_TOO_BIG);
	assert_int_equal(writer_append(world->writer, NULL, 0, NULL), 0);
	assert_int_equal(counts_of(world).lost, 0);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(world_size(world), 2);
	world_check(world, 0);
}

/* Each kind of change refused, for each reason that a disk has: it is kept, and goes on later. */
static void a_disk_that_refuses_stops_nothing(void **state)
{
	static const int reasons[] = {-ENOSPC, -EROFS, -EIO, -EDQUOT};
	struct world *world = *state;

	world->options.tail = 3000;
	assert_int_equal(world_open(world), 0);
	for (unsigned i = 0; i < 4 * _STORE_OP_MAX; i++) {
		uint64_t size = counts_of(world).size;

		world_append(world, 40);
		assert_int_equal(writer_commit(world->writer), 0);
		world->shut_op = (int)(i / 4);
		world->shut_at = world->ops + 1;
		world->shut_with = reasons[i % 4];
		world_append(world, 40);
		(void)writer_commit(world->writer);
		(void)writer_checkpoint(world->writer);
		world->shut_at = 0;
		assert_int_equal(counts_of(world).size, size + 80);
		assert_int_equal(writer_checkpoint(world->writer), 0);
		assert_int_equal(world_size(world), size + 80);
	}
	assert_int_equal(counts_of(world).lost, 0);
	world_check(world, 0);
}

static void a_write_may_be_short(void **state)
{
	struct world *world = *state;

	world->shorten = true;
	assert_int_equal(world_open(world), 0);
	world_append(world, 300);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0);
}

static void what_finds_no_room_is_counted_and_told(void **state)
{
	struct world *world = *state;
	struct writer_gap gap;
	char entry[100] = "x";

	world->options.room = 10 * TAIL_RECORD(sizeof(entry)) + TAIL_RECORD(0);
	assert_int_equal(world_open(world), 0);
	assert_false(writer_take_gap(world->writer, &gap));
	world->shut_op = STORE_SYNC;
	world->shut_at = 1;
	world->shut_with = -ENOSPC;
	for (unsigned i = 1; i <= 25; i++) {
		assert_int_equal(writer_append(world->writer, entry, sizeof(entry), NULL),
				 i <= 10 ? 0 : WRITER_E_LOST);
		if (i % 5 == 0)
			assert_int_equal(writer_commit(world->writer), -ENOSPC);
	}
	/* nor does a small one slip in between */
	assert_int_equal(writer_append(world->writer, NULL, 0, NULL), WRITER_E_LOST);
	assert_int_equal(counts_of(world).lost, 16);
	assert_int_equal(counts_of(world).error, -ENOSPC);

	world->shut_at = 0;
	assert_int_equal(writer_commit(world->writer), 0);
	assert_true(writer_take_gap(world->writer, &gap));
	assert_int_equal(gap.first, 11);
	assert_int_equal(gap.last, 26);
	assert_int_equal(gap.lost, 16);
	assert_false(writer_take_gap(world->writer, &gap));
	assert_int_equal(writer_append(world->writer, "gap", 3, NULL), 0);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(world_size(world), 11);
	world_check(world, 0);
}

static void a_pruned_log_goes_on(void **state)
{
	struct world *world = *state;

	world->options.tail = 4000;
	assert_int_equal(world_open(world), 0);
	for (unsigned i = 0; i < 16; i++) {
		world_append(world, 100);
		assert_int_equal(writer_checkpoint(world->writer), 0);
	}
	assert_int_equal(writer_prune(world->writer, 700), 0);
	assert_int_equal(counts_of(world).minimum, 512);
	assert_false(has(world, "tile/entries/000") || has(world, "tile/0/001"));
	assert_true(has(world, "tile/entries/002") && has(world, "tile/0/002"));
	world_check(world, 512);

	/* what the tail begins with stays, whatever is asked for */
	assert_int_equal(writer_prune(world->writer, UINT64_MAX), 0);
	assert_int_equal(counts_of(world).minimum, 1536);
	assert_int_equal(writer_prune(world->writer, 512), 0);
	assert_int_equal(counts_of(world).minimum, 1536);
	world_close(world);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(counts_of(world).minimum, 1536);
	assert_false(has(world, "tile/entries/005"));
	world_append(world, 300);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 1536);
}

/* Whatever is removed, may be: that is written down before, and found again. */
static void pruning_may_end_anywhere(void **state)
{
	struct world *full = *state;

	full->options.tail = 4000;
	assert_int_equal(world_open(full), 0);
	for (unsigned i = 0; i < 10; i++) {
		world_append(full, 100);
		assert_int_equal(writer_checkpoint(full->writer), 0);
	}
	world_close(full);
	for (unsigned at = 1;; at++) {
		struct world *world = world_new();
		bool done;

		world_copy(full, world);
		assert_int_equal(world_open(world), 0);
		world->ops = 0;
		world->shut_at = at;
		done = writer_prune(world->writer, 768) == 0;
		world->shut_at = 0;
		world_close(world);
		if (has(world, "retention"))
			world_check(world, 768);
		else
			world_check(world, 0);
		assert_int_equal(world_open(world), 0);
		assert_int_equal(writer_prune(world->writer, 768), 0);
		assert_false(has(world, "tile/0/000") || has(world, "tile/0/002"));
		assert_false(has(world, "tile/entries/000") || has(world, "tile/entries/002"));
		world_check(world, 768);
		world_free(world);
		if (done)
			break;
	}
}

static int live(void *userdata)
{
	struct world *world = world_new();
	int r;

	world->options.tail = 2000;
	r = world_open(world);
	for (unsigned i = 0; r == 0 && i < 3; i++) {
		char entry[20] = {(char)i};

		for (unsigned n = 0; r == 0 && n < 120; n++)
			r = writer_append(world->writer, entry, sizeof(entry), NULL);
		if (r == 0)
			r = writer_checkpoint(world->writer);
	}
	world_close(world);
	if (r == 0)
		r = world_open(world);
	/* beginning the tail anew may fail, and is tried again */
	if (r == 0 && alloc_failed())
		r = -ENOMEM;
	alloc_fail_at(0);
	if (r == 0)
		world_check(world, 0);
	world_free(world);
	return r;
}

static void memory_may_run_out(void **state)
{
	alloc_check(live, NULL);
}

static void options_have_to_make_sense(void **state)
{
	struct world *world = *state;
	struct writer_options options = world->options;

	options.room = TAIL_RECORD(0) - 1;
	assert_int_equal(writer_open(&options, &world->writer, NULL, NULL), -EINVAL);
	options = world->options;
	options.sign = NULL;
	assert_int_equal(writer_open(&options, &world->writer, NULL, NULL), -EINVAL);
	options = world->options;
	options.dir_fd = -EBADF;
	assert_int_equal(writer_open(&options, &world->writer, NULL, NULL), -EBADF);
	assert_null(world->writer);
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_log_of_each_size_is_whole),
		in_world(partial_files_go_when_the_full_one_is_out),
		in_world(what_is_signed_is_on_the_disk_before),
		in_world(nothing_is_signed_twice),
		in_world(a_folder_has_one_writer),
		in_world(the_tail_begins_anew_when_it_is_long),
		in_world(an_entry_of_any_size_is_one),
		in_world(a_disk_that_refuses_stops_nothing),
		in_world(a_write_may_be_short),
		in_world(what_finds_no_room_is_counted_and_told),
		in_world(a_pruned_log_goes_on),
		in_world(pruning_may_end_anywhere),
		in_world(memory_may_run_out),
		in_world(options_have_to_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
