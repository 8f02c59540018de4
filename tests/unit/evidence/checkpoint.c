// SPDX-License-Identifier: LGPL-2.1-or-later
#include "evidence/checkpoint.h"

#include <string.h>

#include "base/diag.h"
#include "test.h"

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static int parse(const char *string, struct checkpoint *ret, struct diag *diag)
{
	return checkpoint_parse((struct text){string, strlen(string)}, ret, diag);
}

static void what_is_written_is_read(void **state)
{
	struct checkpoint checkpoint, back;
	char text[CHECKPOINT_LEN];
	size_t size;

	assert_int_equal(parse("example.com/log\n0\n" ROOT "\n", &checkpoint, NULL), 0);
	assert_string_equal(checkpoint.origin, "example.com/log");
	assert_int_equal(checkpoint.tree.size, 0);
	assert_int_equal(checkpoint.tree.root.bytes[0], 0xe3);
	assert_int_equal(checkpoint.tree.root.bytes[31], 0x55);

	memset(checkpoint.origin, 'o', NOTE_NAME_LEN - 1);
	checkpoint.tree.size = INT64_MAX;
	size = checkpoint_format(&checkpoint, text);
	assert_int_equal(size, strlen(text));
	assert_int_equal(parse(text, &back, NULL), 0);
	assert_memory_equal(&back, &checkpoint, sizeof(back));
}

static void lines_of_others_are_allowed(void **state)
{
	struct checkpoint checkpoint;

	assert_int_equal(parse("o\n1\n" ROOT "\nmore\nand more\n", &checkpoint, NULL), 0);
}

static void what_is_refused_and_where(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 1},
		{"\n1\n" ROOT "\n", 1},
		{"o", 1},
		{"o\n", 2},
		{"o\n01\n" ROOT "\n", 2},
		{"o\n-1\n" ROOT "\n", 2},
		{"o\n9223372036854775808\n" ROOT "\n", 2},
		{"o\n1", 2},
		{"o\n1\n", 3},
		{"o\n1\n" ROOT, 3},
		{"o\n1\nZm9v\n", 3},
		{"o\n1\n" ROOT "AAAA\n", 3},
		{"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", 3},
		{"o\n1\n" ROOT "\n\n", 4},
		{"o\n1\n" ROOT "\na\n\n", 5},
		{"o\n1\n" ROOT "\na", 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct checkpoint checkpoint = {.tree.size = 7};
		struct diag diag = {0};

		assert_int_equal(parse(rows[i].text, &checkpoint, &diag), NOTE_E_REFUSED);
		assert_int_equal(diag.line, rows[i].line);
		assert_int_equal(checkpoint.tree.size, 7);
	}
}

static void an_origin_has_255_bytes_at_most(void **state)
{
	char text[NOTE_NAME_LEN + 64];
	struct checkpoint checkpoint;

	memset(text, 'o', NOTE_NAME_LEN);
	strcpy(text + NOTE_NAME_LEN - 1, "\n1\n" ROOT "\n");
	assert_int_equal(parse(text, &checkpoint, NULL), 0);
	text[NOTE_NAME_LEN - 1] = 'o';
	strcpy(text + NOTE_NAME_LEN, "\n1\n" ROOT "\n");
	assert_int_equal(parse(text, &checkpoint, NULL), NOTE_E_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(lines_of_others_are_allowed),
		cmocka_unit_test(what_is_refused_and_where),
		cmocka_unit_test(an_origin_has_255_bytes_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
