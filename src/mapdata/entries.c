// SPDX-License-Identifier: LGPL-2.1-or-later
/* See entries.h. */

#include "mapdata/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "mapdata/encode.h"
#include "mapdata/plan.h"
#include "mapdata/scalar.h"
#include "policy/doc-quick.h"
#include "policy/doc.h"

static const char *const form_names[] = {
	[DATA_ENTRIES] = "entries",
	[DATA_VALUES] = "values",
	[DATA_VARIABLES] = "variables",
};
_Static_assert(ARRAY_SIZE(form_names) == _DATA_FORM_MAX, "form_names");

/* One map on its way from text to bytes. */
struct job {
	struct encoder encoder;
	const struct data_map *map;
	const struct data_layout *layout;
	struct data_entries *entries;
	struct encode_step steps[3]; /* "maps", its name, its form */
	struct doc_cursor *cursor; /* where the list is rows */
};

/* The items of the map's list, one after the other. */
static int item_at(struct job *job, size_t i, const struct doc_node **ret_item)
{
	int r;

	if (!job->cursor) {
		*ret_item = job->map->content->items[i];
		return 0;
	}
	r = doc_rows_next(job->cursor, ret_item);
	if (r <= 0)
		return r < 0 ? r : DATA_E_AGAIN;
	return 0;
}

static const struct encode_step *path_of(const struct job *job)
{
	return &job->steps[2];
}

/* What a map of a shape is written as. */
static const char *wanted_form(enum data_shape shape)
{
	switch (shape) {
	case DATA_KEYED:
		return "entries: a list of keys and values";
	case DATA_ARRAY:
		return "values: a list from index 0 on, or entries";
	case DATA_UNKEYED:
		return "values: a list";
	case DATA_SECTION:
		return "variables: a mapping";
	case _DATA_SHAPE_MAX:
		break;
	}
	return "";
}

static int check_form(const struct job *job)
{
	enum data_form form = job->map->form;
	enum data_shape shape = job->layout->shape;
	bool right = false;

	switch (form) {
	case DATA_ENTRIES:
		right = shape == DATA_KEYED || shape == DATA_ARRAY;
		break;
	case DATA_VALUES:
		right = shape == DATA_ARRAY || shape == DATA_UNKEYED;
		break;
	case DATA_VARIABLES:
		right = shape == DATA_SECTION;
		break;
	case _DATA_FORM_MAX:
		break;
	}
	if (!right)
		return encode_refuse(&job->encoder, job->map->content, path_of(job),
				     "a map of this type has %s", wanted_form(shape));
	if (form != DATA_VARIABLES && job->map->content->n_items > job->layout->max_entries)
		return encode_refuse(&job->encoder,
				     job->cursor
					     ? job->map->content
					     : job->map->content->items[job->layout->max_entries],
				     path_of(job), "%zu are more than the %u that the map takes",
				     job->map->content->n_items, job->layout->max_entries);
	return 0;
}

/* One byte more than none, so that no room is not taken for no memory. */
static int allocate(const struct job *job, size_t n, uint32_t size, uint8_t **ret_bytes)
{
	size_t bytes;

	if (!size_mul(n, size, &bytes) || bytes > DATA_MAX_BYTES)
		return encode_refuse(&job->encoder, job->map->content, path_of(job),
				     "%zu of %u bytes are more than %zu", n, size, DATA_MAX_BYTES);
	*ret_bytes = calloc(1, bytes + 1);
	return *ret_bytes ? 0 : -ENOMEM;
}

static int encode_index(const struct job *job, const struct doc_node *node,
			const struct encode_step *step, uint8_t *bytes)
{
	struct scalar_number number;
	uint32_t index;
	int r = node->kind == DOC_SCALAR ? scalar_number(node->text, &number) : SCALAR_E_SYNTAX;

	if (r == SCALAR_E_SYNTAX)
		return encode_expected(&job->encoder, node, step, "an index");
	if (r || number.negative || number.magnitude >= job->layout->max_entries)
		return encode_refuse(&job->encoder, node, step,
				     "%.32s is no index of the map's %u entries", node->text,
				     job->layout->max_entries);
	index = (uint32_t)number.magnitude;
	memcpy(bytes, &index, sizeof(index));
	return 0;
}

static int encode_key(const struct job *job, const struct doc_node *node,
		      const struct encode_step *step, uint8_t *bytes)
{
	if (job->layout->shape == DATA_ARRAY)
		return encode_index(job, node, step, bytes);
	return data_encode(&job->encoder, job->layout->key, node, step, bytes);
}

static const struct doc_node *value_of(const struct doc_node *mapping, const char *key)
{
	for (size_t i = 0; i + 1 < mapping->n_items; i += 2) {
		if (strcmp(mapping->items[i]->text, key) == 0)
			return mapping->items[i + 1];
	}
	return NULL;
}

