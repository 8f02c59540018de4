/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One error for a person: where it is and what to do. Libraries fill it instead of logging; it
 * holds no allocation, so that reporting an error cannot fail.
 */

#include <stddef.h>

#define DIAG_TEXT_LEN 1024

struct diag {
	const char *file; /* borrowed: the name the caller gave; NULL if there is none */
	unsigned line; /* from 1; 0 if the error is about the file as a whole */
	unsigned column; /* from 1, in characters; 0 if unknown */
	char text[DIAG_TEXT_LEN];
};

/**
 * diag_set() - fill a diagnostic
 * @diag:   filled; NULL is allowed, then nothing happens
 * @file:   borrowed, must outlive @diag; or NULL
 * @line:   from 1, or 0
 * @column: from 1, or 0
 * @format: what is wrong and what to do, without a newline; truncated to DIAG_TEXT_LEN - 1 bytes
 *
 * Control characters in the result become '?': it may quote hostile input and end on a terminal.
 */
void diag_set(struct diag *diag, const char *file, unsigned line, unsigned column,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));

/**
 * diag_format() - "file:line:column: text", leaving out what is not known
 * @buffer: receives at most @size bytes, NUL terminated
 * Return: @buffer, for use as an argument of printf().
 */
const char *diag_format(const struct diag *diag, char *buffer, size_t size);
