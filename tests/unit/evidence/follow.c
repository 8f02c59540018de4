// SPDX-License-Identifier: LGPL-2.1-or-later
/* A log that is followed while it is written: order, edges, pruning, damage, forks, waiting. */

#include "evidence/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "naive.h"
#include "test.h"
#include "world.h"

static int setup(void **state)
{
	struct world *world = world_new();

	world->options.tail = 4000;
	assert_int_equal(world_open(world), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static struct follow *follow_of(const struct world *world, uint64_t from, bool verified)
{
	const struct follow_options options = {
		.path = world->dir,
		.from = from,
		.keys = &world->key,
		.n_keys = verified ? 1 : 0,
	};
	struct follow *follow = NULL;

	assert_int_equal(follow_new(&options, &follow), 0);
	return follow;
}

static void publish(struct world *world, uint64_t n)
{
	world_append(world, n);
	assert_int_equal(writer_checkpoint(world->writer), 0);
}

/* The next entry is this one, and its leaf is that of its bytes. */
static void expect_entry(struct follow *follow, uint64_t index)
{
	struct follow_entry entry;
	struct naive_hash leaf;
	struct diag diag = {0};
	char text[32];
	int r = follow_next(follow, &entry, &diag);

	if (r != 0)
		fail_msg("entry %llu: %d, %s", (unsigned long long)index, r, diag.text);
	assert_int_equal(entry.index, index);
	assert_string_equal(entry.origin, "example.org/log");
	leaf = naive_leaf(entry.data, entry.size);
	assert_memory_equal(leaf.bytes, entry.leaf.bytes, 32);
	(void)snprintf(text, sizeof(text), "%llu of ", (unsigned long long)index);
	if (index % 50 == 7)
		assert_int_equal(entry.size, 0);
	else
		assert_memory_equal(entry.data, text, strlen(text));
}

static void expect_entries(struct follow *follow, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		expect_entry(follow, i);
}

static int next_is(struct follow *follow)
{
	struct follow_entry entry;

	return follow_next(follow, &entry, NULL);
}

static void expect_end(struct follow *follow)
{
	assert_int_equal(next_is(follow), FOLLOW_E_END);
}

static void entries_come_in_order_as_they_are_signed(void **state)
{
	struct world *world = *state;

	for (int verified = 0; verified < 2; verified++) {
		struct follow *follow = follow_of(world, 0, verified);
		struct writer_counts counts;
		uint64_t size;

		publish(world, 600);
		writer_count(world->writer, &counts);
		size = counts.size;
		expect_entries(follow, 0, size);
		expect_end(follow);
		/* durable, and not under a checkpoint: not yet */
		world_append(world, 5);
		assert_int_equal(writer_commit(world->writer), 0);
		expect_end(follow);
		assert_int_equal(writer_checkpoint(world->writer), 0);
		expect_entries(follow, size, size + 5);
		expect_end(follow);
		(void)follow_free(follow);
	}
}

static void each_size_and_step_is_followed(void **state)
{
	_cleanup_(follow_freep) struct follow *follow = follow_of(*state, 0, true);
	uint64_t size = 0;

	for (uint64_t step = 1; size < 1500; step = step * 3 % 97) {
		publish(*state, step);
		expect_entries(follow, size, size + step);
		expect_end(follow);
		size += step;
	}
}

static void a_log_may_begin_later(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 3, false);

	expect_end(follow);
	assert_null(follow_checkpoint(follow, NULL));
	publish(world, 2);
	expect_end(follow); /* it has begun, and not come so far */
	publish(world, 3);
	expect_entries(follow, 3, 5);
}

static void a_place_may_be_chosen(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 511, true);
	int64_t time = 0;

	publish(world, 700);
	expect_entries(follow, 511, 513);
	follow_seek(follow, 5);
	assert_int_equal(follow_index(follow), 5);
	expect_entries(follow, 5, 300);
	follow_seek(follow, 699);
	expect_entries(follow, 699, 700);
	expect_end(follow);
	assert_int_equal(follow_checkpoint(follow, &time)->tree.size, 700);
	assert_true(time > 1000000000);
}

/* What the checkpoint that we know needs goes as soon as there is another. */
static void the_writer_may_be_faster(void **state)
{
	struct world *world = *state;

	for (int verified = 0; verified < 2; verified++) {
		struct follow *follow = follow_of(world, 0, verified);
		struct writer_counts counts;
		uint64_t size;

		publish(world, 200);
		assert_int_equal(follow_look(follow, NULL), 0);
		publish(world, 20); /* no full bundle in its place */
		writer_count(world->writer, &counts);
		size = counts.size;
		follow_seek(follow, size - 30);
		expect_entries(follow, size - 30, size);
		publish(world, 300);
		expect_entries(follow, size, size + 300);
		expect_end(follow);
		(void)follow_free(follow);
	}
}

