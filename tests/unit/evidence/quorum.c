// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/quorum.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "test.h"

#define ORIGIN "log.example"
#define TEXT ORIGIN "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static char log_vkey[NOTE_VKEY_LEN];
static struct note_key log_key, witness_keys[QUORUM_MAX + 1];
static uint8_t log_secret[NOTE_KEY_LEN] = {200}, secrets[QUORUM_MAX + 1][NOTE_KEY_LEN];
static char vkeys[QUORUM_MAX + 1][NOTE_VKEY_LEN];

static int setup(void **state)
{
	assert_int_equal(note_key_of_secret(ORIGIN, NOTE_ED25519, log_secret, &log_key, NULL), 0);
	note_key_format(&log_key, log_vkey);
	for (unsigned i = 0; i <= QUORUM_MAX; i++) {
		char name[32];

		secrets[i][0] = (uint8_t)(i + 1);
		(void)snprintf(name, sizeof(name), "w%u.example", i);
		assert_int_equal(note_key_of_secret(name, NOTE_COSIGNATURE, secrets[i],
						    &witness_keys[i], NULL),
				 0);
		note_key_format(&witness_keys[i], vkeys[i]);
	}
	return 0;
}

static void add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsprintf(text + strlen(text), format, args);
	va_end(args);
}

static void head(char *text, unsigned witnesses)
{
	text[0] = '\0';
	add(text, "log %s\n", log_vkey);
	for (unsigned i = 0; i < witnesses; i++)
		add(text, "witness w%u %s\n", i, vkeys[i]);
}

/* Whether a policy is content with a checkpoint that these witnesses have cosigned. */
static int check(const char *policy_text, uint64_t cosigners, struct quorum_report *ret)
{
	struct note_signer signer = {&log_key, log_secret, 0};
	_cleanup_free_ struct quorum *policy = NULL;
	char bytes[(QUORUM_MAX + 2) * NOTE_LINE_LEN], line[NOTE_LINE_LEN];
	struct diag diag = {0};
	struct note note;

	if (quorum_parse(policy_text, strlen(policy_text), &policy, &diag) != 0)
		fail_msg("line %u: %s", diag.line, diag.text);
	bytes[0] = '\0';
	assert_int_equal(note_sign(&signer, (struct text){TEXT, strlen(TEXT)}, line, NULL), 0);
	add(bytes, TEXT "\n%s", line);
	for (unsigned i = 0; i < QUORUM_MAX; i++) {
		signer = (struct note_signer){&witness_keys[i], secrets[i], 1000 + i};
		if (!(cosigners >> i & 1))
			continue;
		assert_int_equal(note_sign(&signer, (struct text){TEXT, strlen(TEXT)}, line, NULL),
				 0);
		add(bytes, "%s", line);
	}
	assert_int_equal(note_parse(bytes, strlen(bytes), &note, NULL), 0);
	return quorum_check(policy, &note, ORIGIN, ret, NULL);
}

static void expect(const char *tail, uint64_t cosigners, int expected)
{
	struct quorum_report report = {0};
	char text[4096];

	head(text, 4);
	add(text, "%s", tail);
	if (check(text, cosigners, &report) != expected)
		fail_msg("%s: by %#llx", tail, (unsigned long long)cosigners);
	if (expected == 0)
		assert_int_equal(report.witnesses, cosigners);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(report.times[i], report.witnesses >> i & 1 ? 1000 + i : 0);
}

static void what_meets_a_quorum(void **state)
{
	expect("quorum none\n", 0, 0);
	expect("quorum none", 5, 0);
	expect("quorum w2\n", 4, 0);
	expect("quorum w2\n", 11, NOTE_E_REFUSED);
	expect("group g any w0 w1\nquorum g\n", 2, 0);
	expect("group g any w0 w1\nquorum g\n", 12, NOTE_E_REFUSED);
	expect("group g all w0 w1 w3\nquorum g\n", 11, 0);
	expect("group g all w0 w1 w3\nquorum g\n", 3, NOTE_E_REFUSED);
	for (unsigned i = 0; i < 16; i++)
		expect("group g 2 w0 w1 w2 w3\nquorum g\n", i,
		       __builtin_popcount(i) >= 2 ? 0 : NOTE_E_REFUSED);
	/* a group of groups: either the first two, or one of the others twice over */
	for (unsigned i = 0; i < 16; i++)
		expect("group a all w0 w1\ngroup b all w2 w3\n# both\n\ngroup c any a b\n"
		       "quorum c\n",
		       i, (i & 3) == 3 || (i & 12) == 12 ? 0 : NOTE_E_REFUSED);
}

