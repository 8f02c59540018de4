// SPDX-License-Identifier: LGPL-2.1-or-later
/* See encode.h. Recursion and the writes follow the plan, whose depth and offsets are checked. */

#include "mapdata/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "mapdata/encode-scalar.h"
#include "mapdata/nearest.h"
#include "mapdata/plan.h"
#include "mapdata/scalar.h"
#include "policy/doc.h"

#define PATH_LEN 512

static int encode_value(const struct encoder *encoder, const struct plan_type *type,
			const struct doc_node *node, const struct encode_step *step,
			uint8_t *bytes);

/* Returns the length so far; what does not fit is left out. */
static size_t format_path(const struct encode_step *step, char *buffer)
{
	size_t used, room;

	if (!step) {
		buffer[0] = '\0';
		return 0;
	}
	used = format_path(step->parent, buffer);
	room = PATH_LEN - used;
	if (step->name)
		(void)snprintf(buffer + used, room, "%s%.64s", used ? "." : "", step->name);
	else
		(void)snprintf(buffer + used, room, "[%zu]", step->index);
	return used + strlen(buffer + used);
}

int encode_refuse(const struct encoder *encoder, const struct doc_node *node,
		  const struct encode_step *step, const char *format, ...)
{
	char text[DIAG_TEXT_LEN], path[PATH_LEN];
	va_list args;

	if (!encoder->reterr_diag)
		return ENCODE_E_INVALID;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)format_path(step, path);
	diag_set(encoder->reterr_diag, encoder->file, node->line, node->column, "%s%s%s", path,
		 path[0] ? ": " : "", text);
	return ENCODE_E_INVALID;
}

int encode_expected(const struct encoder *encoder, const struct doc_node *node,
		    const struct encode_step *step, const char *what)
{
	char shown[ENCODE_SHOWN_LEN];

	if (node->kind != DOC_SCALAR)
		return encode_refuse(encoder, node, step, "expected %s, got a %s", what,
				     node->kind == DOC_LIST ? "list" : "mapping");
	if (node->plain && !node->text[0])
		return encode_refuse(encoder, node, step, "expected %s, got nothing", what);
	return encode_refuse(encoder, node, step, "expected %s, got \"%s\"", what,
			     encode_shown(node->text, shown));
}

static int encode_array(const struct encoder *encoder, const struct plan_type *type,
			const struct doc_node *node, const struct encode_step *step, uint8_t *bytes)
{
	const struct plan_type *element = type->element;

	if (node->kind == DOC_SCALAR && (element->size == 1 || type->is_address) &&
	    element->kind == PLAN_INTEGER)
		return encode_text(encoder, type, node, step, bytes);
	if (node->kind != DOC_LIST)
		return encode_expected(encoder, node, step, "a list");
	if (node->n_items < type->n_elements)
		return encode_refuse(encoder, node, step,
				     "expected %u elements, got %zu: the last %zu are missing",
				     type->n_elements, node->n_items,
				     type->n_elements - node->n_items);
	if (node->n_items > type->n_elements)
		return encode_refuse(
			encoder, node->items[type->n_elements], step,
			"expected %u elements, got %zu: from here on they are too many",
			type->n_elements, node->n_items);

	for (size_t i = 0; i < node->n_items; i++) {
		struct encode_step item = {.parent = step, .index = i};
		int r = encode_value(encoder, element, node->items[i], &item,
				     bytes + i * element->size);

		if (r)
			return r;
	}
	return 0;
}

/* One bit after the other: a bit field may begin and end in any bit of any byte. */
static void store_field(uint8_t *bytes, uint32_t offset, uint32_t n, uint64_t bits)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t bit = (uint8_t)(1 << (offset + i) % 8);

		if (bits >> i & 1)
			bytes[(offset + i) / 8] |= bit;
		else
			bytes[(offset + i) / 8] &= (uint8_t)~bit;
	}
}

static void store_bytes(uint8_t *bytes, const struct plan_type *type, uint64_t bits)
{
	if (type->is_big_endian)
		bits = __builtin_bswap64(bits) >> (64 - 8 * type->size);
	memcpy(bytes, &bits, type->size);
}

