// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds BPF objects: /proc/PID/fdinfo, one process at a time. For a person to read, no more. */

#include "guard/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/system.h"

#define FDINFO_MAX 4096

/* A link's fdinfo names its program as well: it counts as a link. */
static void fd_count(int folder, const char *name, struct holder *holder)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (file_read(folder, name, FDINFO_MAX, &text, &size))
		return;
	if (strstr(text, "\nlink_id:"))
		holder->links++;
	else if (strstr(text, "\nprog_id:"))
		holder->progs++;
	else if (strstr(text, "\nmap_id:"))
		holder->maps++;
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
static void process_count(int proc, struct holder *holder)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ char *comm = NULL;
	struct dirent *entry;
	char path[64];
	size_t size;
	int fd;

	(void)snprintf(path, sizeof(path), "%d/comm", holder->pid);
	if (!file_read(proc, path, sizeof(holder->comm), &comm, &size)) {
		comm[strcspn(comm, "\n")] = '\0';
		(void)snprintf(holder->comm, sizeof(holder->comm), "%s", comm);
	}
	(void)snprintf(path, sizeof(path), "%d/fdinfo", holder->pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (number(entry->d_name))
			fd_count(dirfd(dir), entry->d_name, holder);
	}
}

int holders_list(int proc_fd, pid_t except, holders_fn *fn, void *userdata)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct holder holder = {};

		if (!number(entry->d_name))
			continue;
		holder.pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (holder.pid == except)
			continue;
		process_count(dirfd(dir), &holder);
		if (holder.maps || holder.progs || holder.links)
			fn(userdata, &holder);
	}
	return 0;
}