/* By the name and the id of a witness, and not by its key; nor does the quorum ask for it. */
static void a_signature_that_is_wrong_refuses(void **state)
{
	struct note_key liar = witness_keys[1];
	struct note_signer signer = {&liar, secrets[2], 5};
	_cleanup_free_ struct quorum *policy = NULL;
	char text[4096], line[NOTE_LINE_LEN], bytes[2048] = TEXT "\n";
	struct note_signer log = {&log_key, log_secret, 0};
	struct quorum_report report;
	struct note note;

	memcpy(liar.key, witness_keys[2].key, NOTE_KEY_LEN);
	head(text, 2);
	add(text, "quorum none\n");
	assert_int_equal(quorum_parse(text, strlen(text), &policy, NULL), 0);
	assert_int_equal(note_sign(&log, (struct text){TEXT, strlen(TEXT)}, line, NULL), 0);
	add(bytes, "%s", line);
	assert_int_equal(note_parse(bytes, strlen(bytes), &note, NULL), 0);
	assert_int_equal(quorum_check(policy, &note, ORIGIN, &report, NULL), 0);
	assert_int_equal(note_sign(&signer, (struct text){TEXT, strlen(TEXT)}, line, NULL), 0);
	add(bytes, "%s", line);
	assert_int_equal(note_parse(bytes, strlen(bytes), &note, NULL), 0);
	assert_int_equal(quorum_check(policy, &note, ORIGIN, &report, NULL), NOTE_E_REFUSED);
}

static void what_is_refused_and_where(void **state)
{
	static const struct {
		const char *tail; /* after a log and two witnesses, lines 1 to 3 */
		unsigned line;
	} rows[] = {
		{"", 0},
		{"quorum\n", 4},
		{"quorum w0 w1\n", 4},
		{"quorum w2\n", 4},
		{"quorum none\nquorum none\n", 5},
		{"group g\nquorum none\n", 4},
		{"group g all\nquorum none\n", 4},
		{"group g 0 w0\nquorum none\n", 4},
		{"group g 3 w0 w1\nquorum none\n", 4},
		{"group g most w0 w1\nquorum none\n", 4},
		{"group g all w0 w0\nquorum none\n", 4},
		{"group g all w2\nquorum none\n", 4},
		{"group g all g\nquorum none\n", 4},
		{"group w0 all w1\nquorum none\n", 4},
		{"group none all w1\nquorum none\n", 4},
		{"\n# a comment\n  \t\nanything\n", 7},
		{"log x\nquorum none\n", 4},
		{"witness x y\nquorum none\n", 4},
		{"witness\nquorum none\n", 4},
		{"log\nquorum none\n", 4},
		{"quorum none\r\n", 4},
		{"quorum none\n\xff\n", 5},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct quorum *policy = NULL;
		struct diag diag = {0};
		char text[4096];

		head(text, 2);
		add(text, "%s", rows[i].tail);
		assert_int_equal(quorum_parse(text, strlen(text), &policy, &diag), NOTE_E_REFUSED);
		if (diag.line != rows[i].line)
			fail_msg("%s: line %u: %s", rows[i].tail, diag.line, diag.text);
		assert_null(policy);
	}
}

