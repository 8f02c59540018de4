// SPDX-License-Identifier: LGPL-2.1-or-later
/* See doc-quick.h. Recursion is bounded by the depth of the limits, what is read by the NUL. */

#include "policy/doc-quick.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/doc.h"

#define WORD_MAX 512 /* bytes of a word; a key of libyaml's ends at 1024 */
#define CHUNK_SIZE ((size_t)1 << 20)
#define MOLD_VALUES 32 /* of a row that others can be like */

/* The nodes of a document, and their texts. */
struct chunk {
	struct chunk *before;
	size_t used, size;
	uint64_t bytes[];
};

/* The root, and what it is released with. */
struct holder {
	struct chunk *chunks;
	struct doc_node root;
};

/* Where a list's rows are. */
struct doc_rows {
	const char *from, *to; /* its first letter, the first behind it */
	const char *line_start; /* of its first line */
	unsigned line, depth;
};

/* A value of a row, and its text. */
struct molded {
	struct doc_node *node;
	const char *from, *to;
};

/*
 * A row that has been read. Those after it mostly differ from it in nothing but their values: then
 * only these are read, into the same nodes.
 */
struct mold {
	const struct doc_node *item; /* NULL: there is none */
	const char *from, *to; /* to where the next row begins */
	struct molded values[MOLD_VALUES];
	size_t n_values; /* more than MOLD_VALUES: not all are there */
	struct chunk *chunk;
	size_t used; /* of the chunk, by the row */
	size_t n_nodes;
	unsigned lines, column; /* that it has, and at which it ended */
};

struct quick {
	const struct doc_limits *limits;
	const char *at; /* ends with a NUL */
	const char *line_start;
	unsigned line;
	unsigned rows_at; /* 0: nowhere */
	struct chunk *chunks;
	struct doc_node **open; /* items of the lists and mappings that are not at their end */
	size_t n_open, room;
	size_t n_nodes;
	struct mold *mold; /* where the values of a row are noted; NULL: nowhere */
	int error; /* -ENOMEM */
};

enum {
	WORD = 1, /* of a word without quotes, wherever in it */
	HEAD = 2, /* it may begin with it */
	QUOTED = 4, /* between double quotes; single ones are looked for */
};

static const uint8_t classes[256] = {
	[' ' ... '!'] = QUOTED,
	['#' ... '*'] = QUOTED,
	['+'] = WORD | QUOTED,
	[','] = QUOTED,
	['-' ... '.'] = WORD | QUOTED,
	['/' ... '9'] = WORD | HEAD | QUOTED,
	[':' ... '@'] = QUOTED,
	['A' ... 'Z'] = WORD | HEAD | QUOTED,
	['['] = QUOTED,
	[']' ... '^'] = QUOTED,
	['_'] = WORD | HEAD | QUOTED,
	['`'] = QUOTED,
	['a' ... 'z'] = WORD | HEAD | QUOTED,
	['{' ... '~'] = QUOTED,
};

static bool is(char c, unsigned what)
{
	return classes[(unsigned char)c] & what;
}

/* @size: of 8 bytes each, as in the chunk */
static bool chunk_add(struct quick *q, size_t size)
{
	struct chunk *chunk = q->chunks;
	size_t room = CHUNK_SIZE;

	if (chunk && 8 * chunk->size < ((size_t)16 << 20))
		room = 16 * chunk->size;
	if (room / 8 < size)
		room = 8 * size;
	chunk = malloc(sizeof(*chunk) + room);
	if (!chunk) {
		q->error = -ENOMEM;
		return false;
	}
	*chunk = (struct chunk){.before = q->chunks, .size = room / 8};
	q->chunks = chunk;
	return true;
}

static inline void *allocate(struct quick *q, size_t size)
{
	void *p;

	size = (size + 7) / 8;
	if ((!q->chunks || q->chunks->size - q->chunks->used < size) && !chunk_add(q, size))
		return NULL;
	p = &q->chunks->bytes[q->chunks->used];
	q->chunks->used += size;
	return p;
}

/* A node that begins at @start, and after it @room bytes. */
static inline struct doc_node *node_at(struct quick *q, enum doc_kind kind, const char *start,
				       size_t room)
{
	struct doc_node *node;

	if (q->n_nodes++ >= q->limits->nodes)
		return NULL;
	node = allocate(q, sizeof(*node) + room);
	if (node)
		*node = (struct doc_node){.kind = kind,
					  .line = q->line,
					  .column = (unsigned)(start - q->line_start) + 1};
	return node;
}

