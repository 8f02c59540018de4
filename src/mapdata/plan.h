/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How the text of a map's key or value becomes bytes: its BTF type, looked through once, as a tree
 * of types with offsets. The BTF comes from an object that somebody wrote and is not trusted:
 * whatever is outside of it or leads back to itself is refused here, so that who encodes need not
 * look again. Knows nothing of text.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct diag;

#define PLAN_MAX_DEPTH 32 /* types within each other, typedefs of one type */
#define PLAN_MAX_FIELDS 4096 /* of one struct, those of its anonymous members included */
#define PLAN_MAX_GROUPS 64 /* anonymous structs and unions of one struct, and itself */
#define PLAN_MAX_SIZE (UINT32_C(1) << 28) /* bytes of one type */
#define PLAN_NAME_LEN 255 /* of a field or a type */

enum plan_error {
	_PLAN_E_SUCCESS,
	PLAN_E_INVALID, /* the diag says what */
};

enum plan_kind {
	PLAN_INTEGER,
	PLAN_BOOL,
	PLAN_ENUM,
	PLAN_ARRAY,
	PLAN_COMPOSITE, /* a struct, a union, or a section of variables */
	PLAN_ZERO, /* the kernel keeps it, and wants zeroes there */
	PLAN_REFUSED, /* cannot be written as text */
	_PLAN_KIND_MAX,
};

struct plan_enumerator {
	const char *name;
	uint64_t value; /* sign extended where the enum is signed */
};

struct plan_field {
	const char *name;
	const struct plan_type *type;
	uint32_t offset; /* in bits, from the start of the composite */
	uint32_t bits; /* of a bit field; 0 for what fills whole bytes */
	uint32_t group;
	bool optional; /* zero, or what it was, when the text has nothing */
};

/* The members of one struct or union within a composite: the first is the composite's own. */
struct plan_group {
	uint32_t parent; /* less than its own number; of the first, 0 */
	bool is_union;
	uint32_t required; /* fields and groups to be given; one of a union */
	const struct plan_field *refused; /* a field without which the group cannot be */
};

struct plan_type {
	enum plan_kind kind;
	uint32_t size; /* bytes */
	unsigned height; /* of the types within it, its own included */
	const char *name; /* "__u16", "struct flow" without its "struct"; "" if it has none */
	bool is_union;
	bool is_signed, is_big_endian; /* integers and enums */
	bool is_char; /* an integer that is a letter of a string */
	bool is_address; /* an array or struct that may be an IPv4 or IPv6 address */
	const char *reason; /* of what is refused or kept by the kernel: "is a pointer, ..." */
	char *owned_reason;

	const struct plan_type *element;
	uint32_t n_elements;

	struct plan_enumerator *enumerators; /* sorted by name */
	uint32_t n_enumerators;

	struct plan_field *fields; /* in the order of the BTF */
	uint32_t *by_name; /* numbers of fields, sorted by name */
	uint32_t n_fields;
	struct plan_group *groups;
	uint32_t n_groups;
};

struct data_plan {
	const struct plan_type *root;
	bool is_prefix; /* the key of a trie: a prefix length, then what it is the length of */
	bool is_section; /* variables, of which a text gives some */
	struct plan_type **types; /* by BTF id; one type can stand under several ids */
	struct plan_type **owned;
	size_t n_owned;
	uint32_t n_types;
};

struct plan_request {
	const struct btf *btf; /* borrowed, and unchanged as long as the plan is in use */
	uint32_t type_id; /* of a key, a value, or a section (.rodata, .data, .bss) */
	uint32_t size; /* bytes that the map has for it */
	bool is_prefix; /* it is the key of a BPF_MAP_TYPE_LPM_TRIE */
};

/**
 * data_plan_make() - look through a type
 * @ret_plan:    release with data_plan_free()
 * @reterr_diag: filled on PLAN_E_INVALID, without file and line; or NULL
 * Return: 0; PLAN_E_INVALID if the BTF is broken or larger than the limits, the size is not that of
 * the type, or values of the type cannot be written as text; -ENOMEM.
 */
int data_plan_make(const struct plan_request *request, struct data_plan **ret_plan,
		   struct diag *reterr_diag);

/**
 * data_plan_free() - release a plan and all its types
 * Return: NULL. NULL is accepted.
 */
struct data_plan *data_plan_free(struct data_plan *plan);

static inline void data_plan_freep(struct data_plan **plan)
{
	(void)data_plan_free(*plan);
}

/**
 * data_plan_size() - bytes that an encoded value takes
 */
uint32_t data_plan_size(const struct data_plan *plan);

/**
 * plan_field_find() - a field by its name
 * @hint: number of the field that is tried first: who goes through them in order finds it there
 * Return: the field; NULL if the composite has none of that name.
 */
const struct plan_field *plan_field_find(const struct plan_type *composite, const char *name,
					 uint32_t hint);

/**
 * plan_enumerator_find() - a member of an enum by its name
 * Return: the member; NULL if there is none.
 */
const struct plan_enumerator *plan_enumerator_find(const struct plan_type *type, const char *name);
