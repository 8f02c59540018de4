// SPDX-License-Identifier: LGPL-2.1-or-later
/* See utf8.h. Pure. */

#include "base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of the character at p, or 0 if there is none within the rest. */
static size_t char_length(const uint8_t *p, size_t rest)
{
	uint8_t low = 0x80, high = 0xbf; /* what the second byte may be */
	size_t length;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		length = 2;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		length = 3;
		if (p[0] == 0xe0)
			low = 0xa0; /* shorter forms exist */
		if (p[0] == 0xed)
			high = 0x9f; /* surrogates */
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		length = 4;
		if (p[0] == 0xf0)
			low = 0x90; /* shorter forms exist */
		if (p[0] == 0xf4)
			high = 0x8f; /* above U+10FFFF */
	} else {
		return 0;
	}

	if (rest < length || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

int utf8_check(const void *data, size_t size, size_t *ret_offset)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size;) {
		size_t length = char_length(bytes + i, size - i);

		if (!length) {
			*ret_offset = i;
			return -EILSEQ;
		}
		i += length;
	}
	return 0;
}

void text_position(const void *data, size_t size, size_t offset, unsigned *ret_line,
		   unsigned *ret_column)
{
	const uint8_t *bytes = data;
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < size && i < offset; i++) {
		if (bytes[i] == '\n') {
			line++;
			column = 1;
		} else if ((bytes[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}
