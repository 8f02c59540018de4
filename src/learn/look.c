// SPDX-License-Identifier: LGPL-2.1-or-later
/* See look.h. */

#include "learn/look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "base/system.h"
#include "learn/objects.h"
#include "learn/seen.h"
#include "policy/image-check.h"

#define MAX_TEXT ((size_t)16 << 20) /* of one file of /proc */

char *look_text(pid_t pid, const char *name)
{
	char path[64], *text = NULL;
	size_t size;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if (file_read(AT_FDCWD, path, MAX_TEXT, &text, &size) != 0)
		return NULL;
	return text;
}

/* Whether a path leads, from here, to the file that a link of /proc stands for. */
static bool is_here(const char *link, const char *path)
{
	struct stat theirs, ours;

	return path[0] == '/' && stat(link, &theirs) == 0 && lstat(path, &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* Of what a path does not lead to any more, or not from here. */
static bool digest_of(const char *link, uint8_t *ret_digest, uint64_t *ret_size)
{
	_cleanup_close_ int fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > IMAGE_MAX_FILE)
		return false;
	*ret_size = (uint64_t)st.st_size;
	return sha256_fd(fd, *ret_size, ret_digest) == 0;
}

static bool read_link(const char *link, char *ret_path)
{
	ssize_t n = readlink(link, ret_path, LOOK_PATH_LEN - 1);

	if (n <= 0)
		return false;
	ret_path[n] = '\0';
	return true;
}

bool look_program(struct seen *seen, pid_t pid, char *ret_path)
{
	struct seen_program *p;
	uint8_t digest[SHA256_LEN];
	uint64_t size;
	char link[32];

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	if (!read_link(link, ret_path))
		return false;
	if (is_here(link, ret_path) && image_path_valid(ret_path))
		return seen_program(seen, ret_path, NULL) != NULL;

	for (size_t i = 0; i < seen->n_programs; i++) {
		p = &seen->programs[i];
		if (p->by_digest && strcmp(p->path, ret_path) == 0)
			return true; /* a third file of that name is not told apart */
	}
	if (!digest_of(link, digest, &size)) {
		seen_say(seen, &seen->notes, "the program %s is not here and cannot be read",
			 ret_path);
		return false;
	}
	p = seen_program(seen, ret_path, digest);
	if (p)
		p->size = size;
	return p != NULL;
}

static void look_library(struct seen *seen, pid_t pid, const struct proc_mapping *m)
{
	char link[96], name[LOOK_PATH_LEN];
	uint8_t digest[SHA256_LEN];
	uint64_t size;

	for (size_t i = 0; i < seen->n_libraries; i++) {
		if (strcmp(seen->libraries[i].path, m->path) == 0)
			return;
	}
	(void)snprintf(link, sizeof(link), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, m->start,
		       m->end);
	if (!read_link(link, name))
		return; /* unmapped meanwhile, or the process is gone */
	if (!m->deleted && is_here(link, m->path) && image_path_valid(m->path))
		seen_library(seen, m->path, NULL);
	else if (digest_of(link, digest, &size))
		seen_library(seen, m->path, digest);
	else
		seen_say(seen, &seen->notes,
			 "%s, mapped executable, is not here and cannot be read", m->path);
}

static bool is_program(const struct seen *seen, const char *path)
{
	for (size_t i = 0; i < seen->n_programs; i++) {
		if (strcmp(seen->programs[i].path, path) == 0)
			return true;
	}
	return false;
}

void look_mappings(struct seen *seen, pid_t pid)
{
	_cleanup_free_ char *text = look_text(pid, "maps");
	struct proc_mapping m;
	char *rest = text;

	while (proc_next_mapping(&rest, &m)) {
		if (!m.executable)
			continue;
		if (m.path[0] == '/' && !is_program(seen, m.path))
			look_library(seen, pid, &m);
		else if (m.path[0] != '/' && strcmp(m.path, "[vdso]") != 0 &&
			 strcmp(m.path, "[vsyscall]") != 0)
			seen_say(seen, &seen->notes,
				 "it has executable memory that is no file's (a JIT?): "
				 "refused to a domain's tasks");
	}
}

/* Calls a function for each fd of a process: where it leads, and its number. */
struct fds {
	struct seen *seen;
	pid_t pid;
	bool has_objects;
};

static void for_each_fd(struct fds *fds,
			void (*look)(struct fds *fds, const char *number, const char *target))
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", fds->pid);
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		seen_say(fds->seen, &fds->seen->notes, "what process %d holds cannot be read: %s",
			 fds->pid, strerror(errno));
	while (dir && (entry = readdir(dir))) {
		char target[LOOK_PATH_LEN];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		look(fds, entry->d_name, target);
	}
}

static bool look_object(const struct fds *fds, const char *number, const char *target,
			struct proc_object *ret_object)
{
	_cleanup_free_ char *text = NULL;
	char name[300];

	if (strncmp(target, "anon_inode:bpf", 14) != 0)
		return false;
	(void)snprintf(name, sizeof(name), "fdinfo/%s", number);
	text = look_text(fds->pid, name);
	proc_read_fdinfo(text ? text : "", ret_object);
	return ret_object->kind != PROC_NONE;
}

static void look_fd(struct fds *fds, const char *number, const char *target)
{
	static const char *const dull[] = {"/dev/", "/proc/", "/sys/", "/run/", "/memfd:"};
	struct proc_object object;

	if (look_object(fds, number, target, &object)) {
		fds->has_objects = true;
		objects_add(fds->seen, &object);
		return;
	}
	if (strcmp(target, "anon_inode:[perf_event]") == 0) {
		fds->has_objects = true;
		seen_say(fds->seen, &fds->seen->objects, "perf events, by their fds");
	}
	for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++) {
		if (strncmp(target, dull[i], strlen(dull[i])) == 0)
			return;
	}
	/* Libraries have rules of their own, and are open for a moment only. */
	if (target[0] == '/' && !strstr(target, ".so"))
		seen_say(fds->seen, &fds->seen->files, "%s", target);
}

bool look_fds(struct seen *seen, pid_t pid)
{
	struct fds fds = {.seen = seen, .pid = pid};

	for_each_fd(&fds, look_fd);
	return fds.has_objects;
}

static void look_fd_of_other(struct fds *fds, const char *number, const char *target)
{
	struct proc_object object;
	char exe[LOOK_PATH_LEN] = "?", link[32];

	if (!look_object(fds, number, target, &object) ||
	    !seen_has_id(fds->seen, object.kind, object.id))
		return;
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", fds->pid);
	(void)read_link(link, exe);
	seen_say(fds->seen, &fds->seen->holders, "%s holds %s %u", exe,
		 objects_kind_name(object.kind), object.id);
}

void look_fds_of_other(struct seen *seen, pid_t pid)
{
	struct fds fds = {.seen = seen, .pid = pid};

	for_each_fd(&fds, look_fd_of_other);
}
