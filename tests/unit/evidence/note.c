// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/note.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "test.h"

#define DASH "\xe2\x80\x94 "
#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define TEXT "This is an example message.\n"
#define LINE                                                                                    \
	DASH "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj" \
	     "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

static const uint8_t secret[NOTE_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static struct text text(const char *string)
{
	return (struct text){string, strlen(string)};
}

static struct note_key key_of(const char *vkey)
{
	struct note_key key;

	assert_int_equal(note_key_parse(text(vkey), &key, NULL), 0);
	return key;
}

static struct note_key own_key(uint8_t type)
{
	struct note_key key;

	assert_int_equal(note_key_of_secret("holdfast.example/log", type, secret, &key, NULL), 0);
	return key;
}

static int parse(const char *string, struct note *ret, struct diag *diag)
{
	return note_parse(string, strlen(string), ret, diag);
}

static int sign(const struct note_key *key, uint64_t time, const char *string,
		char ret_line[NOTE_LINE_LEN])
{
	struct note_signer signer = {key, secret, time};

	return note_sign(&signer, text(string), ret_line, NULL);
}

static void the_vector_of_the_format(void **state)
{
	struct note_key key = key_of(VKEY);
	char vkey[NOTE_VKEY_LEN];
	uint64_t time = 7;
	struct note note;

	assert_string_equal(key.name, "example.com/foo");
	assert_int_equal(key.id, 0x530d903a);
	assert_int_equal(key.type, NOTE_ED25519);
	note_key_format(&key, vkey);
	assert_string_equal(vkey, VKEY);

	assert_int_equal(parse(TEXT "\n" LINE, &note, NULL), 0);
	assert_true(text_is(note.text, TEXT));
	assert_int_equal(note.n_signatures, 1);
	assert_int_equal(note_verify(&note, &key, &time, NULL), 0);
	assert_int_equal(time, 0);
}

/* Each bit of the whole note: either it is no note, or not signed by this key, or refused. */
static void a_flipped_bit_is_never_verified(void **state)
{
	char bytes[] = TEXT "\n" LINE;
	struct note_key key = key_of(VKEY);
	unsigned refused = 0;

	for (size_t bit = 0; bit < (sizeof(bytes) - 1) * 8; bit++) {
		struct note note;

		bytes[bit / 8] ^= (char)(1U << bit % 8);
		if (note_parse(bytes, sizeof(bytes) - 1, &note, NULL) == 0) {
			int r = note_verify(&note, &key, NULL, NULL);

			assert_true(r == NOTE_E_UNSIGNED || r == NOTE_E_REFUSED);
			refused += r == NOTE_E_REFUSED;
		}
		bytes[bit / 8] ^= (char)(1U << bit % 8);
	}
	assert_true(refused > 100);
}

static void what_is_signed_is_verified(void **state)
{
	static const uint8_t types[] = {NOTE_ED25519, NOTE_COSIGNATURE};

	for (size_t i = 0; i < sizeof(types); i++) {
		struct note_key key = own_key(types[i]);
		char line[NOTE_LINE_LEN], *bytes = NULL;
		uint64_t time = 0;
		struct note note;

		assert_int_equal(sign(&key, 1700000000, "a\n\nb\n", line), 0);
		assert_true(asprintf(&bytes, "a\n\nb\n\n%s", line) > 0);
		assert_int_equal(parse(bytes, &note, NULL), 0);
		assert_true(text_is(note.text, "a\n\nb\n"));
		assert_int_equal(note_verify(&note, &key, &time, NULL), 0);
		assert_int_equal(time, types[i] == NOTE_COSIGNATURE ? 1700000000 : 0);
		free(bytes);
	}
}

/* A signature is worth nothing under another type, or with another time. */
static void a_time_is_signed(void **state)
{
	struct note_key key = own_key(NOTE_COSIGNATURE);
	uint8_t blob[4 + 8 + 64];
	char line[NOTE_LINE_LEN], *base64, *bytes = NULL;
	struct note note;

	assert_int_equal(sign(&key, 5, "a\n", line), 0);
	base64 = strrchr(line, ' ') + 1;
	assert_int_equal(base64_decode(base64, strlen(base64) - 1, blob, sizeof(blob), NULL), 0);
	assert_int_equal(blob[11], 5);
	blob[11] = 6;
	base64_encode(blob, sizeof(blob), base64);
	assert_true(asprintf(&bytes, "a\n\n%s\n", line) > 0);
	assert_int_equal(parse(bytes, &note, NULL), 0);
	assert_int_equal(note_verify(&note, &key, NULL, NULL), NOTE_E_REFUSED);
	free(bytes);
}

static void the_last_time_is_told(void **state)
{
	struct note_key key = own_key(NOTE_COSIGNATURE);
	char early[NOTE_LINE_LEN], late[NOTE_LINE_LEN], *bytes = NULL;
	uint64_t time = 0;
	struct note note;

	assert_int_equal(sign(&key, 5, "a\n", early), 0);
	assert_int_equal(sign(&key, 9, "a\n", late), 0);
	assert_true(asprintf(&bytes, "a\n\n%s%s%s", early, late, early) > 0);
	assert_int_equal(parse(bytes, &note, NULL), 0);
	assert_int_equal(note_verify(&note, &key, &time, NULL), 0);
	assert_int_equal(time, 9);
	free(bytes);
}

static void others_are_ignored_but_a_known_key_has_to_verify(void **state)
{
	struct note_key key = key_of(VKEY), own = own_key(NOTE_ED25519);
	struct note note;
	struct diag diag;

	/* of a type, and by a name, that nobody has heard of */
	assert_int_equal(parse(TEXT "\n" DASH "x AAAAAAAA\n" LINE DASH "example.com/foo AAAAAAAA\n",
			       &note, NULL),
			 0);
	assert_int_equal(note_verify(&note, &key, NULL, NULL), 0);
	assert_int_equal(note_verify(&note, &own, NULL, NULL), NOTE_E_UNSIGNED);

	/* a good one does not make up for a wrong one */
	assert_int_equal(parse(TEXT "\n" LINE DASH "example.com/foo Uw2QOkn8\n", &note, NULL), 0);
	assert_int_equal(note_verify(&note, &key, NULL, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "example.com/foo"));

	/* the same id by another name is another key */
	assert_int_equal(parse(TEXT "\n" DASH "example.com/fox Uw2QOkn8\n", &note, NULL), 0);
	assert_int_equal(note_verify(&note, &key, NULL, NULL), NOTE_E_UNSIGNED);
}

static int with_signatures(size_t n, struct note *ret)
{
	static char bytes[sizeof(TEXT) + 2 + (NOTE_MAX_SIGNATURES + 2) * sizeof(LINE)];
	char *at = stpcpy(bytes, TEXT "\n");

	for (size_t i = 0; i + 1 < n; i++)
		at = stpcpy(at, DASH "somebody AAAAAAAA\n");
	(void)stpcpy(at, LINE);
	return parse(bytes, ret, NULL);
}

static void as_many_signatures_as_the_limit(void **state)
{
	struct note_key key = key_of(VKEY);
	struct note note;

	assert_int_equal(with_signatures(16, &note), 0);
	assert_int_equal(note_verify(&note, &key, NULL, NULL), 0);
	assert_int_equal(with_signatures(NOTE_MAX_SIGNATURES, &note), 0);
	assert_int_equal(note_verify(&note, &key, NULL, NULL), 0);
	assert_int_equal(with_signatures(NOTE_MAX_SIGNATURES + 1, &note), NOTE_E_REFUSED);
}

static void as_many_bytes_as_the_limit(void **state)
{
	_cleanup_free_ char *bytes = malloc(NOTE_MAX_SIZE + 1);
	struct note note;

	assert_non_null(bytes);
	memset(bytes, 'a', NOTE_MAX_SIZE + 1);
	memcpy(bytes + NOTE_MAX_SIZE - strlen("\n\n" LINE), "\n\n" LINE, strlen("\n\n" LINE));
	assert_int_equal(note_parse(bytes, NOTE_MAX_SIZE, &note, NULL), 0);
	memcpy(bytes + NOTE_MAX_SIZE + 1 - strlen("\n\n" LINE), "\n\n" LINE, strlen("\n\n" LINE));
	assert_int_equal(note_parse(bytes, NOTE_MAX_SIZE + 1, &note, NULL), NOTE_E_REFUSED);
}

static void what_is_no_note_and_where(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 0},
		{"\n", 0},
		{"\n\n", 0},
		{TEXT, 0},
		{TEXT "\n", 0},
		{TEXT LINE, 0},
		{TEXT "\n" LINE "\n", 0},
		{TEXT "\n" DASH "x AAAAAAAA", 0},
		{"a\tb\n\n" LINE, 1},
		{"a\nb\x01\n\n" LINE, 2},
		{"a\nb\xff\n\n" LINE, 2},
		{TEXT "\n- x AAAAAAAA\n", 3},
		{TEXT "\n" LINE "x\n", 4},
		{TEXT "\n" DASH "AAAAAAAA\n", 3},
		{TEXT "\n" DASH " AAAAAAAA\n", 3},
		{TEXT "\n" DASH "x+y AAAAAAAA\n", 3},
		{TEXT "\n" DASH "x\xc2\xa0y AAAAAAAA\n", 3},
		{TEXT "\n" DASH "x y AAAAAAAA\n", 3},
		{TEXT "\n" DASH "x \n", 3},
		{TEXT "\n" DASH "x AAAAAA==\n", 3},
		{TEXT "\n" DASH "x AAAAAAA\n", 3},
		{TEXT "\n" DASH "x AAAAAAB=\n", 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct diag diag = {0};
		struct note note;

		assert_int_equal(parse(rows[i].text, &note, &diag), NOTE_E_REFUSED);
		assert_int_equal(diag.line, rows[i].line);
		assert_int_not_equal(diag.text[0], '\0');
	}
}

