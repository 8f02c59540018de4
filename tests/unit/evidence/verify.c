// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "log.h"
#include "test.h"

/* What was found, and whether a file was among it. */
struct findings {
	const char *file; /* looked for; NULL: any */
	struct verify_damage last; /* of that file; its text is not kept */
	size_t n; /* of that file */
	char text[512];
};

static void note_damage(void *userdata, const struct verify_damage *damage)
{
	struct findings *findings = userdata;

	assert_true(damage->text[0] != '\0' && damage->file[0] != '\0');
	if (findings->file && strcmp(findings->file, damage->file) != 0)
		return;
	findings->last = *damage;
	(void)snprintf(findings->text, sizeof(findings->text), "%s", damage->text);
	findings->n++;
}

static int verify(const struct log *log, uint64_t from, struct verify_report *ret,
		  struct findings *findings)
{
	struct verify_request request = {log->dir_fd, &log->key, from, note_damage, findings};

	findings->n = 0;
	return verify_log(&request, ret, NULL);
}

static void expect_damage(const struct log *log, const char *file, uint64_t first, uint64_t n)
{
	struct findings findings = {.file = file};
	struct verify_report report = {0};

	assert_int_equal(verify(log, 0, &report, &findings), VERIFY_E_DAMAGED);
	if (findings.n == 0)
		fail_msg("%s was not named", file);
	assert_int_equal(findings.last.first, first);
	assert_int_equal(findings.last.n, n);
}

static void expect_good(const struct log *log)
{
	struct verify_report report = {0};
	struct findings findings = {0};

	if (verify(log, 0, &report, &findings) != 0)
		fail_msg("%s: %s", findings.last.file, findings.text);
	assert_int_equal(findings.n, 0);
	assert_int_equal(report.n_damages, 0);
	assert_int_equal(report.first, 0);
	assert_int_equal(report.checkpoint.tree.size, log->size);
	assert_string_equal(report.checkpoint.origin, LOG_ORIGIN);
}

static void a_log_of_any_size_is_verified(void **state)
{
	static const size_t sizes[] = {0,   1,	 2,    3,     255,   256,   257,
				       511, 512, 1000, 65535, 65536, 65537, 70000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		_cleanup_(log_done) struct log log = {.dir_fd = -1};

		log_make(sizes[i], &log);
		expect_good(&log);
	}
}

static const char *const files[] = {
	"tile/entries/000", "tile/entries/001", "tile/entries/002.p/188", "tile/0/000",
	"tile/0/001",	    "tile/0/002.p/188", "tile/1/000.p/2",
};

/* Wherever a byte is changed, the log is damaged, and the file is named. */
static void a_changed_byte_is_named_with_its_file(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};

	log_make(700, &log);
	for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++) {
		_cleanup_free_ uint8_t *data = NULL;
		size_t size;

		data = log_read(&log, files[f], &size);
		for (size_t at = 0; at < size; at += f == 6 ? 1 : 37) {
			struct findings findings = {.file = files[f]};
			struct verify_report report;

			data[at] ^= 0x10;
			log_write(&log, files[f], data, size);
			data[at] ^= 0x10;
			assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
			if (findings.n == 0)
				fail_msg("%s: byte %zu: not named", files[f], at);
		}
		log_write(&log, files[f], data, size);
	}
	expect_good(&log);
}

static void a_file_that_is_short_long_or_gone_is_named(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};

	log_make(700, &log);
	for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++) {
		_cleanup_free_ uint8_t *data = NULL;
		struct findings findings = {.file = files[f]};
		struct verify_report report;
		size_t size, lengths[4];

		data = log_read(&log, files[f], &size);
		data[size] = 0;
		lengths[0] = 0;
		lengths[1] = size - 1;
		lengths[2] = size / 2;
		lengths[3] = size + 1;
		for (size_t i = 0; i < 4; i++) {
			log_write(&log, files[f], data, lengths[i]);
			assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
			assert_true(findings.n >= 1);
		}
		log_remove(&log, files[f]);
		assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
		assert_int_equal(findings.n, 1);
		assert_string_equal(findings.text, "it is not there");
		log_write(&log, files[f], data, size);
	}
	expect_good(&log);
}

