// SPDX-License-Identifier: LGPL-2.1-or-later
/* See base64.h. Pure. libcrypto's decoder skips white space and takes any padding for bytes. */

#include "base/base64.h"

#include <errno.h>
#include <stdbool.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *data, size_t size, char *ret_text)
{
	for (size_t i = 0; i < size; i += 3) {
		size_t n = size - i < 3 ? size - i : 3;
		uint32_t group = (uint32_t)data[i] << 16;

		if (n > 1)
			group |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			group |= data[i + 2];
		*ret_text++ = digits[group >> 18];
		*ret_text++ = digits[group >> 12 & 63];
		*ret_text++ = n > 1 ? digits[group >> 6 & 63] : '=';
		*ret_text++ = n > 2 ? digits[group & 63] : '=';
	}
	*ret_text = '\0';
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Three bytes of four characters, fewer where @last ends in padding; 0 if it is no such group. */
static size_t decode_group(const char *text, bool last, uint8_t ret[3])
{
	size_t n = 3;
	uint32_t group = 0;

	if (last && text[3] == '=')
		n = text[2] == '=' ? 1 : 2;
	for (size_t i = 0; i < 4; i++) {
		int value = i <= n ? digit_value(text[i]) : 0;

		if (value < 0)
			return 0;
		group = group << 6 | (uint32_t)value;
	}
	if (group & ((UINT32_C(1) << (8 * (3 - n))) - 1))
		return 0;
	ret[0] = (uint8_t)(group >> 16);
	ret[1] = (uint8_t)(group >> 8);
	ret[2] = (uint8_t)group;
	return n;
}

int base64_decode(const char *text, size_t length, uint8_t *ret_data, size_t max, size_t *ret_size)
{
	size_t size = 0;

	if (length % 4)
		return -EINVAL;
	for (size_t i = 0; i < length; i += 4) {
		uint8_t bytes[3];
		size_t n = decode_group(text + i, i + 4 == length, bytes);

		if (!n || (ret_data && n > max - size))
			return -EINVAL;
		for (size_t k = 0; ret_data && k < n; k++)
			ret_data[size + k] = bytes[k];
		size += n;
	}
	if (ret_size)
		*ret_size = size;
	return 0;
}
