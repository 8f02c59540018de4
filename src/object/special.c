// SPDX-License-Identifier: LGPL-2.1-or-later
/* See special.h. By name, as btf_parse_fields() in kernel/bpf/btf.c goes by it. */

#include "object/special.h"

#include <string.h>

#include "base/size.h"
#include "object/btf.h"

static const char *const names[] = {
	NULL,		"kptr",		 "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",
	"bpf_wq",	"bpf_list_head", "bpf_list_node", "bpf_rb_root",       "bpf_rb_node",
	"bpf_refcount", "bpf_task_work", "bpf_dynptr",
};

enum { SPECIAL_NONE, SPECIAL_KPTR, SPECIAL_FIRST_STRUCT };

static uint8_t tagged_pointer(const struct btf_view *view, const struct btf_item *pointer)
{
	struct btf_item item = btf_get(view, pointer->size_or_type);

	for (unsigned i = 0; i < BTF_MAX_DEPTH && item.kind == BTF_KIND_TYPE_TAG; i++) {
		if (strstr(item.name, "kptr") || strcmp(item.name, "uptr") == 0)
			return SPECIAL_KPTR;
		item = btf_get(view, item.size_or_type);
	}
	return SPECIAL_NONE;
}

uint8_t special_own(const struct btf_view *view, const struct btf_item *item)
{
	if (item->kind == BTF_KIND_PTR)
		return tagged_pointer(view, item);
	if (item->kind != BTF_KIND_STRUCT && item->kind != BTF_KIND_UNION)
		return SPECIAL_NONE;
	for (uint8_t i = SPECIAL_FIRST_STRUCT; i < ARRAY_SIZE(names); i++) {
		if (strcmp(item->name, names[i]) == 0)
			return i;
	}
	return SPECIAL_NONE;
}

const char *special_name(uint8_t special)
{
	return special < ARRAY_SIZE(names) ? names[special] : NULL;
}
