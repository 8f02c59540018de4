/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A line of the log as JSON that somebody else may have written: read and printed with care. */

#include <jansson.h>
#include <stdio.h>

static inline void json_freep(json_t **json)
{
	json_decref(*json);
}

/*
 * An entry of the log, or a line that `holdfast events --json` has made of one. Return: what
 * the guard has written, that the caller frees; NULL if it is no JSON.
 */
static inline json_t *event_load(const char *line, size_t size)
{
	json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL), *event;

	if (!json_object_get(json, "leaf") || !json_is_object(json_object_get(json, "event")))
		return json;
	event = json_incref(json_object_get(json, "event"));
	json_decref(json);
	return event;
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