static struct doc_node *node_new(struct quick *q, enum doc_kind kind)
{
	return node_at(q, kind, q->at, 0);
}

static bool push(struct quick *q, struct doc_node *node)
{
	if (!node)
		return false;
	if (q->n_open == q->room) {
		size_t room = q->room ? 2 * q->room : 4096;
		struct doc_node **open = realloc(q->open, room * sizeof(*open));

		if (!open) {
			q->error = -ENOMEM;
			return false;
		}
		q->open = open;
		q->room = room;
	}
	q->open[q->n_open++] = node;
	return true;
}

/* What has been pushed since then are the node's items. */
static bool close_node(struct quick *q, struct doc_node *node, size_t since)
{
	node->n_items = q->n_open - since;
	q->n_open = since;
	if (!node->n_items)
		return true;
	node->items = allocate(q, node->n_items * sizeof(*node->items));
	if (!node->items)
		return false;
	memcpy(node->items, q->open + since, node->n_items * sizeof(*node->items));
	return true;
}

/* The last key pushed: not too many, and none is like it. */
static bool key_is_new(const struct quick *q, size_t since)
{
	const struct doc_node *key = q->open[q->n_open - 1];

	if (q->n_open - since > 2 * DOC_MAX_KEYS || q->n_open - since > 2 * q->limits->keys)
		return false;
	for (size_t i = since; i + 1 < q->n_open; i += 2) {
		if (q->open[i]->text[0] == key->text[0] && strcmp(q->open[i]->text, key->text) == 0)
			return false;
	}
	return true;
}

static void skip_blanks(struct quick *q)
{
	while (*q->at == ' ')
		q->at++;
}

static void skip_printed(struct quick *q)
{
	while (*q->at >= ' ' && *q->at < 0x7f)
		q->at++;
}

static void next_line(struct quick *q)
{
	q->at++;
	q->line++;
	q->line_start = q->at;
}

/* From the end of a value, or the start of a line, to the first letter of the next that has one. */
static bool to_content(struct quick *q)
{
	const char *from = q->at;

	for (;;) {
		skip_blanks(q);
		if (*q->at == '#') {
			if (q->at == from && q->at != q->line_start)
				return false;
			skip_printed(q);
		}
		if (*q->at != '\n')
			return *q->at == '\0' || q->at != from || q->at == q->line_start;
		next_line(q);
		from = q->at;
	}
}

/* What begins at @start, with the letters from @word to where we are; it is all in one line. */
static inline struct doc_node *take_word(struct quick *q, const char *start, const char *word)
{
	size_t length = (size_t)(q->at - word);
	struct doc_node *node;

	if (length > WORD_MAX)
		return NULL;
	node = node_at(q, DOC_SCALAR, start, length + 1);
	if (!node)
		return NULL;
	node->text = node->own_text;
	memcpy(node->text, word, length);
	node->text[length] = '\0';
	return node;
}

static struct doc_node *quoted(struct quick *q, char quote)
{
	const char *start = q->at++;
	struct doc_node *node;

	if (quote == '"')
		while (is(*q->at, QUOTED))
			q->at++;
	else
		while (*q->at >= ' ' && *q->at < 0x7f && *q->at != '\'')
			q->at++;
	if (*q->at != quote)
		return NULL;
	node = take_word(q, start, start + 1);
	q->at++;
	/* twice is a quote within single ones */
	return *q->at == quote ? NULL : node;
}

/* A colon is part of a word if there is more of the word behind it. */
static struct doc_node *plain(struct quick *q)
{
	const char *start = q->at, *p = start;
	struct doc_node *node;

	if (!is(p[0], HEAD) && !((p[0] == '-' || p[0] == '.') && is(p[1], HEAD)))
		return NULL;
	for (;; p++) {
		while (is(*p, WORD))
			p++;
		if (*p != ':' || !(is(p[1], WORD) || (p[1] == ':' && is(p[2], WORD))))
			break;
	}
	q->at = p;
	node = take_word(q, start, start);
	if (node)
		node->plain = true;
	return node;
}

static struct doc_node *word(struct quick *q)
{
	return *q->at == '"' || *q->at == '\'' ? quoted(q, *q->at) : plain(q);
}

static struct doc_node *value(struct quick *q)
{
	const char *from = q->at;
	struct doc_node *node = word(q);
	struct mold *mold = q->mold;

	if (!mold || !node)
		return node;
	if (mold->n_values < MOLD_VALUES)
		mold->values[mold->n_values] = (struct molded){node, from, q->at};
	mold->n_values++;
	return node;
}

