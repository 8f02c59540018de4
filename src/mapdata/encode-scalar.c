// SPDX-License-Identifier: LGPL-2.1-or-later
/* See encode-scalar.h. */

#include "mapdata/encode-scalar.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mapdata/nearest.h"
#include "mapdata/plan.h"
#include "mapdata/scalar.h"
#include "policy/doc.h"

const char *encode_shown(const char *text, char *buffer)
{
	size_t length = strnlen(text, ENCODE_SHOWN_LEN - 8);
	bool cut = text[length];

	while (cut && length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	(void)snprintf(buffer, ENCODE_SHOWN_LEN, "%.*s%s", (int)length, text, cut ? "..." : "");
	return buffer;
}

static const char *type_name(const struct plan_type *type)
{
	if (type->name[0])
		return type->name;
	return type->kind == PLAN_ENUM ? "an enum" : "an integer";
}

static int refuse_range(const struct encoder *encoder, const struct encode_bits *want,
			const struct doc_node *node, const struct encode_step *step)
{
	const struct plan_type *type = want->type;
	uint64_t most = UINT64_MAX >> (64 - want->bits);
	char shown[ENCODE_SHOWN_LEN], into[96 + PLAN_NAME_LEN];

	if (want->is_field)
		(void)snprintf(into, sizeof(into), "%u bits of %s", want->bits, type_name(type));
	else
		(void)snprintf(into, sizeof(into), "%s", type_name(type));
	if (type->is_signed)
		return encode_refuse(
			encoder, node, step, "%s does not fit into %s (-%" PRIu64 "..%" PRIu64 ")",
			encode_shown(node->text, shown), into, (most >> 1) + 1, most >> 1);
	return encode_refuse(encoder, node, step, "%s does not fit into %s (0..%" PRIu64 ")",
			     encode_shown(node->text, shown), into, most);
}

static int encode_integer(const struct encoder *encoder, const struct encode_bits *want,
			  const struct doc_node *node, const struct encode_step *step,
			  uint64_t *ret_bits)
{
	const struct plan_type *type = want->type;
	bool dotted = type->is_big_endian && type->size == 4;
	struct scalar_number number;
	uint8_t address[4];
	char what[PLAN_NAME_LEN + 64];
	int r;

	if (node->kind == DOC_SCALAR && dotted && scalar_address(node->text, 4, address) == 0) {
		*ret_bits = (uint64_t)address[0] << 24 | (uint64_t)address[1] << 16 |
			    (uint64_t)address[2] << 8 | address[3];
		return 0;
	}
	r = node->kind == DOC_SCALAR ? scalar_number(node->text, &number) : SCALAR_E_SYNTAX;
	if (r == SCALAR_E_SYNTAX) {
		(void)snprintf(what, sizeof(what), "a number for %s, as in 10 or 0xa%s",
			       type_name(type), dotted ? ", or an address as in 192.0.2.1" : "");
		return encode_expected(encoder, node, step, what);
	}
	if (r || !scalar_fit(&number, want->bits, type->is_signed, ret_bits))
		return refuse_range(encoder, want, node, step);
	return 0;
}

static int encode_bool(const struct encoder *encoder, const struct doc_node *node,
		       const struct encode_step *step, uint64_t *ret_bits)
{
	if (node->kind == DOC_SCALAR && node->plain) {
		*ret_bits = strcmp(node->text, "true") == 0;
		if (*ret_bits || strcmp(node->text, "false") == 0)
			return 0;
	}
	return encode_expected(encoder, node, step, "true or false");
}

static int refuse_member(const struct encoder *encoder, const struct plan_type *type,
			 const struct doc_node *node, const struct encode_step *step)
{
	struct nearest nearest = {.wanted = node->text};
	char shown[ENCODE_SHOWN_LEN], hint[96];

	for (uint32_t i = 0; i < type->n_enumerators; i++)
		nearest_offer(&nearest, type->enumerators[i].name);
	return encode_refuse(encoder, node, step, "%s is no member of enum %s%s",
			     encode_shown(node->text, shown), type->name,
			     nearest_hint(&nearest, hint, sizeof(hint)));
}

/* The member that a name or a number means. */
static const struct plan_enumerator *find_member(const struct plan_type *type, const char *text)
{
	const struct plan_enumerator *member = plan_enumerator_find(type, text);
	unsigned bits = 8 * type->size;
	struct scalar_number number;
	uint64_t value;

	if (member)
		return member;
	/* Older compilers do not say that an enum is signed. */
	if (scalar_number(text, &number) || !scalar_fit(&number, bits, number.negative, &value))
		return NULL;
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		if ((type->enumerators[i].value & UINT64_MAX >> (64 - bits)) == value)
			return &type->enumerators[i];
	}
	return NULL;
}

