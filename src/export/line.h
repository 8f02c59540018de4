/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An entry with its place in the log, as a line of JSON. Pure. */

#include <stddef.h>

struct follow_entry;

/**
 * line_format() - {"event":ENTRY,"index":N,"leaf":"BASE64","origin":"..."}, with a line feed
 * @ret_line: NUL terminated; the caller frees
 * @ret_size: bytes without the NUL
 *
 * The entry is byte by byte what was hashed to the leaf. What is no JSON object of one line stands
 * in "raw", as base64, and "event" is null.
 * Return: 0; -ENOMEM.
 */
int line_format(const struct follow_entry *entry, char **ret_line, size_t *ret_size);
