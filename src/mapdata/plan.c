// SPDX-License-Identifier: LGPL-2.1-or-later
/* See plan.h: a type's kind, one function for each. Recursion is bounded by PLAN_MAX_DEPTH. */

#include "mapdata/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "mapdata/plan-internal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "integers and bit fields are laid out so");

/* Stands for a type that is being made: whoever meets it goes in a circle. Only its address. */
static const struct plan_type busy_type;
#define BUSY ((struct plan_type *)&busy_type)

int plan_refuse(struct plan_maker *maker, const char *format, ...)
{
	char text[DIAG_TEXT_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_set(maker->reterr_diag, NULL, 0, 0, "%s", text);
	return PLAN_E_INVALID;
}

int plan_be_refused(struct plan_maker *maker, struct plan_type *type, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	type->owned_reason = strdup(text);
	if (!type->owned_reason)
		return -ENOMEM;
	type->kind = PLAN_REFUSED;
	type->reason = type->owned_reason;
	return 0;
}

int plan_name(struct plan_maker *maker, uint32_t offset, const char **ret_name)
{
	const char *name = btf__name_by_offset(maker->btf, offset);

	if (!name)
		return plan_refuse(maker, "the BTF is broken: a name lies outside of its strings");
	if (strlen(name) > PLAN_NAME_LEN)
		return plan_refuse(maker, "the BTF has a name of more than %d bytes: '%.32s...'",
				   PLAN_NAME_LEN, name);
	*ret_name = name;
	return 0;
}

int plan_new(struct plan_maker *maker, struct plan_type **ret_type)
{
	struct data_plan *plan = maker->plan;
	struct plan_type *type;
	int r;

	r = array_grow(&plan->owned, plan->n_owned, sizeof(*plan->owned));
	if (r < 0)
		return r;
	type = calloc(1, sizeof(*type));
	if (!type)
		return -ENOMEM;
	type->name = "";
	type->height = 1;
	plan->owned[plan->n_owned++] = type;
	*ret_type = type;
	return 0;
}

/* What a typedef or a tag says of the type behind it. */
static int note_name(struct plan_maker *maker, struct plan_stripped *s)
{
	static const char *const kept[] = {"kptr", "kptr_untrusted", "percpu_kptr", "uptr"};
	const char *name;
	int r;

	r = plan_name(maker, s->type->name_off, &name);
	if (r)
		return r;
	if (btf_is_typedef(s->type)) {
		s->name = s->name ?: name;
		s->is_big_endian |= !strcmp(name, "__be16") || !strcmp(name, "__be32") ||
				    !strcmp(name, "__be64");
	}
	for (size_t i = 0; btf_is_type_tag(s->type) && i < ARRAY_SIZE(kept); i++)
		s->is_kept |= strcmp(name, kept[i]) == 0;
	return 0;
}

int plan_strip(struct plan_maker *maker, uint32_t id, struct plan_stripped *ret_stripped)
{
	struct plan_stripped s = {.id = id};
	int r;

	for (unsigned i = 0; i <= PLAN_MAX_DEPTH; i++) {
		s.type = btf__type_by_id(maker->btf, s.id);
		if (!s.type)
			return plan_refuse(maker, "the BTF is broken: it has no type %u", s.id);
		if (!btf_is_mod(s.type) && !btf_is_typedef(s.type)) {
			*ret_stripped = s;
			return 0;
		}
		r = note_name(maker, &s);
		if (r)
			return r;
		s.id = s.type->type;
	}
	return plan_refuse(maker, "the BTF has more than %d typedefs and qualifiers behind type %u",
			   PLAN_MAX_DEPTH, id);
}

static int make_integer(struct plan_maker *maker, const struct plan_stripped *s,
			struct plan_type *type)
{
	uint8_t encoding = btf_int_encoding(s->type);

	if (btf_int_offset(s->type) != 0 || btf_int_bits(s->type) != 8 * type->size)
		return plan_be_refused(maker, type, "is an integer that does not fill its %u bytes",
				       type->size);
	if (type->size == 16)
		return plan_be_refused(maker, type,
				       "is an integer of 128 bits, and 64 are the most");
	if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8)
		return plan_be_refused(maker, type, "is an integer of %u bytes", type->size);

	type->is_char = type->size == 1 && strcmp(type->name, "char") == 0;
	type->name = s->name ?: type->name;
	type->is_signed = encoding & BTF_INT_SIGNED;
	type->is_big_endian = s->is_big_endian;
	type->kind = encoding & BTF_INT_BOOL ? PLAN_BOOL : PLAN_INTEGER;
	if (type->kind == PLAN_BOOL && (type->size != 1 || type->is_big_endian))
		return plan_be_refused(maker, type, "is a bool of %u bytes", type->size);
	return 0;
}

