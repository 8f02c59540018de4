// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the quick reader takes, libyaml takes too, and both make the same tree of it, with the same
 * places but in rows. What it leaves alone is not looked at: the target yaml has that.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "must.h"
#include "policy/doc-quick.h"
#include "policy/doc.h"

static struct doc_source source;

static void compare(const struct doc_node *a, const struct doc_node *b, bool places);

static void compare_rows(const struct doc_node *list, const struct doc_node *b)
{
	_cleanup_(doc_rows_closep) struct doc_cursor *cursor = NULL;

	must(doc_rows_open(&source, list, &cursor) == 0);
	for (size_t i = 0; i < list->n_items; i++) {
		const struct doc_node *item;

		must(doc_rows_next(cursor, &item) == 1);
		compare(item, b->items[i], false);
	}
}

static void compare(const struct doc_node *a, const struct doc_node *b, bool places)
{
	must(a->kind == b->kind);
	must(!places || (a->line == b->line && a->column == b->column));
	must(a->plain == b->plain && a->n_items == b->n_items && !a->text == !b->text);
	must(!a->text || strcmp(a->text, b->text) == 0);
	if (a->rows)
		compare_rows(a, b);
	for (size_t i = 0; !a->rows && i < a->n_items; i++)
		compare(a->items[i], b->items[i], places);
}

/* Only if all rows are, is the whole. */
static bool all_plain(const struct doc_node *node)
{
	_cleanup_(doc_rows_closep) struct doc_cursor *cursor = NULL;
	const struct doc_node *item;
	int r = 1;

	for (size_t i = 0; i < node->n_items && !node->rows; i++)
		if (!all_plain(node->items[i]))
			return false;
	if (!node->rows)
		return true;
	must(doc_rows_open(&source, node, &cursor) == 0);
	for (size_t i = 0; i < node->n_items && r; i++) {
		r = doc_rows_next(cursor, &item);
		must(r >= 0);
	}
	return r && doc_rows_end(cursor);
}

static void try_rows_at(unsigned rows_at)
{
	_cleanup_(doc_freep) struct doc_node *quick = NULL, *slow = NULL;
	struct diag diag = {0};

	if (doc_quick_read(&source, rows_at, &quick) <= 0 || !all_plain(quick))
		return;
	must(doc_read(&source, &slow, &diag) == 0);
	compare(quick, slow, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *text, size_t size)
{
	_cleanup_free_ char *copy = malloc(size + 1);

	must(copy != NULL);
	memcpy(copy, text, size);
	copy[size] = '\0';
	source = (struct doc_source){
		.file = "f",
		.text = copy,
		.size = size,
		.limits = {.what = "text", .size = 1 << 20, .depth = 8, .nodes = 4096, .keys = 32},
	};
	for (unsigned rows_at = 0; rows_at < 4; rows_at++)
		try_rows_at(rows_at);
	return 0;
}