static void what_is_no_key(void **state)
{
	static const char *const vkeys[] = {
		"",
		"example.com/foo",
		"example.com/foo+530d903a",
		"example.com/foo+530d903a+",
		"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/fox+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
		"example.com/foo+530d903a+AQ==",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAAAA",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	struct note_key key = {.id = 7};
	struct diag diag = {0};

	for (size_t i = 0; i < sizeof(vkeys) / sizeof(*vkeys); i++)
		assert_int_equal(note_key_parse(text(vkeys[i]), &key, &diag), NOTE_E_REFUSED);
	assert_int_equal(key.id, 7);
	/* ML-DSA-44, of 1312 bytes: the type is what is wrong */
	assert_int_equal(note_key_parse(text("a+00000000+Bgak"), &key, &diag), NOTE_E_REFUSED);
	assert_non_null(strstr(diag.text, "0x06"));
}

static void a_name_has_255_bytes_at_most(void **state)
{
	char name[NOTE_NAME_LEN + 1], line[NOTE_LINE_LEN], vkey[NOTE_VKEY_LEN];
	struct note_key key, back;

	memset(name, 'n', sizeof(name));
	name[NOTE_NAME_LEN] = '\0';
	assert_int_equal(note_key_of_secret(name, NOTE_COSIGNATURE, secret, &key, NULL),
			 NOTE_E_REFUSED);
	name[NOTE_NAME_LEN - 1] = '\0';
	assert_int_equal(note_key_of_secret(name, NOTE_COSIGNATURE, secret, &key, NULL), 0);
	note_key_format(&key, vkey);
	assert_int_equal(note_key_parse(text(vkey), &back, NULL), 0);
	assert_memory_equal(&back, &key, sizeof(key));
	assert_int_equal(sign(&key, 1, "a\n", line), 0);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void what_is_not_signed(void **state)
{
	struct note_key key = own_key(NOTE_ED25519);
	const uint8_t other[NOTE_KEY_LEN] = {9};
	struct note_signer stranger = {&key, other, 0};
	char line[NOTE_LINE_LEN];

	assert_int_equal(note_sign(&stranger, text("a\n"), line, NULL), NOTE_E_REFUSED);
	assert_int_equal(sign(&key, 0, "a", line), NOTE_E_REFUSED);
	assert_int_equal(sign(&key, 0, "", line), NOTE_E_REFUSED);
	assert_int_equal(sign(&key, 0, "a\tb\n", line), NOTE_E_REFUSED);
	assert_int_equal(sign(&key, 0, "\xff\n", line), NOTE_E_REFUSED);
}

static int sign_and_verify(void *userdata)
{
	struct note_key key = key_of(VKEY), *own = userdata;
	char line[NOTE_LINE_LEN];
	struct note note;
	int r;

	r = sign(own, 0, "a\n", line);
	if (r)
		return r;
	assert_int_equal(parse(TEXT "\n" LINE, &note, NULL), 0);
	return note_verify(&note, &key, NULL, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	struct note_key own = own_key(NOTE_ED25519);

	alloc_check(sign_and_verify, &own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_of_the_format),
		cmocka_unit_test(a_flipped_bit_is_never_verified),
		cmocka_unit_test(what_is_signed_is_verified),
		cmocka_unit_test(a_time_is_signed),
		cmocka_unit_test(the_last_time_is_told),
		cmocka_unit_test(others_are_ignored_but_a_known_key_has_to_verify),
		cmocka_unit_test(as_many_signatures_as_the_limit),
		cmocka_unit_test(as_many_bytes_as_the_limit),
		cmocka_unit_test(what_is_no_note_and_where),
		cmocka_unit_test(what_is_no_key),
		cmocka_unit_test(a_name_has_255_bytes_at_most),
		cmocka_unit_test(what_is_not_signed),
		cmocka_unit_test(nothing_is_left_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