/* Within brackets the end of a line is a blank. */
static void skip_space(struct quick *q)
{
	for (;;) {
		skip_blanks(q);
		if (*q->at != '\n')
			return;
		next_line(q);
	}
}

static struct doc_node *flow(struct quick *q, unsigned depth);

static bool flow_key(struct quick *q, size_t since)
{
	struct doc_node *key = word(q);

	if (!key || !push(q, key) || !key_is_new(q, since) || *q->at != ':')
		return false;
	q->at++;
	if (key->plain && *q->at != ' ' && *q->at != '\n')
		return false;
	skip_space(q);
	return true;
}

/* [ITEM, ...] or {KEY: ITEM, ...} */
static struct doc_node *brackets(struct quick *q, unsigned depth)
{
	bool list = *q->at == '[';
	struct doc_node *node = node_new(q, list ? DOC_LIST : DOC_MAPPING);
	char end = list ? ']' : '}';
	size_t since = q->n_open;

	if (!node || depth >= q->limits->depth)
		return NULL;
	q->at++;
	skip_space(q);
	while (*q->at != end) {
		if (!list && !flow_key(q, since))
			return NULL;
		if (!push(q, flow(q, depth + 1)))
			return NULL;
		skip_space(q);
		if (*q->at == end)
			break;
		if (*q->at != ',')
			return NULL;
		q->at++;
		skip_space(q);
		if (*q->at == end)
			return NULL;
	}
	q->at++;
	return close_node(q, node, since) ? node : NULL;
}

/* From a list's first bracket to behind its last, counting what is between commas. */
static bool skip_brackets(struct quick *q, size_t *ret_n)
{
	unsigned open = 0;

	*ret_n = 1;
	for (;; q->at++) {
		switch (*q->at) {
		case '[':
		case '{':
			open++;
			break;
		case ']':
		case '}':
			if (--open)
				break;
			q->at++;
			return true;
		case ',':
			*ret_n += open == 1;
			break;
		case '\n':
			q->line++;
			q->line_start = q->at + 1;
			break;
		case '"':
		case '\'':
			for (char quote = *q->at++; *q->at != quote; q->at++) {
				if (!is(*q->at, QUOTED) && *q->at != '"')
					return false;
			}
			break;
		case '#':
			return false;
		default:
			/* of what else ends a line for libyaml nothing is known here */
			if (*q->at < ' ' || *q->at >= 0x7f)
				return false;
		}
	}
}

static struct doc_rows *rows_new(struct quick *q, unsigned depth)
{
	struct doc_rows *rows = allocate(q, sizeof(*rows));

	if (rows)
		*rows = (struct doc_rows){.from = q->at,
					  .line_start = q->line_start,
					  .line = q->line,
					  .depth = depth};
	return rows;
}

static struct doc_node *flow_rows(struct quick *q, unsigned depth)
{
	struct doc_node *node = node_new(q, DOC_LIST);
	struct doc_rows *rows = rows_new(q, depth);

	if (!node || !rows || !skip_brackets(q, &node->n_items))
		return NULL;
	rows->to = q->at;
	node->rows = rows;
	return node;
}

static struct doc_node *flow(struct quick *q, unsigned depth)
{
	if (*q->at == '[' && depth && depth == q->rows_at)
		return flow_rows(q, depth);

	return *q->at == '[' || *q->at == '{' ? brackets(q, depth) : value(q);
}

static unsigned column(const struct quick *q)
{
	return (unsigned)(q->at - q->line_start);
}

static bool at_item(const struct quick *q)
{
	return q->at[0] == '-' && q->at[1] == ' ';
}

static struct doc_node *block(struct quick *q, unsigned depth);

/* A value to the end of its line, which may be brackets of several. */
static struct doc_node *to_end(struct quick *q, unsigned depth)
{
	struct doc_node *node = flow(q, depth);
	unsigned line = q->line;

	return node && to_content(q) && (*q->at == '\0' || q->line != line) ? node : NULL;
}

/* KEY: VALUE, one or more from the same column on; q->at is at the first key. */
static struct doc_node *block_mapping(struct quick *q, unsigned depth)
{
	struct doc_node *node = node_new(q, DOC_MAPPING);
	unsigned mine = column(q), line;
	size_t since = q->n_open;

