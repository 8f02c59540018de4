// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds BPF objects: /proc/PID/fdinfo, one process at a time. */

#include "guard/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/system.h"
#include "bpf/events-api.h"

#define FDINFO_MAX 4096

/* A link's fdinfo names its program as well: it is looked for first. */
static uint32_t fd_object(int folder, const char *name, uint32_t *ret_id)
{
	static const struct {
		const char *line;
		uint32_t kind;
	} objects[] = {
		{"\nlink_id:", EVENT_OBJECT_LINK},
		{"\nprog_id:", EVENT_OBJECT_PROG},
		{"\nmap_id:", EVENT_OBJECT_MAP},
	};
	_cleanup_free_ char *text = NULL;
	const char *found;
	size_t size;

	if (file_read(folder, name, FDINFO_MAX, &text, &size))
		return EVENT_OBJECT_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		found = strstr(text, objects[i].line);
		if (!found)
			continue;
		*ret_id = (uint32_t)strtoul(found + strlen(objects[i].line), NULL, 10);
		return objects[i].kind;
	}
	return EVENT_OBJECT_NONE;
}

static bool number(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isdigit((unsigned char)*c))
			return false;
	}
	return *name;
}

/* A process that ends meanwhile holds nothing. */
static void process_objects(int proc, pid_t pid, holders_object_fn *fn, void *userdata)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	uint32_t kind, id;
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/fdinfo", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!number(entry->d_name))
			continue;
		kind = fd_object(dirfd(dir), entry->d_name, &id);
		if (kind != EVENT_OBJECT_NONE)
			fn(userdata, kind, id);
	}
}

static int processes_each(int proc_fd, pid_t except,
			  void (*fn)(void *userdata, int proc, pid_t pid), void *userdata)
{
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	pid_t pid;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!number(entry->d_name))
			continue;
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid != except)
			fn(userdata, dirfd(dir), pid);
	}
	return 0;
}

struct listing {
	union {
		holders_fn *holder;
		holders_object_fn *object;
	};
	void *userdata;
};

static void object_count(void *userdata, uint32_t kind, uint32_t id)
{
	struct holder *holder = userdata;

	holder->links += kind == EVENT_OBJECT_LINK;
	holder->progs += kind == EVENT_OBJECT_PROG;
	holder->maps += kind == EVENT_OBJECT_MAP;
}

static void process_count(void *userdata, int proc, pid_t pid)
{
	const struct listing *listing = userdata;
	struct holder holder = {.pid = pid};
	_cleanup_free_ char *comm = NULL;
	char path[64];
	size_t size;

	process_objects(proc, pid, object_count, &holder);
	if (!holder.maps && !holder.progs && !holder.links)
		return;
	(void)snprintf(path, sizeof(path), "%d/comm", pid);
	if (!file_read(proc, path, sizeof(holder.comm), &comm, &size)) {
		comm[strcspn(comm, "\n")] = '\0';
		(void)snprintf(holder.comm, sizeof(holder.comm), "%s", comm);
	}
	listing->holder(listing->userdata, &holder);
}

int holders_list(int proc_fd, pid_t except, holders_fn *fn, void *userdata)
{
	struct listing listing = {.holder = fn, .userdata = userdata};

	return processes_each(proc_fd, except, process_count, &listing);
}

static void process_list(void *userdata, int proc, pid_t pid)
{
	const struct listing *listing = userdata;

	process_objects(proc, pid, listing->object, listing->userdata);
}

int holders_objects(int proc_fd, pid_t except, holders_object_fn *fn, void *userdata)
{
	struct listing listing = {.object = fn, .userdata = userdata};

	return processes_each(proc_fd, except, process_list, &listing);
}
