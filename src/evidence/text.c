// SPDX-License-Identifier: LGPL-2.1-or-later
/* See text.h. Pure. */

#include "evidence/text.h"

#include <string.h>

bool text_cut(struct text *text, char end, struct text *ret_piece)
{
	const char *found = text->size ? memchr(text->at, end, text->size) : NULL;
	size_t size;

	if (!found)
		return false;
	size = (size_t)(found - text->at);
	*ret_piece = (struct text){text->at, size};
	text->at += size + 1;
	text->size -= size + 1;
	return true;
}

bool text_is(struct text text, const char *string)
{
	return text.size == strlen(string) && memcmp(text.at, string, text.size) == 0;
}

bool text_starts(struct text text, const char *string, struct text *ret_rest)
{
	size_t size = strlen(string);

	if (text.size < size || memcmp(text.at, string, size) != 0)
		return false;
	*ret_rest = (struct text){text.at + size, text.size - size};
	return true;
}

bool text_decimal(struct text text, uint64_t *ret)
{
	uint64_t number = 0;

	if (text.size == 0 || (text.size > 1 && text.at[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text.at[i] - '0'), &number) ||
		    number > INT64_MAX)
			return false;
	}
	*ret = number;
	return true;
}
