/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The name that somebody probably meant. */

#include <stddef.h>

#define NEAREST_MAX_NAMES 4096 /* that are looked at */

struct nearest {
	const char *wanted; /* borrowed */
	const char *best; /* NULL if nothing is near */
	unsigned distance; /* of the best, in letters */
	unsigned n;
};

/**
 * nearest_offer() - consider a name; it becomes the best if none before it was as near
 * @name: borrowed
 *
 * Near is at most a third of the wanted name's letters away. Names of more than 64 bytes are not
 * looked at.
 */
void nearest_offer(struct nearest *nearest, const char *name);

/**
 * nearest_hint() - ", did you mean 'NAME'?" or ""
 * @buffer: receives at most @size bytes, NUL terminated
 * Return: @buffer, for use as an argument of printf().
 */
const char *nearest_hint(const struct nearest *nearest, char *buffer, size_t size);