static int refuse_field(const struct encoder *encoder, const struct plan_type *type,
			const struct doc_node *key, const struct encode_step *step)
{
	struct nearest nearest = {.wanted = key->text};
	char shown[ENCODE_SHOWN_LEN], hint[96];

	for (uint32_t i = 0; i < type->n_fields; i++)
		nearest_offer(&nearest, type->fields[i].name);
	return encode_refuse(encoder, key, step, "'%s' has no field '%s'%s", type->name,
			     encode_shown(key->text, shown),
			     nearest_hint(&nearest, hint, sizeof(hint)));
}

/* How many of the members of each group a text has given. */
struct tally {
	const struct plan_type *type;
	uint32_t given[PLAN_MAX_GROUPS];
};

/* A field has been named: of a union there may be one, and a struct in it is begun by its first. */
static int count_field(const struct encoder *encoder, struct tally *tally,
		       const struct plan_field *field, const struct doc_node *key,
		       const struct encode_step *step)
{
	uint32_t g = field->group;

	for (;;) {
		const struct plan_group *group = &tally->type->groups[g];

		tally->given[g]++;
		if (group->is_union && tally->given[g] > 1)
			return encode_refuse(
				encoder, key, step,
				"'%s' is the second member of a union: keep one of them",
				key->text);
		if (g == 0 || tally->given[g] > 1)
			return 0;
		g = group->parent;
	}
}

static int encode_field(const struct encoder *encoder, const struct plan_field *field,
			const struct doc_node *node, const struct encode_step *step, uint8_t *bytes)
{
	struct encode_bits want = {.type = field->type, .bits = field->bits, .is_field = true};
	uint64_t bits;
	int r;

	/* What a variable was must not stay in the padding of what it becomes. */
	if (field->optional)
		memset(bytes + field->offset / 8, 0, field->type->size);
	if (!field->bits)
		return encode_value(encoder, field->type, node, step, bytes + field->offset / 8);
	r = encode_scalar(encoder, &want, node, step, &bits);
	if (!r)
		store_field(bytes, field->offset, field->bits, bits);
	return r;
}

static bool has_key(const struct doc_node *mapping, const char *name)
{
	for (size_t i = 0; i + 1 < mapping->n_items; i += 2) {
		if (strcmp(mapping->items[i]->text, name) == 0)
			return true;
	}
	return false;
}

/* A group that needs more than it was given. */
static int refuse_missing(const struct encoder *encoder, const struct plan_type *type,
			  const struct doc_node *node, const struct encode_step *step, uint32_t g)
{
	char names[256] = "";
	size_t used = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct plan_field *f = &type->fields[i];

		if (f->group != g || f->optional || has_key(node, f->name))
			continue;
		n++;
		if (used + strlen(f->name) + 8 < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s'%s'",
						 used ? ", " : "", f->name);
	}
	if (type->groups[g].is_union)
		return encode_refuse(encoder, node, step, "one member of the union is missing: %s",
				     n ? names : "add one");
	return encode_refuse(encoder, node, step, "%u field%s of '%s' %s missing: %s", n,
			     n == 1 ? "" : "s", type->name, n == 1 ? "is" : "are", names);
}

/* Groups come after their parents, so the outermost that lacks something is found first. */
static int check_missing(const struct encoder *encoder, const struct tally *tally,
			 const struct doc_node *node, const struct encode_step *step)
{
	const struct plan_type *type = tally->type;
	const uint32_t *given = tally->given;
	bool needed[PLAN_MAX_GROUPS];

	for (uint32_t g = 0; g < type->n_groups; g++) {
		const struct plan_group *group = &type->groups[g];
		bool has_own = false;

		needed[g] = g == 0 || given[g] > 0 ||
			    (needed[group->parent] && !type->groups[group->parent].is_union);
		if (!needed[g] || given[g] >= group->required)
			continue;
		for (uint32_t i = 0; i < type->n_fields && !has_own; i++)
			has_own = type->fields[i].group == g && !type->fields[i].optional &&
				  !has_key(node, type->fields[i].name);
		if (has_own || group->is_union)
			return refuse_missing(encoder, type, node, step, g);
	}
	return 0;
}

