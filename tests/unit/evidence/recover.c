// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening a log whose files are torn, gone or forged, each at each length. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "evidence/front.h"
#include "evidence/tail.h"
#include "test.h"
#include "world.h"

#define TAIL "tail/00000000000000000000"

/* A log of 7 entries, of which 5 are signed. */
static struct world *make_small_log(void)
{
	struct world *world = world_new();

	assert_int_equal(world_open(world), 0);
	world_append(world, 2);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_append(world, 3);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_append(world, 2);
	world_close(world);
	return world;
}

/* A log of 300 entries, of which 280 are signed. */
static struct world *make_log(uint64_t tail)
{
	struct world *world = world_new();

	world->options.tail = tail;
	assert_int_equal(world_open(world), 0);
	world_append(world, 30);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_append(world, 250);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_append(world, 20);
	world_close(world);
	return world;
}

static int setup(void **state)
{
	*state = make_log(WRITER_TAIL);
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static uint64_t size_of(const struct world *world, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(world->options.dir_fd, path, &st, 0), 0);
	return (uint64_t)st.st_size;
}

static void cut(const struct world *world, const char *path, uint64_t size)
{
	_cleanup_close_ int fd = openat(world->options.dir_fd, path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
}

static void flip(const struct world *world, const char *path, uint64_t at)
{
	_cleanup_close_ int fd = openat(world->options.dir_fd, path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static void go_on(struct world *world)
{
	world_append(world, 10);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	world_check(world, 0);
}

/* Each length of each file, but of long ones some that lie in between. */
static void cut_each(const struct world *log)
{
	char **paths;
	size_t n = world_files(log, &paths);

	for (size_t i = 0; i < n; i++) {
		uint64_t size = size_of(log, paths[i]);
		uint64_t step = size > 500 ? size / 30 : 1;

		for (uint64_t at = 0; at < size; at += at < 90 || at + 90 > size ? 1 : step) {
			struct world *world = world_new();

			world_copy(log, world);
			cut(world, paths[i], at);
			assert_int_equal(world_open(world), 0);
			go_on(world);
			world_free(world);
		}
		free(paths[i]);
	}
	free(paths);
}

static void a_file_may_end_anywhere(void **state)
{
	struct world *small = make_small_log();

	cut_each(*state);
	cut_each(small);
	world_free(small);
}

static void a_file_may_be_gone(void **state)
{
	for (unsigned two = 0; two < 2; two++) {
		struct world *log = make_log(two ? 1000 : WRITER_TAIL);
		char **paths;
		size_t n = world_files(log, &paths);

		for (size_t i = 0; i < n; i++) {
			struct world *world = world_new();
			/* what was there before the tail is nobody's but the disk's */
			bool old = two && strstr(paths[i], "/000") && !strstr(paths[i], ".p/");

			world_copy(log, world);
			assert_int_equal(unlinkat(world->options.dir_fd, paths[i], 0), 0);
			if (!old) {
				assert_int_equal(world_open(world), 0);
				go_on(world);
			}
			world_free(world);
			free(paths[i]);
		}
		free(paths);
		world_free(log);
	}
}

static void a_torn_end_is_cut_and_counted(void **state)
{
	struct world *world = *state;
	uint64_t size = size_of(world, TAIL);

	cut(world, TAIL, size - 5);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(world->found.size, 299);
	assert_int_equal(world->found.signed_size, 280);
	assert_int_equal(world->found.cut_entries, 1);
	assert_int_equal(world->found.healed, 0);
	assert_true(world->found.cut_bytes > MAC_LEN && world->found.cut_bytes < 60);
	assert_false(world->found.unread);
	go_on(world);
}

static void what_the_keys_do_not_vouch_for_is_cut(void **state)
{
	struct world *world = *state;
	uint64_t size = size_of(world, TAIL);

	/* a bit of the last entry but two; the two behind it go with it */
	flip(world, TAIL, size - 3 * TAIL_RECORD(strlen("297 of 1")) + 2);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(world->found.size, 297);
	assert_int_equal(world->found.cut_entries, 3);
	go_on(world);
	assert_int_equal(world_size(world), world->found.size + 10);
}

static void a_rewritten_tail_is_not_taken(void **state)
{
	struct world *world = *state, *other = make_log(WRITER_TAIL);
	_cleanup_free_ char *data = NULL;
	struct store store = {.dir_fd = world->options.dir_fd};
	size_t size;

	/* the same log by other keys, in place of ours */
	assert_int_equal(file_read(other->options.dir_fd, TAIL, 1 << 20, &data, &size), 0);
	data[tail_head_size(0) - 1] ^= 1;
	assert_int_equal(store_put(&store, TAIL, &(struct iovec){data, size}, false), 0);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(world->found.size, 280);
	assert_int_equal(world->found.cut_bytes, size);
	assert_int_equal(world->found.healed, 24);
	go_on(world);
	world_free(other);
}

static void what_was_signed_comes_back_from_bundles(void **state)
{
	struct world *world = *state;

	cut(world, TAIL, 1000);
	assert_int_equal(world_open(world), 0);
	assert_int_equal(world->found.size, 280);
	assert_true(world->found.healed > 200);
	go_on(world);
}

static void a_log_that_has_lost_what_was_signed_is_not_gone_on_with(void **state)
{
	struct world *world = *state;
	struct diag diag = {0};

	cut(world, TAIL, 1000);
	assert_int_equal(unlinkat(world->options.dir_fd, "tile/entries/000", 0), 0);
	assert_int_equal(writer_open(&world->options, &world->writer, NULL, &diag),
			 WRITER_E_REFUSED);
	assert_null(world->writer);
	assert_string_equal(diag.file, "tail");
	assert_non_null(strstr(diag.text, "neither here nor in a bundle"));
}

static void nor_one_that_was_set_back(void **state)
{
	struct world *world = *state, *young = world_new();
	struct store store = {.dir_fd = young->options.dir_fd};
	_cleanup_free_ char *data = NULL;
	size_t size;

	/* a log of the same name, key and keys, that knows nothing of what this one has signed */
	assert_int_equal(world_open(young), 0);
	young->generation = 77;
	world_append(young, 290);
	assert_int_equal(writer_checkpoint(young->writer), 0);
	world_close(young);
	assert_int_equal(file_read(world->options.dir_fd, "signing", 1000, &data, &size), 0);
	assert_int_equal(store_put(&store, "signing", &(struct iovec){data, size}, false), 0);
	assert_int_equal(world_open(young), WRITER_E_REFUSED);
	world_free(young);
}

static void a_log_of_another_origin_is_left_alone(void **state)
{
	struct world *world = *state;

	world->options.origin = "example.org/other";
	assert_int_equal(world_open(world), WRITER_E_REFUSED);
}

static void nothing_is_known_without_both_checkpoints(void **state)
{
	struct world *world = *state;

	cut(world, "signing", 10);
	cut(world, "checkpoint", 10);
	assert_int_equal(world_open(world), WRITER_E_REFUSED);
}

static void a_torn_checkpoint_is_signed_again(void **state)
{
	struct world *world = *state;

	cut(world, "checkpoint", 40);
	assert_int_equal(world_open(world), 0);
	assert_true(world->found.unread);
	assert_int_equal(writer_checkpoint(world->writer), 0);
	assert_int_equal(world_size(world), 300);
	world_check(world, 0);
}

static void a_strange_file_is_not_followed(void **state)
{
	struct world *world = *state;

	assert_int_equal(unlinkat(world->options.dir_fd, TAIL, 0), 0);
	assert_int_equal(symlinkat("/dev/zero", world->options.dir_fd, TAIL), 0);
	assert_true(world_open(world) < 0);
	assert_null(world->writer);
}

/* A large log, its files cut and flipped at random. */
static void random_damage_ends_in_a_log_or_in_a_refusal(void **state)
{
	struct world *log = world_new();
	uint64_t seed = 3;
	unsigned opened = 0;

	log->options.room = 1 << 20;
	assert_int_equal(world_open(log), 0);
	for (unsigned i = 0; i < 10; i++) {
		world_append(log, 700);
		assert_int_equal(writer_checkpoint(log->writer), 0);
	}
	world_append(log, 500);
	world_close(log);
	for (unsigned round = 0; round < 60; round++) {
		struct world *world = world_new();
		char **paths;
		size_t n;

		world_copy(log, world);
		n = world_files(world, &paths);
		for (unsigned damage = 0; damage < 1 + round % 3; damage++) {
			const char *path = paths[world_random(&seed, round % 2 ? n : 1)];
			uint64_t size = size_of(world, round % 2 ? path : TAIL);

			if (size && world_random(&seed, 2))
				cut(world, round % 2 ? path : TAIL, world_random(&seed, size));
			else if (size)
				flip(world, round % 2 ? path : TAIL, world_random(&seed, size));
		}
		for (size_t i = 0; i < n; i++)
			free(paths[i]);
		free(paths);
		if (world_open(world) == 0) {
			go_on(world);
			opened++;
		}
		world_free(world);
	}
	assert_true(opened > 50);
	world_free(log);
}

#define with_log(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_log(a_file_may_end_anywhere),
		cmocka_unit_test(a_file_may_be_gone),
		with_log(a_torn_end_is_cut_and_counted),
		with_log(what_the_keys_do_not_vouch_for_is_cut),
		with_log(a_rewritten_tail_is_not_taken),
		with_log(what_was_signed_comes_back_from_bundles),
		with_log(a_log_that_has_lost_what_was_signed_is_not_gone_on_with),
		with_log(nor_one_that_was_set_back),
		with_log(a_log_of_another_origin_is_left_alone),
		with_log(nothing_is_known_without_both_checkpoints),
		with_log(a_torn_checkpoint_is_signed_again),
		with_log(a_strange_file_is_not_followed),
		cmocka_unit_test(random_damage_ends_in_a_log_or_in_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
