// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/reader.h"
#include "log.h"
#include "test.h"

#define HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

/* The proof of one entry of a log of 300, and a policy that trusts its key. */
struct fixture {
	struct log log;
	char *text;
	struct quorum *policy;
	uint8_t entry[LOG_ENTRY_MAX];
	struct text value;
};

static void fixture_done(struct fixture *f)
{
	log_done(&f->log);
	free(f->text);
	free(f->policy);
}

static void fixture_make(struct fixture *f)
{
	_cleanup_(reader_freep) struct reader *reader = NULL;
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	_cleanup_free_ uint8_t *note = NULL;
	char vkey[NOTE_VKEY_LEN], policy[512];
	struct proof proof = {.index = 270};
	struct prove_source source;
	size_t size;

	log_make(300, &f->log);
	note = log_read(&f->log, "checkpoint", &size);
	assert_int_equal(merkle_new(&merkle), 0);
	assert_int_equal(reader_new(f->log.dir_fd, 300, merkle, &reader), 0);
	source = reader_source(reader, NULL);
	assert_int_equal(prove_inclusion(&source, 270, 300, &proof.hashes), 0);
	proof.note = (struct text){(char *)note, size};
	assert_int_equal(proof_format(&proof, &f->text), 0);

	note_key_format(&f->log.key, vkey);
	(void)snprintf(policy, sizeof(policy), "log %s\nquorum none\n", vkey);
	assert_int_equal(quorum_parse(policy, strlen(policy), &f->policy, NULL), 0);
	f->value = (struct text){(char *)f->entry, log_entry(270, f->entry)};
}

static int check(const struct fixture *f, const char *text, struct diag *diag)
{
	struct proof_report report;
	struct proof proof;
	int r = proof_parse(text, strlen(text), &proof, diag);

	return r ?: proof_check(&proof, f->policy, &f->value, &report, diag);
}

static void a_proof_shows_its_entry_and_no_other(void **state)
{
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};
	struct diag diag = {0};

	fixture_make(&f);
	assert_int_equal(check(&f, f.text, NULL), 0);
	f.entry[3] ^= 1;
	assert_int_equal(check(&f, f.text, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "entry 270"));
	f.entry[3] ^= 1;
	f.value.size--;
	assert_int_equal(check(&f, f.text, NULL), NOTE_E_REFUSED);
	f.value.size++;
	f.policy->logs[0].name[0] ^= 1;
	assert_int_equal(check(&f, f.text, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "none of the policy's"));
	f.policy->logs[0].name[0] ^= 1;
	f.policy->logs[0].id ^= 1;
	assert_int_equal(check(&f, f.text, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "not signed by the key"));
}

/* But for its name, which nobody verifies, each bit of it counts. */
static void a_flipped_bit_shows_nothing(void **state)
{
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};

	fixture_make(&f);
	for (size_t bit = 0; bit < strlen(f.text) * 8; bit++) {
		int r;

		f.text[bit / 8] ^= (char)(1U << bit % 8);
		r = f.text[bit / 8] ? check(&f, f.text, NULL) : NOTE_E_REFUSED;
		if (r != NOTE_E_REFUSED)
			fail_msg("bit %zu: %d", bit, r);
		f.text[bit / 8] ^= (char)(1U << bit % 8);
	}
	assert_int_equal(check(&f, f.text, NULL), 0);
}

static void what_is_read_is_what_was_written(void **state)
{
	static const char text[] = HEAD "extra Zm9v\nindex 9223372036854775807\n" HASH HASH
					"\nrest";
	struct proof proof;
	_cleanup_free_ char *back = NULL;

	assert_int_equal(proof_parse(text, strlen(text), &proof, NULL), 0);
	assert_true(text_is(proof.extra, "Zm9v"));
	assert_true(proof.index == INT64_MAX);
	assert_int_equal(proof.hashes.n, 2);
	assert_true(text_is(proof.note, "rest"));
	assert_int_equal(proof_format(&proof, &back), 0);
	assert_string_equal(back, HEAD "index 9223372036854775807\n" HASH HASH "\nrest");
}

