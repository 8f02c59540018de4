// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A guard of another build, read: whatever the layout of its maps, what is known here by name is
 * found in their types, and given to the guard that takes over. It is only read: that it stays in
 * force does not depend on anything here.
 */

#include "guard/former.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "policy/image-check.h"

#define PROG_MAPS_MAX 64
#define WALK_FACTOR 4 /* a walk is thrown back when its entry goes */

/* A member, there by its name, here by its place. Without a name: all of it, a number. */
struct field {
	const char *name;
	uint32_t to, size;
};

#define FIELD(type, member)                                                                \
	{                                                                                  \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}
#define NUMBER(size)        \
	{                   \
		"", 0, size \
	}
#define FIELDS_MAX 6

struct table {
	const char *name;
	uint32_t op, kind; /* how its records are given away; 0: otherwise */
	struct field key[FIELDS_MAX], value[FIELDS_MAX];
};

/* clang-format off */
static const struct table tables[FORMER_MAPS] = {
	{"objects", CONTROL_TAKE, CONTROL_TAKE_OBJECT, {NUMBER(8)},
	 {FIELD(object_label, domain), FIELD(object_label, kind), FIELD(object_label, id)}},
	{"files", CONTROL_TAKE, CONTROL_TAKE_FILE,
	 {FIELD(file_key, superblock), FIELD(file_key, ino), FIELD(file_key, generation)},
	 {NUMBER(4)}},
	{"measured", CONTROL_TAKE, CONTROL_TAKE_MEASURED,
	 {FIELD(file_key, superblock), FIELD(file_key, ino), FIELD(file_key, generation)},
	 {{"digest", 0, IMAGE_DIGEST_LEN}}},
	{"places", CONTROL_TAKE, CONTROL_TAKE_PLACE, {NUMBER(8)},
	 {FIELD(place_label, domain), FIELD(place_label, witness)}},
	{"names", CONTROL_TAKE, CONTROL_TAKE_NAME,
	 {FIELD(name_key, folder), FIELD(name_key, witness), FIELD(name_key, name)}, {NUMBER(4)}},
	{"stacked", CONTROL_TAKE, CONTROL_TAKE_STACKED, {NUMBER(8)},
	 {{"held", 0, 4}}},
	{"cgroups", CONTROL_TAKE, CONTROL_TAKE_CGROUP, {NUMBER(8)}, {NUMBER(4)}},
	{"interfaces", CONTROL_INTERFACE, 0,
	 {FIELD(interface_key, netns), FIELD(interface_key, ifindex)}, {NUMBER(4)}},
	{"attach_types", CONTROL_ATTACH_TYPE, 0, {NUMBER(4)}, {NUMBER(4)}},
	{"respites", CONTROL_RESPITE, 0, {NUMBER(4)},
	 {FIELD(respite, from), FIELD(respite, until)}},
	{"operator", 0, 0, {NUMBER(4)},
	 {FIELD(operator_record, salt), FIELD(operator_record, hash), FIELD(operator_record, set)}},
	{"state", 0, 0, {NUMBER(4)},
	 {FIELD(guard_state, sequence), FIELD(guard_state, armed_ns), FIELD(guard_state, bank),
	  FIELD(guard_state, all_cgroups)}},
	{"policy", 0, 0, {NUMBER(4)}, {{"image", 0, IMAGE_MAX_SIZE}}},
	{"trust", 0, 0, {}, {}}, /* shared as it is: its type may be of a guard before the former */
	{"events", 0, 0, {}, {}},
	{"task_labels", 0, 0, {},
	 {{"domain", offsetof(struct succession, task_domain), 4},
	  {"admission", offsetof(struct succession, task_admission), 4},
	  {"born", offsetof(struct succession, task_born), 4},
	  {"adopt", offsetof(struct succession, task_adopt), 4}}},
	{"inode_labels", 0, 0, {},
	 {{"domain", offsetof(struct succession, inode_domain), 4},
	  {"held", offsetof(struct succession, inode_held), 4}}},
};
/* clang-format on */

static size_t table_find(const char *name)
{
	for (size_t i = 0; i < FORMER_MAPS; i++) {
		if (!strcmp(tables[i].name, name))
			return i;
	}
	return FORMER_MAPS;
}

/* ---- types */

/* Return: the offset of a member of that size, there; -1 if it has none. */
static long field_find(const struct btf *btf, uint32_t type_id, const struct field *field)
{
	const struct btf_type *type = btf__type_by_id(btf, (__u32)btf__resolve_type(btf, type_id));

	if (!*field->name)
		return btf__resolve_size(btf, type_id) == field->size ? 0 : -1;
	if (!type || !btf_is_struct(type))
		return -1;
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;

		if (!strcmp(btf__name_by_offset(btf, member->name_off), field->name) &&
		    btf__resolve_size(btf, member->type) == field->size)
			return btf_member_bit_offset(type, (__u32)i) / 8;
	}
	return -1;
}

