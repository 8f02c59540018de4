// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is written to the log of events: order, gaps, notes, clocks, over restarts and kills. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/journal.h"
#include "guard/log_text.h"
#include "test.h"

struct world {
	char dir[64];
	struct ledger_options options;
	struct journal *journal;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)strcpy(world->dir, "/tmp/holdfast-test-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->options = (struct ledger_options){
		.dir_fd = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.keep = LEDGER_KEEP,
		.key_age = LEDGER_KEY_AGE,
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

/* All entries, written out. */
static char *written(struct world *world)
{
	journal_flush(world->journal, UINT64_MAX);
	return log_text(world->dir);
}

/* Every entry is JSON with its members in order; returns how many of them have that one. */
static size_t check_entries(const char *text, const char *key)
{
	size_t n = 0;

	for (const char *line = text, *end; *line; line = end + 1) {
		const char *name, *last = "";
		json_t *json, *value;

		end = strchr(line, '\n');
		json = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		assert_true(json_is_object(json));
		json_object_foreach(json, name, value)
		{
			assert_true(strcmp(last, name) < 0);
			last = name;
		}
		n += json_object_get(json, key) != NULL;
		json_decref(json);
	}
	return n;
}

static void events_become_entries_in_order(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	struct ledger_counts counts;
	const char *at;

	for (uint64_t i = 1; i <= 1000; i++)
		put(world, i);
	text = written(world);
	assert_int_equal(check_entries(text, "seq"), 1000);
	at = text;
	for (unsigned i = 1; i <= 1000; i++) {
		at = strstr(at, "\"seq\":") + 6;
		assert_int_equal(strtoul(at, NULL, 10), i);
	}
	journal_count(world->journal, &counts);
	assert_int_equal(counts.written, 1001); /* with the clock's */
	assert_int_equal(counts.signed_size, 1001);
}

static void time_of_an_event_is_now(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	char before[32], *time;
	time_t now = (time_t)(clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS);
	struct tm tm;

	put(world, 1);
	text = written(world);
	time = strstr(text, "\"time\":\"") + 8;
	(void)strftime(before, sizeof(before), "%Y-%m-%dT%H:%M", gmtime_r(&now, &tm));
	assert_memory_equal(time, before, strlen(before) - 2); /* but for the minutes */
}

static void an_event_says_how_long_it_took_to_come_here(void **state)
{
	struct world *world = opened(state);
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = 1,
		.boot_ns = clock_ns(CLOCK_BOOTTIME) - 5 * CLOCK_SECOND_NS,
	};
	_cleanup_free_ char *text = NULL;
	unsigned long long ns;

	journal_event(world->journal, &event, sizeof(event), NULL);
	text = written(world);
	ns = strtoull(strstr(text, "\"detect_ns\":") + 12, NULL, 10);
	assert_in_range(ns, 5 * CLOCK_SECOND_NS, 8 * CLOCK_SECOND_NS);
}

static void gap_becomes_an_entry_of_its_own(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 1);
	put(world, 5);
	journal_flush(world->journal, 0);
	assert_true(journal_due(world->journal, 7) <= 7 + CLOCK_SECOND_NS);
	text = written(world);
	assert_non_null(strstr(text, "\"first\":2,\"last\":4,\"lost\":3,"));
}

static void events_that_change_places_are_not_lost(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 2);
	put(world, 1);
	put(world, 3);
	text = written(world);
	assert_null(strstr(text, "\"lost\""));
}

static void reopened(struct world *world)
{
	world->journal = journal_free(world->journal);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
}

static void numbers_go_on_after_a_restart(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	for (uint64_t i = 1; i <= 10; i++)
		put(world, i);
	reopened(world);
	put(world, 13);
	text = written(world);
	assert_non_null(strstr(text, "\"first\":11,\"last\":12,\"lost\":2,"));
}