static int encode_composite(const struct encoder *encoder, const struct plan_type *type,
			    const struct doc_node *node, const struct encode_step *step,
			    uint8_t *bytes)
{
	struct tally tally;

	if (node->kind == DOC_SCALAR && type->is_address)
		return encode_text(encoder, type, node, step, bytes);
	if (node->kind != DOC_MAPPING)
		return encode_expected(encoder, node, step, "a mapping of fields");

	tally.type = type;
	memset(tally.given, 0, type->n_groups * sizeof(*tally.given));
	for (size_t i = 0; i + 1 < node->n_items; i += 2) {
		const struct doc_node *key = node->items[i];
		const struct plan_field *field =
			plan_field_find(type, key->text, (uint32_t)(i / 2));
		struct encode_step inner = {.parent = step, .name = key->text};
		int r;

		if (!field)
			return refuse_field(encoder, type, key, step);
		r = encode_field(encoder, field, node->items[i + 1], &inner, bytes);
		if (!r)
			r = count_field(encoder, &tally, field, key, step);
		if (r)
			return r;
	}
	return check_missing(encoder, &tally, node, step);
}

static int encode_value(const struct encoder *encoder, const struct plan_type *type,
			const struct doc_node *node, const struct encode_step *step, uint8_t *bytes)
{
	struct encode_bits want = {.type = type, .bits = 8 * type->size};
	uint64_t bits;
	int r;

	switch (type->kind) {
	case PLAN_INTEGER:
	case PLAN_BOOL:
	case PLAN_ENUM:
		r = encode_scalar(encoder, &want, node, step, &bits);
		if (!r)
			store_bytes(bytes, type, bits);
		return r;
	case PLAN_ARRAY:
		return encode_array(encoder, type, node, step, bytes);
	case PLAN_COMPOSITE:
		return encode_composite(encoder, type, node, step, bytes);
	case PLAN_ZERO:
		return encode_refuse(encoder, node, step,
				     "this %s, and has to begin as zero: leave it out",
				     type->reason);
	case PLAN_REFUSED:
	case _PLAN_KIND_MAX:
		break;
	}
	return encode_refuse(encoder, node, step, "this cannot be written as text: it %s",
			     type->reason);
}

/* The bytes after the length of a prefix. */
static int encode_prefix(const struct encoder *encoder, const struct data_plan *plan,
			 const struct doc_node *node, const struct encode_step *step,
			 uint8_t *bytes)
{
	uint32_t size = plan->root->size - (uint32_t)sizeof(uint32_t), length;
	char what[96];
	int r;

	if (size != 4 && size != 16)
		return encode_expected(encoder, node, step, "a mapping of fields");
	r = scalar_prefix(node->text, size, bytes + sizeof(length), &length);
	if (r == SCALAR_E_RANGE)
		return encode_refuse(encoder, node, step,
				     "the prefix is longer than the %u bits of the address",
				     8 * size);
	if (r == SCALAR_E_HOST_BITS)
		return encode_refuse(encoder, node, step,
				     "the address has bits beyond its prefix of %u: clear them",
				     length);
	if (r) {
		(void)snprintf(what, sizeof(what), "a prefix as in %s, or a mapping",
			       size == 4 ? "192.0.2.0/24" : "2001:db8::/32");
		return encode_expected(encoder, node, step, what);
	}
	memcpy(bytes, &length, sizeof(length));
	return 0;
}

/* The kernel looks at none of the bits beyond: keys that differ in nothing else are one to it. */
static int check_prefix(const struct encoder *encoder, const struct data_plan *plan,
			const struct doc_node *node, const struct encode_step *step,
			const uint8_t *bytes)
{
	uint32_t size = plan->root->size - (uint32_t)sizeof(uint32_t), length;

	memcpy(&length, bytes, sizeof(length));
	if (length > 8 * size)
		return encode_refuse(encoder, node, step,
				     "a prefix of %u bits is longer than the %u that the key has",
				     length, 8 * size);
	if (scalar_beyond(bytes + sizeof(length), size, length))
		return encode_refuse(encoder, node, step,
				     "the key has bits beyond its prefix of %u: clear them",
				     length);
	return 0;
}

int data_encode(const struct encoder *encoder, const struct data_plan *plan,
		const struct doc_node *node, const struct encode_step *step, uint8_t *bytes)
{
	int r;

	if (!plan->is_section)
		memset(bytes, 0, plan->root->size);
	if (plan->is_prefix && node->kind == DOC_SCALAR)
		return encode_prefix(encoder, plan, node, step, bytes);
	r = encode_value(encoder, plan->root, node, step, bytes);
	if (!r && plan->is_prefix)
		r = check_prefix(encoder, plan, node, step, bytes);
	return r;
}
