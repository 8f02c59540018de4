// SPDX-License-Identifier: LGPL-2.1-or-later
/* See nearest.h: the distance is Levenshtein's, by rows. Pure. */

#include "mapdata/nearest.h"

#include <stdio.h>
#include <string.h>

#define NAME_LEN 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[NAME_LEN + 1];

	for (size_t k = 0; k <= b_length; k++)
		row[k] = (unsigned)k;
	for (size_t i = 0; i < a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t k = 0; k < b_length; k++) {
			unsigned above = row[k + 1];

			row[k + 1] = least(above + 1, row[k] + 1, diagonal + (a[i] != b[k]));
			diagonal = above;
		}
	}
	return row[b_length];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t length = strlen(nearest->wanted), other = strlen(name);
	unsigned d;

	if (nearest->n++ >= NEAREST_MAX_NAMES || length > NAME_LEN || other > NAME_LEN)
		return;
	d = distance(nearest->wanted, length, name, other);
	if (d > (length + 2) / 3 || (nearest->best && d >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = d;
}

const char *nearest_hint(const struct nearest *nearest, char *buffer, size_t size)
{
	if (nearest->best)
		(void)snprintf(buffer, size, ", did you mean '%s'?", nearest->best);
	else
		buffer[0] = '\0';
	return buffer;
}
