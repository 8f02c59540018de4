/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes to lower-case hexadecimal and back. */

#include <stddef.h>
#include <stdint.h>

/**
 * hex_encode() - write 2 * @size digits and a NUL
 * @ret_text: at least 2 * @size + 1 bytes
 */
void hex_encode(const uint8_t *data, size_t size, char *ret_text);

/**
 * hex_decode() - read exactly 2 * @size digits, 0-9 and a-f only
 * @text:     at least 2 * @size bytes, or NUL terminated earlier; what follows is not looked at
 * @ret_data: @size bytes; undefined after a failure
 * Return: 0; -EINVAL if one of the bytes is not such a digit.
 */
int hex_decode(const char *text, uint8_t *ret_data, size_t size);
