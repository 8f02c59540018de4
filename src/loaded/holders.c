// SPDX-License-Identifier: LGPL-2.1-or-later
/* See holders.h. A task may end, and an fd be closed, while they are looked at. */

#include "loaded/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "learn/proc-text.h"
#include "loaded/loaded.h"

#define SLICE "/sys/fs/cgroup/system.slice"
#define MAX_TEXT ((size_t)1 << 20) /* of a file of /proc or of a control group */
#define MAX_DEPTH 8 /* of groups below the unit's */

struct look {
	struct holders *holders;
	struct diag *diag;
	size_t n_tasks, n_fds;
};

static int add(struct held_set *set, uint32_t id)
{
	int r;

	if (id == 0)
		return 0;
	r = array_grow(&set->items, set->n, sizeof(*set->items));
	if (r < 0)
		return r;
	set->items[set->n++] = (struct held){.id = id};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(struct held_set *set)
{
	size_t n = 0;

	if (set->n)
		qsort(set->items, set->n, sizeof(*set->items), compare);
	for (size_t i = 0; i < set->n; i++) {
		if (n == 0 || set->items[n - 1].id != set->items[i].id)
			set->items[n++] = set->items[i];
	}
	set->n = n;
}

static int look_at_fd(struct look *look, int folder, const char *number)
{
	_cleanup_free_ char *text = NULL;
	struct proc_object object;
	char name[300];
	size_t size;
	int r;

	(void)snprintf(name, sizeof(name), "fdinfo/%s", number);
	r = file_read(folder, name, MAX_TEXT, &text, &size);
	if (r)
		return r == -ENOMEM ? r : 0;
	proc_read_fdinfo(text, &object);
	switch (object.kind) {
	case PROC_MAP:
		return add(&look->holders->maps, object.id);
	case PROC_PROG:
		return add(&look->holders->programs, object.id);
	case PROC_LINK:
		return add(&look->holders->programs, object.prog_id);
	case PROC_NONE:
	case _PROC_KIND_MAX:
		break;
	}
	return 0;
}

static int look_at_task(struct look *look, pid_t pid)
{
	_cleanup_closedir_ DIR *fds = NULL;
	const struct dirent *entry;
	char path[64];
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds && errno != ENOENT && errno != ESRCH) {
		diag_set(look->diag, NULL, 0, 0, "what process %d holds cannot be read: %s", pid,
			 strerror(errno));
		return LOADED_E_REFUSED;
	}
	if (!fds)
		return 0;
	look->n_tasks++;
	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	while (!r && (entry = readdir(fds))) {
		_cleanup_close_ int folder = -EBADF;
		char target[32];
		ssize_t n = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target));

		if (n < 14 || strncmp(target, "anon_inode:bpf", 14) != 0)
			continue;
		if (++look->n_fds > LOADED_MAX_FDS) {
			diag_set(look->diag, NULL, 0, 0, "more than %d BPF objects are held",
				 LOADED_MAX_FDS);
			return LOADED_E_REFUSED;
		}
		folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = folder < 0 ? 0 : look_at_fd(look, folder, entry->d_name);
	}
	return r;
}

/* The tasks of a group, then those of the groups below it. */
static int look_at_group(struct look *look, const char *path, unsigned depth)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	_cleanup_free_ char *text = NULL;
	const struct dirent *entry;
	size_t size;
	char *end;
	int r;

	if (!dir)
		return 0;
	r = file_read(dirfd(dir), "cgroup.procs", MAX_TEXT, &text, &size);
	if (r)
		return r == -ENOMEM ? r : 0;
	for (const char *p = text; *p; p = end) {
		long pid = strtol(p, &end, 10);

		if (end == p || *end != '\n')
			break;
		end++;
		if (look->n_tasks >= LOADED_MAX_TASKS) {
			diag_set(look->diag, NULL, 0, 0, "it has more than %d tasks",
				 LOADED_MAX_TASKS);
			return LOADED_E_REFUSED;
		}
		r = look_at_task(look, (pid_t)pid);
		if (r)
			return r;
	}
	while (!r && depth < MAX_DEPTH && (entry = readdir(dir))) {
		_cleanup_free_ char *below = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (asprintf(&below, "%s/%s", path, entry->d_name) < 0) {
			below = NULL;
			return -ENOMEM;
		}
		r = look_at_group(look, below, depth + 1);
	}
	return r;
}

int holders_read(const struct loaded_request *request, struct holders *ret_holders,
		 struct diag *reterr_diag)
{
	struct look look = {.holders = ret_holders, .diag = reterr_diag};
	_cleanup_free_ char *path = NULL;
	int r;

	if (request->pid) {
		r = look_at_task(&look, request->pid);
	} else {
		if (asprintf(&path, SLICE "/%s", request->unit) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		r = look_at_group(&look, path, 0);
	}
	if (r)
		return r;
	sort(&ret_holders->maps);
	sort(&ret_holders->programs);
	if (look.n_tasks)
		return 0;
	if (request->pid)
		diag_set(reterr_diag, NULL, 0, 0, "there is no process %d", request->pid);
	else
		diag_set(reterr_diag, NULL, 0, 0, "nothing runs in %s", path);
	return LOADED_E_REFUSED;
}

struct held *held_find(const struct held_set *set, uint32_t id)
{
	struct held key = {.id = id};

	return set->n ? bsearch(&key, set->items, set->n, sizeof(*set->items), compare) : NULL;
}

void holders_done(struct holders *holders)
{
	free(holders->maps.items);
	free(holders->programs.items);
	*holders = (struct holders){0};
}
