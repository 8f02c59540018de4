/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The text of map contents: which maps it names, and what it has for each. What that means as
 * bytes is for entries.h, once the types are known.
 */

#include <stdbool.h>
#include <stddef.h>

struct diag;
struct doc_node;
struct doc_source;
struct walk_table;

#define DATA_MAX_SIZE ((size_t)64 << 20) /* bytes of text */
#define DATA_MAX_DEPTH 32 /* mappings and lists within each other */
#define DATA_MAX_NODES ((size_t)8 << 20) /* keys and values, all in all */
#define DATA_MAX_KEYS 4096 /* of one mapping: maps, fields of a struct, variables */
#define DATA_MAX_ENTRIES 1000000 /* of one map */
#define DATA_NAME_LEN 255 /* of a map */

enum data_error {
	_DATA_E_SUCCESS,
	DATA_E_INVALID, /* the diag says what and where */
	DATA_E_AGAIN, /* not for rows: data_file_again(), then all of it once more */
};

enum data_form {
	DATA_ENTRIES, /* a list of mappings with a key and a value */
	DATA_VALUES, /* a list of values, by index from 0 */
	DATA_VARIABLES, /* a mapping of variables */
	_DATA_FORM_MAX,
};

struct data_map {
	const char *name;
	enum data_form form;
	const struct doc_node *name_node; /* where its name stands */
	const struct doc_node *content; /* the list or mapping of its form; a list may be rows */
};

struct data_file {
	const char *file; /* borrowed, for errors */
	char *text; /* its size bytes, and a NUL */
	size_t size;
	bool quick; /* not read by libyaml: lists are rows, and nothing is said against it */
	struct doc_node *root;
	struct data_map *maps; /* in the order of the text, each name once */
	size_t n_maps;
};

/**
 * data_file_parse() - read the text of map contents
 * @file:        name for errors, borrowed by the result and by @reterr_diag
 * @text:        borrowed until this returns, @size bytes of YAML, and so also of JSON
 * @ret_data:    release with data_file_free()
 * @reterr_diag: filled on DATA_E_INVALID; or NULL
 * Return: 0; DATA_E_INVALID; -ENOMEM.
 */
int data_file_parse(const char *file, const char *text, size_t size, struct data_file **ret_data,
		    struct diag *reterr_diag);

/**
 * data_file_read() - read a file of map contents
 * @path: from the working directory; otherwise as @file of data_file_parse()
 * Return: 0; DATA_E_INVALID; -ENOMEM; any errno of openat() and read(), @reterr_diag untouched.
 */
int data_file_read(const char *path, struct data_file **ret_data, struct diag *reterr_diag);

/**
 * data_file_again() - read the same text once more, by libyaml
 * @data: with quick; what is borrowed from it is gone
 *
 * Rows are known to be plain only when all of them have been read, and so is what is around them.
 * Whoever refuses anything of a text that was read quickly has it read again first, and then looks
 * at all of it anew: what is wrong, if anything is, is for libyaml's tree to say.
 * Return: 0; DATA_E_INVALID or -ENOMEM, and the text has no maps.
 */
int data_file_again(struct data_file *data, struct diag *reterr_diag);

/* data_file_source() - what doc_rows_open() wants: the text and its limits, borrowed */
struct doc_source data_file_source(const struct data_file *data);

/**
 * data_file_find() - what a text has for a map
 * Return: borrowed from @data; NULL if it has nothing.
 */
const struct data_map *data_file_find(const struct data_file *data, const char *name);

/**
 * data_file_free() - release a text and its maps
 * Return: NULL. NULL is accepted.
 */
struct data_file *data_file_free(struct data_file *data);

static inline void data_file_freep(struct data_file **data)
{
	(void)data_file_free(*data);
}

/**
 * data_tables() - the tables of keys, for the test that holds the JSON Schema against them
 * Return: static, @ret_n of them.
 */
const struct walk_table *data_tables(size_t *ret_n);
