/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What encode.c has from encode-scalar.c: values that a text writes as one word. */

#include "mapdata/encode.h"

struct plan_type;

#define ENCODE_SHOWN_LEN 72 /* of a value in an error, its end included */

/**
 * encode_shown() - the beginning of a value, cut at the border of a letter
 * Return: @buffer, of ENCODE_SHOWN_LEN bytes, for use as an argument of printf().
 */
const char *encode_shown(const char *text, char *buffer);

/* An integer, a bool or a member of an enum, to be read into a number of bits. */
struct encode_bits {
	const struct plan_type *type;
	unsigned bits; /* 1 to 64 */
	bool is_field; /* of bits, fewer than the type has */
};

/**
 * encode_scalar() - read an integer, a bool or a member of an enum
 * @ret_bits: two's complement, zero above the wanted bits, in the byte order of this machine
 * Return: 0; ENCODE_E_INVALID.
 */
int encode_scalar(const struct encoder *encoder, const struct encode_bits *want,
		  const struct doc_node *node, const struct encode_step *step, uint64_t *ret_bits);

/**
 * encode_text() - write a string, an address, or bytes as "0x" and digits
 * @type:  an array of bytes, or what may be an address
 * @bytes: zero before; plan_type.size of them
 * Return: 0; ENCODE_E_INVALID.
 */
int encode_text(const struct encoder *encoder, const struct plan_type *type,
		const struct doc_node *node, const struct encode_step *step, uint8_t *bytes);
