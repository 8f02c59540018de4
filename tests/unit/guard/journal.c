// SPDX-License-Identifier: LGPL-2.1-or-later
/* The log of events: order, gaps, rotation, a disk that is full, a file that is torn or planted. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/journal.h"
#include "test.h"

struct world {
	char dir[64];
	struct journal_options options;
	struct journal *journal;
	unsigned marks;
	int mark_result;
};

static int count_mark(void *userdata, int fd)
{
	struct world *world = userdata;

	world->marks++;
	return world->mark_result;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)strcpy(world->dir, "/tmp/holdfast-test-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->options = (struct journal_options){
		.dir_fd = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.limit = JOURNAL_LIMIT,
		.mark = count_mark,
		.userdata = world,
	};
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	(void)journal_free(world->journal);
	(void)close(world->options.dir_fd);
	(void)nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static struct world *opened(void **state)
{
	struct world *world = *state;

	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_restart(world->journal);
	return world;
}

static void put(struct world *world, uint64_t sequence)
{
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = sequence,
		.boot_ns = clock_ns(CLOCK_BOOTTIME),
		.act = EVENT_ACT_MAP_FD,
		.verdict = EVENT_REFUSED,
		.comm = "a\nb",
	};

	journal_event(world->journal, &event, sizeof(event), NULL);
}

static char *read_name(const struct world *world, const char *name)
{
	char *text;
	size_t size;

	if (file_read(world->options.dir_fd, name, (size_t)1 << 26, &text, &size) != 0)
		return NULL;
	return text;
}

/* Every line is JSON; returns how many there are, and how many have that member. */
static size_t check_lines(const struct world *world, const char *name, const char *key,
			  size_t *ret_with)
{
	_cleanup_free_ char *text = read_name(world, name);
	size_t n = 0;

	*ret_with = 0;
	for (char *line = text, *end; line && *line; line = end + 1) {
		json_t *json;

		end = strchr(line, '\n');
		assert_non_null(end);
		json = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		assert_true(json_is_object(json));
		n++;
		*ret_with += json_object_get(json, key) != NULL;
		json_decref(json);
	}
	return n;
}

static void events_become_lines_in_order(void **state)
{
	struct world *world = opened(state);
	struct journal_counts counts;
	struct stat st;
	size_t with;

	for (uint64_t i = 1; i <= 1000; i++)
		put(world, i);
	journal_flush(world->journal, 0);
	assert_int_equal(check_lines(world, "events.jsonl", "seq", &with), 1000);
	assert_int_equal(with, 1000);
	journal_count(world->journal, &counts);
	assert_int_equal(counts.written, 1000);
	assert_int_equal(fstatat(world->options.dir_fd, "events.jsonl", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(world->marks, 1);
}

static void time_of_an_event_is_now(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	char before[32], *time;
	time_t now = (time_t)(clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS);
	struct tm tm;

	put(world, 1);
	journal_flush(world->journal, 0);
	text = read_name(world, "events.jsonl");
	time = strstr(text, "\"time\":\"") + 8;
	(void)strftime(before, sizeof(before), "%Y-%m-%dT%H:%M", gmtime_r(&now, &tm));
	assert_memory_equal(time, before, strlen(before) - 2); /* but for the minutes */
}

static void gap_becomes_a_line_of_its_own(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 1);
	put(world, 5);
	journal_flush(world->journal, 0);
	assert_true(journal_busy(world->journal));
	journal_flush(world->journal, UINT64_MAX);
	assert_false(journal_busy(world->journal));
	text = read_name(world, "events.jsonl");
	assert_non_null(strstr(text, "\"lost\":3,\"first\":2,\"last\":4,"));
}

static void events_that_change_places_are_not_lost(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 2);
	put(world, 1);
	put(world, 3);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	assert_null(strstr(text, "\"lost\""));
}

static void numbers_go_on_after_a_restart(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	for (uint64_t i = 1; i <= 10; i++)
		put(world, i);
	world->journal = journal_free(world->journal);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
	put(world, 13);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	assert_non_null(strstr(text, "\"lost\":2,\"first\":11,\"last\":12,"));
}

