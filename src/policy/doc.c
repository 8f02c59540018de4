// SPDX-License-Identifier: LGPL-2.1-or-later
/* See doc.h. Recursion is bounded by the depth of the limits, work by their size. */

#include "policy/doc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/utf8.h"
#include "policy/doc-quick.h"

struct reader {
	yaml_parser_t *parser;
	const char *file, *text;
	size_t size;
	const struct doc_limits *limits;
	size_t n_nodes;
	struct diag *reterr_diag;
};

static int read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
		     struct doc_node **ret_node);

struct doc_node *doc_free(struct doc_node *node)
{
	if (!node)
		return NULL;
	if (node->whole) {
		doc_quick_free(node);
		return NULL;
	}

	for (size_t i = 0; i < node->n_items; i++)
		(void)doc_free(node->items[i]);
	free(node->items);
	free(node);
	return NULL;
}

static void event_done(yaml_event_t *event)
{
	yaml_event_delete(event);
}

#define refuse_at(reader, mark, ...)                                                \
	(diag_set((reader)->reterr_diag, (reader)->file, (unsigned)(mark).line + 1, \
		  (unsigned)(mark).column + 1, __VA_ARGS__),                        \
	 DOC_E_INVALID)

/* What libyaml itself refused, in its words. */
static int refuse_parser(struct reader *reader)
{
	const yaml_parser_t *p = reader->parser;
	unsigned line, column;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR) {
		text_position(reader->text, reader->size, p->problem_offset, &line, &column);
		diag_set(reader->reterr_diag, reader->file, line, column,
			 "%s (byte 0x%02x): remove it", p->problem ? p->problem : "unreadable",
			 (unsigned)p->problem_value & 0xffffffu);
		return DOC_E_INVALID;
	}
	return refuse_at(reader, p->problem_mark, "not YAML: %s%s%s", p->problem ? p->problem : "?",
			 p->context ? ", " : "", p->context ? p->context : "");
}

static int next_event(struct reader *reader, yaml_event_t *ret_event)
{
	if (!yaml_parser_parse(reader->parser, ret_event)) {
		memset(ret_event, 0, sizeof(*ret_event));
		return refuse_parser(reader);
	}
	return 0;
}

static int refuse_anchor_or_tag(struct reader *reader, const yaml_event_t *event)
{
	const unsigned char *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT) {
		return refuse_at(
			reader, event->start_mark,
			"'*%.64s' is an alias: these are not accepted, write the value out",
			event->data.alias.anchor);
	}
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return refuse_at(reader, event->start_mark,
				 "'&%.64s' is an anchor: these are not accepted, remove it",
				 anchor);
	if (tag)
		return refuse_at(reader, event->start_mark,
				 "'%.64s' is a tag: these are not accepted, remove it", tag);
	return 0;
}

static int fill_scalar(struct reader *reader, const yaml_event_t *event, struct doc_node *node)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	if (memchr(value, '\0', length))
		return refuse_at(reader, event->start_mark,
				 "a NUL character is not accepted: remove it");

	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = memcpy(node->own_text, value, length);
	return 0;
}

static int refuse_duplicate(struct reader *reader, const struct doc_node *key,
			    const struct doc_node *first)
{
	diag_set(reader->reterr_diag, reader->file, key->line, key->column,
		 "the key '%.64s' is here twice, first in line %u: keep one of them", key->text,
		 first->line);
	return DOC_E_INVALID;
}

