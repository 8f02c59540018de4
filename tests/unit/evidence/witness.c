// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "test.h"

#define ORIGIN "log.example"
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define TEXT ORIGIN "\n9\n" ROOT "\n"

/* A witness, another one, and a checkpoint of 9 entries that it is asked about, from 4 on. */
struct fixture {
	struct quorum policy;
	struct checkpoint checkpoint;
	struct witness_asked asked;
	uint8_t secrets[2][NOTE_KEY_LEN];
};

static void make(struct fixture *f)
{
	*f = (struct fixture){.policy.n_witnesses = 2, .secrets = {{1}, {2}}};
	for (int i = 0; i < 2; i++) {
		struct quorum_witness *witness = &f->policy.witnesses[i];

		(void)snprintf(witness->name, sizeof(witness->name), "w%d", i);
		assert_int_equal(note_key_of_secret(i ? "other.example" : "one.example",
						    NOTE_COSIGNATURE, f->secrets[i], &witness->key,
						    NULL),
				 0);
	}
	assert_int_equal(checkpoint_parse((struct text){TEXT, strlen(TEXT)}, &f->checkpoint, NULL),
			 0);
	f->asked = (struct witness_asked){
		&f->policy.witnesses[0], &f->checkpoint, {TEXT, strlen(TEXT)}, 4};
}

static void cosign(const struct fixture *f, int witness, const char *text,
		   char ret_line[NOTE_LINE_LEN])
{
	struct note_signer signer = {&f->policy.witnesses[witness].key, f->secrets[witness],
				     1700000000};

	assert_int_equal(note_sign(&signer, (struct text){text, strlen(text)}, ret_line, NULL), 0);
}

/* Reads an answer, and wants it refused with those words if there are any. */
static int read_answer(const struct fixture *f, unsigned status, const char *body, const char *said,
		       struct witness_reply *ret)
{
	struct witness_answer answer = {status, {body, strlen(body)}};
	struct diag diag = {0};
	int r = witness_read(&f->asked, &answer, ret, &diag);

	if (r == WITNESS_E_REFUSED && (!said || !strstr(diag.text, said)))
		fail_msg("%u: %s", status, diag.text);
	return r;
}

static void a_cosignature_is_taken_from_its_witness_alone(void **state)
{
	char mine[NOTE_LINE_LEN], others[NOTE_LINE_LEN], both[2 * NOTE_LINE_LEN];
	struct witness_reply reply = {0};
	struct fixture f;

	make(&f);
	cosign(&f, 0, TEXT, mine);
	cosign(&f, 1, TEXT, others);
	assert_int_equal(read_answer(&f, 200, mine, NULL, &reply), 0);
	assert_string_equal(reply.line, mine);
	assert_true(reply.time == 1700000000);

	(void)snprintf(both, sizeof(both), "%s%s", others, mine);
	memset(&reply, 0, sizeof(reply));
	assert_int_equal(read_answer(&f, 200, both, NULL, &reply), 0);
	assert_string_equal(reply.line, mine);

	assert_int_equal(read_answer(&f, 200, others, "none of them by its key", &reply),
			 WITNESS_E_REFUSED);
	cosign(&f, 0, ORIGIN "\n8\n" ROOT "\n", mine);
	assert_int_equal(read_answer(&f, 200, mine, "no cosignature of the checkpoint", &reply),
			 WITNESS_E_REFUSED);
}