	if (!node || depth >= q->limits->depth)
		return NULL;
	do {
		struct doc_node *key = word(q), *value;

		if (!key || !push(q, key) || !key_is_new(q, since) || *q->at != ':' ||
		    (q->at[1] != ' ' && q->at[1] != '\n'))
			return NULL;
		q->at++;
		line = q->line;
		if (!to_content(q) || *q->at == '\0')
			return NULL;
		if (q->line == line)
			value = to_end(q, depth + 1);
		else if (column(q) > mine || (column(q) == mine && at_item(q)))
			value = block(q, depth + 1);
		else
			return NULL;
		if (!push(q, value))
			return NULL;
	} while (*q->at != '\0' && column(q) == mine && !at_item(q));
	if (*q->at != '\0' && column(q) > mine)
		return NULL;
	return close_node(q, node, since) ? node : NULL;
}

/* Is what begins here a key, with its value behind it or below? */
static bool at_key(const struct quick *q)
{
	const char *p = q->at;

	if (*p == '"' || *p == '\'') {
		p += 1 + strcspn(p + 1, *p == '"' ? "\"\n" : "'\n");
		return p[0] != '\n' && p[0] != '\0' && p[1] == ':';
	}
	while (is(*p, WORD) || (*p == ':' && p[1] != ' ' && p[1] != '\n' && p[1] != '\0'))
		p++;
	return *p == ':';
}

/* - ITEM, and what is further to the right belongs to it. */
static struct doc_node *block_rows(struct quick *q, unsigned depth)
{
	struct doc_node *node = node_new(q, DOC_LIST);
	struct doc_rows *rows = rows_new(q, depth);
	unsigned mine = column(q);

	if (!node || !rows)
		return NULL;
	do {
		node->n_items += column(q) == mine;
		/* what there is before the end of the line is looked at with the row */
		q->at = strchrnul(q->at, '\n');
		if (!to_content(q))
			return NULL;
	} while (*q->at != '\0' && (column(q) > mine || (column(q) == mine && at_item(q))));
	rows->to = q->at;
	node->rows = rows;
	return node;
}

/* What follows a dash is an item. */
static struct doc_node *block_item(struct quick *q, unsigned depth)
{
	unsigned line = q->line;

	q->at++;
	if (!to_content(q) || *q->at == '\0' || q->line != line || at_item(q))
		return NULL;
	return *q->at != '[' && *q->at != '{' && at_key(q) ? block_mapping(q, depth)
							   : to_end(q, depth);
}

/* - ITEM, one or more in the same column. */
static struct doc_node *block_list(struct quick *q, unsigned depth)
{
	struct doc_node *node = node_new(q, DOC_LIST);
	unsigned mine = column(q);
	size_t since = q->n_open;

	if (!node || depth >= q->limits->depth)
		return NULL;
	do {
		if (!push(q, block_item(q, depth + 1)))
			return NULL;
	} while (*q->at != '\0' && column(q) == mine && at_item(q));
	if (*q->at != '\0' && column(q) > mine)
		return NULL;
	return close_node(q, node, since) ? node : NULL;
}

static struct doc_node *block(struct quick *q, unsigned depth)
{
	if (at_item(q))
		return depth && depth == q->rows_at ? block_rows(q, depth) : block_list(q, depth);
	return at_key(q) ? block_mapping(q, depth) : NULL;
}

static struct doc_node *document(struct quick *q)
{
	struct doc_node *root;

	if (!to_content(q) || *q->at == '\0')
		return NULL;
	root = *q->at == '{' || *q->at == '[' ? to_end(q, 0) : block(q, 0);
	/* also a NUL of the source's own is an end of it */
	return root && *q->at == '\0' ? root : NULL;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *before = chunk->before;

		free(chunk);
		chunk = before;
	}
}

static struct holder *holder_of(struct doc_node *root)
{
	return (struct holder *)((char *)root - offsetof(struct holder, root));
}

void doc_quick_free(struct doc_node *root)
{
	struct holder *holder = holder_of(root);

	chunks_free(holder->chunks);
	free(holder);
}

int doc_quick_read(const struct doc_source *source, unsigned rows_at, struct doc_node **ret_root)
{
	struct quick q = {.limits = &source->limits,
			  .at = source->text,
			  .line_start = source->text,
			  .line = 1,
			  .rows_at = rows_at};
	struct holder *holder = NULL;
	struct doc_node *root = document(&q);

	/* a NUL of the text's own is not its end */
	if (root && q.at != source->text + source->size)
		root = NULL;
	if (root && !q.error)
		holder = malloc(sizeof(*holder));
	free(q.open);
	if (!holder) {
		chunks_free(q.chunks);
		return q.error ? q.error : root ? -ENOMEM : 0;
	}
	*holder = (struct holder){.chunks = q.chunks, .root = *root};
	holder->root.whole = true;
	*ret_root = &holder->root;
	return 1;
}

