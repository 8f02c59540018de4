/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * YAML text to a tree of nodes that know where they stand. Takes the part of YAML that a policy
 * needs and refuses the rest: anchors, aliases, tags, several documents, duplicate keys. Knows
 * nothing of policies.
 */

#include <stdbool.h>
#include <stddef.h>

struct diag;

#define DOC_MAX_SIZE ((size_t)4 << 20) /* bytes of text */
#define DOC_MAX_DEPTH 16 /* mappings and lists within each other */
#define DOC_MAX_NODES 262144 /* keys and values, all in all */
#define DOC_MAX_KEYS 64 /* of one mapping */

enum doc_error {
	_DOC_E_SUCCESS,
	DOC_E_INVALID, /* the diag says what and where */
};

enum doc_kind {
	DOC_SCALAR,
	DOC_LIST,
	DOC_MAPPING,
	_DOC_KIND_MAX,
};

struct doc_node {
	enum doc_kind kind;
	unsigned line, column; /* from 1 */
	bool plain; /* a scalar without quotes */
	bool whole; /* a root that is released in one piece, with all below it */
	char *text; /* a scalar's, NUL terminated, without NUL inside; else NULL */
	struct doc_node **items; /* a list's items; a mapping's keys and values in turn */
	const struct doc_rows *rows; /* of a list instead of the items: see doc-quick.h */
	size_t n_items; /* in items, or rows: twice the keys of a mapping */
	char own_text[]; /* what text points to: a large file has a million of them */
};

/* What a text may hold, and what it is called in errors. */
struct doc_limits {
	const char *what; /* "policy" */
	size_t size; /* bytes of text */
	unsigned depth; /* mappings and lists within each other */
	size_t nodes; /* keys and values, all in all */
	size_t keys; /* of one mapping */
};

struct doc_source {
	const char *file; /* name for errors, borrowed by the diag */
	const char *text; /* borrowed, size bytes */
	size_t size;
	struct doc_limits limits;
};

/**
 * doc_read() - read one document within the limits of its source
 * @ret_root:    the document's node, to be released with doc_free()
 * @reterr_diag: filled on DOC_E_INVALID; or NULL
 *
 * The work is linear in the text, but for a factor of log(keys).
 * Return: 0; DOC_E_INVALID; -ENOMEM.
 */
int doc_read(const struct doc_source *source, struct doc_node **ret_root, struct diag *reterr_diag);

/**
 * doc_parse() - read one document within the limits of a policy, the DOC_MAX_ above
 * @file:        name for errors, borrowed by @reterr_diag
 * @text:        borrowed, @size bytes
 * @ret_root:    the document's node, to be released with doc_free()
 * @reterr_diag: filled on DOC_E_INVALID; or NULL
 * Return: 0; DOC_E_INVALID; -ENOMEM.
 */
int doc_parse(const char *file, const char *text, size_t size, struct doc_node **ret_root,
	      struct diag *reterr_diag);

/**
 * doc_free() - release a node and all below it
 * Return: NULL. NULL is accepted.
 */
struct doc_node *doc_free(struct doc_node *node);

static inline void doc_freep(struct doc_node **node)
{
	(void)doc_free(*node);
}

/**
 * doc_is_string() - whether every YAML reader takes this scalar for a string
 *
 * False for a list, a mapping, and a scalar without quotes that reads as null, a boolean or a
 * number in YAML 1.1 or 1.2.
 */
bool doc_is_string(const struct doc_node *node);
