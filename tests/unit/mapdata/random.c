// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random values of every type: written as text by a printer that walks the BTF by itself, encoded,
 * and compared with the bytes that the printer had before it.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "data-fixture.h"
#include "mapdata/plan.h"
#include "test.h"

#define ROUNDS 200

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A value on its way: text for the encoder, and the bytes that have to come of it. */
struct value {
	FILE *text;
	uint8_t *bytes;
	uint32_t offset,
		bits; /* of the part that is made, in bits; bits are 0 but for a bit field */
};

static void make(const struct btf *btf, uint32_t id, struct value value);

static void put_bits(const struct value *value, uint32_t n, uint64_t number)
{
	for (uint32_t i = 0; i < n; i++)
		value->bytes[(value->offset + i) / 8] |=
			(uint8_t)((number >> i & 1) << (value->offset + i) % 8);
}

/* Typedefs of network order, on the way to the type itself. */
static const struct btf_type *strip(const struct btf *btf, uint32_t id, bool *ret_swapped)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	*ret_swapped = false;
	for (; btf_is_mod(t) || btf_is_typedef(t); t = btf__type_by_id(btf, t->type)) {
		if (strncmp(btf__name_by_offset(btf, t->name_off), "__be", 4) == 0)
			*ret_swapped = true;
	}
	return t;
}

static void make_integer(const struct btf_type *t, const struct value *value, bool swapped)
{
	uint32_t bits = value->bits ? value->bits : 8 * t->size;
	uint64_t mask = UINT64_MAX >> (64 - bits), number = next() & mask;
	static const uint64_t edges[] = {0, 1, UINT64_MAX};

	if (next() % 4 == 0)
		number = edges[next() % 3] & mask;
	if (next() % 8 == 0)
		number = UINT64_C(1) << (bits - 1);
	if (btf_int_encoding(t) & BTF_INT_BOOL) {
		number &= 1;
		fputs(number ? "true" : "false", value->text);
	} else if (btf_int_encoding(t) & BTF_INT_SIGNED) {
		fprintf(value->text, "%" PRId64, (int64_t)(number << (64 - bits)) >> (64 - bits));
	} else if (next() % 2) {
		fprintf(value->text, "0x%" PRIx64, number);
	} else {
		fprintf(value->text, "'%" PRIu64 "'", number);
	}
	if (swapped)
		for (uint32_t i = 0; i < t->size; i++)
			value->bytes[value->offset / 8 + i] =
				(uint8_t)(number >> 8 * (t->size - 1 - i));
	else
		put_bits(value, bits, number);
}

static void make_enum(const struct btf *btf, const struct btf_type *t, const struct value *value)
{
	const struct btf_enum *e = btf_enum(t);
	uint32_t i = (uint32_t)next() % btf_vlen(t);

	/* a bit field has no room for the last one, which is negative */
	if (value->bits)
		i = 0;
	fputs(btf__name_by_offset(btf, e[i].name_off), value->text);
	put_bits(value, value->bits ? value->bits : 8 * t->size, (uint32_t)e[i].val);
}

static void make_array(const struct btf *btf, const struct btf_type *t, const struct value *value)
{
	const struct btf_array *array = btf_array(t);
	uint32_t size = (uint32_t)btf__resolve_size(btf, array->type);

	fputc('[', value->text);
	for (uint32_t i = 0; i < array->nelems; i++) {
		struct value element = *value;

		element.offset += 8 * i * size;
		fputs(i ? ", " : "", value->text);
		make(btf, array->type, element);
	}
	fputc(']', value->text);
}

/* Members in a random order, or one of a union; those of what has no name among the others. */
static void make_members(const struct btf *btf, const struct btf_type *t, struct value value)
{
	uint32_t n = btf_vlen(t), first = (uint32_t)next() % n, base = value.offset;

	for (uint32_t i = 0; i < (btf_is_union(t) ? 1 : n); i++) {
		uint32_t k = (first + i) % n;
		const char *name = btf__name_by_offset(btf, btf_members(t)[k].name_off);

		value.offset = base + btf_member_bit_offset(t, k);
		value.bits = btf_member_bitfield_size(t, k);
		if (!name[0]) {
			bool swapped;

			make_members(btf, strip(btf, btf_members(t)[k].type, &swapped), value);
			continue;
		}
		fprintf(value.text, "%s: ", name);
		make(btf, btf_members(t)[k].type, value);
		fputs(", ", value.text);
	}
}

static void make(const struct btf *btf, uint32_t id, struct value value)
{
	bool swapped;
	const struct btf_type *t = strip(btf, id, &swapped);

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		make_integer(t, &value, swapped);
		return;
	case BTF_KIND_ENUM:
		make_enum(btf, t, &value);
		return;
	case BTF_KIND_ARRAY:
		make_array(btf, t, &value);
		return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		fputc('{', value.text);
		make_members(btf, t, value);
		fputc('}', value.text);
		return;
	default:
		fail_msg("kind %u", btf_kind(t));
	}
}

static void try_type(const char *name)
{
	const struct btf *btf = fixture_btf();
	uint32_t id = (uint32_t)btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	size_t size = (size_t)btf__resolve_size(btf, id);

	for (unsigned i = 0; i < ROUNDS; i++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_free_ uint8_t *bytes = calloc(1, size);
		size_t length;
		struct value value = {.text = open_memstream(&text, &length), .bytes = bytes};

		make(btf, id, value);
		assert_int_equal(fclose(value.text), 0);
		encoded(name, text, bytes, size);
	}
}

static void what_is_written_is_what_is_encoded(void **state)
{
	static const char *const names[] = {"scalars", "texts", "network", "sockets",
					    "colors",  "flags", "nested",  "account"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		try_type(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_is_encoded),
	};

	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
