/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The type information of an object, checked once: every type lies within its section, names types
 * and strings that are there, and does not contain itself. Pointers may still lead in a circle, and
 * types lie within each other at any depth: who follows them counts.
 */

#include <stddef.h>
#include <stdint.h>

#include <linux/btf.h>

struct diag;
struct section;

#define BTF_MAX_TYPES (1u << 18)
#define BTF_MAX_DEPTH 32 /* how far one type is followed */

struct btf_view {
	const uint8_t *types; /* borrowed */
	const char *strings; /* borrowed */
	uint32_t types_size, strings_size;
	uint32_t *offsets; /* of the types, by number; 0 is void */
	uint8_t *special; /* by number: see btf_special() */
	uint32_t n; /* with void */
};

/* A type as it is in the file. What follows it there is reached by btf_member() and its like. */
struct btf_item {
	const char *name; /* "" if it has none; any bytes */
	uint32_t kind, vlen, size_or_type, kind_flag;
	const uint8_t *rest; /* what follows; long enough for the kind and vlen */
};

/**
 * btf_view_read() - check the section .BTF
 * @section:  borrowed, must outlive the view
 * @ret_view: release with btf_view_done(), also after a failure
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM.
 */
int btf_view_read(const struct section *section, struct btf_view *ret_view,
		  struct diag *reterr_diag);

/* btf_view_done() - release what it owns */
void btf_view_done(struct btf_view *view);

/* btf_get() - a type by number; one of the kind BTF_KIND_UNKN for void and what is not there */
struct btf_item btf_get(const struct btf_view *view, uint32_t id);

/* btf_member(), btf_parameter(), btf_variable(), btf_array() - what follows a type; @i < vlen */
struct btf_member btf_member(const struct btf_item *item, uint32_t i);
struct btf_param btf_parameter(const struct btf_item *item, uint32_t i);
struct btf_var_secinfo btf_variable(const struct btf_item *item, uint32_t i);
struct btf_array btf_array(const struct btf_item *item);

/* btf_string() - a string of the view; "" for what is not there */
const char *btf_string(const struct btf_view *view, uint32_t offset);

/* btf_strip() - the type behind typedefs and qualifiers; 0 if there is none, or too many */
uint32_t btf_strip(const struct btf_view *view, uint32_t id);

/* btf_size() - bytes of a type; 0 if it has no size, or one beyond 32 bits */
uint64_t btf_size(const struct btf_view *view, uint32_t id);

/**
 * btf_special() - the first field within a type that only programs may touch, itself included
 * Return: a number for special_name(); 0 if it has none.
 */
uint8_t btf_special(const struct btf_view *view, uint32_t id);

/**
 * btf_section_find() - the variables of a section
 * Return: number of the BTF_KIND_DATASEC; 0 if there is none.
 */
uint32_t btf_section_find(const struct btf_view *view, const char *name);
