// SPDX-License-Identifier: LGPL-2.1-or-later
/* See parse-limits.h. */

#include "policy/parse-limits.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hex.h"
#include "policy/doc.h"
#include "policy/image-check.h"
#include "policy/map-bytes.h"
#include "policy/tree.h"

#define MAX_TARGETS 256
#define MAX_KFUNCS 256
#define MAX_MAPS 64
#define MAX_DIGESTS 1024

void parse_limits_done(struct policy_limits *limits)
{
	free(limits->targets);
	free(limits->kfuncs);
	free(limits->maps);
	free(limits->digests);
}

static const char *word(const struct doc_node *item)
{
	return doc_is_string(item) ? item->text : "";
}

/* limits.attach[] */

static int read_attach(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_limits *limits = object;
	uint32_t bit = image_attach_type(word(item));

	if (bit == IMAGE_ANY)
		return walk_expected(walk, item, "an attach type, see holdfast.policy(5)");
	limits->attach |= (uint64_t)1 << bit;
	return 0;
}

static int limits_attach(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"attach types", 0, 64, read_attach};
	struct policy_limits *limits = object;

	limits->given |= IMAGE_LIMIT_ATTACH;
	return walk_list(walk, &items, value, limits);
}

/* limits.targets[] */

static int read_function(struct walk *walk, const struct doc_node *item, struct image_name **names,
			 size_t *n_names)
{
	int r;

	if (!image_symbol_valid(word(item)))
		return walk_expected(
			walk, item,
			"a function of the kernel, of at most 63 bytes A-Z a-z 0-9 _ .");
	r = array_grow(names, *n_names, sizeof(**names));
	if (r < 0)
		return r;
	memcpy((*names)[(*n_names)++].text, item->text, strlen(item->text));
	return 0;
}

static int read_target(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_limits *limits = object;

	return read_function(walk, item, &limits->targets, &limits->n_targets);
}

static int limits_targets(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"targets", 0, MAX_TARGETS, read_target};
	struct policy_limits *limits = object;

	limits->given |= IMAGE_LIMIT_TARGETS;
	return walk_list(walk, &items, value, limits);
}

/* limits.helpers[] */

static int read_helper(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_limits *limits = object;
	uint32_t number = image_helper(word(item));

	if (!number)
		return walk_expected(walk, item,
				     "a helper as bpf-helpers(7) has it, without \"bpf_\"");
	limits->helpers[number / 64] |= (uint64_t)1 << number % 64;
	return 0;
}

static int limits_helpers(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"helpers", 0, IMAGE_HELPERS, read_helper};
	struct policy_limits *limits = object;

	limits->given |= IMAGE_LIMIT_HELPERS;
	return walk_list(walk, &items, value, limits);
}

/* limits.kfuncs: a word, or a list */

static int read_kfunc(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_limits *limits = object;

	return read_function(walk, item, &limits->kfuncs, &limits->n_kfuncs);
}

static int limits_kfuncs(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"kfuncs", 0, MAX_KFUNCS, read_kfunc};
	struct policy_limits *limits = object;

	if (strcmp(word(value), "any") == 0)
		return 0;
	limits->given |= IMAGE_LIMIT_KFUNCS;
	if (value->kind == DOC_LIST)
		return walk_list(walk, &items, value, limits);
	if (strcmp(word(value), "none") != 0)
		return walk_expected(walk, value,
				     "\"any\", \"none\" or a list of functions of the kernel");
	return 0;
}

/* limits.maps[] */

static int map_type(struct walk *walk, const struct doc_node *value, void *object)
{
	struct image_map *map = object;

	map->type = image_map_type(word(value));
	return map->type ? 0 : walk_expected(walk, value, "a type of maps, see holdfast.policy(5)");
}

static bool read_number(const struct doc_node *value, unsigned long long *ret_number)
{
	char *end = NULL;

	if (value->kind == DOC_SCALAR && value->plain && value->text[0] >= '0' &&
	    value->text[0] <= '9') {
		errno = 0;
		*ret_number = strtoull(value->text, &end, 10);
	}
	return end && !*end && !errno && !(value->text[0] == '0' && value->text[1]);
}

static int read_most(struct walk *walk, const struct doc_node *value, uint32_t *ret_most)
{
	unsigned long long most;

	if (!read_number(value, &most) || most >= IMAGE_ANY)
		return walk_expected(walk, value, "a whole number from 0 to 4294967294");
	*ret_most = (uint32_t)most;
	return 0;
}

static int map_entries(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_most(walk, value, &((struct image_map *)object)->max_entries);
}

static int map_key(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_most(walk, value, &((struct image_map *)object)->max_key);
}

static int map_value(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_most(walk, value, &((struct image_map *)object)->max_value);
}

static int map_most_bytes(struct walk *walk, const struct doc_node *value, void *object)
{
	unsigned long long most;

	if (!read_number(value, &most) || most > POLICY_MAX_BYTES)
		return walk_expected(walk, value, "a whole number from 0 to 9007199254740991");
	((struct image_map *)object)->max_bytes = most;
	return 0;
}

static int read_flag(struct walk *walk, const struct doc_node *item, void *object)
{
	struct image_map *map = object;
	uint32_t flag = image_map_flag(word(item));

	if (!flag)
		return walk_expected(walk, item, "a flag of maps, see holdfast.policy(5)");
	map->flags |= flag;
	return 0;
}

