// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What belongs to a domain that was there before the guard: what its processes have fds of, what
 * lies in its pins, and what those hold in turn. Ids are named here, the guard's iterators find the
 * objects; what has a label is passed over. Where its programs hang is named as well.
 */

#include "guard/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/system.h"
#include "policy/image-check.h"

#define FOUND_MAX 8192
#define ROUNDS_MAX 4
#define DEPTH_MAX 16
#define CGROUPS_MAX 8192
#define PROG_MAPS_MAX 256
#define ENTRIES_MAX 65536
#define FDINFO_MAX 4096

struct object {
	uint32_t kind, id, domain;
	bool old; /* had a label before */
};

struct found {
	struct object objects[FOUND_MAX];
	size_t n;
	bool full;
	bool cgroups; /* a program that hangs on control groups is among them */
	size_t n_cgroups;
	struct adoption_run *run;
};

static struct object *find(struct found *found, uint32_t kind, uint32_t id)
{
	for (size_t i = 0; i < found->n; i++) {
		if (found->objects[i].kind == kind && found->objects[i].id == id)
			return &found->objects[i];
	}
	return NULL;
}

/* Whoever is named first has it. */
static void add(struct found *found, uint32_t kind, uint32_t id, uint32_t domain)
{
	if (!id || find(found, kind, id))
		return;
	if (found->n == FOUND_MAX) {
		found->full = true;
		return;
	}
	found->objects[found->n++] = (struct object){.kind = kind, .id = id, .domain = domain};
}

/* ---- what has a label already: not even its id may be asked for */

static void labelled_read(struct found *found)
{
	_cleanup_close_ int fd = -EBADF;
	LIBBPF_OPTS(bpf_obj_get_opts, reading, .file_flags = BPF_F_RDONLY);
	struct object_label label;
	__u64 key, *last = NULL;

	fd = bpf_obj_get_opts(GUARD_PIN_MAPS "/objects", &reading);
	for (size_t i = 0; fd >= 0 && i < LABELS_MAX_OBJECTS; i++) {
		if (bpf_map_get_next_key(fd, last, &key))
			return;
		last = &key;
		if (bpf_map_lookup_elem(fd, &key, &label) || !label.kind || !label.domain)
			continue;
		add(found, label.kind, label.id, label.domain);
		if (found->n)
			found->objects[found->n - 1].old = true;
	}
}

/* ---- where they are named */

static uint32_t number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? (uint32_t)strtoul(at + strlen(key), NULL, 10) : 0;
}

static void fdinfo_add(struct found *found, int folder, const char *name, uint32_t domain)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (file_read(folder, name, FDINFO_MAX, &text, &size))
		return;
	add(found, EVENT_OBJECT_MAP, number_after(text, "\nmap_id:"), domain);
	add(found, EVENT_OBJECT_PROG, number_after(text, "\nprog_id:"), domain);
	add(found, EVENT_OBJECT_LINK, number_after(text, "\nlink_id:"), domain);
}

static void process_add(struct found *found, const struct guard_adoptee *adoptee)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%u/fdinfo", adoptee->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			fdinfo_add(found, dirfd(dir), entry->d_name, adoptee->domain);
	}
}

static void pin_add(struct found *found, const char *path, uint32_t domain)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	char name[64];

	if (fd < 0)
		return;
	(void)snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	fdinfo_add(found, AT_FDCWD, name, domain);
}

static void pins_add(struct found *found, const char *path, uint32_t domain, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;

	if (lstat(path, &st) || depth == DEPTH_MAX)
		return;
	if (S_ISREG(st.st_mode))
		pin_add(found, path, domain);
	dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		char below[2 * IMAGE_PATH_LEN];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
		    (int)sizeof(below))
			pins_add(found, below, domain, depth + 1);
	}
}

static void roots_add(struct found *found, bool pins)
{
	const struct guard_adoption *report = found->run->report;
	const void *image = found->run->image, *old = found->run->old;

	for (size_t i = 0; i < report->n_adoptees && i < GUARD_MAX_ADOPTEES; i++) {
		if (report->adoptees[i].reason == ADOPTION_NONE)
			process_add(found, &report->adoptees[i]);
	}
	for (uint32_t i = 0; pins && i < image_header(image)->n_pins; i++) {
		const struct image_pin *pin = &image_pins(image)[i];

		if (pin->kind == IMAGE_PIN_OBJECT && (!old || !image_domain_find(old, pin->domain)))
			pins_add(found, pin->path, pin->domain, 0);
	}
}