static void a_key_of_the_other_type_or_that_is_there_twice(void **state)
{
	struct quorum *policy = NULL;
	struct diag diag = {0};
	char text[4096];

	head(text, 1);
	add(text, "log %s\nquorum none\n", vkeys[1]);
	assert_int_equal(quorum_parse(text, strlen(text), &policy, &diag), NOTE_E_REFUSED);
	assert_int_equal(diag.line, 3);
	head(text, 1);
	add(text, "witness x %s\nquorum none\n", log_vkey);
	assert_int_equal(quorum_parse(text, strlen(text), &policy, &diag), NOTE_E_REFUSED);
	head(text, 1);
	add(text, "witness x %s\nquorum none\n", vkeys[0]);
	assert_int_equal(quorum_parse(text, strlen(text), &policy, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "'w0'"));
	assert_int_equal(quorum_parse("quorum none\n", 12, &policy, &diag), NOTE_E_REFUSED);
	assert_int_equal(diag.line, 0);
}

static int parse_many(unsigned logs, unsigned witnesses, unsigned groups)
{
	static char text[4 * QUORUM_MAX * NOTE_VKEY_LEN];
	_cleanup_free_ struct quorum *policy = NULL;

	text[0] = '\0';
	for (unsigned i = 0; i < logs; i++)
		add(text, "log %s\n", log_vkey);
	for (unsigned i = 0; i < witnesses; i++)
		add(text, "witness w%u %s\n", i, vkeys[i]);
	for (unsigned i = 0; i < groups; i++)
		add(text, "group g%u any w0\n", i);
	add(text, "group all all");
	for (unsigned i = 0; i < witnesses; i++)
		add(text, " w%u", i);
	for (unsigned i = 0; i < groups; i++)
		add(text, " g%u", i);
	add(text, "\nquorum all\n");
	return quorum_parse(text, strlen(text), &policy, NULL);
}

static void as_many_of_each_as_the_limit(void **state)
{
	assert_int_equal(parse_many(QUORUM_MAX, QUORUM_MAX, QUORUM_MAX - 1), 0);
	assert_int_equal(parse_many(QUORUM_MAX + 1, 1, 1), NOTE_E_REFUSED);
	assert_int_equal(parse_many(1, QUORUM_MAX + 1, 1), NOTE_E_REFUSED);
	assert_int_equal(parse_many(1, 1, QUORUM_MAX), NOTE_E_REFUSED);
}

/* Every one of 64, which is also the last bit of what counts them. */
static void all_of_64_witnesses(void **state)
{
	static char text[2 * QUORUM_MAX * NOTE_VKEY_LEN];
	struct quorum_report report;

	head(text, QUORUM_MAX);
	add(text, "group g all");
	for (unsigned i = 0; i < QUORUM_MAX; i++)
		add(text, " w%u", i);
	add(text, "\nquorum g\n");
	assert_int_equal(check(text, UINT64_MAX, &report), 0);
	assert_int_equal(report.times[63], 1063);
	assert_int_equal(check(text, UINT64_MAX >> 1, &report), NOTE_E_REFUSED);
}

static void a_witness_may_have_a_url(void **state)
{
	for (size_t length = QUORUM_URL_LEN - 1; length <= QUORUM_URL_LEN; length++) {
		_cleanup_free_ struct quorum *policy = NULL;
		char text[4096], url[QUORUM_URL_LEN + 1];
		struct diag diag = {0};
		int r;

		memset(url, 'u', length);
		url[length] = '\0';
		head(text, 0);
		add(text, "witness a %s\nwitness b %s %s\nquorum none\n", vkeys[0], vkeys[1], url);
		r = quorum_parse(text, strlen(text), &policy, &diag);
		if (length == QUORUM_URL_LEN) {
			assert_int_equal(r, NOTE_E_REFUSED);
			assert_int_equal(diag.line, 3);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(policy->witnesses[0].url, "");
		assert_string_equal(policy->witnesses[1].url, url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_meets_a_quorum),
		cmocka_unit_test(a_signature_that_is_wrong_refuses),
		cmocka_unit_test(what_is_refused_and_where),
		cmocka_unit_test(a_key_of_the_other_type_or_that_is_there_twice),
		cmocka_unit_test(as_many_of_each_as_the_limit),
		cmocka_unit_test(all_of_64_witnesses),
		cmocka_unit_test(a_witness_may_have_a_url),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