/* Return: NULL, or the name of what is not understood. */
static const char *fields_check(const struct former *former, uint32_t type_id,
				const struct field *fields)
{
	for (size_t i = 0; i < FIELDS_MAX && fields[i].name; i++) {
		if (field_find(former->btf, type_id, &fields[i]) < 0)
			return *fields[i].name ? fields[i].name : "size";
	}
	return NULL;
}

static void fields_copy(const struct former *former, uint32_t type_id, const struct field *fields,
			const void *from, void *to)
{
	for (size_t i = 0; i < FIELDS_MAX && fields[i].name; i++) {
		long offset = field_find(former->btf, type_id, &fields[i]);

		if (offset >= 0)
			memcpy((char *)to + fields[i].to, (const char *)from + offset,
			       fields[i].size);
	}
}

/* ---- maps */

static int map_add(struct former *former, uint32_t id)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, reading, .open_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = bpf_map_get_fd_by_id_opts(id, &reading);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	size_t i;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	i = table_find(info.name);
	if (i == FORMER_MAPS || former->maps[i].fd >= 0)
		return 0;
	former->maps[i] = (struct former_map){.fd = TAKE_FD(fd), .info = info};
	return 0;
}

/* The maps that a program uses: not all of the guard's are pinned. */
static int maps_of(struct former *former, int prog)
{
	__u32 ids[PROG_MAPS_MAX];
	struct bpf_prog_info info = {.map_ids = (uintptr_t)ids, .nr_map_ids = PROG_MAPS_MAX};
	__u32 size = sizeof(info);
	int r = 0;

	if (bpf_obj_get_info_by_fd(prog, &info, &size))
		return -errno;
	for (__u32 i = 0; i < info.nr_map_ids && i < PROG_MAPS_MAX && !r; i++)
		r = map_add(former, ids[i]);
	return r;
}

static int maps_of_link(struct former *former, const char *path)
{
	_cleanup_close_ int link = bpf_obj_get(path);
	_cleanup_close_ int prog = -EBADF;
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size))
		return -errno;
	prog = bpf_prog_get_fd_by_id(info.prog_id);
	return prog < 0 ? -errno : maps_of(former, prog);
}

static int maps_find(struct former *former, const char *pins)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[2 * IMAGE_PATH_LEN];
	int r = maps_of(former, former->control);

	(void)snprintf(path, sizeof(path), "%s/links", pins);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/links/%s", pins, entry->d_name);
		r = maps_of_link(former, path);
	}
	return r;
}

static int refuse(struct diag *reterr_diag, const char *map, const char *what)
{
	diag_set(
		reterr_diag, NULL, 0, 0,
		"the guard that is up is of a build that this one does not understand (%s: %s), and "
		"stays in force: start the holdfastd it came from, or take it down by that",
		map, what);
	return GUARD_E_ABI;
}

static int maps_check(struct former *former, struct diag *reterr_diag)
{
	for (size_t i = 0; i < FORMER_MAPS; i++) {
		const struct former_map *map = &former->maps[i];
		const char *missing;

		if (map->fd < 0)
			return refuse(reterr_diag, tables[i].name, "no such map");
		if (!tables[i].value[0].name)
			continue;
		if (!former->btf)
			former->btf = btf__load_from_kernel_by_id(map->info.btf_id);
		if (!former->btf)
			return -errno;
		missing = fields_check(former, map->info.btf_key_type_id, tables[i].key);
		if (!missing)
			missing =
				fields_check(former, map->info.btf_value_type_id, tables[i].value);
		if (missing)
			return refuse(reterr_diag, tables[i].name, missing);
	}
	return 0;
}

int former_open(struct former *former, const char *pins, struct diag *reterr_diag)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	char path[2 * IMAGE_PATH_LEN];
	int r;

	for (size_t i = 0; i < FORMER_MAPS; i++)
		former->maps[i].fd = -EBADF;
	(void)snprintf(path, sizeof(path), "%s/progs/control", pins);
	former->control = bpf_obj_get(path);
	if (former->control < 0 || bpf_obj_get_info_by_fd(former->control, &info, &size))
		return -errno;
	former->control_id = info.id;
	r = maps_find(former, pins);
	return r < 0 ? r : maps_check(former, reterr_diag);
}

void former_close(struct former *former)
{
	for (size_t i = 0; i < FORMER_MAPS; i++) {
		if (former->maps[i].fd > 0)
			closep(&former->maps[i].fd);
	}
	btf__free(former->btf);
	former->btf = NULL;
	closep(&former->control);
}

int former_fd(const struct former *former, const char *name)
{
	size_t i = table_find(name);

	return i == FORMER_MAPS ? -ENOENT : former->maps[i].fd;
}

/* The table says where in the layout an offset goes. */
void former_layout(const struct former *former, struct succession *ret_layout)
{
	static const char *const names[] = {"task_labels", "inode_labels"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct table *table = &tables[table_find(names[i])];
		uint32_t type = former->maps[table - tables].info.btf_value_type_id;

		for (size_t j = 0; j < FIELDS_MAX && table->value[j].name; j++) {
			long offset = field_find(former->btf, type, &table->value[j]);

			*(uint32_t *)((char *)ret_layout + table->value[j].to) = (uint32_t)offset;
		}
	}
}

