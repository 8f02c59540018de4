/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes one JSON value into a buffer of a fixed size, for a daemon that must never allocate to
 * report. Strings may hold any bytes; the result is valid JSON all the same. It reads nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jsonw {
	char *buffer;
	size_t size;
	size_t used;
	bool overflow; /* something did not fit: the text is not to be used */
};

/* jsonw_init() - write into @buffer, which is borrowed; always NUL terminated if @size > 0 */
void jsonw_init(struct jsonw *w, char *buffer, size_t size);

/* jsonw_open(), jsonw_close() - an object; @key is NULL for the outermost */
void jsonw_open(struct jsonw *w, const char *key);
void jsonw_close(struct jsonw *w);

/* jsonw_u64(), jsonw_bool(), jsonw_null() - a member; @key is of our own, plain ASCII */
void jsonw_u64(struct jsonw *w, const char *key, uint64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);

/**
 * jsonw_string() - a string of any bytes
 * @key:  of our own, plain ASCII
 * @text: at most @max bytes, ends at the first NUL if there is one; NULL writes null
 *
 * A byte that is no part of printable UTF-8 becomes the four characters \xNN, and a backslash
 * becomes two, so that a reader can tell them apart and a terminal obeys neither.
 */
void jsonw_string(struct jsonw *w, const char *key, const char *text, size_t max);

/**
 * jsonw_finish() - whether the text is complete
 * Return: 0; -ENOBUFS if it did not fit.
 */
int jsonw_finish(const struct jsonw *w);