/* ---- what they hold */

static void entries_add(struct found *found, int fd, uint32_t kind, uint32_t domain)
{
	uint32_t id;
	__u8 key[512], *last = NULL;

	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		if (bpf_map_get_next_key(fd, last, key))
			return;
		last = key;
		if (!bpf_map_lookup_elem(fd, key, &id))
			add(found, kind, id, domain);
	}
}

static void map_follow(struct found *found, struct object object)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(object.id);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) || info.key_size > 512 ||
	    info.value_size != sizeof(uint32_t))
		return;
	if (info.type == BPF_MAP_TYPE_PROG_ARRAY)
		entries_add(found, fd, EVENT_OBJECT_PROG, object.domain);
	else if (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		entries_add(found, fd, EVENT_OBJECT_MAP, object.domain);
}

static bool hangs_on_cgroups(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_SOCK_OPS:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return true;
	}
	return false;
}

/* maps[] has room for PROG_MAPS_MAX. Return: how many there are, or -1. */
static int prog_maps(uint32_t id, struct bpf_prog_info *info, __u32 *maps)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->map_ids = (uintptr_t)maps;
	info->nr_map_ids = PROG_MAPS_MAX;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, info, &size))
		return -1;
	return (int)(info->nr_map_ids < PROG_MAPS_MAX ? info->nr_map_ids : PROG_MAPS_MAX);
}

static void prog_follow(struct found *found, struct object object)
{
	__u32 maps[PROG_MAPS_MAX];
	struct bpf_prog_info info;
	int n = prog_maps(object.id, &info, maps);

	for (int i = 0; i < n; i++)
		add(found, EVENT_OBJECT_MAP, maps[i], object.domain);
	if (n >= 0 && hangs_on_cgroups(info.type))
		found->cgroups = true;
}

/* A program that extends another has that one under it: libxdp's dispatcher. */
static void link_follow(struct found *found, struct object object)
{
	_cleanup_close_ int fd = bpf_link_get_fd_by_id(object.id);
	struct bpf_link_info info = {};
	struct bpf_prog_info prog = {};
	__u32 size = sizeof(info), maps[PROG_MAPS_MAX];

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	add(found, EVENT_OBJECT_PROG, info.prog_id, object.domain);
	if (info.type == BPF_LINK_TYPE_TRACING && prog_maps(info.prog_id, &prog, maps) >= 0 &&
	    prog.type == BPF_PROG_TYPE_EXT)
		add(found, EVENT_OBJECT_PROG, info.tracing.target_obj_id, object.domain);
}

static void follow(struct found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		struct object object = found->objects[i];

		if (object.old)
			continue;
		switch (object.kind) {
		case EVENT_OBJECT_MAP:
			map_follow(found, object);
			break;
		case EVENT_OBJECT_PROG:
			prog_follow(found, object);
			break;
		case EVENT_OBJECT_LINK:
			link_follow(found, object);
			break;
		}
	}
}

/* ---- labels */

static int seed(struct found *found)
{
	static const char *const names[] = {"seed_maps", "seed_progs", "seed_links"};
	int control = found->run->control, r = 0;
	uint32_t n = 0;

	for (size_t i = 0; i < found->n && !r; i++) {
		const struct object *object = &found->objects[i];

		if (object->old)
			continue;
		r = control_op(control, CONTROL_SEED, object->kind, object->id, object->domain);
		n++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names) && !r && n; i++)
		r = iterator_lines(names[i], NULL, NULL);
	for (size_t i = 0; i < found->n; i++) {
		const struct object *object = &found->objects[i];

		if (!object->old)
			(void)control_op(control, CONTROL_SEED, object->kind, object->id, 0);
	}
	found->run->report->n_objects += n;
	return r ?: (int)n;
}

/* ---- where its programs hang */

