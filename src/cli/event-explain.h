/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line of the log in sentences: what was tried, what decided, what would allow it. Pure. */

#include <stddef.h>
#include <stdio.h>

struct policy;

#define EXPLAIN_ROW_LEN 8

struct explain {
	const char *(*title)(const char *row); /* of a row of the catalogue; NULL if unknown */
	const struct policy *policy; /* to say where in it; NULL if none is at hand */
};

/**
 * event_explain() - print it
 * @line: any bytes, of a log that may be hostile: control characters never reach @file
 * Return: 0; -EINVAL if it is no event.
 */
int event_explain(FILE *file, const struct explain *explain, const char *line, size_t size);
