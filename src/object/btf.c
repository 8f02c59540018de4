// SPDX-License-Identifier: LGPL-2.1-or-later
/* See btf.h. */

#include "object/btf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "object/sections.h"
#include "object/special.h"

#define refuse(diag, ...) (diag_set(diag, NULL, 0, 0, __VA_ARGS__), OBJECT_E_REFUSED)

void btf_view_done(struct btf_view *view)
{
	free(view->offsets);
	free(view->special);
	*view = (struct btf_view){0};
}

/* Bytes after the common part; -1 for a kind nobody knows. */
static int64_t rest_size(uint32_t kind, uint32_t vlen)
{
	switch (kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (int64_t)vlen * (int64_t)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return (int64_t)vlen * (int64_t)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return (int64_t)vlen * 12;
	case BTF_KIND_FUNC_PROTO:
		return (int64_t)vlen * (int64_t)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return (int64_t)vlen * (int64_t)sizeof(struct btf_var_secinfo);
	default:
		return -1;
	}
}

static bool refers(uint32_t kind)
{
	switch (kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

static int read_strings(const struct section *section, const struct btf_header *header,
			struct btf_view *view)
{
	uint64_t room = section->size - header->hdr_len;

	if (header->type_off > room || header->type_len > room - header->type_off ||
	    header->str_off > room || header->str_len > room - header->str_off)
		return OBJECT_E_REFUSED;
	view->types = section->data + header->hdr_len + header->type_off;
	view->types_size = header->type_len;
	view->strings = (const char *)section->data + header->hdr_len + header->str_off;
	view->strings_size = header->str_len;
	if (header->str_len == 0 || view->strings[0] || view->strings[header->str_len - 1])
		return OBJECT_E_REFUSED;
	return 0;
}

static int index_types(struct btf_view *view, struct diag *diag)
{
	uint32_t at = 0;
	int r;

	r = array_grow(&view->offsets, 0, sizeof(*view->offsets));
	if (r < 0)
		return r;
	for (view->n = 1; at < view->types_size; view->n++) {
		uint32_t room = view->types_size - at;
		struct btf_type type;
		int64_t rest;

		if (view->n >= BTF_MAX_TYPES)
			return refuse(diag, ".BTF has more than %u types", BTF_MAX_TYPES);
		if (room < sizeof(type))
			return refuse(diag, ".BTF ends within type %u", view->n);
		memcpy(&type, view->types + at, sizeof(type));
		rest = rest_size(BTF_INFO_KIND(type.info), BTF_INFO_VLEN(type.info));
		if (rest < 0)
			return refuse(diag, ".BTF: type %u is of the unknown kind %u", view->n,
				      BTF_INFO_KIND(type.info));
		if ((uint64_t)rest > room - sizeof(type))
			return refuse(diag, ".BTF ends within type %u", view->n);
		if (type.name_off >= view->strings_size)
			return refuse(diag, ".BTF: the name of type %u is not there", view->n);
		r = array_grow(&view->offsets, view->n, sizeof(*view->offsets));
		if (r < 0)
			return r;
		view->offsets[view->n] = at;
		at += (uint32_t)sizeof(type) + (uint32_t)rest;
	}
	return 0;
}

static bool item_valid(const struct btf_view *view, const struct btf_item *item)
{
	struct btf_array array;

	if (refers(item->kind) && item->size_or_type >= view->n)
		return false;
	if (item->kind == BTF_KIND_ARRAY) {
		array = btf_array(item);
		return array.type < view->n && array.index_type < view->n;
	}
	for (uint32_t i = 0; i < item->vlen; i++) {
		struct btf_member member;

		switch (item->kind) {
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			member = btf_member(item, i);
			if (member.type >= view->n || member.name_off >= view->strings_size)
				return false;
			break;
		case BTF_KIND_FUNC_PROTO:
			if (btf_parameter(item, i).type >= view->n)
				return false;
			break;
		case BTF_KIND_DATASEC:
			if (btf_variable(item, i).type >= view->n)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}

/* The types that lie within a value of this one; what a pointer leads to does not. */
static uint32_t part_count(const struct btf_item *item)
{
	switch (item->kind) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
	case BTF_KIND_ARRAY:
		return 1;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return item->vlen;
	default:
		return 0;
	}
}

static uint32_t part(const struct btf_item *item, uint32_t i)
{
	switch (item->kind) {
	case BTF_KIND_ARRAY:
		return btf_array(item).type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_member(item, i).type;
	case BTF_KIND_DATASEC:
		return btf_variable(item, i).type;
	default:
		return item->size_or_type;
	}
}

enum visit {
	VISIT_NONE,
	VISIT_OPEN, /* its parts are being looked at: who meets it there goes in a circle */
	VISIT_DONE,
};

struct step {
	uint32_t id, next; /* the type, and which of its parts comes next */
};

/* All parts have been looked at before. */
static uint8_t special_within(const struct btf_view *view, const struct btf_item *item)
{
	uint8_t special = special_own(view, item);

	for (uint32_t i = 0; !special && i < part_count(item); i++)
		special = view->special[part(item, i)];
	return special;
}

/* Not by recursion: a chain of types is as long as the section. */
static uint32_t circle_from(const struct btf_view *view, uint32_t id, uint8_t *visits,
			    struct step *way)
{
	uint32_t depth = 0;

	way[depth++] = (struct step){.id = id};
	visits[id] = VISIT_OPEN;
	while (depth) {
		struct step *step = &way[depth - 1];
		struct btf_item item = btf_get(view, step->id);

		if (step->next == part_count(&item)) {
			view->special[step->id] = special_within(view, &item);
			visits[step->id] = VISIT_DONE;
			depth--;
			continue;
		}
		id = part(&item, step->next++);
		if (visits[id] == VISIT_OPEN)
			return id;
		if (visits[id] == VISIT_DONE)
			continue;
		visits[id] = VISIT_OPEN;
		way[depth++] = (struct step){.id = id};
	}
	return 0;
}

/* libbpf follows typedefs and arrays without counting: it would never come back from a circle. */
static int circles_refuse(struct btf_view *view, struct diag *diag)
{
	_cleanup_free_ uint8_t *visits = calloc(view->n, sizeof(*visits));
	_cleanup_free_ struct step *way = calloc(view->n, sizeof(*way));

	view->special = calloc(view->n, sizeof(*view->special));
	if (!visits || !way || !view->special)
		return -ENOMEM;
	for (uint32_t i = 1; i < view->n; i++) {
		uint32_t circle = visits[i] ? 0 : circle_from(view, i, visits, way);

		if (circle)
			return refuse(diag, ".BTF: type %u (%.64s) contains itself", circle,
				      btf_get(view, circle).name);
	}
	return 0;
}

int btf_view_read(const struct section *section, struct btf_view *ret_view,
		  struct diag *reterr_diag)
{
	struct btf_header header;
	int r;

	*ret_view = (struct btf_view){0};
	if (!section->data || section->size < sizeof(header))
		return refuse(reterr_diag, ".BTF ends within its header");
	memcpy(&header, section->data, sizeof(header));
	if (header.magic == __builtin_bswap16(BTF_MAGIC))
		return refuse(reterr_diag, ".BTF is big-endian, and the object is not");
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION)
		return refuse(reterr_diag, ".BTF is of no version that is known");
	if (header.hdr_len < sizeof(header) || header.hdr_len > section->size ||
	    read_strings(section, &header, ret_view))
		return refuse(reterr_diag, ".BTF: its types or names are not within the section");

	r = index_types(ret_view, reterr_diag);
	for (uint32_t i = 1; i < ret_view->n && !r; i++) {
		struct btf_item item = btf_get(ret_view, i);

		if (!item_valid(ret_view, &item))
			r = refuse(reterr_diag, ".BTF: type %u refers to one that is not there", i);
	}
	return r ?: circles_refuse(ret_view, reterr_diag);
}

uint8_t btf_special(const struct btf_view *view, uint32_t id)
{
	return id < view->n ? view->special[id] : 0;
}

const char *btf_string(const struct btf_view *view, uint32_t offset)
{
	return offset < view->strings_size ? view->strings + offset : "";
}

struct btf_item btf_get(const struct btf_view *view, uint32_t id)
{
	struct btf_item item = {.name = ""};
	struct btf_type type;

	if (id == 0 || id >= view->n)
		return item;
	memcpy(&type, view->types + view->offsets[id], sizeof(type));
	item.name = btf_string(view, type.name_off);
	item.kind = BTF_INFO_KIND(type.info);
	item.vlen = BTF_INFO_VLEN(type.info);
	item.kind_flag = BTF_INFO_KFLAG(type.info);
	item.size_or_type = type.size;
	item.rest = view->types + view->offsets[id] + sizeof(type);
	return item;
}

struct btf_member btf_member(const struct btf_item *item, uint32_t i)
{
	struct btf_member member;

	memcpy(&member, item->rest + i * sizeof(member), sizeof(member));
	return member;
}

struct btf_param btf_parameter(const struct btf_item *item, uint32_t i)
{
	struct btf_param parameter;

	memcpy(&parameter, item->rest + i * sizeof(parameter), sizeof(parameter));
	return parameter;
}

struct btf_var_secinfo btf_variable(const struct btf_item *item, uint32_t i)
{
	struct btf_var_secinfo variable;

	memcpy(&variable, item->rest + i * sizeof(variable), sizeof(variable));
	return variable;
}

struct btf_array btf_array(const struct btf_item *item)
{
	struct btf_array array;

	memcpy(&array, item->rest, sizeof(array));
	return array;
}

uint32_t btf_strip(const struct btf_view *view, uint32_t id)
{
	for (unsigned depth = 0; depth < BTF_MAX_DEPTH; depth++) {
		struct btf_item item = btf_get(view, id);

		switch (item.kind) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = item.size_or_type;
			break;
		default:
			return id;
		}
	}
	return 0;
}

uint64_t btf_size(const struct btf_view *view, uint32_t id)
{
	uint64_t n = 1;

	for (unsigned depth = 0; depth < BTF_MAX_DEPTH; depth++) {
		struct btf_item item = btf_get(view, btf_strip(view, id));
		struct btf_array array;

		switch (item.kind) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_DATASEC:
			n *= item.size_or_type;
			return n <= UINT32_MAX ? n : 0;
		case BTF_KIND_PTR:
			n *= 8;
			return n <= UINT32_MAX ? n : 0;
		case BTF_KIND_VAR:
			id = item.size_or_type;
			break;
		case BTF_KIND_ARRAY:
			array = btf_array(&item);
			n *= array.nelems;
			if (n > UINT32_MAX)
				return 0;
			id = array.type;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

uint32_t btf_section_find(const struct btf_view *view, const char *name)
{
	for (uint32_t i = 1; i < view->n; i++) {
		struct btf_item item = btf_get(view, i);

		if (item.kind == BTF_KIND_DATASEC && strcmp(item.name, name) == 0)
			return i;
	}
	return 0;
}
