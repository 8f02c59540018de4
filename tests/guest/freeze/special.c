// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * BTF, made by hand: values with a field that the kernel looks after, the types of struct_ops, and
 * the kernel's own list of types of maps.
 */
#include "freeze.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_SIZE 8
#define MAP_TYPE "BPF_MAP_TYPE_"

static const struct {
	const char *name;
	int size;
} fields[] = {
	[SPECIAL_NONE] = {"", 0},
	[SPECIAL_SPIN_LOCK] = {"bpf_spin_lock", 4},
	[SPECIAL_TIMER] = {"bpf_timer", 16},
	[SPECIAL_KPTR] = {"task_struct", 8},
	[SPECIAL_WQ] = {"bpf_wq", 16},
};

uint32_t special_size(enum special special)
{
	return NUMBER_SIZE + ((uint32_t)fields[special].size + 7) / 8 * 8;
}

/* Adds the field's type. Return: its id, or a negative errno. */
static int field_add(struct btf *btf, enum special special)
{
	int id = btf__add_struct(btf, fields[special].name, (uint32_t)fields[special].size);

	if (id < 0 || special != SPECIAL_KPTR)
		return id;
	id = btf__add_type_tag(btf, "kptr", id);
	return id < 0 ? id : btf__add_ptr(btf, id);
}

int special_btf(enum special special, uint32_t *ret_key, uint32_t *ret_value)
{
	struct btf *btf = btf__new_empty();
	int key, number, value, field = 0, fd;
	const void *data;
	uint32_t size;

	if (!btf)
		return -errno;
	key = btf__add_int(btf, "unsigned int", 4, 0);
	number = btf__add_int(btf, "unsigned long", NUMBER_SIZE, 0);
	if (special)
		field = field_add(btf, special);
	value = btf__add_struct(btf, "value", special_size(special));
	if (key < 0 || number < 0 || field < 0 || value < 0 ||
	    btf__add_field(btf, "number", number, 0, 0) < 0 ||
	    (special && btf__add_field(btf, "field", field, NUMBER_SIZE * 8, 0) < 0)) {
		btf__free(btf);
		return -EINVAL;
	}
	data = btf__raw_data(btf, &size);
	fd = data ? bpf_btf_load(data, size, NULL) : -1;
	fd = fd < 0 ? -errno : fd;
	btf__free(btf);
	*ret_key = (uint32_t)key;
	*ret_value = (uint32_t)value;
	return fd;
}

int functions_btf(uint32_t *ret_first, uint32_t *ret_second)
{
	struct btf *btf = btf__new_empty();
	int number, proto, first, second, fd;
	const void *data;
	uint32_t size;

	if (!btf)
		return -errno;
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, number);
	first = btf__add_func(btf, "first", BTF_FUNC_GLOBAL, proto);
	second = btf__add_func(btf, "second", BTF_FUNC_STATIC, proto);
	data = btf__raw_data(btf, &size);
	fd = second > 0 && data ? bpf_btf_load(data, size, NULL) : -1;
	fd = fd < 0 ? -errno : fd;
	btf__free(btf);
	*ret_first = (uint32_t)first;
	*ret_second = (uint32_t)second;
	return fd;
}

static struct btf *vmlinux(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	return btf;
}

bool special_known(enum special special)
{
	struct btf *btf = vmlinux();

	return !special ||
	       (btf && btf__find_by_name_kind(btf, fields[special].name, BTF_KIND_STRUCT) > 0);
}

int ops_type(uint32_t *ret_id, uint32_t *ret_size)
{
	struct btf *btf = vmlinux();
	int id = btf ? btf__find_by_name_kind(btf, "bpf_struct_ops_tcp_congestion_ops",
					      BTF_KIND_STRUCT)
		     : -ENOENT;

	if (id < 0)
		return id;
	*ret_id = (uint32_t)id;
	*ret_size = btf__type_by_id(btf, (uint32_t)id)->size;
	return 0;
}

int hook_id(const char *function)
{
	struct btf *btf = vmlinux();

	return btf ? btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) : -ENOENT;
}

int member_at(const char *type, const char *member)
{
	struct btf *btf = vmlinux();
	int id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT) : -ENOENT;
	const struct btf_type *found;

	if (id < 0)
		return id;
	found = btf__type_by_id(btf, (uint32_t)id);
	for (int i = 0; i < btf_vlen(found); i++) {
		if (strcmp(btf__name_by_offset(btf, btf_members(found)[i].name_off), member) == 0)
			return (int)btf_member_bit_offset(found, (uint32_t)i) / 8;
	}
	return -ENOENT;
}

static bool known(uint32_t type)
{
	for (const struct kind *kind = kinds; kind->name; kind++) {
		if (kind->type == type)
			return true;
	}
	return false;
}

void types_unknown(void)
{
	struct btf *btf = vmlinux();
	int id = btf ? btf__find_by_name_kind(btf, "bpf_map_type", BTF_KIND_ENUM) : -1;
	const struct btf_type *type;

	if (id < 0) {
		puts("types - list absent -");
		return;
	}
	type = btf__type_by_id(btf, (uint32_t)id);
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_enum *value = btf_enum(type) + i;
		const char *name = btf__name_by_offset(btf, value->name_off);

		if (strncmp(name, MAP_TYPE, strlen(MAP_TYPE)) != 0 || value->val == 0 ||
		    known((uint32_t)value->val))
			continue;
		for (const char *p = name + strlen(MAP_TYPE); *p; p++)
			putchar(tolower(*p));
		puts(" - create untried -");
	}
}
