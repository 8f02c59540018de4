/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The help of the command line, printed from the same rows that run it. */

#include <stddef.h>

struct cli_verb;

/**
 * help_all() - every object, one line a verb, on stdout
 */
void help_all(const struct cli_verb *const *tables);

/**
 * help_object() - every verb of an object with its options, on stdout
 */
void help_object(const struct cli_verb *table);

/**
 * help_verb() - one verb with its options, on stdout
 */
void help_verb(const struct cli_verb *verb);

/**
 * help_verb_names() - "check, lock, compile": the verbs that start with a prefix
 * @buffer: receives at most @size bytes, NUL terminated
 */
void help_verb_names(const struct cli_verb *table, const char *prefix, char *buffer, size_t size);

/**
 * help_object_names() - the objects that start with a prefix, help and version among them
 * @buffer: receives at most @size bytes, NUL terminated
 */
void help_object_names(const struct cli_verb *const *tables, const char *prefix, char *buffer,
		       size_t size);