static void what_is_no_cosignature(void **state)
{
	static const char *const rows[] = {"", "\n", "x\n", "9\n",
					   "\xe2\x80\x94 one.example Zm9v\n"};
	char line[NOTE_LINE_LEN], more[2 * NOTE_LINE_LEN];
	struct witness_reply reply;
	struct fixture f;

	make(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(read_answer(&f, 200, rows[i], "", &reply), WITNESS_E_REFUSED);
	/* a text of its own before the line would be what is signed */
	cosign(&f, 0, TEXT "\nmore\n", line);
	(void)snprintf(more, sizeof(more), "more\n\n%s", line);
	assert_int_equal(read_answer(&f, 200, more, "empty line", &reply), WITNESS_E_REFUSED);
	line[strlen(line) - 1] = '\0';
	assert_int_equal(read_answer(&f, 200, line, "", &reply), WITNESS_E_REFUSED);
}

static void another_size_is_where_to_go_on(void **state)
{
	struct witness_reply reply = {0};
	struct fixture f;

	make(&f);
	assert_int_equal(read_answer(&f, 409, "7\n", NULL, &reply), WITNESS_E_OTHER_SIZE);
	assert_true(reply.size == 7);
	assert_int_equal(read_answer(&f, 409, "9", NULL, &reply), WITNESS_E_OTHER_SIZE);
	assert_int_equal(read_answer(&f, 409, "0\n", NULL, &reply), WITNESS_E_OTHER_SIZE);
	assert_int_equal(
		read_answer(&f, 409, "10\n", "rolled back: it has seen 10 entries", &reply),
		WITNESS_E_REFUSED);
	assert_int_equal(read_answer(&f, 409, "4\n", "names the same", &reply), WITNESS_E_REFUSED);
	assert_int_equal(read_answer(&f, 409, "07\n", "and no size", &reply), WITNESS_E_REFUSED);
	assert_int_equal(read_answer(&f, 409, "7\n\n", "and no size", &reply), WITNESS_E_REFUSED);
	assert_int_equal(read_answer(&f, 409, "", "and no size", &reply), WITNESS_E_REFUSED);
}

static void a_refusal_says_which(void **state)
{
	static const struct {
		unsigned status;
		const char *said;
	} rows[] = {
		{400, "does not understand"},
		{403, "no key of " ORIGIN},
		{404, "does not know the log " ORIGIN},
		{422, "forked: what it has seen"},
		{301, "no redirection is followed"},
		{307, "no redirection is followed"},
		{500, "answers 500"},
		{0, "answers 0"},
	};
	struct witness_reply reply;
	struct fixture f;

	make(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(read_answer(&f, rows[i].status, "", rows[i].said, &reply),
				 WITNESS_E_REFUSED);
}

static void what_is_kept_is_read_again(void **state)
{
	const uint64_t seen[QUORUM_MAX] = {INT64_MAX, 3};
	uint64_t back[QUORUM_MAX] = {9, 9, 9};
	_cleanup_free_ char *text = NULL;
	struct fixture f;

	make(&f);
	assert_int_equal(witness_state_format(&f.policy, ORIGIN, seen, &text), 0);
	assert_string_equal(text, "holdfast witness 1\n" ORIGIN "\n9223372036854775807 w0\n3 w1\n");
	assert_int_equal(witness_state_parse((struct text){text, strlen(text)}, &f.policy, ORIGIN,
					     back, NULL),
			 0);
	assert_memory_equal(back, seen, sizeof(seen));

	/* another log's sizes would make this one look rolled back */
	assert_int_equal(witness_state_parse((struct text){text, strlen(text)}, &f.policy,
					     "another.example", back, NULL),
			 0);
	assert_true(back[0] == 0 && back[1] == 0);
	f.policy.n_witnesses = 1;
	assert_int_equal(witness_state_parse((struct text){text, strlen(text)}, &f.policy, ORIGIN,
					     back, NULL),
			 0);
	assert_true(back[0] == INT64_MAX && back[1] == 0);
}

static void what_was_not_kept_by_us(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 1},
		{"holdfast witness 2\n", 1},
		{"holdfast witness 1", 1},
		{"holdfast witness 1\n", 2},
		{"holdfast witness 1\n\n", 2},
		{"holdfast witness 1\n" ORIGIN "\n3 w0", 3},
		{"holdfast witness 1\n" ORIGIN "\n03 w0\n", 3},
		{"holdfast witness 1\n" ORIGIN "\n3 w0\nw1 3\n", 4},
		{"holdfast witness 1\n" ORIGIN "\n3 \n", 3},
	};
	struct fixture f;

	make(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t seen[QUORUM_MAX];
		struct diag diag = {0};

		assert_int_equal(
			witness_state_parse((struct text){rows[i].text, strlen(rows[i].text)},
					    &f.policy, ORIGIN, seen, &diag),
			NOTE_E_REFUSED);
		assert_int_equal(diag.line, rows[i].line);
	}
}

struct answered {
	struct fixture f;
	char line[NOTE_LINE_LEN];
};

static int read_again(void *userdata)
{
	const struct answered *answered = userdata;
	struct witness_reply reply;

	return read_answer(&answered->f, 200, answered->line, NULL, &reply);
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	struct answered answered;

	make(&answered.f);
	answered.f.asked.witness = &answered.f.policy.witnesses[0];
	cosign(&answered.f, 0, TEXT, answered.line);
	alloc_check(read_again, &answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cosignature_is_taken_from_its_witness_alone),
		cmocka_unit_test(what_is_no_cosignature),
		cmocka_unit_test(another_size_is_where_to_go_on),
		cmocka_unit_test(a_refusal_says_which),
		cmocka_unit_test(what_is_kept_is_read_again),
		cmocka_unit_test(what_was_not_kept_by_us),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