static int encode_member(const struct encoder *encoder, const struct encode_bits *want,
			 const struct doc_node *node, const struct encode_step *step,
			 uint64_t *ret_bits)
{
	const struct plan_type *type = want->type;
	const struct plan_enumerator *member;
	struct scalar_number number;

	if (node->kind != DOC_SCALAR)
		return encode_expected(encoder, node, step, "a member of an enum");
	member = find_member(type, node->text);
	if (!member)
		return refuse_member(encoder, type, node, step);

	number.negative = type->is_signed && (int64_t)member->value < 0;
	number.magnitude = number.negative ? -member->value : member->value;
	if (!scalar_fit(&number, want->bits, type->is_signed, ret_bits))
		return refuse_range(encoder, want, node, step);
	return 0;
}

int encode_scalar(const struct encoder *encoder, const struct encode_bits *want,
		  const struct doc_node *node, const struct encode_step *step, uint64_t *ret_bits)
{
	if (want->type->kind == PLAN_BOOL)
		return encode_bool(encoder, node, step, ret_bits);
	if (want->type->kind == PLAN_ENUM)
		return encode_member(encoder, want, node, step, ret_bits);
	return encode_integer(encoder, want, node, step, ret_bits);
}

/* "0x" and two digits for each byte; a string of that length never fits, so nothing is ambiguous. */
static bool read_hex(const char *text, uint32_t size, uint8_t *bytes)
{
	if (strlen(text) != 2 + 2 * (size_t)size || strncmp(text, "0x", 2) != 0)
		return false;
	for (uint32_t i = 0; i < 2 * size; i++) {
		char c = text[2 + i];

		if (!isxdigit((unsigned char)c))
			return false;
		bytes[i / 2] =
			(uint8_t)(bytes[i / 2] << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10));
	}
	return true;
}

static int encode_string(const struct encoder *encoder, const struct plan_type *type,
			 const struct doc_node *node, const struct encode_step *step,
			 uint8_t *bytes)
{
	size_t length = strlen(node->text);

	if (!doc_is_string(node))
		return encode_expected(encoder, node, step, "a string: put it in quotes");
	if (length >= type->size)
		return encode_refuse(encoder, node, step,
				     "the string has %zu bytes, and char[%u] has room for %u and a "
				     "NUL: all of them can only be written as 0x and %u digits",
				     length, type->size, type->size - 1, 2 * type->size);
	memcpy(bytes, node->text, length);
	return 0;
}

int encode_text(const struct encoder *encoder, const struct plan_type *type,
		const struct doc_node *node, const struct encode_step *step, uint8_t *bytes)
{
	bool is_row = type->kind == PLAN_ARRAY && type->element->size == 1;
	char what[128];

	if (is_row && read_hex(node->text, type->size, bytes))
		return 0;
	memset(bytes, 0, type->size);
	if (is_row && type->element->is_char)
		return encode_string(encoder, type, node, step, bytes);
	if (type->is_address && scalar_address(node->text, type->size, bytes) == 0)
		return 0;

	if (type->is_address)
		(void)snprintf(what, sizeof(what), "an IPv%c address or a %s",
			       type->size == 4 ? '4' : '6',
			       type->kind == PLAN_ARRAY ? "list" : "mapping");
	else
		(void)snprintf(what, sizeof(what), "a list of %u numbers, or 0x and %u digits",
			       type->size, 2 * type->size);
	return encode_expected(encoder, node, step, what);
}
