// SPDX-License-Identifier: LGPL-2.1-or-later
/* See walk.h. Pure: reads nodes, writes the diag and what the rows write. */

#include "policy/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"

#define VALUE_SHOWN 64 /* bytes of a value in a refusal */

/* Cuts at a character's border. */
static int shown_length(const char *text)
{
	int length = (int)strnlen(text, VALUE_SHOWN);

	if (!text[length])
		return length;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

int walk_refuse(struct walk *walk, const struct doc_node *node, const char *format, ...)
{
	char text[DIAG_TEXT_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	diag_set(walk->reterr_diag, walk->file, node->line, node->column, "%s%s%s", walk->where,
		 walk->where[0] ? ": " : "", text);
	return WALK_E_INVALID;
}

int walk_expected(struct walk *walk, const struct doc_node *node, const char *what)
{
	int length;

	switch (node->kind) {
	case DOC_LIST:
		return walk_refuse(walk, node, "expected %s, got a list", what);
	case DOC_MAPPING:
		return walk_refuse(walk, node, "expected %s, got a mapping", what);
	case DOC_SCALAR:
	case _DOC_KIND_MAX:
		break;
	}

	if (node->plain && !node->text[0])
		return walk_refuse(walk, node, "expected %s, got nothing", what);
	length = shown_length(node->text);
	return walk_refuse(walk, node, "expected %s, got \"%.*s%s\"", what, length, node->text,
			   node->text[length] ? "..." : "");
}

/* Appends to walk->where and returns the length to cut it back to. */
static size_t enter(struct walk *walk, const char *name, size_t index)
{
	size_t length = strlen(walk->where), room = sizeof(walk->where) - length;

	if (name)
		(void)snprintf(walk->where + length, room, "%s%.64s", length ? "." : "", name);
	else
		(void)snprintf(walk->where + length, room, "[%zu]", index);
	return length;
}

static void leave(struct walk *walk, size_t length)
{
	walk->where[length] = '\0';
}

static int refuse_unknown(struct walk *walk, const struct walk_table *table,
			  const struct doc_node *key)
{
	char allowed[512] = "";
	size_t used = 0;
	int length;

	for (size_t i = 0; i < table->n_keys && used < sizeof(allowed); i++) {
		if (table->keys[i].not_built)
			continue;
		used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s",
					 used ? ", " : "", table->keys[i].name);
	}

	length = shown_length(key->text);
	return walk_refuse(walk, key, "unknown key \"%.*s%s\", allowed here: %s", length, key->text,
			   key->text[length] ? "..." : "", allowed);
}

static int read_key(struct walk *walk, const struct walk_table *table, const struct doc_node *key,
		    const struct doc_node *value, void *object)
{
	const struct walk_key *row = NULL;
	size_t back;
	int r;

	for (size_t i = 0; i < table->n_keys && !row; i++) {
		if (strcmp(table->keys[i].name, key->text) == 0)
			row = &table->keys[i];
	}
	if (!row)
		return refuse_unknown(walk, table, key);

	back = enter(walk, row->name, 0);
	if (row->not_built)
		r = walk_refuse(walk, key, "not built yet in this version, remove it");
	else
		r = row->read(walk, value, object);
	if (r)
		return r;

	leave(walk, back);
	return 0;
}

static bool has_key(const struct doc_node *mapping, const char *name)
{
	for (size_t i = 0; i + 1 < mapping->n_items; i += 2) {
		if (strcmp(mapping->items[i]->text, name) == 0)
			return true;
	}
	return false;
}

int walk_mapping(struct walk *walk, const struct walk_table *table, const struct doc_node *node,
		 void *object)
{
	if (node->kind != DOC_MAPPING) {
		char what[128];

		(void)snprintf(what, sizeof(what), "a mapping with the key %s",
			       table->keys[0].name);
		return walk_expected(walk, node, what);
	}

	for (size_t i = 0; i + 1 < node->n_items; i += 2) {
		int r = read_key(walk, table, node->items[i], node->items[i + 1], object);

		if (r)
			return r;
	}
	for (size_t i = 0; i < table->n_keys; i++) {
		if (table->keys[i].required && !has_key(node, table->keys[i].name))
			return walk_refuse(walk, node, "the key \"%s\" is missing, add it",
					   table->keys[i].name);
	}
	return 0;
}

int walk_list(struct walk *walk, const struct walk_items *items, const struct doc_node *node,
	      void *object)
{
	if (node->kind != DOC_LIST) {
		char expected[64];

		(void)snprintf(expected, sizeof(expected), "a list of %s", items->what);
		return walk_expected(walk, node, expected);
	}
	if (node->n_items < items->min || node->n_items > items->max)
		return walk_refuse(walk,
				   node->n_items > items->max ? node->items[items->max] : node,
				   "expected %zu to %zu %s, got %zu", items->min, items->max,
				   items->what, node->n_items);

	for (size_t i = 0; i < node->n_items; i++) {
		size_t back = enter(walk, NULL, i);
		int r;

		r = items->read(walk, node->items[i], object);
		if (r)
			return r;
		leave(walk, back);
	}
	return 0;
}
