/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An entry of holdfastd's log as JSON that somebody else may have written. */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct follow_entry;

#define EXPORT_TIME_LEN 40

static inline void entry_json_freep(json_t **json)
{
	json_decref(*json);
}

/* entry_parse() - as JSON. Return: an object that the caller frees; NULL if it is none. */
json_t *entry_parse(const struct follow_entry *entry);

/* entry_string() - the string of a member. Return: borrowed; "-" if there is none. */
const char *entry_string(const json_t *object, const char *key);

/* entry_number() - the number of a member. Return: 0 if there is none, or it is negative. */
uint64_t entry_number(const json_t *object, const char *key);

/**
 * entry_time() - when it was
 * @ret_text: as RFC 3339 in UTC with microseconds; or NULL
 * Return: nanoseconds since 1970; 0 if its time is none, and @ret_text is "-" then.
 */
uint64_t entry_time(const json_t *object, char ret_text[EXPORT_TIME_LEN]);
