// SPDX-License-Identifier: LGPL-2.1-or-later
/* See objects.h. What goes while it is looked at counts as kept. */

#include "posture/objects.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "learn/look.h"
#include "learn/objects.h"
#include "learn/seen.h"
#include "policy/image-check.h"
#include "posture/ground.h"

struct reader {
	struct objects *objects;
	const void *policy;
	struct seen seen; /* what the policy's tasks hold, and its pins */
	struct btf *btf; /* the kernel's own; read when the first name is asked for */
	bool no_btf;
};

/* How the kinds are asked for: their commands are alike. */
static const struct {
	int (*next)(__u32 id, __u32 *ret_id);
	int (*open)(__u32 id);
} commands[] = {
	[PROC_MAP] = {bpf_map_get_next_id, bpf_map_get_fd_by_id},
	[PROC_PROG] = {bpf_prog_get_next_id, bpf_prog_get_fd_by_id},
	[PROC_LINK] = {bpf_link_get_next_id, bpf_link_get_fd_by_id},
};

static void reader_done(struct reader *reader)
{
	seen_done(&reader->seen);
	btf__free(reader->btf);
}

/* The function of the kernel that a program hangs on. */
static void name_hook(struct reader *reader, uint32_t id, char *ret_name)
{
	const struct btf_type *type;

	if (!id || reader->no_btf)
		return;
	if (!reader->btf) {
		reader->btf = btf__load_vmlinux_btf();
		reader->no_btf = !reader->btf;
	}
	type = reader->btf ? btf__type_by_id(reader->btf, id) : NULL;
	if (type)
		(void)snprintf(ret_name, OBJECTS_NAME, "%s",
			       btf__name_by_offset(reader->btf, type->name_off) ?: "");
}

static int ask(int fd, void *info, uint32_t size)
{
	memset(info, 0, size);
	return bpf_obj_get_info_by_fd(fd, info, &size);
}

static int describe(struct reader *reader, int fd, struct objects_item *item)
{
	union {
		struct bpf_map_info map;
		struct bpf_prog_info prog;
		struct bpf_link_info link;
	} info;
	int r;

	switch (item->kind) {
	case PROC_MAP:
		r = ask(fd, &info.map, sizeof(info.map));
		item->type = info.map.type;
		(void)snprintf(item->name, sizeof(item->name), "%.16s", info.map.name);
		return r;
	case PROC_PROG:
		r = ask(fd, &info.prog, sizeof(info.prog));
		item->type = info.prog.type;
		(void)snprintf(item->name, sizeof(item->name), "%.16s", info.prog.name);
		/* an id of a module's types, or of a program's, says nothing here */
		if (!r && info.prog.attach_btf_obj_id == 1)
			name_hook(reader, info.prog.attach_btf_id, item->hook);
		return r;
	case PROC_LINK:
		r = ask(fd, &info.link, sizeof(info.link));
		item->type = info.link.type;
		item->program = info.link.prog_id;
		if (info.link.type == BPF_LINK_TYPE_TRACING)
			item->attach_type = info.link.tracing.attach_type;
		return r;
	case PROC_NONE:
	case _PROC_KIND_MAX:
		break;
	}
	return -EINVAL;
}

static int read_kind(struct reader *reader, enum proc_kind kind)
{
	struct objects *objects = reader->objects;
	uint32_t id = 0;
	int r;

	for (size_t i = 0; (r = commands[kind].next(id, &id)) == 0; i++) {
		_cleanup_close_ int fd = -EBADF;
		struct objects_item item = {.kind = kind, .id = id};

		if (i >= OBJECTS_MAX) {
			objects->cut = true;
			return 0;
		}
		fd = commands[kind].open(id);
		if (fd == -EPERM && geteuid() != 0)
			return -EPERM;
		if (fd < 0 || describe(reader, fd, &item) < 0) {
			objects->n_kept++;
			continue;
		}
		r = array_grow(&objects->items, objects->n, sizeof(item));
		if (r < 0)
			return r;
		objects->items[objects->n++] = item;
	}
	return r == -ENOENT ? 0 : r;
}

/* What an executable of the policy holds. A path is no proof, and none is wanted here. */
static int look_at_tasks(struct reader *reader)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		char path[300], exe[4096];
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		ssize_t n;

		if (pid <= 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		n = readlink(path, exe, sizeof(exe) - 1);
		if (n <= 0)
			continue;
		exe[n] = '\0';
		if (tasks_of_policy(reader->policy, exe))
			(void)look_fds(&reader->seen, pid);
	}
	return reader->seen.out_of_memory ? -ENOMEM : 0;
}

static bool pin_of_policy(const void *policy, const char *path)
{
	for (uint32_t i = 0; i < image_header(policy)->n_pins; i++) {
		if (path_is_within(path, image_pins(policy)[i].path))
			return true;
	}
	return path_is_within(path, IMAGE_SELF_PINS);
}

static int find_owners(struct reader *reader)
{
	struct seen *seen = &reader->seen;
	int r;

	if (!reader->policy)
		return 0;
	r = look_at_tasks(reader);
	if (r < 0)
		return r;
	objects_pins(seen);
	for (size_t i = 0; i < seen->n_pins; i++) {
		const struct seen_pin *pin = &seen->pins[i];

		if (pin_of_policy(reader->policy, pin->path))
			objects_add(seen, &(struct proc_object){.kind = pin->object.kind,
								.id = pin->object.id,
								.prog_id = pin->prog_id});
	}
	for (size_t i = 0; i < reader->objects->n; i++) {
		struct objects_item *item = &reader->objects->items[i];

		item->owned = seen_has_id(seen, item->kind, item->id) ||
			      (item->program && seen_has_id(seen, PROC_PROG, item->program));
	}
	return seen->out_of_memory ? -ENOMEM : 0;
}

int objects_read(const void *policy, struct objects *ret_objects)
{
	_cleanup_(reader_done) struct reader reader = {.objects = ret_objects, .policy = policy};
	int r = 0;

	for (enum proc_kind kind = PROC_MAP; kind <= PROC_LINK && !r; kind++)
		r = read_kind(&reader, kind);
	if (!r)
		r = find_owners(&reader);
	return r ?: objects_read_unfrozen(ret_objects);
}
