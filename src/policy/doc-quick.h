/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The plain part of YAML, and of JSON, that files of a hundred thousand entries are written in:
 * libyaml takes far longer for them than the kernel takes to put them into a map. Knows no errors:
 * what it does not know for certain goes to libyaml, which says what is wrong, if anything is. A
 * fuzz target holds the one against the other. decisions/0020.
 *
 * A long list is not made into nodes, which would cost more memory than all else: its items are
 * rows, read one after the other where they are wanted.
 */

#include <stdbool.h>

struct doc_node;
struct doc_rows;
struct doc_source;

/**
 * doc_quick_read() - read a document, if it is plain enough
 * @source:   its text has a NUL behind its size, and is there as long as the rows are
 * @rows_at:  lists with that many lists and mappings around them become rows; 0 for none
 * @ret_root: on 1 the node, to be released with doc_free()
 *
 * Plain is ASCII without tabs, escapes, tags, anchors, empty values and values of several lines; of
 * rows it is not known until they are read.
 * Return: 1 if it is read, to the tree that libyaml's events make; 0 if not; -ENOMEM.
 */
int doc_quick_read(const struct doc_source *source, unsigned rows_at, struct doc_node **ret_root);

/* doc_quick_free() - release what doc_quick_read() made; for doc_free() */
void doc_quick_free(struct doc_node *root);

struct doc_cursor;

/**
 * doc_rows_open() - go through a list's rows
 * @list:       with doc_node.rows
 * @ret_cursor: before the first; release with doc_rows_close()
 * Return: 0; -ENOMEM.
 */
int doc_rows_open(const struct doc_source *source, const struct doc_node *list,
		  struct doc_cursor **ret_cursor);

/**
 * doc_rows_next() - the next item
 * @ret_item: on 1; borrowed, until the next call; without the places, which libyaml's tree has
 * Return: 1; 0 if it is not plain; -ENOMEM. Not to be called more often than the list has items.
 */
int doc_rows_next(struct doc_cursor *cursor, const struct doc_node **ret_item);

/**
 * doc_rows_end() - was the item read last the end of the list?
 */
bool doc_rows_end(const struct doc_cursor *cursor);

/**
 * doc_rows_close() - release a cursor
 * Return: NULL. NULL is accepted.
 */
struct doc_cursor *doc_rows_close(struct doc_cursor *cursor);

static inline void doc_rows_closep(struct doc_cursor **cursor)
{
	(void)doc_rows_close(*cursor);
}
