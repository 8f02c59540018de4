// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See plan.h: what has names, the fields of structs and unions, variables and members of enums. The
 * fields of an anonymous member are its owner's, in a group of their own: so a text need not say
 * what has no name, and a union still gets exactly one.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "mapdata/plan-internal.h"

/* One struct or union whose members are added: the composite itself, or an anonymous member. */
struct part {
	const struct btf_type *t;
	uint32_t base; /* in bits */
	uint32_t group;
	unsigned depth;
};

static int add_members(struct plan_maker *maker, struct plan_type *type, const struct part *part);

static int add_group(struct plan_maker *maker, struct plan_type *type, uint32_t parent,
		     bool is_union)
{
	if (type->n_groups >= PLAN_MAX_GROUPS)
		return plan_refuse(maker, "'%s' has more than %d anonymous members", type->name,
				   PLAN_MAX_GROUPS - 1);
	if (array_grow(&type->groups, type->n_groups, sizeof(*type->groups)) < 0)
		return -ENOMEM;
	type->groups[type->n_groups++] =
		(struct plan_group){.parent = parent, .is_union = is_union};
	return 0;
}

static int add_field(struct plan_maker *maker, struct plan_type *type,
		     const struct plan_field *field)
{
	if (type->n_fields >= PLAN_MAX_FIELDS)
		return plan_refuse(maker, "'%s' has more than %d fields", type->name,
				   PLAN_MAX_FIELDS);
	if (array_grow(&type->fields, type->n_fields, sizeof(*type->fields)) < 0)
		return -ENOMEM;
	if (type->height <= field->type->height)
		type->height = field->type->height + 1;
	type->fields[type->n_fields++] = *field;
	return 0;
}

static int check_bits(struct plan_maker *maker, const struct plan_type *type,
		      const struct plan_field *f)
{
	const struct plan_type *t = f->type;
	uint64_t bits = f->bits ? f->bits : 8 * (uint64_t)t->size;

	if (f->offset + bits > 8 * (uint64_t)type->size)
		return plan_refuse(maker, "the BTF is broken: '%s' lies outside of '%s'", f->name,
				   type->name);
	if (!f->bits && f->offset % 8 != 0)
		return plan_refuse(maker, "the BTF is broken: '%s' of '%s' begins within a byte",
				   f->name, type->name);
	if (f->bits && ((t->kind != PLAN_INTEGER && t->kind != PLAN_BOOL && t->kind != PLAN_ENUM) ||
			f->bits > 8 * t->size || t->is_big_endian))
		return plan_refuse(maker, "the BTF is broken: '%s' of '%s' is no bit field",
				   f->name, type->name);
	return 0;
}

static int add_anonymous(struct plan_maker *maker, struct plan_type *type, const struct part *part,
			 const struct part *inner)
{
	int r;

	if (inner->base % 8 != 0 ||
	    inner->base + 8 * (uint64_t)inner->t->size > 8 * (uint64_t)type->size)
		return plan_refuse(maker, "the BTF is broken: a member lies outside of '%s'",
				   type->name);
	r = add_group(maker, type, part->group, btf_is_union(inner->t));
	if (r)
		return r;
	return add_members(maker, type, inner);
}

static int add_member(struct plan_maker *maker, struct plan_type *type, const struct part *part,
		      uint32_t i)
{
	const struct btf_member *m = &btf_members(part->t)[i];
	uint64_t offset = part->base + (uint64_t)btf_member_bit_offset(part->t, i);
	struct plan_field field = {.bits = btf_member_bitfield_size(part->t, i),
				   .group = part->group};
	struct plan_stripped s;
	int r;

	r = plan_name(maker, m->name_off, &field.name);
	if (!r)
		r = plan_strip(maker, m->type, &s);
	if (r)
		return r;
	if (offset > 8 * (uint64_t)type->size)
		return plan_refuse(maker, "the BTF is broken: '%s' lies outside of '%s'",
				   field.name, type->name);
	field.offset = (uint32_t)offset;
	if (!field.name[0] && btf_is_composite(s.type)) {
		struct part inner = {.t = s.type,
				     .base = field.offset,
				     .group = type->n_groups,
				     .depth = part->depth + 1};

		return add_anonymous(maker, type, part, &inner);
	}

	r = plan_type_get(maker, m->type, &field.type);
	if (!r)
		r = check_bits(maker, type, &field);
	/* Bits without a name are there to fill up. */
	if (r || !field.name[0])
		return r;
	field.optional = field.type->kind == PLAN_ZERO;
	return add_field(maker, type, &field);
}