static int map_flags(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"flags", 0, 32, read_flag};
	struct image_map *map = object;

	map->flags = 0;
	return walk_list(walk, &items, value, map);
}

const struct walk_key parse_map_keys[PARSE_MAP_KEYS] = {
	{.name = "type", .required = true, .read = map_type},
	{.name = "max_entries", .read = map_entries},
	{.name = "max_key", .read = map_key},
	{.name = "max_value", .read = map_value},
	{.name = "flags", .read = map_flags},
	{.name = "max_bytes", .read = map_most_bytes},
};

static int read_map(struct walk *walk, const struct doc_node *item, void *object)
{
	static const struct walk_table table = {"map", parse_map_keys, PARSE_MAP_KEYS};
	struct policy_limits *limits = object;
	struct map_size least = {};
	struct image_map *map;
	int r;

	r = array_grow(&limits->maps, limits->n_maps, sizeof(*limits->maps));
	if (r < 0)
		return r;
	map = &limits->maps[limits->n_maps++];
	*map = (struct image_map){.flags = IMAGE_ANY,
				  .max_entries = IMAGE_ANY,
				  .max_key = IMAGE_ANY,
				  .max_value = IMAGE_ANY,
				  .max_bytes = IMAGE_ANY_BYTES};
	r = walk_mapping(walk, &table, item, map);
	if (r)
		return r;
	least.type = map->type;
	if (map->max_bytes == IMAGE_ANY_BYTES || map_bytes(&least, 1) != IMAGE_ANY_BYTES)
		return 0;
	return walk_refuse(
		walk, item,
		"a map of the type %s has no max_bytes: whoever makes it does not say how "
		"much it will take",
		image_map_type_name(map->type));
}

static int limits_maps(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"maps", 0, MAX_MAPS, read_map};
	struct policy_limits *limits = object;

	limits->given |= IMAGE_LIMIT_MAPS;
	return walk_list(walk, &items, value, limits);
}

/* limits.digests[] */

static bool read_hex(const char *text, const char *prefix, struct image_program *program,
		     size_t length)
{
	size_t start = strlen(prefix);

	return strncmp(text, prefix, start) == 0 && strlen(text) == start + 2 * length &&
	       hex_decode(text + start, program->digest, length) == 0;
}

static int read_program_digest(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_limits *limits = object;
	struct image_program program = {0};
	int r;

	if (read_hex(word(item), "sha256:", &program, IMAGE_DIGEST_LEN))
		program.kind = IMAGE_DIGEST_SHA256;
	else if (read_hex(word(item), "tag:", &program, IMAGE_TAG_LEN))
		program.kind = IMAGE_DIGEST_TAG;
	else
		return walk_expected(walk, item,
				     "\"sha256:\" and 64 digits of 0-9a-f, or \"tag:\" and 16");
	r = array_grow(&limits->digests, limits->n_digests, sizeof(*limits->digests));
	if (r < 0)
		return r;
	limits->digests[limits->n_digests++] = program;
	return 0;
}

static int limits_digests(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"digests", 0, MAX_DIGESTS, read_program_digest};
	struct policy_limits *limits = object;

	limits->given |= IMAGE_LIMIT_DIGESTS;
	return walk_list(walk, &items, value, limits);
}

/* limits */

const struct walk_key parse_limits_keys[PARSE_LIMITS_KEYS] = {
	{.name = "attach", .read = limits_attach},   {.name = "targets", .read = limits_targets},
	{.name = "helpers", .read = limits_helpers}, {.name = "kfuncs", .read = limits_kfuncs},
	{.name = "maps", .read = limits_maps},	     {.name = "digests", .read = limits_digests},
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct image_name *)a)->text, ((const struct image_name *)b)->text);
}

static int compare_digests(const void *a, const void *b)
{
	const struct image_program *x = a, *y = b;
	int order = memcmp(x->digest, y->digest, IMAGE_DIGEST_LEN);

	return order ? order : (int)x->kind - (int)y->kind;
}

/* Sorts n records of one size, and keeps one of those that are the same. Returns how many. */
static size_t sort_once(void *records, size_t n, size_t size,
			int (*compare)(const void *a, const void *b))
{
	char *bytes = records;
	size_t kept = 0;

	if (n > 1)
		qsort(records, n, size, compare);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && memcmp(bytes + (kept - 1) * size, bytes + i * size, size) == 0)
			continue;
		memmove(bytes + kept++ * size, bytes + i * size, size);
	}
	return kept;
}

int parse_limits(struct walk *walk, const struct doc_node *value, struct policy_limits *limits)
{
	static const struct walk_table table = {"limits", parse_limits_keys, PARSE_LIMITS_KEYS};
	int r;

	limits->place = (struct policy_place){value->line, value->column};
	r = walk_mapping(walk, &table, value, limits);
	if (r)
		return r;
	limits->n_targets = sort_once(limits->targets, limits->n_targets, sizeof(*limits->targets),
				      compare_names);
	limits->n_kfuncs =
		sort_once(limits->kfuncs, limits->n_kfuncs, sizeof(*limits->kfuncs), compare_names);
	limits->n_digests = sort_once(limits->digests, limits->n_digests, sizeof(*limits->digests),
				      compare_digests);
	return 0;
}
