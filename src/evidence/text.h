/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the text formats of this room have in common: lines, and numbers in one form only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody's text: @size bytes, without a NUL. Borrowed. */
struct text {
	const char *at;
	size_t size;
};

/**
 * text_cut() - take what is before the first @end from the front
 * @text:      what is left of it afterwards: what follows @end; unchanged if there is none
 * @ret_piece: without @end
 * Return: whether there is an @end.
 */
bool text_cut(struct text *text, char end, struct text *ret_piece);

/* text_is() - whether it is @string, which ends in a NUL */
bool text_is(struct text text, const char *string);

/* text_starts() - whether it begins with @string; what follows it goes to @ret_rest then */
bool text_starts(struct text text, const char *string, struct text *ret_rest);

/**
 * text_decimal() - read a whole text as a decimal number
 * @ret: set on success
 * Return: whether it is one up to INT64_MAX, the most that others read, without sign, space or
 * leading zero.
 */
bool text_decimal(struct text text, uint64_t *ret);