/* Bytes, or a row of 32 bits in network order, that an address fits into exactly. */
static bool holds_address(const struct plan_type *array)
{
	const struct plan_type *e = array->element;

	if (array->size != 4 && array->size != 16)
		return false;
	if (e->kind != PLAN_INTEGER || e->is_char)
		return false;
	return (e->size == 1 && !e->is_signed) || (e->size == 4 && e->is_big_endian);
}

static int make_array(struct plan_maker *maker, const struct plan_stripped *s,
		      struct plan_type *type)
{
	const struct btf_array *array = btf_array(s->type);
	size_t size;
	int r;

	r = plan_type_get(maker, array->type, &type->element);
	if (r)
		return r;
	type->n_elements = array->nelems;
	type->height = type->element->height + 1;
	if (!size_mul(type->element->size, array->nelems, &size) || size > PLAN_MAX_SIZE)
		return plan_refuse(maker, "the BTF has an array of more than %u bytes",
				   PLAN_MAX_SIZE);
	type->size = (uint32_t)size;

	if (type->element->kind == PLAN_REFUSED)
		return plan_be_refused(maker, type, "is an array, of which each element %s",
				       type->element->reason);
	if (type->element->kind == PLAN_ZERO) {
		type->kind = PLAN_ZERO;
		type->reason = type->element->reason;
		return 0;
	}
	if (array->nelems == 0)
		return plan_be_refused(maker, type, "is a flexible array, which has no length");
	type->kind = PLAN_ARRAY;
	type->is_address = holds_address(type);
	return 0;
}