/* The hash above says whose fault it is. */
static void the_entry_and_not_its_tile_is_named(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct findings findings = {0};
	struct verify_report report;
	_cleanup_free_ uint8_t *tile = NULL, *bundle = NULL;
	size_t tile_size, bundle_size;

	log_make(700, &log);
	bundle = log_read(&log, "tile/entries/001", &bundle_size);
	bundle[3] ^= 1;
	log_write(&log, "tile/entries/001", bundle, bundle_size);
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(findings.n, 1);
	expect_damage(&log, "tile/entries/001", 256, 1);
	assert_string_equal(findings.text, "tile/0/001 has other hashes for these entries");
	bundle[3] ^= 1;
	log_write(&log, "tile/entries/001", bundle, bundle_size);

	tile = log_read(&log, "tile/0/001", &tile_size);
	tile[5 * 32] ^= 1;
	tile[6 * 32] ^= 1;
	log_write(&log, "tile/0/001", tile, tile_size);
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(findings.n, 1);
	expect_damage(&log, "tile/0/001", 261, 2);
	assert_string_equal(findings.text, "tile/entries/001 has entries of other hashes");
}

static void a_tile_in_the_middle_of_a_large_log_is_named(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	_cleanup_free_ uint8_t *tile = NULL;
	struct findings findings = {0};
	struct verify_report report;
	size_t size;

	log_make(70000, &log);
	tile = log_read(&log, "tile/1/000", &size);
	tile[3 * 32 + 1] ^= 1;
	log_write(&log, "tile/1/000", tile, size);
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(report.n_damages, 2);
	expect_damage(&log, "tile/1/000", 768, 256);

	/* without it, what is below is still held against its entries */
	log_remove(&log, "tile/1/000");
	expect_damage(&log, "tile/1/000", 0, 65536);
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(report.n_damages, 1);
	log_write(&log, "tile/0/009", "", 0);
	expect_damage(&log, "tile/0/009", 2304, 256);
}

static void a_log_that_was_pruned_is_verified_from_an_index_on(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct findings findings = {0};
	struct verify_report report;

	log_make(70000, &log);
	for (size_t i = 0; i < 256; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "tile/0/%03zu", i);
		log_remove(&log, path);
		(void)snprintf(path, sizeof(path), "tile/entries/%03zu", i);
		log_remove(&log, path);
	}
	log_remove(&log, "tile/1/000");
	log_remove(&log, "tile/entries/256");
	assert_int_equal(verify(&log, 65792, &report, &findings), 0);
	assert_int_equal(report.first, 65792);
	assert_int_equal(verify(&log, 70000, &report, &findings), 0);
	assert_int_equal(report.first, 65792);

	/* one entry of the bundle should be there */
	assert_int_equal(verify(&log, 65791, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.last.file, "tile/entries/256");
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_int_equal(verify(&log, 70001, &report, &findings), VERIFY_E_REFUSED);
}

/* The root cannot be had without them, so that nothing would be verified. */
static void the_right_edge_is_never_pruned(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct findings findings = {0};
	struct verify_report report;

	log_make(700, &log);
	log_remove(&log, "tile/1/000.p/2");
	assert_int_equal(verify(&log, 700, &report, &findings), VERIFY_E_DAMAGED);
	assert_string_equal(findings.last.file, "tile/1/000.p/2");
}

static void what_is_there_is_verified_even_if_it_may_be_gone(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct findings findings = {0};
	struct verify_report report;
	_cleanup_free_ uint8_t *bundle = NULL;
	size_t size;

	log_make(700, &log);
	assert_int_equal(verify(&log, 600, &report, &findings), 0);
	assert_int_equal(report.first, 0);
	bundle = log_read(&log, "tile/entries/000", &size);
	bundle[2] ^= 1;
	log_write(&log, "tile/entries/000", bundle, size);
	assert_int_equal(verify(&log, 600, &report, &findings), VERIFY_E_DAMAGED);
}

/* A log that has grown may have removed the partial tiles that an older checkpoint needs. */
static void a_partial_tile_may_have_become_a_full_one(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1}, older = {.dir_fd = -1};
	_cleanup_free_ uint8_t *checkpoint = NULL;
	size_t size;

	log_make(768, &log);
	log_make(700, &older);
	checkpoint = log_read(&older, "checkpoint", &size);
	log_write(&log, "checkpoint", checkpoint, size);
	/* of level 1, which has three hashes now, the one of two has been kept */
	log_write(&log, "tile/1/000.p/2", NULL, 0);
	{
		_cleanup_free_ uint8_t *tile = log_read(&older, "tile/1/000.p/2", &size);

		log_write(&log, "tile/1/000.p/2", tile, size);
	}
	log.size = 700;
	expect_good(&log);
}

static void refuse(const struct log *log, const char *word)
{
	struct findings findings = {0};
	struct verify_request request = {log->dir_fd, &log->key, 0, note_damage, &findings};
	struct verify_report report = {.n_damages = 7};
	struct diag diag = {0};

	assert_int_equal(verify_log(&request, &report, &diag), VERIFY_E_REFUSED);
	assert_int_equal(report.n_damages, 7);
	assert_int_equal(findings.n, 0);
	if (!strstr(diag.text, word))
		fail_msg("'%s' is not in: %s", word, diag.text);
}