static uint32_t domain_of_prog(struct found *found, uint32_t id)
{
	const struct object *object = id ? find(found, EVENT_OBJECT_PROG, id) : NULL;

	return object && object->domain >= DOMAIN_FIRST ? object->domain : 0;
}

static void interfaces_claim(struct found *found)
{
	struct if_nameindex *list = if_nameindex();
	struct stat ns;

	if (!list || stat("/proc/self/ns/net", &ns)) {
		if_freenameindex(list);
		return;
	}
	for (const struct if_nameindex *at = list; at->if_index; at++) {
		LIBBPF_OPTS(bpf_xdp_query_opts, query);
		uint32_t domain;

		if (bpf_xdp_query((int)at->if_index, 0, &query))
			continue;
		domain = domain_of_prog(found, query.skb_prog_id);
		domain = domain ?: domain_of_prog(found, query.drv_prog_id);
		domain = domain ?: domain_of_prog(found, query.hw_prog_id);
		if (domain)
			(void)control_op(found->run->control, CONTROL_INTERFACE,
					 (uint32_t)ns.st_ino, at->if_index, domain);
	}
	if_freenameindex(list);
}

static void cgroup_claim_types(struct found *found, int fd)
{
	for (uint32_t type = 0; type < __MAX_BPF_ATTACH_TYPE; type++) {
		__u32 ids[64], n = ARRAY_SIZE(ids);

		if (bpf_prog_query(fd, type, 0, NULL, ids, &n))
			continue;
		for (__u32 i = 0; i < n && i < ARRAY_SIZE(ids); i++) {
			uint32_t domain = domain_of_prog(found, ids[i]);

			if (domain)
				(void)control_op(found->run->control, CONTROL_ATTACH_TYPE, 0, type,
						 domain);
		}
	}
}

static void cgroups_claim(struct found *found, int fd, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;

	if (fd < 0)
		return;
	cgroup_claim_types(found, fd);
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return;
	}
	while (depth < DEPTH_MAX && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (found->n_cgroups == CGROUPS_MAX) {
			found->full = true;
			break;
		}
		found->n_cgroups++;
		cgroups_claim(found,
			      openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			      depth + 1);
	}
}

/* ---- programs of strangers that use its maps: no fd of the map is needed for that any more */

static void user_tell(struct found *found, uint32_t prog, const struct object *map)
{
	struct guard_adoption *report = found->run->report;

	for (size_t i = 0; i < report->n_held && i < GUARD_MAX_HELD; i++) {
		if (report->held[i].prog == prog && report->held[i].id == map->id)
			return;
	}
	if (report->n_held < GUARD_MAX_HELD)
		report->held[report->n_held] = (struct guard_held){
			.prog = prog,
			.kind = EVENT_OBJECT_MAP,
			.id = map->id,
			.domain = map->domain,
			.writable = true,
		};
	report->n_held++;
}

static void users_tell(struct found *found)
{
	__u32 id = 0, maps[PROG_MAPS_MAX];
	struct bpf_prog_info info;

	while (!bpf_prog_get_next_id(id, &id)) {
		int n = find(found, EVENT_OBJECT_PROG, id) ? 0 : prog_maps(id, &info, maps);

		for (int i = 0; i < n; i++) {
			const struct object *map = find(found, EVENT_OBJECT_MAP, maps[i]);

			if (map && map->domain >= DOMAIN_FIRST)
				user_tell(found, id, map);
		}
	}
}

static int round_make(struct adoption_run *run, bool pins, bool last)
{
	_cleanup_free_ struct found *found = calloc(1, sizeof(*found));
	int r;

	if (!found)
		return -ENOMEM;
	found->run = run;
	labelled_read(found);
	roots_add(found, pins);
	follow(found);
	run->report->full = run->report->full || found->full;
	r = seed(found);
	if (r < 0)
		return r;
	interfaces_claim(found);
	if (found->cgroups)
		cgroups_claim(found, cgroup_root_open(), 0);
	if (last)
		users_tell(found);
	return r;
}

/* What was in the making when it was looked for is found the next time. */
int adopt_objects(struct adoption_run *run, bool pins)
{
	int r = 1;

	for (int i = 0; i < ROUNDS_MAX && r > 0; i++)
		r = round_make(run, pins, !pins);
	return r < 0 ? r : 0;
}