static void what_is_shown_to_a_witness(void **state)
{
	static const char text[] = "old 17\n" HASH "\nrest\n";
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 1},      {"old\n\n", 1}, {"old 01\n\n", 1},   {HEAD "index 1\n\n", 1},
		{"old 1", 1}, {"old 1\n", 2}, {"old 1\n" HASH, 3}, {"old 1\nZm9v\n\n", 2},
	};
	_cleanup_free_ char *back = NULL;
	struct proof_since proof;

	assert_int_equal(proof_parse_since(text, strlen(text), &proof, NULL), 0);
	assert_true(proof.earlier == 17 && proof.hashes.n == 1 && !proof.has_root);
	assert_int_equal(proof_format_since(&proof, &back), 0);
	assert_string_equal(back, text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct diag diag = {0};

		assert_int_equal(
			proof_parse_since(rows[i].text, strlen(rows[i].text), &proof, &diag),
			NOTE_E_REFUSED);
		assert_int_equal(diag.line, rows[i].line);
	}
}

/* Two checkpoints of the fixture's log, and what shows that one continues the other. */
struct two {
	struct log earlier;
	uint8_t *first, *second;
	size_t first_size;
	struct proof_since proof;
};

static void two_done(struct two *two)
{
	log_done(&two->earlier);
	free(two->first);
	free(two->second);
}

static void two_make(const struct fixture *f, size_t size, struct two *two)
{
	_cleanup_(reader_freep) struct reader *reader = NULL;
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	struct prove_source source;
	size_t n;

	log_make(size, &two->earlier);
	two->first = log_read(&two->earlier, "checkpoint", &two->first_size);
	two->second = log_read(&f->log, "checkpoint", &n);
	two->proof.note = (struct text){(char *)two->second, n};
	two->proof.earlier = size;
	assert_int_equal(merkle_new(&merkle), 0);
	assert_int_equal(reader_new(f->log.dir_fd, 300, merkle, &reader), 0);
	source = reader_source(reader, NULL);
	if (size <= 300)
		assert_int_equal(prove_consistency(&source, size, 300, &two->proof.hashes), 0);
}

static int check_two(const struct fixture *f, const struct two *two, const char *said)
{
	struct text first = {(char *)two->first, two->first_size};
	struct proof_since_report report;
	struct diag diag = {0};
	int r = proof_check_since(first, &two->proof, f->policy, &report, &diag);

	if (r > 0 && (!said || !strstr(diag.text, said)))
		fail_msg("%s", diag.text);
	if (r == 0)
		assert_true(report.earlier.tree.size == two->proof.earlier &&
			    report.later.checkpoint.tree.size == 300);
	return r;
}

static void a_log_continues_its_earlier_ones(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 128, 255, 256, 257, 299, 300};
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};

	fixture_make(&f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		_cleanup_(two_done) struct two two = {.earlier.dir_fd = -1};

		two_make(&f, sizes[i], &two);
		assert_int_equal(check_two(&f, &two, NULL), 0);
		if (!two.proof.hashes.n)
			continue;
		two.proof.hashes.hashes[0].bytes[31] ^= 1;
		assert_int_equal(check_two(&f, &two, "it is not shown"), NOTE_E_REFUSED);
		two.proof.hashes.n--;
		assert_int_equal(check_two(&f, &two, "it is not shown"), NOTE_E_REFUSED);
	}
}

static void a_log_that_became_shorter_was_rolled_back(void **state)
{
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};
	_cleanup_(two_done) struct two two = {.earlier.dir_fd = -1};

	fixture_make(&f);
	two_make(&f, 301, &two);
	assert_int_equal(check_two(&f, &two, "rolled back: the log had 301 entries"),
			 NOTE_E_REFUSED);
}

/* Signs another root for the earlier log. */
static void sign_again(struct two *two)
{
	struct naive_hash root = {.bytes = {1}};

	log_sign(&two->earlier, LOG_ORIGIN, two->earlier.size, &root);
	free(two->first);
	two->first = log_read(&two->earlier, "checkpoint", &two->first_size);
}