struct doc_cursor {
	struct quick quick;
	struct mold mold;
	const struct doc_rows *rows;
};

int doc_rows_open(const struct doc_source *source, const struct doc_node *list,
		  struct doc_cursor **ret_cursor)
{
	struct doc_cursor *cursor = calloc(1, sizeof(*cursor));
	const struct doc_rows *rows = list->rows;

	if (!cursor)
		return -ENOMEM;
	cursor->quick = (struct quick){.limits = &source->limits,
				       .at = rows->from + (*rows->from == '['),
				       .line_start = rows->line_start,
				       .line = rows->line};
	cursor->quick.mold = &cursor->mold;
	cursor->rows = rows;
	*ret_cursor = cursor;
	return 0;
}

/* The room of the item before is there for the next one. */
static void reuse(struct quick *q)
{
	if (q->chunks && q->chunks->before) {
		chunks_free(q->chunks->before);
		q->chunks->before = NULL;
	}
	if (q->chunks)
		q->chunks->used = 0;
	q->n_open = 0;
}

static struct doc_node *flow_row(struct quick *q, unsigned depth)
{
	struct doc_node *item;

	skip_space(q);
	item = flow(q, depth);
	skip_space(q);
	if (!item || (*q->at != ',' && *q->at != ']'))
		return NULL;
	q->at++;
	return item;
}

/* Is what there is between the values as it was in the mold? */
static bool take_same(struct quick *q, const char *from, const char *to)
{
	size_t length = (size_t)(to - from);

	if (strncmp(q->at, from, length) != 0)
		return false;
	q->at += length;
	return true;
}

static bool pour_values(struct quick *q)
{
	const struct mold *mold = q->mold;
	const char *from = mold->from;

	for (size_t i = 0; i < mold->n_values; i++) {
		const struct molded *molded = &mold->values[i];
		struct doc_node *node;

		if (!take_same(q, from, molded->from))
			return false;
		node = word(q);
		if (!node)
			return false;
		*molded->node = *node;
		from = molded->to;
	}
	return take_same(q, from, mold->to);
}

/*
 * Each byte between the values is the same, and so the reader would come by the same way, to values
 * that it would read as here. Return: false, and nothing has been taken.
 */
static bool pour(struct quick *q, bool block)
{
	const struct mold *mold = q->mold;
	const char *begun = q->at;
	size_t n_nodes = q->n_nodes;

	if (!mold->item || q->chunks != mold->chunk || n_nodes + mold->n_nodes > q->limits->nodes)
		return false;
	q->chunks->used = mold->used;
	if (!pour_values(q) || (block && !at_item(q))) {
		q->at = begun;
		q->n_nodes = n_nodes;
		return false;
	}
	q->n_nodes = n_nodes + mold->n_nodes;
	q->line += mold->lines;
	if (mold->lines)
		q->line_start = q->at - mold->column;
	return true;
}

/* What has been read since is one, unless it is a block's last row, where more may follow. */
static void mold_make(struct quick *q, const struct quick *before, const struct doc_node *item,
		      bool block)
{
	struct mold *mold = q->mold;

	mold->item = mold->n_values > MOLD_VALUES || (block && !at_item(q)) ? NULL : item;
	mold->from = before->at;
	mold->to = q->at;
	mold->chunk = q->chunks;
	mold->used = q->chunks ? q->chunks->used : 0;
	mold->n_nodes = q->n_nodes - before->n_nodes;
	mold->lines = q->line - before->line;
	mold->column = column(q);
}

int doc_rows_next(struct doc_cursor *cursor, const struct doc_node **ret_item)
{
	unsigned depth = cursor->rows->depth + 1;
	struct quick *q = &cursor->quick, before;
	bool block = *cursor->rows->from != '[';
	struct doc_node *item;

	if (pour(q, block)) {
		*ret_item = cursor->mold.item;
		return 1;
	}
	reuse(q);
	before = *q;
	cursor->mold.n_values = 0;
	item = block ? block_item(q, depth) : flow_row(q, depth);
	mold_make(q, &before, item, block);
	if (!item)
		return q->error;
	*ret_item = item;
	return 1;
}

bool doc_rows_end(const struct doc_cursor *cursor)
{
	return cursor->quick.at == cursor->rows->to;
}

struct doc_cursor *doc_rows_close(struct doc_cursor *cursor)
{
	if (!cursor)
		return NULL;

	chunks_free(cursor->quick.chunks);
	free(cursor->quick.open);
	free(cursor);
	return NULL;
}