static void what_is_pruned_is_told(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 10, false);
	struct follow_entry entry;

	for (unsigned i = 0; i < 16; i++)
		publish(world, 100);
	assert_int_equal(writer_prune(world->writer, 1000), 0);
	assert_int_equal(follow_next(follow, &entry, NULL), FOLLOW_E_PRUNED);
	assert_int_equal(entry.index, 768);
	assert_int_equal(follow_index(follow), 10);
	follow_seek(follow, entry.index);
	expect_entries(follow, 768, 1600);
	publish(world, 100);
	expect_entries(follow, 1600, 1700);
	expect_end(follow);
}

/* What was the end when we looked last is gone by now. */
static void pruning_may_overtake_who_follows(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, false);
	struct follow_entry entry;

	publish(world, 200);
	expect_entry(follow, 0);
	follow_seek(follow, 190);
	for (unsigned i = 0; i < 14; i++)
		publish(world, 100);
	assert_int_equal(writer_prune(world->writer, 1000), 0);
	assert_int_equal(follow_next(follow, &entry, NULL), FOLLOW_E_PRUNED);
	assert_int_equal(entry.index, 768);
}

static void a_verified_log_may_be_pruned(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, true);
	struct follow_entry entry;

	for (unsigned i = 0; i < 16; i++)
		publish(world, 100);
	assert_int_equal(writer_prune(world->writer, 1000), 0);
	assert_int_equal(follow_next(follow, &entry, NULL), FOLLOW_E_PRUNED);
	assert_int_equal(entry.index, 768);
	follow_seek(follow, entry.index);
	expect_entries(follow, 768, 1600);
	publish(world, 100);
	expect_entries(follow, 1600, 1700);
	expect_end(follow);
}

static void remove_path(const struct world *world, const char *path)
{
	assert_int_equal(unlinkat(world->options.dir_fd, path, 0), 0);
}

static void a_hole_is_damage(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, false);
	struct follow_entry entry;
	struct diag diag = {0};

	publish(world, 900);
	remove_path(world, "tile/entries/001");
	expect_entries(follow, 0, 256);
	assert_int_equal(follow_next(follow, &entry, &diag), FOLLOW_E_DAMAGED);
	assert_non_null(strstr(diag.text, "tile/entries/001"));
	assert_int_equal(follow_index(follow), 256);
	/* nor is the end of a log pruned */
	follow_seek(follow, 800);
	remove_path(world, "tile/entries/003.p/132");
	assert_int_equal(next_is(follow), FOLLOW_E_DAMAGED);
}

