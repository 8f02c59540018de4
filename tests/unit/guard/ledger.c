// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The log on the disk: when it is signed, by which key, what becomes of a full disk, of a folder
 * that is none of ours, and of the log's beginning. What is written is verified as others do.
 */

#include "guard/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "evidence/keys.h"
#include "evidence/verify.h"
#include "guard/clock.h"
#include "guard/log_text.h"
#include "guard/logkey.h"
#include "test.h"

struct world {
	char dir[64];
	struct ledger_options options;
	struct ledger *ledger;
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
	world->options = (struct ledger_options){
		.dir_fd = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.keep = LEDGER_KEEP,
		.key_age = LEDGER_KEY_AGE,
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

	(void)ledger_free(world->ledger);
	(void)close(world->options.dir_fd);
	(void)nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static struct world *opened(void **state)
{
	struct world *world = *state;

	assert_int_equal(ledger_new(&world->options, &world->ledger), 0);
	return world;
}

static void put(struct world *world, unsigned n, bool urgent)
{
	for (unsigned i = 0; i < n; i++) {
		char entry[64];
		int size = snprintf(entry, sizeof(entry), "{\"abi\":1,\"seq\":%u}", i + 1);

		ledger_put(world->ledger, entry, (size_t)size, urgent);
	}
}

static struct ledger_counts counts_of(const struct world *world)
{
	struct ledger_counts counts;

	ledger_count(world->ledger, &counts);
	return counts;
}

static char *read_file(const struct world *world, const char *name)
{
	char *text;
	size_t size;

	if (file_read(world->options.dir_fd, name, 1 << 20, &text, &size) != 0)
		return NULL;
	return text;
}

static void count_damage(void *userdata, const struct verify_damage *damage)
{
}

/* By the first key that lies beside it. */
static struct verify_report verified(const struct world *world, uint64_t from)
{
	_cleanup_free_ char *vkey = read_file(world, "log/vkey");
	_cleanup_close_ int fd = openat(world->options.dir_fd, "log", O_RDONLY | O_DIRECTORY);
	struct verify_report report;
	struct note_key key;

	assert_non_null(vkey);
	*strchr(vkey, '\n') = '\0';
	assert_int_equal(note_key_parse((struct text){vkey, strlen(vkey)}, &key, NULL), 0);
	assert_int_equal(
		verify_log(&(struct verify_request){.dir_fd = fd, .key = &key, .from = from},
			   &report, NULL),
		0);
	return report;
}

static void entries_are_signed_and_can_be_verified(void **state)
{
	struct world *world = opened(state);

	put(world, 1000, false);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 1000);
	assert_int_equal(counts_of(world).written, 1000);
	assert_int_equal(counts_of(world).signed_size, 1000);
}

static void an_entry_is_signed_within_a_second(void **state)
{
	const uint64_t now = clock_ns(CLOCK_BOOTTIME) + 3600 * CLOCK_SECOND_NS;
	struct world *world = opened(state);

	ledger_flush(world->ledger, now);
	assert_int_equal(ledger_due(world->ledger, now), UINT64_MAX);
	put(world, 1, false);
	assert_true(ledger_due(world->ledger, now) <= now);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).written, 1);
	assert_int_equal(counts_of(world).signed_size, 0);
	assert_true(ledger_due(world->ledger, now) <= now + CLOCK_SECOND_NS);
	ledger_flush(world->ledger, now + CLOCK_SECOND_NS);
	assert_int_equal(counts_of(world).signed_size, 1);
	assert_int_equal(ledger_due(world->ledger, now), UINT64_MAX);
}

static void one_that_is_urgent_is_signed_at_once(void **state)
{
	const uint64_t now = clock_ns(CLOCK_BOOTTIME);
	struct world *world = opened(state);

	put(world, 1, true);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).signed_size, 1);
}