static int refuse_entry(const struct job *job, const struct doc_node *entry,
			const struct encode_step *step)
{
	if (entry->kind != DOC_MAPPING)
		return encode_expected(&job->encoder, entry, step, "a mapping of key and value");
	for (size_t i = 0; i + 1 < entry->n_items; i += 2) {
		const struct doc_node *key = entry->items[i];

		if (strcmp(key->text, "key") != 0 && strcmp(key->text, "value") != 0)
			return encode_refuse(&job->encoder, key, step,
					     "unknown key \"%.32s\", allowed here: key, value",
					     key->text);
	}
	return encode_refuse(&job->encoder, entry, step, "the key \"%s\" is missing, add it",
			     value_of(entry, "key") ? "value" : "key");
}

static int encode_entry(struct job *job, size_t i)
{
	const struct doc_node *entry, *key = NULL, *value = NULL;
	const struct data_entries *e = job->entries;
	struct encode_step step = {.parent = path_of(job), .index = i};
	struct encode_step key_step = {.parent = &step, .name = "key"};
	struct encode_step value_step = {.parent = &step, .name = "value"};
	int r = item_at(job, i, &entry);

	if (r)
		return r;
	if (entry->kind == DOC_MAPPING && entry->n_items == 4) {
		key = value_of(entry, "key");
		value = value_of(entry, "value");
	}
	if (!key || !value)
		return refuse_entry(job, entry, &step);
	r = encode_key(job, key, &key_step, e->keys + i * e->key_size);
	if (r)
		return r;
	return data_encode(&job->encoder, job->layout->value, value, &value_step,
			   e->values + i * e->value_size);
}

/* A key by its first bytes, and its number: most differ there, and are in one place. */
struct ordered_key {
	uint64_t head;
	uint32_t i;
};

static const uint8_t *key_at(const struct data_entries *e, uint32_t i)
{
	return e->keys + (size_t)i * e->key_size;
}

static struct ordered_key ordered_key(const struct data_entries *e, uint32_t i)
{
	struct ordered_key key = {.i = i};

	memcpy(&key.head, key_at(e, i),
	       e->key_size < sizeof(key.head) ? e->key_size : sizeof(key.head));
	return key;
}

/*
 * By their heads, byte after byte from the lowest: that compares none with another, and what is the
 * same in all moves nothing. @spare: as many.
 * Return: whether they are in @spare now.
 */
static bool sort_heads(struct ordered_key *keys, struct ordered_key *spare, uint32_t n)
{
	uint32_t begins[sizeof(keys->head)][256] = {0};
	bool moved = false;

	for (uint32_t i = 0; i < n; i++)
		for (size_t byte = 0; byte < sizeof(keys->head); byte++)
			begins[byte][keys[i].head >> 8 * byte & 0xff]++;
	for (size_t byte = 0; byte < sizeof(keys->head); byte++) {
		uint32_t *begin = begins[byte], total = 0;
		struct ordered_key *from = moved ? spare : keys, *to = moved ? keys : spare;

		if (n == 0 || begin[from[0].head >> 8 * byte & 0xff] == n)
			continue;
		for (size_t digit = 0; digit < 256; digit++) {
			uint32_t these = begin[digit];

			begin[digit] = total;
			total += these;
		}
		for (uint32_t i = 0; i < n; i++)
			to[begin[from[i].head >> 8 * byte & 0xff]++] = from[i];
		moved = !moved;
	}
	return moved;
}

static int compare_tails(const void *a, const void *b, void *userdata)
{
	const struct ordered_key *x = a, *y = b;
	const struct data_entries *e = userdata;
	int order = memcmp(key_at(e, x->i), key_at(e, y->i), e->key_size);

	return order ? order : x->i < y->i ? -1 : x->i > y->i;
}

/* Those of one head, by all of their bytes. */
static void sort_tails(struct data_entries *e, struct ordered_key *keys)
{
	uint32_t end;

	for (uint32_t begin = 0; begin < e->n; begin = end) {
		for (end = begin + 1; end < e->n && keys[end].head == keys[begin].head; end++)
			;
		if (end - begin > 1)
			qsort_r(keys + begin, end - begin, sizeof(*keys), compare_tails, e);
	}
}

static bool same_key(const struct data_entries *e, uint32_t x, uint32_t y)
{
	return memcmp(key_at(e, x), key_at(e, y), e->key_size) == 0;
}