static void write_over(const struct world *world, const char *path, off_t offset, char byte)
{
	_cleanup_close_ int fd = openat(world->options.dir_fd, path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void what_is_changed_is_not_handed_out(void **state)
{
	static const struct {
		const char *path;
		off_t offset;
	} changes[] = {
		{"tile/entries/000", 3}, {"tile/entries/000", 1}, {"tile/0/000", 40},
		{"tile/0/001.p/44", 0},	 {"tile/1/000.p/1", 7},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct world *world = world_new();
		struct follow *follow = follow_of(world, 0, true);
		struct diag diag = {0};
		struct follow_entry entry;

		assert_int_equal(world_open(world), 0);
		publish(world, 300);
		write_over(world, changes[i].path, changes[i].offset, '\x7e');
		/* whichever of both bundles is what the change is seen in */
		follow_seek(follow, i >= 3 ? 299 : 255);
		assert_int_equal(follow_next(follow, &entry, &diag), FOLLOW_E_DAMAGED);
		assert_non_null(strstr(diag.text, "tile/"));
		(void)follow_free(follow);
		world_free(world);
	}
}

static void without_a_key_files_are_taken_as_they_are(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, false);

	publish(world, 10);
	write_over(world, "tile/0/000.p/10", 0, '!');
	expect_entries(follow, 0, 10);
}

/* A copy of a file under another name, or back. */
static void copy(const struct world *world, const char *from, const char *to)
{
	_cleanup_free_ char *data = NULL;
	char path[128];
	size_t size;

	assert_int_equal(file_read(world->options.dir_fd, from, 1 << 20, &data, &size), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", world->dir, to);
	assert_int_equal(file_write_atomic(path, data, size, 0600), 0);
}

static void a_log_that_is_set_back_is_refused(void **state)
{
	struct world *world = *state;

	publish(world, 300);
	for (int verified = 0; verified < 2; verified++) {
		struct follow *follow = follow_of(world, 0, verified);
		struct follow_entry entry;
		struct diag diag = {0};

		copy(world, "checkpoint", "older");
		publish(world, 300);
		expect_entry(follow, 0);
		copy(world, "older", "checkpoint");
		follow_seek(follow, 10000);
		assert_int_equal(follow_next(follow, &entry, &diag), FOLLOW_E_REFUSED);
		assert_non_null(strstr(diag.text, "set back"));
		/* it goes on when the log does */
		publish(world, 1);
		expect_end(follow);
		(void)follow_free(follow);
	}
}

/* Another life of the log: it has the same key, and other entries. */
static void fork_into(struct world *world, uint64_t size)
{
	struct world *other = world_new();
	char command[256];

	other->generation = 7;
	assert_int_equal(world_open(other), 0);
	publish(other, size);
	(void)snprintf(command, sizeof(command), "cp -r %s/tile %s/checkpoint %s/", other->dir,
		       other->dir, world->dir);
	assert_int_equal(system(command), 0);
	world_free(other);
}

static void a_fork_is_refused(void **state)
{
	for (uint64_t size = 300; size <= 700; size += 200) {
		struct world *forked = world_new();
		struct follow *follow = follow_of(forked, 0, true);
		struct follow_entry entry;
		struct diag diag = {0};

		assert_int_equal(world_open(forked), 0);
		publish(forked, 300);
		expect_entry(follow, 0);
		fork_into(forked, size);
		follow_seek(follow, 1000);
		assert_int_equal(follow_next(follow, &entry, &diag), FOLLOW_E_REFUSED);
		assert_non_null(strstr(diag.text, "forked"));
		(void)follow_free(follow);
		world_free(forked);
	}
}

static void a_signature_by_nobody_is_refused(void **state)
{
	static const uint8_t secret[NOTE_KEY_LEN] = {9, 9};
	struct world *world = *state;
	struct note_key keys[2];
	const struct follow_options options = {.path = world->dir, .keys = keys, .n_keys = 1};
	struct follow *follow = NULL;

	publish(world, 5);
	assert_int_equal(note_key_of_secret(world->key.name, NOTE_ED25519, secret, &keys[0], NULL),
			 0);
	assert_int_equal(follow_new(&options, &follow), 0);
	assert_int_equal(next_is(follow), FOLLOW_E_REFUSED);
	(void)follow_free(follow);
	/* one of several is enough */
	keys[1] = world->key;
	assert_int_equal(follow_new(&(struct follow_options){world->dir, 0, keys, 2}, &follow), 0);
	expect_entries(follow, 0, 5);
	(void)follow_free(follow);
	/* but of that log */
	assert_int_equal(
		note_key_make("example.org/other", NOTE_ED25519, world->key.key, &keys[0], NULL),
		0);
	assert_int_equal(follow_new(&options, &follow), 0);
	assert_int_equal(next_is(follow), FOLLOW_E_REFUSED);
	(void)follow_free(follow);
}

static void the_folder_may_go_and_come_back(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, true);
	char away[80];

	publish(world, 300);
	expect_entries(follow, 0, 300);
	(void)snprintf(away, sizeof(away), "%s.away", world->dir);
	assert_int_equal(rename(world->dir, away), 0);
	expect_end(follow);
	assert_int_equal(follow_wait(follow, NULL, 0), 0);
	assert_int_equal(rename(away, world->dir), 0);
	publish(world, 300);
	expect_entries(follow, 300, 600);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void news_end_waiting(void **state)
{
	struct world *world = *state;
	_cleanup_(follow_freep) struct follow *follow = follow_of(world, 0, false);
	struct pollfd other = {.events = POLLIN};
	int fds[2];
	double begun;

	publish(world, 1);
	expect_entry(follow, 0);
	/* the first time it may have come before anybody watched */
	begun = now();
	assert_int_equal(follow_wait(follow, NULL, -1), 0);
	assert_true(now() - begun < 0.5);
	publish(world, 1);
	begun = now();
	assert_int_equal(follow_wait(follow, NULL, -1), 0);
	assert_true(now() - begun < 0.5);
	expect_entry(follow, 1);
	/* nothing comes: a second, as it would be without inotify */
	begun = now();
	assert_int_equal(follow_wait(follow, NULL, -1), 0);
	assert_true(now() - begun > 0.9);
	/* or something else does */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	other.fd = fds[0];
	begun = now();
	assert_int_equal(follow_wait(follow, &other, -1), 0);
	assert_true(now() - begun < 0.5 && (other.revents & POLLIN));
	assert_int_equal(close(fds[0]) | close(fds[1]), 0);
}

static int read_some(void *userdata)
{
	struct world *world = userdata;
	_cleanup_(follow_freep) struct follow *follow = NULL;
	int r = follow_new(&(struct follow_options){world->dir, 250, &world->key, 1}, &follow);

	for (int i = 0; r == 0 && i < 20; i++) {
		struct follow_entry entry;

		r = follow_next(follow, &entry, NULL);
	}
	return r;
}

static void memory_may_be_short(void **state)
{
	publish(*state, 300);
	alloc_check(read_some, *state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(entries_come_in_order_as_they_are_signed),
		TEST(each_size_and_step_is_followed),
		TEST(a_log_may_begin_later),
		TEST(a_place_may_be_chosen),
		TEST(the_writer_may_be_faster),
		TEST(what_is_pruned_is_told),
		TEST(pruning_may_overtake_who_follows),
		TEST(a_verified_log_may_be_pruned),
		TEST(a_hole_is_damage),
		TEST(what_is_changed_is_not_handed_out),
		TEST(without_a_key_files_are_taken_as_they_are),
		TEST(a_log_that_is_set_back_is_refused),
		TEST(a_fork_is_refused),
		TEST(a_signature_by_nobody_is_refused),
		TEST(the_folder_may_go_and_come_back),
		TEST(news_end_waiting),
		TEST(memory_may_be_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
