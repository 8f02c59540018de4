// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "test.h"

static struct doc_node *parse(const char *text)
{
	struct doc_node *root = NULL;
	struct diag diag = {0};

	if (doc_parse("f", text, strlen(text), &root, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	return root;
}

static void refused_bytes(const char *text, size_t size, unsigned line, unsigned column,
			  const char *part)
{
	struct doc_node *root = NULL;
	struct diag diag = {0};

	assert_int_equal(doc_parse("f", text, size, &root, &diag), DOC_E_INVALID);
	assert_null(root);
	if (!strstr(diag.text, part) || diag.line != line || diag.column != column)
		fail_msg("%u:%u: %s\nexpected %u:%u: ...%s...", diag.line, diag.column, diag.text,
			 line, column, part);
}

static void refused(const char *text, unsigned line, unsigned column, const char *part)
{
	refused_bytes(text, strlen(text), line, column, part);
}

static void nodes_know_where_they_stand(void **state)
{
	_cleanup_(doc_freep) struct doc_node *root = parse("a: 1\n\xc3\xbc: [x,\n  'y']\n");

	assert_int_equal(root->kind, DOC_MAPPING);
	assert_int_equal(root->n_items, 4);
	assert_string_equal(root->items[2]->text, "\xc3\xbc");
	assert_int_equal(root->items[3]->kind, DOC_LIST);
	assert_int_equal(root->items[3]->line, 2);
	assert_int_equal(root->items[3]->column, 4);
	assert_int_equal(root->items[3]->items[1]->line, 3);
	assert_int_equal(root->items[3]->items[1]->column, 3);
	assert_true(root->items[3]->items[0]->plain);
	assert_false(root->items[3]->items[1]->plain);
}

static void the_second_of_two_equal_keys_is_refused(void **state)
{
	refused("a: 1\nb: 2\na: 3\n", 3, 1, "'a' is here twice, first in line 1");
	refused("x: {a: 1, \"a\": 1}\n", 1, 11, "'a' is here twice");
}

static void anchors_aliases_and_tags_are_refused(void **state)
{
	refused("a: &x [1]\nb: *x\n", 1, 4, "'&x' is an anchor");
	refused("a: &x 1\n", 1, 4, "anchor");
	refused("a: &x {b: 1}\n", 1, 4, "anchor");
	refused("a: *x\n", 1, 4, "'*x' is an alias");
	refused("a: !!str 1\n", 1, 4, "tag");
	refused("a: !x [1]\n", 1, 4, "tag");
	refused("a: !x {b: 1}\n", 1, 4, "tag");
	refused("*x : 1\n", 1, 1, "alias");
}

/* Nine levels of ten: a billion values if aliases were followed. */
static void an_anchor_bomb_is_refused_at_its_first_anchor(void **state)
{
	char text[1024] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	size_t used = strlen(text);

	for (int i = 1; i < 9; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
					 i - 1, i - 1, i - 1, i - 1);
	refused(text, 1, 5, "anchor");
}

static void what_is_not_utf8_is_refused_where_it_stands(void **state)
{
	refused("a: 1\nb: \xff\n", 2, 4, "not UTF-8 (byte 0xff)");
	refused("a: caf\xe9\n", 1, 7, "not UTF-8 (byte 0xe9)");
	refused_bytes("\xff\xfe"
		      "a\0:\0",
		      6, 1, 1, "not UTF-8");
	refused_bytes("\0a\0:", 4, 1, 1, "control characters");
}

static void control_characters_are_refused_where_they_stand(void **state)
{
	refused("a: 1\nb: \x1b[2J\n", 2, 4, "control characters");
	refused_bytes("a: b\0c\n", 7, 1, 5, "control characters");
	refused("a: \"b\\0c\"\n", 1, 4, "NUL");
}

static void only_one_document_is_read(void **state)
{
	_cleanup_(doc_freep) struct doc_node *root = parse("--- {a: 1}\n...\n");

	assert_int_equal(root->n_items, 2);
	refused("a: 1\n---\nb: 2\n", 2, 1, "second document");
	refused("", 1, 1, "empty");
	refused("# nothing\n", 1, 1, "empty");
}

static void a_key_is_a_word(void **state)
{
	refused("[a]: 1\n", 1, 1, "a list cannot be a key");
	refused("? {a: 1}\n: 1\n", 1, 3, "a mapping cannot be a key");
}

static void broken_yaml_is_refused_with_its_place(void **state)
{
	refused("a: [1, 2\n", 2, 1, "not YAML");
	refused("a: 'x\n", 2, 1, "not YAML");
	refused("a:\n\t- b\n", 2, 1, "not YAML");
	refused("a: b: c\n", 1, 5, "not YAML");
}

/* n lists in each other. */
static char *nested(size_t n)
{
	char *text = calloc(1, 2 * n + 1);

	memset(text, '[', n);
	memset(text + n, ']', n);
	return text;
}

static void depth_has_a_limit(void **state)
{
	_cleanup_free_ char *good = nested(DOC_MAX_DEPTH), *bad = nested(DOC_MAX_DEPTH + 1);
	_cleanup_free_ char *absurd = nested(500000);
	_cleanup_(doc_freep) struct doc_node *root = parse(good);

	assert_int_equal(root->kind, DOC_LIST);
	refused(bad, 1, DOC_MAX_DEPTH + 1, "nest more than 16 deep");
	refused(absurd, 1, DOC_MAX_DEPTH + 1, "nest more than 16 deep");
}

static char *mapping(size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (size_t i = 0; i < n; i++)
		fprintf(f, "k%zu: v\n", i);
	fclose(f);
	return text;
}

static void keys_of_one_mapping_have_a_limit(void **state)
{
	_cleanup_free_ char *good = mapping(DOC_MAX_KEYS), *bad = mapping(DOC_MAX_KEYS + 1);
	_cleanup_(doc_freep) struct doc_node *root = parse(good);

	assert_int_equal(root->n_items, 2 * DOC_MAX_KEYS);
	refused(bad, DOC_MAX_KEYS + 1, 1, "more than 64 keys");
}

static int read_with_keys(const char *text, size_t keys, struct diag *diag)
{
	_cleanup_(doc_freep) struct doc_node *root = NULL;
	struct doc_source source = {.file = "f",
				    .text = text,
				    .size = strlen(text),
				    .limits = {.what = "sample",
					       .size = strlen(text),
					       .depth = 4,
					       .nodes = 4 * keys,
					       .keys = keys}};

	return doc_read(&source, &root, diag);
}

static void a_long_mapping_has_each_key_once(void **state)
{
	_cleanup_free_ char *good = mapping(5000), *bad = NULL;
	struct diag diag = {0};

	assert_int_equal(read_with_keys(good, 5000, &diag), 0);
	assert_int_equal(read_with_keys(good, 4999, &diag), DOC_E_INVALID);
	assert_non_null(strstr(diag.text, "more than 4999 keys"));

	assert_true(asprintf(&bad, "%sk17: v\n", good) > 0);
	assert_int_equal(read_with_keys(bad, 5001, &diag), DOC_E_INVALID);
	assert_string_equal(diag.text,
			    "the key 'k17' is here twice, first in line 18: keep one of them");
	assert_int_equal(diag.line, 5001);
}

static char *list(size_t n)
{
	char *text = calloc(1, 3 * n + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + 3 * i, "- \n", 3);
	return text;
}

static void values_have_a_limit(void **state)
{
	_cleanup_free_ char *good = list(DOC_MAX_NODES - 1), *bad = list(DOC_MAX_NODES);
	_cleanup_(doc_freep) struct doc_node *root = parse(good);

	assert_int_equal(root->n_items, DOC_MAX_NODES - 1);
	refused(bad, DOC_MAX_NODES, 2, "more than 262144 values");
}

static void the_text_has_a_limit(void **state)
{
	_cleanup_free_ char *text = malloc(DOC_MAX_SIZE + 1);
	struct doc_node *root = NULL;
	struct diag diag = {0};

	memset(text, '#', DOC_MAX_SIZE + 1);
	memcpy(text, "a: 1\n", 5);
	assert_int_equal(doc_parse("f", text, DOC_MAX_SIZE, &root, &diag), 0);
	root = doc_free(root);
	assert_int_equal(doc_parse("f", text, DOC_MAX_SIZE + 1, &root, &diag), DOC_E_INVALID);
	assert_non_null(strstr(diag.text, "more than 4194304 bytes"));
}

/* Not a benchmark: a parser that is quadratic in any of these would take minutes. */
static void the_worst_texts_of_the_limit_are_done_quickly(void **state)
{
	static const char *const pieces[] = {"[",   "{",   "- ",   "? ",  "a: ", "\"", "'",
					     "|\n", "[a,", "{a: ", "a\n", "!",	 "&",  "*",
					     "%",   "#",   " ",	   "\n",  "-\n", "\\", ":"};
	_cleanup_free_ char *text = malloc(DOC_MAX_SIZE);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		_cleanup_(doc_freep) struct doc_node *root = NULL;
		size_t length = strlen(pieces[i]);
		struct diag diag;

		for (size_t k = 0; k < DOC_MAX_SIZE; k++)
			text[k] = pieces[i][k % length];
		(void)doc_parse("f", text, DOC_MAX_SIZE, &root, &diag);
	}
	assert_true(clock() < 30 * CLOCKS_PER_SEC);
}

static void what_reads_as_a_number_is_no_string(void **state)
{
	static const char *const strings[] = {
		"a",  "xdp-filter", "10m",   "0xg", "'7'",     "\"true\"", "''",   "1.2.3-x", "/a",
		"e1", "-a",	    "nulls", "2fa", "1.2.3-x", "0xg",	   "1e5x", "truly"};
	static const char *const others[] = {
		"7",	    "-7",	  "+7",	   "0x1f",  "0o17", "1e5",   "1.5",
		".5",	    "1_000",	  "true",  "False", "yes",  "NO",    "on",
		"off",	    "null",	  "~",	   "",	    ".inf", "-.INF", ".nan",
		"12:30:45", "2026-11-23", "1.2.3", "0b11",  "[a]",  "{a: 1}"};

	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		_cleanup_free_ char *text = NULL;

		assert_true(asprintf(&text, "k: %s\n", strings[i]) > 0);
		_cleanup_(doc_freep) struct doc_node *root = parse(text);
		if (!doc_is_string(root->items[1]))
			fail_msg("%s is a string", strings[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		_cleanup_free_ char *text = NULL;

		assert_true(asprintf(&text, "k: %s\n", others[i]) > 0);
		_cleanup_(doc_freep) struct doc_node *root = parse(text);
		if (doc_is_string(root->items[1]))
			fail_msg("%s is no string", others[i]);
	}
}

static int parse_and_free(void *text)
{
	struct doc_node *root = NULL;
	int r = doc_parse("f", text, strlen(text), &root, NULL);

	(void)doc_free(root);
	return r;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	alloc_check(parse_and_free, "a: [1, {b: c}, 'd', [e, f, g]]\nh: i\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_know_where_they_stand),
		cmocka_unit_test(the_second_of_two_equal_keys_is_refused),
		cmocka_unit_test(anchors_aliases_and_tags_are_refused),
		cmocka_unit_test(an_anchor_bomb_is_refused_at_its_first_anchor),
		cmocka_unit_test(what_is_not_utf8_is_refused_where_it_stands),
		cmocka_unit_test(control_characters_are_refused_where_they_stand),
		cmocka_unit_test(only_one_document_is_read),
		cmocka_unit_test(a_key_is_a_word),
		cmocka_unit_test(broken_yaml_is_refused_with_its_place),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(keys_of_one_mapping_have_a_limit),
		cmocka_unit_test(a_long_mapping_has_each_key_once),
		cmocka_unit_test(values_have_a_limit),
		cmocka_unit_test(the_text_has_a_limit),
		cmocka_unit_test(the_worst_texts_of_the_limit_are_done_quickly),
		cmocka_unit_test(what_reads_as_a_number_is_no_string),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