/* Sorted, not hashed: nobody can choose keys that make it slow. */
static int check_duplicates(const struct job *job)
{
	struct data_entries *e = job->entries;
	_cleanup_free_ struct ordered_key *keys = calloc(2 * ((size_t)e->n + 1), sizeof(*keys));
	struct ordered_key *order = keys;
	uint32_t later = UINT32_MAX, first = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->n; i++)
		keys[i] = ordered_key(e, i);
	if (sort_heads(keys, keys + e->n, e->n))
		order = keys + e->n;
	if (e->key_size > sizeof(order->head))
		sort_tails(e, order);
	for (uint32_t i = 1; i < e->n; i++) {
		if (order[i].i < later && order[i - 1].head == order[i].head &&
		    same_key(e, order[i - 1].i, order[i].i)) {
			first = order[i - 1].i;
			later = order[i].i;
		}
	}
	if (later == UINT32_MAX)
		return 0;
	if (job->cursor)
		return DATA_E_AGAIN;

	struct encode_step step = {.parent = path_of(job), .index = later};
	struct encode_step key_step = {.parent = &step, .name = "key"};
	const struct doc_node *const *items =
		(const struct doc_node *const *)job->map->content->items;

	return encode_refuse(&job->encoder, value_of(items[later], "key"), &key_step,
			     "the same key as that of entries[%u], in line %u: keep one of them",
			     first, value_of(items[first], "key")->line);
}

static int encode_entries(struct job *job)
{
	struct data_entries *e = job->entries;
	size_t n = job->map->content->n_items;
	int r;

	e->key_size = job->layout->shape == DATA_ARRAY ? (uint32_t)sizeof(uint32_t)
						       : data_plan_size(job->layout->key);
	r = allocate(job, n, e->key_size, &e->keys);
	if (!r)
		r = allocate(job, n, e->value_size, &e->values);
	for (size_t i = 0; !r && i < n; i++)
		r = encode_entry(job, i);
	if (r)
		return r;
	e->n = (uint32_t)n;
	return check_duplicates(job);
}

static int encode_values(struct job *job)
{
	struct data_entries *e = job->entries;
	size_t n = job->map->content->n_items;
	int r;

	r = allocate(job, n, e->value_size, &e->values);
	if (!r && job->layout->shape == DATA_ARRAY) {
		e->key_size = (uint32_t)sizeof(uint32_t);
		r = allocate(job, n, e->key_size, &e->keys);
	}
	for (size_t i = 0; !r && i < n; i++) {
		struct encode_step step = {.parent = path_of(job), .index = i};
		const struct doc_node *item;
		uint32_t index = (uint32_t)i;

		r = item_at(job, i, &item);
		if (r)
			break;
		if (e->keys)
			memcpy(e->keys + i * sizeof(index), &index, sizeof(index));
		r = data_encode(&job->encoder, job->layout->value, item, &step,
				e->values + i * e->value_size);
	}
	if (!r)
		e->n = (uint32_t)n;
	return r;
}

static int encode_variables(struct job *job)
{
	struct data_entries *e = job->entries;
	int r;

	e->key_size = (uint32_t)sizeof(uint32_t);
	r = allocate(job, 1, e->key_size, &e->keys);
	if (!r)
		r = allocate(job, 1, e->value_size, &e->values);
	if (r)
		return r;
	if (job->layout->initial)
		memcpy(e->values, job->layout->initial, e->value_size);
	r = data_encode(&job->encoder, job->layout->value, job->map->content, path_of(job),
			e->values);
	if (!r)
		e->n = 1;
	return r;
}

static int encode_map(struct job *job)
{
	int r;

	r = check_form(job);
	if (r)
		return r;
	switch (job->map->form) {
	case DATA_ENTRIES:
		return encode_entries(job);
	case DATA_VALUES:
		return encode_values(job);
	case DATA_VARIABLES:
		return encode_variables(job);
	case _DATA_FORM_MAX:
		break;
	}
	return -EINVAL;
}

int data_map_encode(const struct data_file *data, const struct data_map *map,
		    const struct data_layout *layout, struct data_entries *ret_entries,
		    struct diag *reterr_diag)
{
	_cleanup_(doc_rows_closep) struct doc_cursor *cursor = NULL;
	struct doc_source source = data_file_source(data);
	_cleanup_(data_entries_done) struct data_entries entries = {
		.value_size = data_plan_size(layout->value)};
	struct job job = {
		.encoder = {.file = data->file, .reterr_diag = data->quick ? NULL : reterr_diag},
		.map = map,
		.layout = layout,
		.entries = &entries,
		.steps = {{.name = "maps"},
			  {.name = map->name, .parent = &job.steps[0]},
			  {.name = form_names[map->form], .parent = &job.steps[1]}}};
	int r = map->content->rows ? doc_rows_open(&source, map->content, &cursor) : 0;

	if (r)
		return r;
	job.cursor = cursor;
	r = encode_map(&job);
	if (!r && cursor && !doc_rows_end(cursor))
		r = DATA_E_AGAIN;
	if (r > 0 && data->quick)
		return DATA_E_AGAIN;
	if (r)
		return r == ENCODE_E_INVALID ? DATA_E_INVALID : r;
	*ret_entries = entries;
	entries = (struct data_entries){0};
	return 0;
}

void data_entries_done(struct data_entries *entries)
{
	free(entries->keys);
	free(entries->values);
	*entries = (struct data_entries){0};
}
