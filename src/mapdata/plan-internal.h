/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that make a plan share. Each returns 0, PLAN_E_INVALID or -ENOMEM. */

#include <bpf/btf.h>

#include "mapdata/plan.h"

struct plan_maker {
	const struct btf *btf;
	struct data_plan *plan;
	struct diag *reterr_diag;
	unsigned depth;
};

/* plan_refuse() - fill the diag; PLAN_E_INVALID, for use in a return statement */
int plan_refuse(struct plan_maker *maker, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* plan_name() - a name of the BTF, checked; "" if there is none */
int plan_name(struct plan_maker *maker, uint32_t offset, const char **ret_name);

/* plan_new() - an empty type, owned by the plan */
int plan_new(struct plan_maker *maker, struct plan_type **ret_type);

/* plan_type_get() - the type of a BTF id, made if need be */
int plan_type_get(struct plan_maker *maker, uint32_t id, const struct plan_type **ret_type);

/* What is behind typedefs and qualifiers, and what they said of it. */
struct plan_stripped {
	const struct btf_type *type;
	uint32_t id;
	const char *name; /* the outermost typedef's, or NULL */
	bool is_big_endian; /* one of them is __be16, __be32 or __be64 */
	bool is_kept; /* one of them is a tag of a pointer that the kernel keeps */
};

/* plan_strip() - go through typedefs, qualifiers and tags */
int plan_strip(struct plan_maker *maker, uint32_t id, struct plan_stripped *ret_stripped);

/* plan_fill_composite() - the fields of a struct or union */
int plan_fill_composite(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type);

/* plan_fill_section() - the variables of a section */
int plan_fill_section(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type);

/* plan_fill_enum() - the members of an enum, of 32 or 64 bits */
int plan_fill_enum(struct plan_maker *maker, const struct btf_type *t, struct plan_type *type);

/* plan_be_refused() - say of a type that it cannot be written, and why */
int plan_be_refused(struct plan_maker *maker, struct plan_type *type, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