static int add_members(struct plan_maker *maker, struct plan_type *type, const struct part *part)
{
	if (part->depth >= PLAN_MAX_DEPTH)
		return plan_refuse(maker, "'%s' has anonymous members more than %d deep",
				   type->name, PLAN_MAX_DEPTH);
	for (uint32_t i = 0; i < btf_vlen(part->t); i++) {
		int r = add_member(maker, type, part, i);

		if (r)
			return r;
	}
	return 0;
}

/* What each group needs, and whether it can be at all: from the innermost group outwards. */
static void settle_groups(struct plan_type *type)
{
	uint32_t possible[PLAN_MAX_GROUPS] = {0};

	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct plan_field *f = &type->fields[i];
		struct plan_group *g = &type->groups[f->group];

		g->required += !f->optional;
		possible[f->group] += !f->optional && f->type->kind != PLAN_REFUSED;
		if (f->type->kind == PLAN_REFUSED && !g->refused)
			g->refused = f;
	}
	for (uint32_t i = type->n_groups; i-- > 0;) {
		struct plan_group *g = &type->groups[i], *parent = &type->groups[g->parent];

		if (g->is_union && g->required > 0)
			g->required = 1;
		if (g->is_union && possible[i] > 0)
			g->refused = NULL;
		if (i == 0 || g->required == 0)
			continue;
		parent->required++;
		if (!g->refused)
			possible[g->parent]++;
		else if (!parent->refused)
			parent->refused = g->refused;
	}
}

static int compare_fields(const void *a, const void *b, void *userdata)
{
	const struct plan_type *type = userdata;

	return strcmp(type->fields[*(const uint32_t *)a].name,
		      type->fields[*(const uint32_t *)b].name);
}

static int sort_fields(struct plan_maker *maker, struct plan_type *type)
{
	if (type->n_fields == 0)
		return 0;
	type->by_name = calloc(type->n_fields, sizeof(*type->by_name));
	if (!type->by_name)
		return -ENOMEM;
	for (uint32_t i = 0; i < type->n_fields; i++)
		type->by_name[i] = i;
	qsort_r(type->by_name, type->n_fields, sizeof(*type->by_name), compare_fields, type);
	for (uint32_t i = 1; i < type->n_fields; i++) {
		if (compare_fields(&type->by_name[i - 1], &type->by_name[i], type) == 0)
			return plan_refuse(maker, "'%s' has two fields with the name '%s'",
					   type->name, type->fields[type->by_name[i]].name);
	}
	return 0;
}

int plan_fill_composite(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type)
{
	struct part part = {.t = t};
	const struct plan_field *refused;
	int r;

	r = add_group(maker, type, 0, type->is_union);
	if (!r)
		r = add_members(maker, type, &part);
	if (!r)
		r = sort_fields(maker, type);
	if (r)
		return r;
	settle_groups(type);
	refused = type->groups[0].refused;
	if (refused)
		return plan_be_refused(maker, type, "has the field '%s', which %s", refused->name,
				       refused->type->reason);
	return 0;
}