static void a_thousand_do_not_wait_for_the_second(void **state)
{
	const uint64_t now = clock_ns(CLOCK_BOOTTIME);
	struct world *world = opened(state);

	put(world, LEDGER_UNSIGNED - 1, false);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).signed_size, 0);
	put(world, 1, false);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).signed_size, LEDGER_UNSIGNED);
}

static void signing_rests_for_as_long_as_it_took(void **state)
{
	const uint64_t now = clock_ns(CLOCK_BOOTTIME);
	struct world *world = opened(state);

	put(world, 1, true);
	ledger_flush(world->ledger, now);
	put(world, 1, true);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).written, 2);
	assert_int_equal(counts_of(world).signed_size, 1);
	assert_true(ledger_due(world->ledger, now) > now);
	ledger_flush(world->ledger, ledger_due(world->ledger, now));
	assert_int_equal(counts_of(world).signed_size, 2);
}

static void the_log_goes_on_under_its_key(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *before = NULL, *after = NULL;

	put(world, 3, false);
	before = read_file(world, "log/vkey");
	world->ledger = ledger_free(world->ledger);
	(void)opened(state);
	put(world, 2, false);
	ledger_flush(world->ledger, UINT64_MAX);
	after = read_file(world, "log/vkey");
	assert_string_equal(before, after);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 5);
}

/* Each flush changes the key. */
static struct world *rotating(void **state)
{
	struct world *world = *state;

	world->options.key_age = 0;
	(void)opened(state);
	for (unsigned i = 0; i < 3; i++) {
		put(world, 5, false);
		ledger_flush(world->ledger, UINT64_MAX);
	}
	world->options.key_age = LEDGER_KEY_AGE;
	world->ledger = ledger_free(world->ledger);
	return world;
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void who_has_the_first_key_can_verify_by_the_last(void **state)
{
	struct world *world = rotating(state);
	_cleanup_free_ char *vkeys = read_file(world, "log/vkey"), *text = NULL;

	/* three, and one when it was closed */
	assert_int_equal(lines_of(vkeys), 5);
	/* verified() takes the first */
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 15 + 3);
	(void)opened(state);
	put(world, 2, false);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 15 + 4 + 2);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"note\":\"log-key\",\"text\":\"from here on"));
}

/* What became of verifying by the first key. */
static int verify_by_first(const struct world *world, const char *vkeys)
{
	_cleanup_close_ int fd = openat(world->options.dir_fd, "log", O_RDONLY | O_DIRECTORY);
	struct verify_report report;
	struct note_key key;

	assert_int_equal(note_key_parse((struct text){vkeys, strcspn(vkeys, "\n")}, &key, NULL), 0);
	return verify_log(
		&(struct verify_request){.dir_fd = fd, .key = &key, .found = count_damage}, &report,
		NULL);
}

static void a_key_that_nobody_introduced_is_not_believed(void **state)
{
	struct world *world = rotating(state);
	_cleanup_free_ char *vkeys = read_file(world, "log/vkey");

	assert_int_equal(verify_by_first(world, vkeys), 0);
	assert_int_equal(unlinkat(world->options.dir_fd, "log/keys/00000000000000000011", 0), 0);
	assert_int_equal(verify_by_first(world, vkeys), VERIFY_E_REFUSED);
}

/* Who has a later key rewrites nothing that an earlier one has signed. */
static void another_history_than_an_older_key_signed_is_damage(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *vkeys = NULL, *file = NULL, *note = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct keys_step step;
	struct checkpoint checkpoint;
	char text[KEYS_NOTE_LEN];
	struct logkey first;
	size_t size;

	(void)opened(state);
	assert_int_equal(logkey_load(world->options.dir_fd, LOGKEY_FILE, &first), 0);
	world->ledger = ledger_free(world->ledger);
	(void)rotating(state);
	vkeys = read_file(world, "log/vkey");
	file = read_file(world, "log/keys/00000000000000000005");
	assert_int_equal(
		keys_parse((struct text){file, strlen(file)}, first.public.name, &step, NULL), 0);
	(void)strcpy(checkpoint.origin, first.public.name);
	checkpoint.tree = step.tree;
	checkpoint.tree.root.bytes[0] ^= 1;
	size = keys_format(&checkpoint, &step.next, text);
	assert_int_equal(logkey_sign(&first, (struct text){text, size}, &note, &size), 0);
	fd = openat(world->options.dir_fd, "log/keys/00000000000000000005", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, note, size), size);
	assert_int_equal(verify_by_first(world, vkeys), VERIFY_E_DAMAGED);
}