static void a_log_with_two_roots_was_forked(void **state)
{
	static const size_t sizes[] = {200, 256, 300};
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};

	fixture_make(&f);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		_cleanup_(two_done) struct two two = {.earlier.dir_fd = -1};

		two_make(&f, sizes[i], &two);
		sign_again(&two);
		assert_int_equal(check_two(&f, &two,
					   sizes[i] == 300 ? "forked: the log has signed"
							   : "forked, or the proof"),
				 NOTE_E_REFUSED);
		if (sizes[i] == 300)
			continue;
		/* who has the log itself knows the root of its first entries */
		two.proof.has_root = true;
		two.proof.root = (struct merkle_hash){.bytes = {2}};
		assert_int_equal(check_two(&f, &two, "forked: the first"), NOTE_E_REFUSED);
	}
}

static void both_checkpoints_have_to_be_signed(void **state)
{
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};
	_cleanup_(two_done) struct two two = {.earlier.dir_fd = -1};

	fixture_make(&f);
	two_make(&f, 200, &two);
	two.first[two.first_size - 9] ^= 1;
	assert_int_equal(check_two(&f, &two, ""), NOTE_E_REFUSED);
	two.first[two.first_size - 9] ^= 1;
	two.second[two.proof.note.size - 9] ^= 1;
	assert_int_equal(check_two(&f, &two, ""), NOTE_E_REFUSED);
	two.second[two.proof.note.size - 9] ^= 1;
	two.proof.earlier = 199;
	assert_int_equal(check_two(&f, &two, "the proof begins at 199"), NOTE_E_REFUSED);
	two.proof.earlier = 200;
	assert_int_equal(check_two(&f, &two, NULL), 0);
}

static void what_is_no_proof_and_where(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 1},
		{"c2sp.org/tlog-proof@v2\nindex 1\n\n", 1},
		{"c2sp.org/tlog-proof@v1", 1},
		{HEAD, 2},
		{HEAD "index 1", 2},
		{HEAD "index 01\n\n", 2},
		{HEAD "index -1\n\n", 2},
		{HEAD "index 9223372036854775808\n\n", 2},
		{HEAD "extra Zm9\nindex 1\n\n", 2},
		{HEAD "extra Zm9v\n", 3},
		{HEAD "extra Zm9v\nextra Zm9v\nindex 1\n\n", 3},
		{HEAD "index 1\n", 3},
		{HEAD "index 1\n" HASH, 4},
		{HEAD "index 1\nZm9v\n\n", 3},
		{HEAD "index 1\n" HASH " \n\n", 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct diag diag = {0};
		struct proof proof;

		assert_int_equal(proof_parse(rows[i].text, strlen(rows[i].text), &proof, &diag),
				 NOTE_E_REFUSED);
		assert_int_equal(diag.line, rows[i].line);
	}
}

static void a_proof_has_63_hashes_at_most(void **state)
{
	char text[64 * sizeof(HASH) + 128], *at;
	struct proof proof;

	for (size_t n = 63; n <= 64; n++) {
		at = stpcpy(text, HEAD "index 1\n");
		for (size_t i = 0; i < n; i++)
			at = stpcpy(at, HASH);
		(void)stpcpy(at, "\n");
		assert_int_equal(proof_parse(text, strlen(text), &proof, NULL),
				 n == 63 ? 0 : NOTE_E_REFUSED);
	}
}

static int check_again(void *userdata)
{
	const struct fixture *f = userdata;

	return check(f, f->text, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	_cleanup_(fixture_done) struct fixture f = {.log.dir_fd = -1};

	fixture_make(&f);
	alloc_check(check_again, &f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proof_shows_its_entry_and_no_other),
		cmocka_unit_test(a_flipped_bit_shows_nothing),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(what_is_shown_to_a_witness),
		cmocka_unit_test(a_log_continues_its_earlier_ones),
		cmocka_unit_test(a_log_that_became_shorter_was_rolled_back),
		cmocka_unit_test(a_log_with_two_roots_was_forked),
		cmocka_unit_test(both_checkpoints_have_to_be_signed),
		cmocka_unit_test(what_is_no_proof_and_where),
		cmocka_unit_test(a_proof_has_63_hashes_at_most),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
