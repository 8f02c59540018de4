// SPDX-License-Identifier: LGPL-2.1-or-later
/* See scalar.h. */

#include "mapdata/scalar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Digits of one base up to the end of the text. */
static int read_digits(const char *text, unsigned base, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false;

	if (!*text)
		return SCALAR_E_SYNTAX;
	for (; *text; text++) {
		unsigned digit;

		if (*text >= '0' && *text <= '9')
			digit = (unsigned)(*text - '0');
		else if (base == 16 && isxdigit((unsigned char)*text))
			digit = (unsigned)((*text | 0x20) - 'a') + 10;
		else
			return SCALAR_E_SYNTAX;
		over |= __builtin_mul_overflow(value, base, &value);
		over |= __builtin_add_overflow(value, digit, &value);
	}
	*ret_value = value;
	return over ? SCALAR_E_RANGE : 0;
}

int scalar_number(const char *text, struct scalar_number *ret_number)
{
	struct scalar_number number = {.negative = *text == '-'};
	int r;

	text += number.negative;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		r = read_digits(text + 2, 16, &number.magnitude);
	else if (text[0] == '0' && text[1])
		r = SCALAR_E_SYNTAX;
	else
		r = read_digits(text, 10, &number.magnitude);
	if (r)
		return r;
	*ret_number = number;
	return 0;
}

bool scalar_fit(const struct scalar_number *number, unsigned bits, bool is_signed,
		uint64_t *ret_bits)
{
	uint64_t mask = UINT64_MAX >> (64 - bits), most = mask;

	if (is_signed)
		most = number->negative ? UINT64_C(1) << (bits - 1) : mask >> 1;
	else if (number->negative)
		most = 0;
	if (number->magnitude > most)
		return false;
	*ret_bits = (number->negative ? -number->magnitude : number->magnitude) & mask;
	return true;
}

int scalar_address(const char *text, size_t size, uint8_t *ret_bytes)
{
	return inet_pton(size == 4 ? AF_INET : AF_INET6, text, ret_bytes) == 1 ? 0
									       : SCALAR_E_SYNTAX;
}

bool scalar_beyond(const uint8_t *bytes, size_t size, uint32_t length)
{
	size_t first = length / 8;

	if (first < size && bytes[first] & (0xff >> length % 8))
		return true;
	for (size_t i = first + 1; i < size; i++) {
		if (bytes[i])
			return true;
	}
	return false;
}

int scalar_prefix(const char *text, size_t size, uint8_t *ret_bytes, uint32_t *ret_length)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	struct scalar_number length;
	int r;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return SCALAR_E_SYNTAX;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';

	r = scalar_address(address, size, ret_bytes);
	if (!r)
		r = scalar_number(slash + 1, &length);
	if (r)
		return r;
	if (length.negative || length.magnitude > 8 * size)
		return SCALAR_E_RANGE;
	*ret_length = (uint32_t)length.magnitude;
	return scalar_beyond(ret_bytes, size, *ret_length) ? SCALAR_E_HOST_BITS : 0;
}