/* As kill -9 leaves it: what was written is there, what was known is not. */
static void killed(struct world *world)
{
	journal_flush(world->journal, 0);
	free(world->journal);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
}

static void a_gap_that_nobody_told_of_is_found_again(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	char *first, *second;

	put(world, 1);
	put(world, 4); /* 2 and 3 are missing, for now */
	put(world, 5);
	killed(world);
	put(world, 6);
	killed(world);
	put(world, 9);
	journal_flush(world->journal, UINT64_MAX);
	killed(world);
	put(world, 10);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	first = strstr(text, "\"lost\":");
	assert_non_null(first);
	assert_non_null(strstr(first, "\"lost\":2,\"first\":2,\"last\":3,"));
	second = strstr(first + 1, "\"lost\":");
	assert_non_null(strstr(second, "\"lost\":2,\"first\":7,\"last\":8,"));
	assert_null(strstr(second + 1, "\"lost\":"));
}

static void one_that_comes_late_to_the_next_holdfastd_is_not_lost(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 1);
	put(world, 3);
	killed(world);
	put(world, 2);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	assert_null(strstr(text, "\"lost\":"));
}

static void numbers_go_on_after_a_rotation_and_a_restart(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 7);
	world->journal = journal_free(world->journal);
	assert_int_equal(renameat(world->options.dir_fd, "events.jsonl", world->options.dir_fd,
				  "events.jsonl.1"),
			 0);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
	put(world, 9);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	assert_non_null(strstr(text, "\"lost\":1,\"first\":8,\"last\":8,"));
}

static void numbers_of_an_earlier_guard_are_forgotten(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 500);
	journal_restart(world->journal);
	journal_note(world->journal, &(struct journal_note){.what = "up", .text = "a new guard"});
	world->journal = journal_free(world->journal);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
	put(world, 3);
	journal_flush(world->journal, UINT64_MAX);
	text = read_name(world, "events.jsonl");
	assert_non_null(strstr(text, "\"lost\":499,\"first\":1,\"last\":499,"));
	assert_true(strstr(text, "\"lost\":499") < strstr(text, "\"note\":\"up\""));
	assert_non_null(strstr(text, "\"lost\":2,\"first\":1,\"last\":2,"));
}

static void torn_line_is_dropped_on_start(void **state)
{
	struct world *world = opened(state);
	_cleanup_close_ int fd = -EBADF;
	size_t with;

	put(world, 1);
	world->journal = journal_free(world->journal);
	fd = openat(world->options.dir_fd, "events.jsonl", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "{\"abi\":1,\"seq\":2,", 17), 17);
	(void)opened(state);
	put(world, 2);
	journal_flush(world->journal, 0);
	assert_int_equal(check_lines(world, "events.jsonl", "seq", &with), 2);
}

static void rotation_keeps_five_files_and_every_line_whole(void **state)
{
	struct world *world = *state;
	size_t total = 0, with;
	struct stat st;
	char name[32];

	world->options.limit = 16 << 10;
	(void)opened(state);
	for (uint64_t i = 1; i <= 400; i++) {
		put(world, i);
		journal_flush(world->journal, 0);
	}
	for (int i = 0; i <= 5; i++) {
		(void)snprintf(name, sizeof(name), i ? "events.jsonl.%d" : "events.jsonl", i);
		if (i == 5) {
			assert_int_equal(fstatat(world->options.dir_fd, name, &st, 0), -1);
			break;
		}
		total += check_lines(world, name, "seq", &with);
		assert_int_equal(fstatat(world->options.dir_fd, name, &st, 0), 0);
		assert_true(st.st_size > 0 && st.st_size <= 16 << 10);
	}
	assert_true(total > 100 && total < 400);
	assert_true(world->marks > 5);
	world->marks = 0;
	assert_int_equal(journal_mark(world->journal), 0);
	assert_int_equal(world->marks, 5);
}

static void rotation_that_fails_grows_the_old_file(void **state)
{
	struct world *world = *state;
	size_t with;

	world->options.limit = 4 << 10;
	(void)opened(state);
	world->mark_result = -EPERM; /* the new file cannot be guarded */
	for (uint64_t i = 1; i <= 50; i++) {
		put(world, i);
		journal_flush(world->journal, 0);
	}
	assert_int_equal(check_lines(world, "events.jsonl", "seq", &with), 50);
}

