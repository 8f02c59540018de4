// SPDX-License-Identifier: LGPL-2.1-or-later
/* See hex.h. */

#include "base/hex.h"

#include <errno.h>

void hex_encode(const uint8_t *data, size_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret_text[2 * i] = digits[data[i] >> 4];
		ret_text[2 * i + 1] = digits[data[i] & 15];
	}
	ret_text[2 * size] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -EINVAL;
}

int hex_decode(const char *text, uint8_t *ret_data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high, low;

		high = digit_value(text[2 * i]);
		if (high < 0)
			return high;
		low = digit_value(text[2 * i + 1]);
		if (low < 0)
			return low;
		ret_data[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
