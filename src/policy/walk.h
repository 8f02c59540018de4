/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A document checked against tables of keys: one table for each kind of mapping, one row for each
 * key. Every refusal says where it is in the document, what was expected and what is there. Knows
 * tables, not policies.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/doc.h"

#define WALK_WHERE_LEN 192

struct diag;

enum walk_error {
	_WALK_E_SUCCESS,
	WALK_E_INVALID, /* the diag says what and where */
};

/* Where the walk is. One for a document; the caller fills all but where. */
struct walk {
	const char *file; /* borrowed by the diag */
	struct diag *reterr_diag;
	char where[WALK_WHERE_LEN]; /* "domains[0].executables[1].launch" */
};

struct walk_key {
	const char *name;
	bool required;
	bool not_built; /* known, without effect in this version: refused by name */
	/* Reads the value into the object that the mapping describes. 0, WALK_E_INVALID, -errno. */
	int (*read)(struct walk *walk, const struct doc_node *value, void *object);
};

struct walk_table {
	const char *name; /* of the same definition in the JSON Schema */
	const struct walk_key *keys;
	size_t n_keys;
};

/**
 * walk_refuse() - fill the diag with "where: what", at a node's position
 * Return: WALK_E_INVALID, for use in a return statement.
 */
int walk_refuse(struct walk *walk, const struct doc_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * walk_expected() - "where: expected WHAT, got what the node holds"
 * Return: WALK_E_INVALID, for use in a return statement.
 */
int walk_expected(struct walk *walk, const struct doc_node *node, const char *what);

/**
 * walk_mapping() - read a mapping's keys by their rows
 * @object: handed to each row's read()
 *
 * Refuses what is no mapping, an unknown key, a key that is not built, a required key's absence.
 * Return: 0; WALK_E_INVALID; -errno from a row's read().
 */
int walk_mapping(struct walk *walk, const struct walk_table *table, const struct doc_node *node,
		 void *object);

/* A list: how many items of what, and how one is read. */
struct walk_items {
	const char *what; /* for the refusal: "domains" */
	size_t min, max;
	/* Called with each item and the list's object; returns as walk_key.read. */
	int (*read)(struct walk *walk, const struct doc_node *item, void *object);
};

/**
 * walk_list() - read a list's items in order
 * @object: handed to each item's read()
 * Return: 0; WALK_E_INVALID; -errno from an item's read().
 */
int walk_list(struct walk *walk, const struct walk_items *items, const struct doc_node *node,
	      void *object);