/* The last key against the others, as long as they are few: the error is then the first one. */
static int check_duplicate(struct reader *reader, const struct doc_node *mapping,
			   const struct doc_node *key)
{
	for (size_t i = 0; i + 1 < mapping->n_items; i += 2) {
		const struct doc_node *other = mapping->items[i];

		if (other != key && strcmp(other->text, key->text) == 0)
			return refuse_duplicate(reader, key, other);
	}
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct doc_node *x = *(struct doc_node *const *)a, *y = *(struct doc_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* All keys of a long mapping against each other. */
static int check_duplicates(struct reader *reader, const struct doc_node *mapping)
{
	size_t n = mapping->n_items / 2;
	_cleanup_free_ struct doc_node **keys = NULL;

	if (n <= DOC_MAX_KEYS)
		return 0;
	keys = calloc(n, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		keys[i] = mapping->items[2 * i];
	qsort(keys, n, sizeof(*keys), compare_keys);

	for (size_t i = 1; i < n; i++) {
		if (strcmp(keys[i]->text, keys[i - 1]->text) == 0)
			return refuse_duplicate(reader, keys[i], keys[i - 1]);
	}
	return 0;
}

/* A key of a mapping has been read as its last item. */
static int check_key(struct reader *reader, const struct doc_node *mapping)
{
	const struct doc_node *key = mapping->items[mapping->n_items - 1];

	if (key->kind != DOC_SCALAR) {
		diag_set(reader->reterr_diag, reader->file, key->line, key->column,
			 "a %s cannot be a key: keys are words",
			 key->kind == DOC_LIST ? "list" : "mapping");
		return DOC_E_INVALID;
	}
	if (mapping->n_items > 2 * reader->limits->keys) {
		diag_set(reader->reterr_diag, reader->file, key->line, key->column,
			 "a mapping with more than %zu keys is not accepted", reader->limits->keys);
		return DOC_E_INVALID;
	}
	return mapping->n_items > 2 * DOC_MAX_KEYS ? 0 : check_duplicate(reader, mapping, key);
}

/* Reads the items of a list or mapping up to its end. */
static int fill_items(struct reader *reader, struct doc_node *node, unsigned depth)
{
	for (;;) {
		_cleanup_(event_done) yaml_event_t event = {0};
		int r;

		r = next_event(reader, &event);
		if (r)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (event.type == YAML_MAPPING_END_EVENT)
			return check_duplicates(reader, node);

		r = array_grow(&node->items, node->n_items, sizeof(*node->items));
		if (r < 0)
			return r;
		r = read_node(reader, &event, depth + 1, &node->items[node->n_items]);
		if (r)
			return r;
		node->n_items++;

		if (node->kind == DOC_MAPPING && node->n_items % 2 == 1) {
			r = check_key(reader, node);
			if (r)
				return r;
		}
	}
}

static int read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
		     struct doc_node **ret_node)
{
	_cleanup_(doc_freep) struct doc_node *node = NULL;
	size_t room = 0;
	int r;

	r = refuse_anchor_or_tag(reader, event);
	if (r)
		return r;
	if (reader->n_nodes++ >= reader->limits->nodes)
		return refuse_at(reader, event->start_mark, "more than %zu values are not accepted",
				 reader->limits->nodes);

	if (event->type == YAML_SCALAR_EVENT)
		room = event->data.scalar.length + 1;
	node = calloc(1, sizeof(*node) + room);
	if (!node)
		return -ENOMEM;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;

	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = DOC_SCALAR;
		r = fill_scalar(reader, event, node);
	} else {
		node->kind = event->type == YAML_MAPPING_START_EVENT ? DOC_MAPPING : DOC_LIST;
		if (depth >= reader->limits->depth)
			return refuse_at(reader, event->start_mark,
					 "lists and mappings nest more than %u deep",
					 reader->limits->depth);
		r = fill_items(reader, node, depth);
	}
	if (r)
		return r;

	*ret_node = TAKE_PTR(node);
	return 0;
}

static int read_document(struct reader *reader, struct doc_node **ret_root)
{
	_cleanup_(doc_freep) struct doc_node *root = NULL;

	for (;;) {
		_cleanup_(event_done) yaml_event_t event = {0};
		int r;

		r = next_event(reader, &event);
		if (r)
			return r;

		if (event.type == YAML_STREAM_END_EVENT)
			break;
		if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (event.type == YAML_DOCUMENT_START_EVENT) {
			if (root)
				return refuse_at(
					reader, event.start_mark,
					"a second document begins here: a %s is one document",
					reader->limits->what);
			continue;
		}
		r = read_node(reader, &event, 0, &root);
		if (r)
			return r;
	}

	if (!root) {
		diag_set(reader->reterr_diag, reader->file, 1, 1,
			 "the file is empty: a %s starts with `apiVersion: holdfast/v1`",
			 reader->limits->what);
		return DOC_E_INVALID;
	}
	*ret_root = TAKE_PTR(root);
	return 0;
}

static int refuse_encoding(const struct reader *reader)
{
	unsigned line, column;
	size_t offset;

	if (utf8_check(reader->text, reader->size, &offset) == 0)
		return 0;

	text_position(reader->text, reader->size, offset, &line, &column);
	diag_set(reader->reterr_diag, reader->file, line, column,
		 "not UTF-8 (byte 0x%02x): save the file as UTF-8",
		 (unsigned char)reader->text[offset]);
	return DOC_E_INVALID;
}

int doc_read(const struct doc_source *source, struct doc_node **ret_root, struct diag *reterr_diag)
{
	_cleanup_(yaml_parser_delete) yaml_parser_t parser = {0};
	struct reader reader = {.parser = &parser,
				.file = source->file,
				.text = source->text,
				.size = source->size,
				.limits = &source->limits,
				.reterr_diag = reterr_diag};
	int r;

	if (source->size > source->limits.size) {
		diag_set(reterr_diag, source->file, 0, 0,
			 "the file has more than %zu bytes: that is no %s", source->limits.size,
			 source->limits.what);
		return DOC_E_INVALID;
	}
	r = refuse_encoding(&reader);
	if (r)
		return r;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->size);
	return read_document(&reader, ret_root);
}

int doc_parse(const char *file, const char *text, size_t size, struct doc_node **ret_root,
	      struct diag *reterr_diag)
{
	struct doc_source source = {.file = file,
				    .text = text,
				    .size = size,
				    .limits = {.what = "policy",
					       .size = DOC_MAX_SIZE,
					       .depth = DOC_MAX_DEPTH,
					       .nodes = DOC_MAX_NODES,
					       .keys = DOC_MAX_KEYS}};

	return doc_read(&source, ret_root, reterr_diag);
}

static bool is_word_of(const char *text, const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Numbers, dates and times of YAML 1.1 and 1.2, and a little more: nobody is hurt by quotes. */
static bool is_number(const char *text)
{
	text += strspn(text, "+-.");
	if (text[0] < '0' || text[0] > '9')
		return false;
	if (text[0] == '0' && text[1] && strchr("xob", text[1]))
		return !text[2 + strspn(text + 2, "0123456789abcdefABCDEF_")];

	text += strspn(text, "0123456789_.:-");
	if (*text == 'e' || *text == 'E') {
		text++;
		text += strspn(text, "+-");
		text += strspn(text, "0123456789");
	}
	return !*text;
}

bool doc_is_string(const struct doc_node *node)
{
	static const char *const words[] = {"",	   "~",	   "null",  "true",  "false",
					    "yes", "no",   "on",    "off",   "y",
					    "n",   ".inf", "-.inf", "+.inf", ".nan"};
	const char *text = node->text;

	if (node->kind != DOC_SCALAR)
		return false;
	if (!node->plain)
		return true;
	if (is_word_of(text, words, ARRAY_SIZE(words)))
		return false;
	return !is_number(text);
}
