// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of map contents as a whole: maps, entries, variables, their limits and their errors. */

#include "mapdata/entries.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <jansson.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "data-fixture.h"
#include "data-types.h"
#include "mapdata/plan.h"
#include "policy/walk.h"
#include "test.h"

#define HEAD "apiVersion: holdfast/v1\nkind: MapData\nmaps:\n"

static struct data_file *parse(const char *text)
{
	struct data_file *data = NULL;
	struct diag diag = {0};

	if (data_file_parse("f", text, strlen(text), &data, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	return data;
}

static void refused_text(const char *text, const char *error)
{
	struct data_file *data = NULL;
	struct diag diag = {0};
	char got[DIAG_TEXT_LEN + 64];

	assert_int_equal(data_file_parse("f", text, strlen(text), &data, &diag), DATA_E_INVALID);
	assert_null(data);
	assert_string_equal(diag_format(&diag, got, sizeof(got)), error);
}

/* As a loader does: whatever is refused, libyaml's tree is asked. */
static int encode_first(struct data_file *data, const struct data_layout *layout,
			struct data_entries *entries, struct diag *diag)
{
	bool quick = data->quick;
	int r = data_map_encode(data, &data->maps[0], layout, entries, diag);

	if (r != DATA_E_AGAIN)
		return r;
	assert_true(quick);
	r = data_file_again(data, diag);
	return r ? r : data_map_encode(data, &data->maps[0], layout, entries, diag);
}

static int encode_map(const char *text, const struct data_layout *layout,
		      struct data_entries *entries, struct diag *diag)
{
	_cleanup_(data_file_freep) struct data_file *data = parse(text);

	return encode_first(data, layout, entries, diag);
}

static void refused_map(const char *text, const struct data_layout *layout, const char *error)
{
	struct data_entries entries = {0};
	struct diag diag = {0};
	char got[DIAG_TEXT_LEN + 64];

	assert_int_equal(encode_map(text, layout, &entries, &diag), DATA_E_INVALID);
	assert_null(entries.keys);
	assert_null(entries.values);
	assert_string_equal(diag_format(&diag, got, sizeof(got)), error);
}

static void entries_become_keys_and_values_in_their_order(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("flow", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("inner", false);
	struct data_layout layout = {DATA_KEYED, key, value, 2, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct flow keys[] = {{1, 2}, {2, 1}};
	struct inner values[] = {{3, 4}, {5, 6}};
	struct diag diag = {0};

	/* the hole of struct inner */
	memset((char *)&values[0] + 2, 0, 2);
	memset((char *)&values[1] + 2, 0, 2);
	assert_int_equal(encode_map(HEAD "  m:\n    entries:\n"
					 "    - {key: {a: 1, b: 2}, value: {x: 3, y: 4}}\n"
					 "    - {value: {x: 5, y: 6}, key: {a: 2, b: 1}}\n",
				    &layout, &entries, &diag),
			 0);
	assert_int_equal(entries.n, 2);
	assert_int_equal(entries.key_size, 16);
	assert_int_equal(entries.value_size, 8);
	assert_memory_equal(entries.keys, keys, sizeof(keys));
	assert_memory_equal(entries.values, values, sizeof(values));
}

static void json_is_read_too(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("account", false);
	struct data_layout layout = {DATA_ARRAY, NULL, value, 4, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct account values[] = {{1, 2, 3, 4}, {5, 6, 7, 1ULL << 60}};
	uint32_t keys[] = {0, 1};
	struct diag diag = {0};

	assert_int_equal(
		encode_map("{\"apiVersion\": \"holdfast/v1\", \"kind\": \"MapData\", \"maps\":\n"
			   "\t{\"m\": {\"values\": [\n{\"c\": 1, \"d\": 2, \"e\": 3, \"f\": 4},\n"
			   "\t\t{\"c\":5,\"d\":6,\"e\":7,\"f\":\"1152921504606846976\"}]}}}",
			   &layout, &entries, &diag),
		0);
	assert_int_equal(entries.n, 2);
	assert_memory_equal(entries.keys, keys, sizeof(keys));
	assert_memory_equal(entries.values, values, sizeof(values));
}

/* Both readers, one after the other: the same bytes, and it was the quick one first. */
static void read_both_ways(const char *text, const struct data_layout *layout, bool plain)
{
	_cleanup_(data_entries_done) struct data_entries quick = {0}, slow = {0};
	_cleanup_(data_file_freep) struct data_file *data = parse(text);
	struct diag diag = {0};

	assert_true(data->quick);
	assert_int_equal(data_map_encode(data, &data->maps[0], layout, &quick, &diag),
			 plain ? 0 : DATA_E_AGAIN);
	assert_int_equal(data_file_again(data, &diag), 0);
	assert_false(data->quick);
	assert_int_equal(data_map_encode(data, &data->maps[0], layout, &slow, &diag), 0);
	if (!plain)
		return;
	assert_int_equal(quick.n, slow.n);
	assert_memory_equal(quick.keys, slow.keys, quick.n * quick.key_size);
	assert_memory_equal(quick.values, slow.values, quick.n * quick.value_size);
}

static void plain_text_is_read_quickly(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("__u32", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("inner", false);
	struct data_layout layout = {DATA_KEYED, key, value, 4, NULL};

	read_both_ways(HEAD "  m:\n    entries:\n"
			    "      # two ways to write one\n"
			    "      - {key: 7, value: {x: 3, \"y\": 4}} # and a comment\n"
			    "      - key: 0x8\n        value:\n          x: 5\n          'y': 6\n",
		       &layout, true);
	read_both_ways("{\"apiVersion\": \"holdfast/v1\", \"kind\":\"MapData\", \"maps\": {\"m\":\n"
		       "{\"entries\": [{\"key\":1,\"value\":{\"x\":2,\"y\":3}},\n"
		       " {\"value\":{\"y\":3, \"x\":2}, \"key\":2}]}}}\n",
		       &layout, true);
}

/* Each but for its values like the one before, then with one thing that is otherwise. */
static void rows_are_alike_until_they_are_not(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("__u32", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("inner", false);
	struct data_layout layout = {DATA_KEYED, key, value, 16, NULL};

	read_both_ways(HEAD "  m:\n    entries:\n"
			    "    - {key: 1, value: {x: 2, y: 3}}\n"
			    "    - {key: 4, value: {x: 5, y: 6}}\n"
			    "    - {key: 0x7, value: {x: 100, y: \"9\"}}\n"
			    "    - {key: 8, value: {y: 10, x: 11}}\n"
			    "    - {key: 9, value: {y: 12, x: 13}} # said of it\n"
			    "    # and of none\n"
			    "    - {value: {y: 14, x: 15}, key: 10}\n"
			    "    - {value: {y: 16, x: 17}, key: 11}\n\n"
			    "    - key: 12\n      value: {x: 18, y: 19}\n"
			    "    - key: 13\n      value: {x: 20, y: 21}\n"
			    "    - key: 14\n      value: {x: 22,\n        y: 23}\n"
			    "    - key: 15\n      value: {x: 24,\n        y: 25}",
		       &layout, true);
	read_both_ways(
		"{\"apiVersion\": \"holdfast/v1\", \"kind\":\"MapData\", \"maps\": {\"m\":\n"
		"{\"entries\": [{\"key\":1,\"value\":{\"x\":2,\"y\":3}},\n"
		"{\"key\":4,\"value\":{\"x\":5,\"y\":6}},\n"
		"{\"key\":\"7\",\"value\":{\"x\":8,\"y\":9}}, {\"key\":10,\"value\":{\"x\":11,\n"
		"\"y\":12}}, {\"key\":13,\"value\":{\"x\":14,\n\"y\":15}}]}}}\n",
		&layout, true);
}

/* A row that is like the one before, and has more to it: what it has is not left out. */
static void a_row_with_more_is_not_like_the_one_before(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("__u32", false);
	struct data_layout layout = {DATA_KEYED, key, key, 4, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct diag diag = {0};

	assert_int_equal(encode_map(HEAD "  m:\n    entries:\n"
					 "    - key: 1\n      value: 2\n"
					 "    - key: 3\n      value: 4\n"
					 "    - key: 5\n      value: 6\n      more: 7\n",
				    &layout, &entries, &diag),
			 DATA_E_INVALID);
	assert_int_equal(diag.line, 12);
}

static void rows_that_are_not_plain_are_read_again(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("__u32", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("inner", false);
	struct data_layout layout = {DATA_KEYED, key, value, 4, NULL};

	read_both_ways(HEAD "  m:\n    entries:\n"
			    "    - {key: 7, value: {x: 3, y: 4}}\n"
			    "    - {key: \"\\x38\", value: {x: 3, y: 4}}\n",
		       &layout, false);
	/* a list that ends before what looks like its end */
	read_both_ways(HEAD "  m:\n    entries:\n"
			    "    - {key: 7, value: {x: 3, y: 4},\n      }\n",
		       &layout, false);
}

static void an_array_may_have_entries_by_index(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("__u32", false);
	struct data_layout layout = {DATA_ARRAY, NULL, value, 4, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	uint32_t key = 3, number = 7;
	struct diag diag = {0};

	assert_int_equal(
		encode_map(HEAD "  m: {entries: [{key: 3, value: 7}]}\n", &layout, &entries, &diag),
		0);
	assert_memory_equal(entries.keys, &key, 4);
	assert_memory_equal(entries.values, &number, 4);
	refused_map(HEAD "  m: {entries: [{key: 4, value: 7}]}\n", &layout,
		    "f:4:23: maps.m.entries[0].key: 4 is no index of the map's 4 entries");
	refused_map(HEAD "  m: {entries: [{key: 3, value: 7}, {key: 0x3, value: 8}]}\n", &layout,
		    "f:4:43: maps.m.entries[1].key: the same key as that of entries[0], in line 4: "
		    "keep one of them");
	refused_map(HEAD "  m: {values: [1, 2, 3, 4, 5]}\n", &layout,
		    "f:4:28: maps.m.values: 5 are more than the 4 that the map takes");
}

static void a_queue_has_values_and_no_keys(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("__u32", false);
	struct data_layout layout = {DATA_UNKEYED, NULL, value, 4, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct diag diag = {0};

	assert_int_equal(encode_map(HEAD "  m: {values: [9, 9]}\n", &layout, &entries, &diag), 0);
	assert_null(entries.keys);
	assert_int_equal(entries.n, 2);
	assert_int_equal(entries.values[4], 9);
	refused_map(HEAD "  m: {entries: []}\n", &layout,
		    "f:4:16: maps.m.entries: a map of this type has values: a list");
}

static struct data_plan *section_plan(uint32_t *ret_size)
{
	const struct btf *btf = fixture_btf();
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	struct plan_request request = {.btf = btf, .type_id = (uint32_t)id};
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	request.size = *ret_size = btf__type_by_id(btf, (uint32_t)id)->size;
	if (data_plan_make(&request, &plan, &diag))
		fail_msg("%s", diag.text);
	return plan;
}

static const uint8_t *variable(const struct data_plan *plan, const uint8_t *bytes, const char *name)
{
	return bytes + plan_field_find(plan->root, name, 0)->offset / 8;
}

static void variables_leave_the_others_as_they_were(void **state)
{
	uint32_t size, limit = 0x01020304;
	_cleanup_(data_plan_freep) struct data_plan *plan = section_plan(&size);
	_cleanup_free_ uint8_t *initial = malloc(size);
	struct data_layout layout = {DATA_SECTION, NULL, plan, 1, initial};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct diag diag = {0};

	memset(initial, 0xee, size);
	assert_int_equal(encode_map(HEAD "  .rodata: {variables: {limit: 0x01020304, owner: me}}\n",
				    &layout, &entries, &diag),
			 0);
	assert_int_equal(entries.n, 1);
	assert_int_equal(entries.value_size, size);
	assert_memory_equal(variable(plan, entries.values, "limit"), &limit, 4);
	assert_memory_equal(variable(plan, entries.values, "owner"), "me\0\0\0\0\0", 8);
	assert_memory_equal(variable(plan, entries.values, "budget"),
			    variable(plan, initial, "budget"), sizeof(struct account));
	refused_map(HEAD "  .rodata: {variables: {lmit: 1}}\n", &layout,
		    "f:4:25: maps..rodata.variables: '.rodata' has no field 'lmit', did you mean "
		    "'limit'?");
	refused_map(HEAD "  .rodata: {variables: {place: 1}}\n", &layout,
		    "f:4:32: maps..rodata.variables.place: this cannot be written as text: it is a "
		    "pointer, which has no meaning outside of the kernel");
	refused_map(
		HEAD "  .rodata: {variables: {budget: {c: 1, d: 2}}}\n", &layout,
		"f:4:33: maps..rodata.variables.budget: 2 fields of 'account' are missing: 'e', "
		"'f'");
	refused_map(HEAD "  .rodata: {values: [1]}\n", &layout,
		    "f:4:21: maps..rodata.values: a map of this type has variables: a mapping");
}

static void errors_have_line_and_path(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("__u32", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("texts", false);
	struct data_layout layout = {DATA_KEYED, key, value, 8, NULL};

	refused_map(HEAD "  allow:\n    entries:\n    - key: 1\n      value:\n"
			 "        name: a\n        ports: [1, 2, 70000]\n",
		    &layout,
		    "f:9:23: maps.allow.entries[0].value.ports[2]: 70000 does not fit into __u16 "
		    "(0..65535)");
	refused_map(HEAD "  allow:\n    entries:\n    - key: 1\n", &layout,
		    "f:6:7: maps.allow.entries[0]: the key \"value\" is missing, add it");
	refused_map(HEAD "  allow:\n    entries:\n    - value: 1\n", &layout,
		    "f:6:7: maps.allow.entries[0]: the key \"key\" is missing, add it");
	refused_map(
		HEAD "  allow:\n    entries:\n    - {key: 1, value: 1, also: 1}\n", &layout,
		"f:6:26: maps.allow.entries[0]: unknown key \"also\", allowed here: key, value");
	refused_map(
		HEAD "  allow:\n    entries: [7]\n", &layout,
		"f:5:15: maps.allow.entries[0]: expected a mapping of key and value, got \"7\"");
	refused_map(HEAD "  allow:\n    values: [7]\n", &layout,
		    "f:5:13: maps.allow.values: a map of this type has entries: a list of keys and "
		    "values");
}

static void a_prefix_written_in_two_ways_is_one_key(void **state)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("prefix4", true);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("__u32", false);
	struct data_layout layout = {DATA_KEYED, key, value, 8, NULL};

	refused_map(HEAD "  m:\n    entries:\n    - {key: 10.0.0.0/8, value: 1}\n"
			 "    - {key: 11.0.0.0/8, value: 1}\n"
			 "    - {key: {length: 8, data: [10, 0, 0, 0]}, value: 1}\n",
		    &layout,
		    "f:8:13: maps.m.entries[2].key: the same key as that of entries[0], in line 6: "
		    "keep one of them");
}

struct spread {
	uint64_t a, b; /* what a key's halves are multiples of */
};

/* 1,000 keys, and if @twice, entry 900 has the key of entry 3. */
static int encode_spread(struct spread spread, bool twice, struct diag *diag)
{
	_cleanup_(data_plan_freep) struct data_plan *key = fixture_plan("flow", false);
	_cleanup_(data_plan_freep) struct data_plan *value = fixture_plan("__u32", false);
	struct data_layout layout = {DATA_KEYED, key, value, 1000, NULL};
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fprintf(out, HEAD "  m:\n    entries:\n");
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t n = twice && i == 900 ? 3 : i;

		(void)fprintf(out,
			      "    - {key: {a: %" PRIu64 ", b: %" PRIu64 "}, value: %" PRIu64 "}\n",
			      7 + n * spread.a, 8 + n * spread.b, i);
	}
	assert_int_equal(fclose(out), 0);
	return encode_map(text, &layout, &entries, diag);
}

static void a_key_that_comes_twice_is_found_wherever_it_differs(void **state)
{
	static const struct spread spreads[] = {
		{1, 0},		 {0, 1},	  {1, 1},
		{1ULL << 52, 0}, {0, 1ULL << 52}, {11400714819323198485ULL, 3},
	};
	char got[DIAG_TEXT_LEN + 64];

	for (size_t i = 0; i < ARRAY_SIZE(spreads); i++) {
		struct diag diag = {0};

		assert_int_equal(encode_spread(spreads[i], false, &diag), 0);
		assert_int_equal(encode_spread(spreads[i], true, &diag), DATA_E_INVALID);
		assert_string_equal(diag_format(&diag, got, sizeof(got)),
				    "f:906:13: maps.m.entries[900].key: the same key as that of "
				    "entries[3], in line 9: keep one of them");
	}
}

static void the_frame_of_the_text_is_checked(void **state)
{
	refused_text("", "f:1:1: the file is empty: a file of map data starts with `apiVersion: "
			 "holdfast/v1`");
	refused_text("kind: MapData\nmaps: {}\n",
		     "f:1:1: the key \"apiVersion\" is missing, add it");
	refused_text("apiVersion: holdfast/v2\n",
		     "f:1:13: apiVersion: expected `holdfast/v1`, got \"holdfast/v2\"");
	refused_text("kind: Policy\n", "f:1:7: kind: expected `MapData`, got \"Policy\"");
	refused_text(HEAD "  m: {}\n",
		     "f:4:3: maps.m: it is empty: add entries, values or variables");
	refused_text(HEAD "  m: {values: [], entries: []}\n",
		     "f:4:28: maps.m.entries: a map has either entries, values or variables");
	refused_text(
		HEAD "  m: {valus: []}\n",
		"f:4:7: maps.m: unknown key \"valus\", allowed here: entries, values, variables");
	refused_text(HEAD "  m: {values: {}}\n",
		     "f:4:15: maps.m.values: expected a list, got a mapping");
	refused_text(HEAD "  m: {variables: []}\n",
		     "f:4:18: maps.m.variables: expected a mapping of variables, got a list");
	refused_text(HEAD "  m: {values: [1]}\n  m: {values: [1]}\n",
		     "f:5:3: the key 'm' is here twice, first in line 4: keep one of them");
	refused_text("maps: [m]\n", "f:1:7: maps: expected a mapping of maps, got a list");
}

static void maps_are_found_by_name(void **state)
{
	_cleanup_(data_file_freep) struct data_file *data =
		parse(HEAD "  a: {values: []}\n  b: {entries: []}\n");

	assert_int_equal(data->n_maps, 2);
	assert_int_equal(data_file_find(data, "b")->form, DATA_ENTRIES);
	assert_null(data_file_find(data, "c"));
}

/* n values, each a zero. */
static char *many(size_t n)
{
	static const char head[] = HEAD "  m:\n    values: [";
	size_t used = sizeof(head) - 1;
	char *text = malloc(used + 2 * n + 3);

	memcpy(text, head, used);
	for (size_t i = 0; i < n; i++)
		memcpy(text + used + 2 * i, "0,", 2);
	strcpy(text + used + 2 * n, "]\n");
	return text;
}

static void entries_have_a_limit(void **state)
{
	_cleanup_free_ char *good = many(DATA_MAX_ENTRIES), *bad = many(DATA_MAX_ENTRIES + 1);
	_cleanup_(data_file_freep) struct data_file *data = parse(good);
	struct diag diag = {0};

	assert_int_equal(data_file_parse("f", bad, strlen(bad), &data, &diag), DATA_E_INVALID);
	assert_string_equal(diag.text, "maps.m.values: more than 1000000 are not accepted");
}

static void the_text_has_a_limit(void **state)
{
	_cleanup_free_ char *text = malloc(DATA_MAX_SIZE + 1);
	_cleanup_(data_file_freep) struct data_file *data = NULL;
	struct diag diag = {0};
	const char *head = HEAD "  m: {values: []}\n";

	memset(text, '\n', DATA_MAX_SIZE + 1);
	memcpy(text, head, strlen(head));
	assert_int_equal(data_file_parse("f", text, DATA_MAX_SIZE + 1, &data, &diag),
			 DATA_E_INVALID);
	assert_string_equal(diag.text,
			    "the file has more than 67108864 bytes: that is no file of map data");
	assert_int_equal(data_file_parse("f", text, DATA_MAX_SIZE, &data, &diag), 0);
}

static void a_file_is_read(void **state)
{
	char path[] = "/tmp/holdfast-data-XXXXXX";
	const char *text = HEAD "  m: {values: [1]}\n";
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
	_cleanup_(data_file_freep) struct data_file *data = NULL;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(data_file_read(path, &data, NULL), 0);
	assert_string_equal(data->maps[0].name, "m");
	assert_int_equal(unlink(path), 0);
	data = data_file_free(data);
	assert_int_equal(data_file_read(path, &data, NULL), -ENOENT);
}

static int encode_and_free(void *userdata)
{
	const char *text = HEAD "  m:\n    entries:\n    - {key: 1, value: {x: 3, y: 4}}\n";
	const struct btf *btf = fixture_btf();
	int id = btf__find_by_name(btf, "inner");
	struct plan_request request = {.btf = btf, .type_id = (uint32_t)id, .size = 8};
	_cleanup_(data_plan_freep) struct data_plan *key = NULL, *value = NULL;
	_cleanup_(data_file_freep) struct data_file *data = NULL;
	_cleanup_(data_entries_done) struct data_entries entries = {0};
	struct data_layout layout = {.shape = DATA_KEYED, .max_entries = 1};
	int r;

	r = data_plan_make(&request, &value, NULL);
	request.type_id = (uint32_t)btf__find_by_name(btf, "__u32");
	request.size = 4;
	if (!r)
		r = data_plan_make(&request, &key, NULL);
	if (!r)
		r = data_file_parse("f", text, strlen(text), &data, NULL);
	layout.key = key;
	layout.value = value;
	return r ? r : encode_first(data, &layout, &entries, NULL);
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	alloc_check(encode_and_free, NULL);
}

static json_t *definition(json_t *schema, const char *name)
{
	return json_object_get(json_object_get(schema, "$defs"), name);
}

static json_int_t number(json_t *object, const char *first, const char *second)
{
	return json_integer_value(json_object_get(json_object_get(object, first), second));
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static void the_schema_says_the_same(void **state)
{
	_cleanup_(json_freep) json_t *schema = json_load_file(SCHEMA, 0, NULL);
	const struct walk_table *tables;
	json_t *properties = NULL;
	size_t n;

	assert_non_null(schema);
	tables = data_tables(&n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		json_t *d = definition(schema, tables[i].name);

		properties = json_object_get(d, "properties");
		assert_int_equal(json_object_size(properties), tables[i].n_keys);
		assert_true(json_is_false(json_object_get(d, "additionalProperties")));
		for (size_t k = 0; k < tables[i].n_keys; k++) {
			assert_non_null(json_object_get(properties, tables[i].keys[k].name));
			assert_int_equal(tables[i].keys[k].required,
					 json_array_size(json_object_get(d, "required")) > 0);
		}
	}
	assert_int_equal(number(properties, "entries", "maxItems"), DATA_MAX_ENTRIES);
	assert_int_equal(number(properties, "values", "maxItems"), DATA_MAX_ENTRIES);
	assert_int_equal(number(properties, "variables", "maxProperties"), DATA_MAX_KEYS);
	properties = json_object_get(definition(schema, "data"), "properties");
	assert_int_equal(number(properties, "maps", "maxProperties"), DATA_MAX_KEYS);
	assert_int_equal(number(json_object_get(properties, "maps"), "propertyNames", "maxLength"),
			 DATA_NAME_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_become_keys_and_values_in_their_order),
		cmocka_unit_test(json_is_read_too),
		cmocka_unit_test(plain_text_is_read_quickly),
		cmocka_unit_test(rows_are_alike_until_they_are_not),
		cmocka_unit_test(a_row_with_more_is_not_like_the_one_before),
		cmocka_unit_test(rows_that_are_not_plain_are_read_again),
		cmocka_unit_test(an_array_may_have_entries_by_index),
		cmocka_unit_test(a_queue_has_values_and_no_keys),
		cmocka_unit_test(variables_leave_the_others_as_they_were),
		cmocka_unit_test(errors_have_line_and_path),
		cmocka_unit_test(a_prefix_written_in_two_ways_is_one_key),
		cmocka_unit_test(a_key_that_comes_twice_is_found_wherever_it_differs),
		cmocka_unit_test(the_frame_of_the_text_is_checked),
		cmocka_unit_test(maps_are_found_by_name),
		cmocka_unit_test(entries_have_a_limit),
		cmocka_unit_test(the_text_has_a_limit),
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
		cmocka_unit_test(the_schema_says_the_same),
	};

	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
