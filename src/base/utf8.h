/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* UTF-8, checked as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF. */

#include <stddef.h>

/**
 * utf8_check() - find the first byte that is not UTF-8
 * @ret_offset: where it is; set only if there is one
 * Return: 0 if all of it is UTF-8; -EILSEQ.
 */
int utf8_check(const void *data, size_t size, size_t *ret_offset);

/**
 * text_position() - line and column of a byte offset, as an editor counts them
 * @offset:     may be @size, the end
 * @ret_line:   from 1
 * @ret_column: from 1, in characters
 */
void text_position(const void *data, size_t size, size_t offset, unsigned *ret_line,
		   unsigned *ret_column);