static void a_rotation_that_was_cut_short_goes_on(void **state)
{
	struct world *world = *state;
	int dir_fd = world->options.dir_fd;
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct stat st;

	(void)opened(state);
	put(world, 1, false);
	ledger_flush(world->ledger, UINT64_MAX);
	world->ledger = ledger_free(world->ledger);
	before = read_file(world, LOGKEY_FILE);
	assert_int_equal(linkat(dir_fd, LOGKEY_FILE, dir_fd, "old", 0), 0);
	world->options.key_age = 0;
	(void)opened(state);
	put(world, 1, false);
	world->ledger = ledger_free(world->ledger);
	/* as if it had not come to its last step */
	assert_int_equal(renameat(dir_fd, LOGKEY_FILE, dir_fd, LOGKEY_NEW), 0);
	assert_int_equal(renameat(dir_fd, "old", dir_fd, LOGKEY_FILE), 0);
	world->options.key_age = LEDGER_KEY_AGE;
	(void)opened(state);
	put(world, 1, false);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(fstatat(dir_fd, LOGKEY_NEW, &st, 0), -1);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 4);
}

static void the_key_is_nobody_elses_to_read(void **state)
{
	struct world *world = opened(state);
	struct stat st;

	assert_int_equal(fstatat(world->options.dir_fd, LOGKEY_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, LOGKEY_MODE);
	assert_int_equal(fstatat(world->options.dir_fd, "log", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 02750);
}

static void each_folder_is_marked_and_the_key(void **state)
{
	struct world *world = opened(state);
	unsigned before;

	put(world, 300, false);
	ledger_flush(world->ledger, UINT64_MAX);
	/* log, tail, tile, tile/0, tile/0/000.p ..., tile/entries ..., and the key */
	assert_true(world->marks >= 8);
	before = world->marks;
	assert_int_equal(ledger_mark(world->ledger), 0);
	assert_true(world->marks - before >= 7);
	world->mark_result = -EPERM;
	assert_int_equal(ledger_mark(world->ledger), -EPERM);
}

static void a_key_that_is_none_begins_another_log(void **state)
{
	struct world *world = opened(state);
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *text = NULL;

	put(world, 3, false);
	world->ledger = ledger_free(world->ledger);
	fd = openat(world->options.dir_fd, LOGKEY_FILE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	(void)opened(state);
	ledger_flush(world->ledger, UINT64_MAX);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"note\":\"log-key\""));
	assert_non_null(strstr(text, "\"note\":\"log-aside\""));
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 2);
}

static void what_was_signed_and_is_gone_is_put_aside(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL, *before = NULL, *after = NULL;
	char path[PATH_MAX];

	put(world, 3, false);
	before = read_file(world, "log/vkey");
	world->ledger = ledger_free(world->ledger);
	(void)snprintf(path, sizeof(path), "%s/log/tail", world->dir);
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	(void)snprintf(path, sizeof(path), "%s/log/tile", world->dir);
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	(void)opened(state);
	ledger_flush(world->ledger, UINT64_MAX);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"note\":\"log-aside\""));
	after = read_file(world, "log/vkey");
	assert_string_not_equal(before, after);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 1);
}

