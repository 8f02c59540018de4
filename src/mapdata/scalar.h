/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers and addresses as a person writes them. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scalar_error {
	_SCALAR_E_SUCCESS,
	SCALAR_E_SYNTAX, /* not written as one */
	SCALAR_E_RANGE, /* more than 64 bits, or than the address has */
	SCALAR_E_HOST_BITS, /* of a prefix: bits beyond its length are set */
};

struct scalar_number {
	bool negative;
	uint64_t magnitude;
};

/**
 * scalar_number() - read "17", "-17", "0x11"; no other base, sign or blank
 *
 * A leading zero is refused: readers of YAML differ in whether 010 is eight.
 * Return: 0; SCALAR_E_SYNTAX; SCALAR_E_RANGE if it has more than 64 bits.
 */
int scalar_number(const char *text, struct scalar_number *ret_number);

/**
 * scalar_fit() - the bits of a number, if a width has room for it
 * @bits:     1 to 64
 * @ret_bits: the number in two's complement, zero above @bits
 * Return: whether it fits.
 */
bool scalar_fit(const struct scalar_number *number, unsigned bits, bool is_signed,
		uint64_t *ret_bits);

/**
 * scalar_address() - read an IPv4 or IPv6 address
 * @size:      4 or 16, for the one or the other
 * @ret_bytes: @size bytes in network order
 * Return: 0; SCALAR_E_SYNTAX.
 */
int scalar_address(const char *text, size_t size, uint8_t *ret_bytes);

/**
 * scalar_prefix() - read "192.0.2.0/24" or "2001:db8::/32"
 * @size:       as for scalar_address()
 * @ret_length: bits of the prefix
 * Return: 0; SCALAR_E_SYNTAX; SCALAR_E_RANGE; SCALAR_E_HOST_BITS.
 */
int scalar_prefix(const char *text, size_t size, uint8_t *ret_bytes, uint32_t *ret_length);

/**
 * scalar_beyond() - whether a bit after the first @length of @size bytes is set
 */
bool scalar_beyond(const uint8_t *bytes, size_t size, uint32_t length);