/* What the kernel looks for by name in a map's value: include/linux/bpf.h, enum btf_field_type. */
static bool is_kept_struct(const char *name)
{
	static const char *const names[] = {
		"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",	    "bpf_task_work",
		"bpf_list_head", "bpf_list_node",     "bpf_rb_root", "bpf_rb_node", "bpf_refcount"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static int make_composite(struct plan_maker *maker, const struct plan_stripped *s,
			  struct plan_type *type)
{
	if (type->size > PLAN_MAX_SIZE)
		return plan_refuse(maker, "the BTF has a struct of more than %u bytes: '%s'",
				   PLAN_MAX_SIZE, type->name);
	if (btf_is_struct(s->type) && is_kept_struct(type->name)) {
		type->kind = PLAN_ZERO;
		type->reason = "is kept by the kernel";
		return 0;
	}
	type->kind = PLAN_COMPOSITE;
	type->is_union = btf_is_union(s->type);
	type->is_address = (type->size == 4 && strcmp(type->name, "in_addr") == 0) ||
			   (type->size == 16 && strcmp(type->name, "in6_addr") == 0);
	return plan_fill_composite(maker, s->type, type);
}

static int make_pointer(struct plan_maker *maker, const struct plan_stripped *s,
			struct plan_type *type)
{
	struct plan_stripped target;
	int r;

	type->size = 8;
	/* void, that is: nothing to go through */
	if (s->type->type != 0) {
		r = plan_strip(maker, s->type->type, &target);
		if (r)
			return r;
		if (target.is_kept) {
			type->kind = PLAN_ZERO;
			type->reason = "is a pointer that the kernel keeps";
			return 0;
		}
	}
	return plan_be_refused(maker, type,
			       "is a pointer, which has no meaning outside of the kernel");
}

static int make_type(struct plan_maker *maker, const struct plan_stripped *s,
		     struct plan_type *type)
{
	int r;

	r = plan_name(maker, s->type->name_off, &type->name);
	if (r)
		return r;
	switch (btf_kind(s->type)) {
	case BTF_KIND_INT:
		type->size = s->type->size;
		return make_integer(maker, s, type);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		type->size = s->type->size;
		return plan_fill_enum(maker, s->type, type);
	case BTF_KIND_ARRAY:
		return make_array(maker, s, type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		type->size = s->type->size;
		return make_composite(maker, s, type);
	case BTF_KIND_DATASEC:
		type->size = s->type->size;
		type->kind = PLAN_COMPOSITE;
		return plan_fill_section(maker, s->type, type);
	case BTF_KIND_PTR:
		return make_pointer(maker, s, type);
	case BTF_KIND_FLOAT:
		type->size = s->type->size;
		return plan_be_refused(maker, type, "is a floating point number");
	default:
		return plan_refuse(maker,
				   "the BTF has a type without values where one is needed: "
				   "'%s', type %u, of kind %u",
				   type->name, s->id, btf_kind(s->type));
	}
}

/* An integer's name and order are its typedef's; everything else is the same behind each. */
static uint32_t memo_id(const struct plan_stripped *s, uint32_t id)
{
	return btf_is_int(s->type) ? id : s->id;
}

static int make_once(struct plan_maker *maker, uint32_t id, struct plan_type **ret_type)
{
	struct data_plan *plan = maker->plan;
	struct plan_stripped s;
	struct plan_type *type;
	uint32_t memo;
	int r;

	r = plan_strip(maker, id, &s);
	if (r)
		return r;
	memo = memo_id(&s, id);
	if (plan->types[memo] == BUSY)
		return plan_refuse(maker, "the BTF is broken: type %u contains itself", memo);
	if (!plan->types[memo]) {
		plan->types[memo] = BUSY;
		r = plan_new(maker, &type);
		if (!r)
			r = make_type(maker, &s, type);
		if (r)
			return r;
		plan->types[memo] = type;
	}
	*ret_type = plan->types[memo];
	return 0;
}

int plan_type_get(struct plan_maker *maker, uint32_t id, const struct plan_type **ret_type)
{
	struct plan_type *type = NULL;
	int r;

	if (maker->depth >= PLAN_MAX_DEPTH)
		return plan_refuse(maker, "types nest more than %d deep", PLAN_MAX_DEPTH);
	maker->depth++;
	r = make_once(maker, id, &type);
	maker->depth--;
	if (r)
		return r;
	if (type->height > PLAN_MAX_DEPTH)
		return plan_refuse(maker, "types nest more than %d deep", PLAN_MAX_DEPTH);
	*ret_type = type;
	return 0;
}

static int check_prefix(struct plan_maker *maker, const struct plan_type *root)
{
	const struct plan_field *length = root->fields;

	if (root->kind != PLAN_COMPOSITE || root->is_union || root->n_fields < 2 ||
	    length->offset != 0 || length->bits || length->type->kind != PLAN_INTEGER ||
	    length->type->size != 4 || length->type->is_big_endian || root->size > 4 + 256)
		return plan_refuse(maker,
				   "the key of a trie is a struct: a __u32 with the length "
				   "of the prefix, then 1 to 256 bytes; '%s' is not",
				   root->name);
	return 0;
}

static int make_root(struct plan_maker *maker, const struct plan_request *request)
{
	const struct plan_type *root;
	int r;

	if (btf__endianness(request->btf) != BTF_LITTLE_ENDIAN)
		return plan_refuse(maker, "the object is for machines of the other byte order");
	if (request->type_id == 0)
		return plan_refuse(maker, "the map has no types: declare it with __type(key, ...) "
					  "and __type(value, ...)");
	r = plan_type_get(maker, request->type_id, &root);
	if (r)
		return r;
	if (root->size != request->size)
		return plan_refuse(maker, "the map has %u bytes where the type '%s' has %u",
				   request->size, root->name, root->size);
	if (root->kind == PLAN_REFUSED || root->kind == PLAN_ZERO)
		return plan_refuse(maker, "'%s' cannot be written as text: it %s", root->name,
				   root->reason);
	maker->plan->root = root;
	maker->plan->is_section = btf_is_datasec(btf__type_by_id(request->btf, request->type_id));
	maker->plan->is_prefix = request->is_prefix;
	return request->is_prefix ? check_prefix(maker, root) : 0;
}

int data_plan_make(const struct plan_request *request, struct data_plan **ret_plan,
		   struct diag *reterr_diag)
{
	_cleanup_(data_plan_freep) struct data_plan *plan = calloc(1, sizeof(*plan));
	struct plan_maker maker = {.btf = request->btf, .plan = plan, .reterr_diag = reterr_diag};
	int r;

	if (!plan)
		return -ENOMEM;
	plan->n_types = btf__type_cnt(request->btf);
	plan->types = calloc(plan->n_types, sizeof(*plan->types));
	if (!plan->types)
		return -ENOMEM;
	r = make_root(&maker, request);
	if (r)
		return r;
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

struct data_plan *data_plan_free(struct data_plan *plan)
{
	if (!plan)
		return NULL;

	for (size_t i = 0; i < plan->n_owned; i++) {
		struct plan_type *type = plan->owned[i];

		free(type->owned_reason);
		free(type->enumerators);
		free(type->fields);
		free(type->by_name);
		free(type->groups);
		free(type);
	}
	free(plan->owned);
	free(plan->types);
	free(plan);
	return NULL;
}

uint32_t data_plan_size(const struct data_plan *plan)
{
	return plan->root->size;
}