static void remove_log(const struct world *world)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/log", world->dir);
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void a_log_that_is_removed_begins_anew_under_another_name(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *before = NULL, *after = NULL, *text = NULL;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	put(world, 3, true);
	ledger_flush(world->ledger, now);
	before = read_file(world, "log/vkey");
	remove_log(world);
	put(world, 3, true);
	now += 10 * CLOCK_SECOND_NS;
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).error, -ENOENT);
	ledger_flush(world->ledger, ledger_due(world->ledger, now));
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(counts_of(world).error, 0);
	after = read_file(world, "log/vkey");
	assert_string_not_equal(before, after);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"unwritten\":3}"));
	assert_non_null(strstr(text, "the log before this one is gone"));
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 2);
}

static void a_tail_that_somebody_wrote_to_is_gone_on_from(void **state)
{
	struct world *world = opened(state);
	_cleanup_close_ int fd = -EBADF;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	put(world, 3, true);
	ledger_flush(world->ledger, now);
	fd = openat(world->options.dir_fd, "log/tail/00000000000000000000", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "\n", 1), 1);
	put(world, 3, false);
	ledger_flush(world->ledger, now + CLOCK_SECOND_NS / 1000);
	assert_int_equal(ftruncate(fd, 1), 0);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_true(counts_of(world).error < 0);
	ledger_flush(world->ledger, UINT64_MAX);
	put(world, 1, true);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(counts_of(world).error, 0);
	assert_true(verified(world, 0).checkpoint.tree.size >= 5);
}

/* Whoever can write by another name is not in the guard's way. */
static void a_tail_with_a_second_name_is_put_aside(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;

	put(world, 3, true);
	world->ledger = ledger_free(world->ledger);
	assert_int_equal(linkat(world->options.dir_fd, "log/tail/00000000000000000000",
				world->options.dir_fd, "second", 0),
			 0);
	(void)opened(state);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(counts_of(world).error, 0);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"note\":\"log-aside\""));
}

static void what_a_kill_tore_is_told(void **state)
{
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -EBADF;

	put(world, 3, false);
	world->ledger = ledger_free(world->ledger);
	fd = openat(world->options.dir_fd, "log/tail/00000000000000000000",
		    O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "\0\x10{\"abi\"", 8), 8);
	(void)opened(state);
	ledger_flush(world->ledger, UINT64_MAX);
	text = log_text(world->dir);
	assert_non_null(strstr(text, "\"note\":\"log-mended\""));
	assert_non_null(strstr(text, "cut at the end: 8 bytes, 1 entries"));
	assert_int_equal(verified(world, 0).checkpoint.tree.size, 4);
}