/* ---- single records */

static int record_read(const struct former *former, const char *name, uint32_t key, void *ret)
{
	size_t i = table_find(name);
	const struct former_map *map = &former->maps[i];
	_cleanup_free_ void *value = malloc(map->info.value_size);

	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map->fd, &key, value))
		return -errno;
	fields_copy(former, map->info.btf_value_type_id, tables[i].value, value, ret);
	return 0;
}

int former_office(const struct former *former, struct control_office *ret_office)
{
	struct guard_state state = {};
	int r = record_read(former, "state", 0, &state);

	*ret_office = (struct control_office){
		.sequence = state.sequence,
		.armed_ns = state.armed_ns,
		.all_cgroups = state.all_cgroups,
	};
	return r;
}

int former_image(const struct former *former, void **ret_image, size_t *ret_size,
		 struct diag *reterr_diag)
{
	_cleanup_free_ struct image_header *image = malloc(IMAGE_MAX_SIZE);
	struct guard_state state = {};
	int r;

	if (!image)
		return -ENOMEM;
	r = record_read(former, "state", 0, &state);
	if (!r)
		r = record_read(former, "policy", state.bank & 1, image);
	if (r)
		return r;
	if (image->magic != IMAGE_MAGIC || image->abi != IMAGE_ABI || image->size > IMAGE_MAX_SIZE)
		return refuse(reterr_diag, "policy", "another format");
	*ret_size = image->size;
	*ret_image = TAKE_PTR(image);
	return 0;
}

bool former_signs(const struct former *former)
{
	const struct former_map *map = &former->maps[table_find("trust")];
	struct trust_state trust = {};
	__u32 zero = 0;

	return map->info.value_size == sizeof(trust) &&
	       !bpf_map_lookup_elem(map->fd, &zero, &trust) && trust.serial;
}

/* ---- all records of a map */

static int record_give(int control, const struct table *table, struct control_taken *taken)
{
	struct control_args args = {.op = table->op, .kind = table->kind};
	const struct interface_key *interface = (void *)taken->key;
	uint32_t number = (uint32_t)taken->key[0], value = (uint32_t)taken->value[0];

	switch (table->op) {
	case CONTROL_INTERFACE:
		return control_op(control, table->op, interface->netns, interface->ifindex, value);
	case CONTROL_ATTACH_TYPE:
		return value ? control_op(control, table->op, 0, number, value) : 0;
	case CONTROL_RESPITE:
		args.domain = number;
		args.pointer = (uintptr_t)taken->value;
		args.size = sizeof(struct respite);
		return control_call(control, &args);
	}
	args.pointer = (uintptr_t)taken;
	args.size = sizeof(*taken);
	return control_call(control, &args);
}

/* Its end may have come between: nobody would tell the new guard. */
static int record_gone(int control, int fd, const void *key, uint32_t kind)
{
	const struct table gone = {.op = CONTROL_TAKE,
				   .kind = kind == CONTROL_TAKE_OBJECT ? CONTROL_TAKE_GONE : kind};
	struct control_taken taken = {};
	char value[256];

	if (kind != CONTROL_TAKE_OBJECT && kind != CONTROL_TAKE_STACKED)
		return 0;
	if (!bpf_map_lookup_elem(fd, key, value) || errno != ENOENT)
		return 0;
	memcpy(taken.key, key, sizeof(taken.key[0]));
	return record_give(control, &gone, &taken);
}

static int table_take(const struct former *former, int control, const struct table *table)
{
	const struct former_map *map = &former->maps[table - tables];
	_cleanup_free_ char *value = calloc(1, map->info.value_size);
	char key[64], *last = NULL;
	int r = 0;

	if (!value)
		return -ENOMEM;
	if (map->info.key_size > sizeof(key) || map->info.value_size > 256)
		return -E2BIG;
	for (size_t i = 0; !r && i < (size_t)map->info.max_entries * WALK_FACTOR; i++) {
		struct control_taken taken = {};

		if (bpf_map_get_next_key(map->fd, last, key))
			return errno == ENOENT ? 0 : -errno;
		last = key;
		if (bpf_map_lookup_elem(map->fd, key, value))
			continue;
		fields_copy(former, map->info.btf_key_type_id, table->key, key, taken.key);
		fields_copy(former, map->info.btf_value_type_id, table->value, value, taken.value);
		r = record_give(control, table, &taken);
		if (!r && table->op == CONTROL_TAKE)
			r = record_gone(control, map->fd, key, table->kind);
	}
	return r;
}

int former_take(const struct former *former, int control)
{
	struct operator_record operator= {};
	int r = record_read(former, "operator", 0, &operator);

	if (!r)
		r = control_put(control, CONTROL_OPERATOR, &operator, sizeof(operator));
	for (size_t i = 0; i < FORMER_MAPS && !r; i++) {
		if (tables[i].op)
			r = table_take(former, control, &tables[i]);
	}
	return r;
}
