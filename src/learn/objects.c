// SPDX-License-Identifier: LGPL-2.1-or-later
/* See objects.h. */

#include "learn/objects.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "learn/look.h"
#include "learn/seen.h"
#include "policy/image-check.h"

#define MAX_MAPS 64 /* of one program, as the kernel has it */
#define MAX_DEPTH 8 /* of folders of pins */

const char *objects_kind_name(enum proc_kind kind)
{
	static const char *const names[] = {"none", "map", "prog", "link"};

	_Static_assert(ARRAY_SIZE(names) == _PROC_KIND_MAX, "a name for each kind");
	return names[kind];
}

static int sys_bpf(int command, union bpf_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return fd < 0 ? -errno : fd;
}

static int open_by_id(enum proc_kind kind, uint32_t id)
{
	union bpf_attr attr = {};

	attr.map_id = id; /* as is prog_id and link_id */
	switch (kind) {
	case PROC_MAP:
		return sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	case PROC_PROG:
		return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	case PROC_LINK:
		return sys_bpf(BPF_LINK_GET_FD_BY_ID, &attr);
	case PROC_NONE:
	case _PROC_KIND_MAX:
		break;
	}
	return -EINVAL;
}

static int info_of(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = {};

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = (uint64_t)(uintptr_t)info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static void say_map(struct seen *seen, const struct proc_object *object, int fd)
{
	struct bpf_map_info info = {};
	uint32_t type = object->type;
	char number[16];

	if (fd >= 0 && info_of(fd, &info, sizeof(info)) == 0)
		type = info.type;
	(void)snprintf(number, sizeof(number), "type %u", type);
	seen_say(seen, &seen->objects, "map  %6u  %s%s%.16s", object->id,
		 image_map_type_name(type) ?: number, info.name[0] ? "  " : "", info.name);
}

static void say_prog(struct seen *seen, const struct proc_object *object, int fd)
{
	struct bpf_prog_info info = {};
	uint32_t maps[MAX_MAPS], type = object->type;
	char number[16];

	info.nr_map_ids = MAX_MAPS;
	info.map_ids = (uint64_t)(uintptr_t)maps;
	if (fd >= 0 && info_of(fd, &info, sizeof(info)) == 0)
		type = info.type;
	else
		info.nr_map_ids = 0;
	(void)snprintf(number, sizeof(number), "type %u", type);
	seen_say(seen, &seen->objects, "prog %6u  %s%s%.16s", object->id,
		 type < IMAGE_PROGRAM_TYPES ? image_program_name(IMAGE_PROGRAM(type)) : number,
		 info.name[0] ? "  " : "", info.name);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++)
		objects_add(seen, &(struct proc_object){.kind = PROC_MAP, .id = maps[i]});
}

/* Its program need not have an fd of its own. */
static void say_link(struct seen *seen, const struct proc_object *object)
{
	seen_say(seen, &seen->objects, "link %6u  %s%sprog %u", object->id, object->details,
		 object->details[0] ? ", " : "", object->prog_id);
	if (object->prog_id)
		objects_add(seen, &(struct proc_object){.kind = PROC_PROG, .id = object->prog_id});
}

void objects_add(struct seen *seen, const struct proc_object *object)
{
	_cleanup_close_ int fd = -EBADF;

	if (!seen_id(seen, object->kind, object->id))
		return;
	if (object->kind == PROC_LINK) {
		say_link(seen, object);
		return;
	}
	fd = open_by_id(object->kind, object->id);
	if (fd < 0)
		seen_say(seen, &seen->notes, "%s %u could not be asked for its name%s: %s",
			 objects_kind_name(object->kind), object->id,
			 object->kind == PROC_PROG ? " and maps" : "", strerror(-fd));
	if (object->kind == PROC_MAP)
		say_map(seen, object, fd);
	else
		say_prog(seen, object, fd);
}

static void look_at_pin(struct seen *seen, const char *mount, const char *path)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	struct proc_object object;
	union bpf_attr attr = {};
	char name[32];

	attr.pathname = (uint64_t)(uintptr_t)path;
	attr.file_flags = BPF_F_RDONLY;
	fd = sys_bpf(BPF_OBJ_GET, &attr);
	if (fd == -EINVAL) { /* programs and links know no read-only */
		attr.file_flags = 0;
		fd = sys_bpf(BPF_OBJ_GET, &attr);
	}
	if (fd < 0) {
		if (fd != -ENOENT)
			seen_say(seen, &seen->notes, "the pin %s could not be opened: %s", path,
				 strerror(-fd));
		return;
	}
	(void)snprintf(name, sizeof(name), "fdinfo/%d", fd);
	text = look_text(getpid(), name);
	proc_read_fdinfo(text ? text : "", &object);
	if (object.kind)
		seen_pin(seen, mount, path, &object);
}

static void walk(struct seen *seen, const char *mount, const char *folder, int depth)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (!dir) {
		seen_say(seen, &seen->notes, "the folder %s could not be read: %s", folder,
			 strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
			path = NULL;
			seen->out_of_memory = true;
			return;
		}
		if (lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
			walk(seen, mount, path, depth + 1);
		else if (S_ISDIR(st.st_mode))
			seen_say(seen, &seen->notes, "the folder %s lies too deep to be looked at",
				 path);
		else if (S_ISREG(st.st_mode) && !(depth == 0 && strchr(entry->d_name, '.')))
			look_at_pin(seen, mount, path); /* names at the top have no dot */
	}
}

void objects_pins(struct seen *seen)
{
	_cleanup_free_ char *text = look_text(getpid(), "mountinfo");
	char *rest = text;
	const char *mount;

	while ((mount = proc_next_mount(&rest, "bpf")))
		walk(seen, mount, mount, 0);
}
