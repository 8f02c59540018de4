/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A line of the log as JSON that somebody else may have written: read and printed with care. */

#include <jansson.h>
#include <stdio.h>

static inline void json_freep(json_t **json)
{
	json_decref(*json);
}

/* The string there; "-" if there is none. Borrowed from @object, which may be NULL. */
static inline const char *event_string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

/* jansson unescapes what holdfastd never writes: \u001b would reach the terminal. */
static inline void event_put(FILE *file, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, file);
	}
}
