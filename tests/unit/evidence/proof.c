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
	static const char text[] = HEAD "index 0\n" HASH "\nrest\n";
	_cleanup_free_ char *back = NULL;
	struct proof proof;

	assert_int_equal(proof_parse(text, strlen(text), &proof, NULL), 0);
	assert_int_equal(proof_format_since(17, &proof, &back), 0);
	assert_string_equal(back, "old 17\n" HASH "\nrest\n");
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
		cmocka_unit_test(what_is_no_proof_and_where),
		cmocka_unit_test(a_proof_has_63_hashes_at_most),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
