/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes to base64 and back: RFC 4648 section 4, with padding, and one text only for any bytes. */

#include <stddef.h>
#include <stdint.h>

/* Characters for @size bytes, without a NUL. */
#define BASE64_LEN(size) (((size) + 2) / 3 * 4)

/**
 * base64_encode() - write BASE64_LEN(@size) characters and a NUL
 * @ret_text: at least BASE64_LEN(@size) + 1 bytes
 */
void base64_encode(const uint8_t *data, size_t size, char *ret_text);

/**
 * base64_decode() - read all of a text
 * @text:     @length characters; need not end in a NUL
 * @ret_data: @max bytes, undefined after a failure; NULL only checks the text, whatever @max is
 * @ret_size: bytes that the text has; or NULL
 *
 * Refused: another character, white space too; padding that is missing, or bits set in it, which
 * would be a second text for the same bytes.
 * Return: 0; -EINVAL if refused, or more than @max bytes.
 */
int base64_decode(const char *text, size_t length, uint8_t *ret_data, size_t max, size_t *ret_size);