static void fill_disk(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 1000 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_is_counted_and_told_of_later(void **state)
{
	struct world *world = opened(state);
	struct journal_counts counts;
	_cleanup_free_ char *text = NULL;
	size_t with, n;

	fill_disk(true);
	for (uint64_t i = 1; i <= 10; i++)
		put(world, i);
	journal_flush(world->journal, 0);
	fill_disk(false);
	journal_count(world->journal, &counts);
	assert_true(counts.error < 0);
	assert_int_equal(counts.written + counts.unwritten, 10);
	assert_true(counts.written >= 1 && counts.unwritten >= 5);
	/* What did get in is whole lines. */
	assert_int_equal(check_lines(world, "events.jsonl", "seq", &with), counts.written);

	put(world, 11);
	journal_flush(world->journal, 0);
	n = check_lines(world, "events.jsonl", "unwritten", &with);
	assert_int_equal(n, counts.written + 2);
	assert_int_equal(with, 1);
	journal_count(world->journal, &counts);
	assert_int_equal(counts.error, 0);
	text = read_name(world, "events.jsonl");
	assert_null(strstr(text, "\"lost\""));
}

static void planted_files_are_not_written_to(void **state)
{
	struct world *world = *state;
	struct journal_counts counts;

	assert_int_equal(symlinkat("/dev/null", world->options.dir_fd, "events.jsonl"), 0);
	(void)opened(state);
	put(world, 1);
	journal_flush(world->journal, 0);
	journal_count(world->journal, &counts);
	assert_int_equal(counts.unwritten, 1);
	assert_true(counts.error < 0);

	/* Gone again: the log goes on, and says what it lacks. */
	assert_int_equal(unlinkat(world->options.dir_fd, "events.jsonl", 0), 0);
	journal_flush(world->journal, 0);
	journal_count(world->journal, &counts);
	assert_int_equal(counts.error, 0);
	assert_false(journal_busy(world->journal));
}

static void hard_link_to_a_foreign_file_is_not_written_to(void **state)
{
	struct world *world = *state;
	struct journal_counts counts;
	_cleanup_close_ int fd =
		openat(world->options.dir_fd, "foreign", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(
		linkat(world->options.dir_fd, "foreign", world->options.dir_fd, "events.jsonl", 0),
		0);
	(void)opened(state);
	put(world, 1);
	journal_flush(world->journal, 0);
	journal_count(world->journal, &counts);
	assert_int_equal(counts.unwritten, 1);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
}

static void unreadable_record_becomes_a_note(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	journal_event(world->journal, "garbage", 7, NULL);
	journal_flush(world->journal, 0);
	text = read_name(world, "events.jsonl");
	assert_non_null(strstr(text, "\"note\":\"unreadable\""));
}

static void note_may_hold_any_bytes(void **state)
{
	struct world *world = opened(state);
	char text[1024];
	size_t with;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)(i % 255 + 1);
	text[sizeof(text) - 1] = '\0';
	journal_note(world->journal, &(struct journal_note){.what = "run", .text = text, .pid = 1});
	journal_flush(world->journal, 0);
	assert_int_equal(check_lines(world, "events.jsonl", "note", &with), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_become_lines_in_order),
		TEST(time_of_an_event_is_now),
		TEST(gap_becomes_a_line_of_its_own),
		TEST(events_that_change_places_are_not_lost),
		TEST(numbers_go_on_after_a_restart),
		TEST(a_gap_that_nobody_told_of_is_found_again),
		TEST(one_that_comes_late_to_the_next_holdfastd_is_not_lost),
		TEST(numbers_go_on_after_a_rotation_and_a_restart),
		TEST(numbers_of_an_earlier_guard_are_forgotten),
		TEST(torn_line_is_dropped_on_start),
		TEST(rotation_keeps_five_files_and_every_line_whole),
		TEST(rotation_that_fails_grows_the_old_file),
		TEST(full_disk_is_counted_and_told_of_later),
		TEST(planted_files_are_not_written_to),
		TEST(hard_link_to_a_foreign_file_is_not_written_to),
		TEST(unreadable_record_becomes_a_note),
		TEST(note_may_hold_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