static void fill_disk(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 4000 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_is_counted_and_told_of_later(void **state)
{
	static char entry[LEDGER_ENTRY_LEN];
	struct world *world = opened(state);
	_cleanup_free_ char *text = NULL;
	uint64_t unwritten;

	memset(entry, ' ', sizeof(entry));
	put(world, 1, true);
	ledger_flush(world->ledger, UINT64_MAX);
	fill_disk(true);
	for (unsigned i = 0; i < 1000; i++)
		ledger_put(world->ledger, entry, sizeof(entry), false);
	ledger_flush(world->ledger, 7);
	fill_disk(false);
	/* tried again by the clock, whether anything comes or not */
	assert_int_equal(ledger_due(world->ledger, CLOCK_SECOND_NS * 5), 7 + CLOCK_SECOND_NS);
	unwritten = counts_of(world).unwritten;
	assert_true(counts_of(world).error < 0);
	assert_in_range(unwritten, 1, 999);
	assert_int_equal(counts_of(world).written, 1);

	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(counts_of(world).error, 0);
	assert_int_equal(counts_of(world).written, 1 + 1000 - unwritten + 1);
	text = log_text(world->dir);
	assert_int_equal(strtoull(strstr(text, "\"unwritten\":") + 12, NULL, 10), unwritten);
	assert_int_equal(verified(world, 0).checkpoint.tree.size, counts_of(world).size);
}

static void planted_names_are_not_written_to(void **state)
{
	struct world *world = *state;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	assert_int_equal(symlinkat("/tmp", world->options.dir_fd, "log"), 0);
	(void)opened(state);
	put(world, 2, true);
	ledger_flush(world->ledger, now);
	assert_int_equal(counts_of(world).unwritten, 2);
	assert_true(counts_of(world).error < 0);

	/* Gone again: the log begins, and says what it lacks. */
	assert_int_equal(unlinkat(world->options.dir_fd, "log", 0), 0);
	ledger_flush(world->ledger, now + 10 * CLOCK_SECOND_NS);
	assert_int_equal(counts_of(world).error, 0);
	assert_int_equal(counts_of(world).written, 1);
}

static void the_beginning_is_let_go_of(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *retention = NULL;
	struct verify_report report;
	char path[PATH_MAX];

	world->options.keep = 600;
	(void)opened(state);
	/* the tail has to be left behind: what it has stays */
	for (unsigned i = 0; i < 14; i++) {
		static char entry[LEDGER_ENTRY_LEN];

		memset(entry, ' ', sizeof(entry));
		for (unsigned k = 0; k < 200; k++)
			ledger_put(world->ledger, entry, sizeof(entry), false);
		ledger_flush(world->ledger, UINT64_MAX);
	}
	ledger_flush(world->ledger, UINT64_MAX);
	retention = read_file(world, "log/retention");
	assert_non_null(retention);
	(void)snprintf(path, sizeof(path), "%s/log/tile/entries/000", world->dir);
	assert_int_equal(access(path, F_OK), -1);
	report = verified(world, 2800 - 600);
	assert_int_equal(report.checkpoint.tree.size, 2800);
	assert_true(report.first <= 2800 - 600);
}

struct read_back {
	unsigned n;
	char last[64];
};

static void keep_last(void *userdata, struct text entry)
{
	struct read_back *back = userdata;

	back->n++;
	(void)snprintf(back->last, sizeof(back->last), "%.*s", (int)entry.size, entry.at);
}

static void the_last_entries_are_read_back(void **state)
{
	struct world *world = opened(state);
	struct read_back back = {0};

	put(world, 700, false);
	ledger_flush(world->ledger, UINT64_MAX);
	assert_int_equal(ledger_recent(world->ledger, 1 << 20, keep_last, &back), 0);
	assert_in_range(back.n, 256 + 188, 700);
	assert_string_equal(back.last, "{\"abi\":1,\"seq\":700}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_signed_and_can_be_verified),
		TEST(an_entry_is_signed_within_a_second),
		TEST(one_that_is_urgent_is_signed_at_once),
		TEST(a_thousand_do_not_wait_for_the_second),
		TEST(signing_rests_for_as_long_as_it_took),
		TEST(the_log_goes_on_under_its_key),
		TEST(who_has_the_first_key_can_verify_by_the_last),
		TEST(a_key_that_nobody_introduced_is_not_believed),
		TEST(another_history_than_an_older_key_signed_is_damage),
		TEST(a_rotation_that_was_cut_short_goes_on),
		TEST(the_key_is_nobody_elses_to_read),
		TEST(each_folder_is_marked_and_the_key),
		TEST(a_key_that_is_none_begins_another_log),
		TEST(what_was_signed_and_is_gone_is_put_aside),
		TEST(a_log_that_is_removed_begins_anew_under_another_name),
		TEST(a_tail_that_somebody_wrote_to_is_gone_on_from),
		TEST(a_tail_with_a_second_name_is_put_aside),
		TEST(what_a_kill_tore_is_told),
		TEST(full_disk_is_counted_and_told_of_later),
		TEST(planted_names_are_not_written_to),
		TEST(the_beginning_is_let_go_of),
		TEST(the_last_entries_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