int plan_fill_section(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type)
{
	int r;

	if (type->size > PLAN_MAX_SIZE)
		return plan_refuse(maker, "the section '%s' has more than %u bytes", type->name,
				   PLAN_MAX_SIZE);
	r = add_group(maker, type, 0, false);
	for (uint32_t i = 0; !r && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(t)[i];
		const struct btf_type *variable = btf__type_by_id(maker->btf, info->type);
		struct plan_field field = {.optional = true};

		if (!variable || !btf_is_var(variable) ||
		    info->offset + (uint64_t)info->size > type->size)
			return plan_refuse(maker, "the BTF is broken: variable %u of '%s'", i,
					   type->name);
		field.offset = 8 * info->offset;
		r = plan_name(maker, variable->name_off, &field.name);
		if (!r)
			r = plan_type_get(maker, variable->type, &field.type);
		if (!r && field.type->size != info->size)
			r = plan_refuse(maker,
					"the BTF is broken: '%s' of '%s' has %u bytes and "
					"its type %u",
					field.name, type->name, info->size, field.type->size);
		if (!r)
			r = add_field(maker, type, &field);
	}
	return r ? r : sort_fields(maker, type);
}

static int compare_enumerators(const void *a, const void *b)
{
	return strcmp(((const struct plan_enumerator *)a)->name,
		      ((const struct plan_enumerator *)b)->name);
}

/* The value of a member as 64 bits, whatever the enum's own width. */
static uint64_t member_value(const struct btf_type *t, uint32_t i, uint32_t *ret_name)
{
	const struct btf_enum *e = &btf_enum(t)[i];
	const struct btf_enum64 *e64 = &btf_enum64(t)[i];

	if (btf_is_enum64(t)) {
		*ret_name = e64->name_off;
		return btf_enum64_value(e64);
	}
	*ret_name = e->name_off;
	return btf_kflag(t) ? (uint64_t)(int64_t)e->val : (uint32_t)e->val;
}

static bool value_fits(const struct plan_type *type, uint64_t value)
{
	unsigned unused = 64 - 8 * type->size;

	if (unused == 0)
		return true;
	if (type->is_signed)
		return (uint64_t)((int64_t)(value << unused) >> unused) == value;
	return value << unused >> unused == value;
}

int plan_fill_enum(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type)
{
	uint32_t n = btf_vlen(t), name = 0;
	int r;

	if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8)
		return plan_refuse(maker, "the BTF is broken: the enum '%s' has %u bytes",
				   type->name, type->size);
	if (n == 0)
		return plan_be_refused(maker, type, "is an enum without members");
	/* Compilers before BTF_KIND_ENUM64 cut them off, and do not say which. */
	if (btf_is_enum(t) && type->size == 8)
		return plan_be_refused(
			maker, type,
			"is an enum of 64 bits, of whose members the compiler kept 32");
	type->kind = PLAN_ENUM;
	type->is_signed = btf_kflag(t);
	type->enumerators = calloc(n, sizeof(*type->enumerators));
	if (!type->enumerators)
		return -ENOMEM;
	type->n_enumerators = n;
	for (uint32_t i = 0; i < n; i++) {
		struct plan_enumerator *e = &type->enumerators[i];

		e->value = member_value(t, i, &name);
		r = plan_name(maker, name, &e->name);
		if (r)
			return r;
		if (!value_fits(type, e->value))
			return plan_refuse(maker, "the BTF is broken: '%s' does not fit into '%s'",
					   e->name, type->name);
	}
	qsort(type->enumerators, n, sizeof(*type->enumerators), compare_enumerators);
	return 0;
}

const struct plan_enumerator *plan_enumerator_find(const struct plan_type *type, const char *name)
{
	struct plan_enumerator key = {.name = name};

	return bsearch(&key, type->enumerators, type->n_enumerators, sizeof(key),
		       compare_enumerators);
}

const struct plan_field *plan_field_find(const struct plan_type *composite, const char *name,
					 uint32_t hint)
{
	uint32_t from = 0, to = composite->n_fields;

	if (hint < to && strcmp(composite->fields[hint].name, name) == 0)
		return &composite->fields[hint];
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const struct plan_field *f = &composite->fields[composite->by_name[middle]];
		int order = strcmp(name, f->name);

		if (order == 0)
			return f;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}