static void a_checkpoint_that_is_not_believed(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	_cleanup_free_ uint8_t *checkpoint = NULL;
	struct naive_hash root;
	size_t size;

	log_make(3, &log);
	root = naive_root(log.leaves, 3);
	checkpoint = log_read(&log, "checkpoint", &size);
	checkpoint[strlen(LOG_ORIGIN) + 1] = '2';
	log_write(&log, "checkpoint", checkpoint, size);
	refuse(&log, "changed");
	log_write(&log, "checkpoint", checkpoint, 10);
	refuse(&log, "no signed note");
	log_remove(&log, "checkpoint");
	refuse(&log, "not there");
	log_sign(&log, "holdfast.example/other", 3, &root);
	refuse(&log, "another log");
	log_sign(&log, LOG_ORIGIN, 3, &root);
	expect_good(&log);
	log.key.id ^= 1;
	refuse(&log, "not signed by");
}

/* Signed, and still not what the tiles give: by one entry less, or by another root. */
static void a_root_of_another_tree_is_named(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct naive_hash root;

	log_make(700, &log);
	root = naive_root(log.leaves, 699);
	log_sign(&log, LOG_ORIGIN, 700, &root);
	expect_damage(&log, "checkpoint", 0, 700);
	log_sign(&log, LOG_ORIGIN, 0, &root);
	expect_damage(&log, "checkpoint", 0, 0);
}

/* Whatever a checkpoint says, there is an end to what is looked for. */
static void a_size_of_a_log_that_cannot_be_there_ends(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};
	struct findings findings = {0};
	struct verify_report report;
	struct naive_hash root;

	log_make(3, &log);
	root = naive_root(log.leaves, 3);
	log_sign(&log, LOG_ORIGIN, INT64_MAX, &root);
	assert_int_equal(verify(&log, 0, &report, &findings), VERIFY_E_DAMAGED);
	assert_true(report.n_damages > 8 && report.n_damages < 4096);
}

static void only_regular_files_of_the_folder_are_read(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};

	log_make(300, &log);
	assert_int_equal(renameat(log.dir_fd, "tile/0/000", log.dir_fd, "tile/0/other"), 0);
	assert_int_equal(symlinkat("other", log.dir_fd, "tile/0/000"), 0);
	expect_damage(&log, "tile/0/000", 0, 256);
	log_remove(&log, "tile/0/000");
	assert_int_equal(mkfifoat(log.dir_fd, "tile/0/000", 0600), 0);
	expect_damage(&log, "tile/0/000", 0, 256);
	log_remove(&log, "tile/0/000");
	assert_int_equal(mkdirat(log.dir_fd, "tile/0/000", 0700), 0);
	expect_damage(&log, "tile/0/000", 0, 256);
	assert_int_equal(unlinkat(log.dir_fd, "tile/0/000", AT_REMOVEDIR), 0);
	assert_int_equal(renameat(log.dir_fd, "tile/0/other", log.dir_fd, "tile/0/000"), 0);
	expect_good(&log);

	assert_int_equal(renameat(log.dir_fd, "tile/0", log.dir_fd, "tile/zero"), 0);
	assert_int_equal(symlinkat("zero", log.dir_fd, "tile/0"), 0);
	expect_damage(&log, "tile/0/000", 0, 256);
}

static int verify_again(void *userdata)
{
	struct findings findings = {0};
	struct verify_report report;

	return verify(userdata, 0, &report, &findings);
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	_cleanup_(log_done) struct log log = {.dir_fd = -1};

	log_make(300, &log);
	alloc_check(verify_again, &log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_of_any_size_is_verified),
		cmocka_unit_test(a_changed_byte_is_named_with_its_file),
		cmocka_unit_test(a_file_that_is_short_long_or_gone_is_named),
		cmocka_unit_test(the_entry_and_not_its_tile_is_named),
		cmocka_unit_test(a_tile_in_the_middle_of_a_large_log_is_named),
		cmocka_unit_test(a_log_that_was_pruned_is_verified_from_an_index_on),
		cmocka_unit_test(the_right_edge_is_never_pruned),
		cmocka_unit_test(what_is_there_is_verified_even_if_it_may_be_gone),
		cmocka_unit_test(a_partial_tile_may_have_become_a_full_one),
		cmocka_unit_test(a_checkpoint_that_is_not_believed),
		cmocka_unit_test(a_root_of_another_tree_is_named),
		cmocka_unit_test(a_size_of_a_log_that_cannot_be_there_ends),
		cmocka_unit_test(only_regular_files_of_the_folder_are_read),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