/* As kill -9 leaves it: what was written is there, what was known is not. */
static void killed(struct world *world, void (*body)(struct world *world))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (journal_new(&world->options, &world->journal) != 0)
			_exit(1);
		journal_resume(world->journal);
		body(world);
		journal_flush(world->journal, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void put_1_4_5(struct world *world)
{
	journal_restart(world->journal);
	put(world, 1);
	put(world, 4); /* 2 and 3 are missing, for now */
	put(world, 5);
}

static void put_6(struct world *world)
{
	put(world, 6);
}

static void put_9(struct world *world)
{
	put(world, 9);
	journal_flush(world->journal, UINT64_MAX);
}

static void a_gap_that_nobody_told_of_is_found_again(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = NULL;
	char *first, *second;

	killed(world, put_1_4_5);
	killed(world, put_6);
	killed(world, put_9);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
	put(world, 10);
	text = written(world);
	first = strstr(text, "\"first\":");
	assert_non_null(first);
	assert_non_null(strstr(first, "\"first\":2,\"last\":3,\"lost\":2,"));
	second = strstr(first + 1, "\"first\":");
	assert_non_null(second);
	assert_non_null(strstr(second, "\"first\":7,\"last\":8,\"lost\":2,"));
	assert_null(strstr(second + 1, "\"first\":"));
}

static void put_1_3(struct world *world)
{
	journal_restart(world->journal);
	put(world, 1);
	put(world, 3);
}

static void one_that_comes_late_to_the_next_holdfastd_is_not_lost(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = NULL;

	killed(world, put_1_3);
	assert_int_equal(journal_new(&world->options, &world->journal), 0);
	journal_resume(world->journal);
	put(world, 2);
	text = written(world);
	assert_null(strstr(text, "\"lost\":"));
}

static void numbers_of_an_earlier_guard_are_forgotten(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 500);
	journal_restart(world->journal);
	journal_note(world->journal, &(struct record_note){.what = "up", .text = "a new guard"});
	reopened(world);
	put(world, 3);
	text = written(world);
	assert_non_null(strstr(text, "\"first\":1,\"last\":499,\"lost\":499,"));
	assert_true(strstr(text, "\"lost\":499") < strstr(text, "\"note\":\"up\""));
	assert_non_null(strstr(text, "\"first\":1,\"last\":2,\"lost\":2,"));
}

static void an_entry_says_what_both_clocks_say(void **state)
{
	struct world *world = opened(state);
	uint64_t before = clock_ns(CLOCK_BOOTTIME), boot;
	_cleanup_free_ char *text = NULL;

	put(world, 1);
	text = written(world);
	assert_int_equal(check_entries(text, "note"), 1);
	boot = strtoull(strstr(strstr(text, "\n") + 1, "\"boot_ns\":") + 10, NULL, 10);
	assert_non_null(strstr(text, "\"note\":\"clock\",\"time\":\"20"));
	assert_in_range(boot, before, clock_ns(CLOCK_BOOTTIME));
	/* nothing came since: none for that alone */
	assert_int_equal(journal_due(world->journal, 7), UINT64_MAX);
}

static void unreadable_record_becomes_a_note(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	journal_event(world->journal, "garbage", 7, NULL);
	text = written(world);
	assert_non_null(strstr(text, "\"note\":\"unreadable\""));
}

static void note_may_hold_any_bytes(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *log = NULL;
	char text[1024];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)(i % 255 + 1);
	text[sizeof(text) - 1] = '\0';
	journal_note(world->journal, &(struct record_note){.what = "run", .text = text, .pid = 1});
	log = written(world);
	assert_int_equal(check_entries(log, "pid"), 1);
}

/* A name within a text is none of a member: what somebody is called moves no number. */
static void text_of_others_is_no_number(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 1);
	journal_note(world->journal,
		     &(struct record_note){.what = "run", .text = "\"seq\":900,\"lost\":5"});
	reopened(world);
	put(world, 2);
	text = written(world);
	assert_null(strstr(text, "\"lost\":8"));
	assert_null(strstr(text, "\"first\":"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_become_entries_in_order),
		TEST(time_of_an_event_is_now),
		TEST(an_event_says_how_long_it_took_to_come_here),
		TEST(gap_becomes_an_entry_of_its_own),
		TEST(events_that_change_places_are_not_lost),
		TEST(numbers_go_on_after_a_restart),
		TEST(a_gap_that_nobody_told_of_is_found_again),
		TEST(one_that_comes_late_to_the_next_holdfastd_is_not_lost),
		TEST(numbers_of_an_earlier_guard_are_forgotten),
		TEST(an_entry_says_what_both_clocks_say),
		TEST(unreadable_record_becomes_a_note),
		TEST(note_may_hold_any_bytes),
		TEST(text_of_others_is_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
