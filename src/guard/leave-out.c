// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For tests alone, in a build of its own (meson's option `leave_out`): takes programs out of a
 * guard that is up and puts them back, to see which attack goes through without which of them. A
 * program that is out is pinned in place of its link, so that another holdfastd finds it as well.
 */

#include "guard/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "guard/log.h"

/* Names of programs, one a line, or of rooms: `agents_`. What is in no line is put back. */
#define WISHES "/run/holdfast-leave-out"
#define OUT "out-"
#define PIN_PATH_MAX 128
#define WISHES_MAX 128
#define TRIES 2000 /* of a millisecond */

/*
 * Where the pins are when their file system is mounted nowhere, as after some techniques. A mount
 * of its own: an open file would keep the other busy, and nobody could unmount it.
 */
static int pins = -EBADF;

/* Path of links/NAME, progs/out-NAME, or of the folder itself. Return: @path. */
static const char *pin_path(char path[PIN_PATH_MAX], const char *folder, const char *name)
{
	(void)snprintf(path, PIN_PATH_MAX, "/proc/self/fd/%d/%s%.64s", pins, folder, name);
	return path;
}

struct wishes {
	char names[WISHES_MAX][64];
	size_t n;
};

/* What was unpinned and may hang still: all at once, for the kernel is slow to let go of each. */
static struct wishes taken;

static void wishes_read(struct wishes *wishes)
{
	_cleanup_fclose_ FILE *file = fopen(WISHES, "re");

	wishes->n = 0;
	while (file && wishes->n < WISHES_MAX &&
	       fscanf(file, "%63s", wishes->names[wishes->n]) == 1)
		wishes->n++;
}

static bool wished(const struct wishes *wishes, const char *name)
{
	for (size_t i = 0; i < wishes->n; i++) {
		const char *wish = wishes->names[i];
		size_t n = strlen(wish);

		if (!strncmp(name, wish, n) && (!name[n] || wish[n - 1] == '_'))
			return true;
	}
	return false;
}

static int attach(int prog, bool to_cgroup)
{
	_cleanup_close_ int root = -EBADF;
	int link;

	if (!to_cgroup) {
		link = bpf_raw_tracepoint_open(NULL, prog);
		return link < 0 ? -errno : link;
	}
	root = cgroup_root_open();
	if (root < 0)
		return root;
	link = bpf_link_create(prog, root, BPF_CGROUP_SYSCTL, NULL);
	return link < 0 ? -errno : link;
}

/* The kernel lets go of a link some time after its pin; until then its program can hang once. */
static int attach_patiently(int prog, bool to_cgroup)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int link = attach(prog, to_cgroup);

	for (int i = 0; link < 0 && i < TRIES; i++) {
		(void)nanosleep(&pause, NULL);
		link = attach(prog, to_cgroup);
	}
	return link;
}

/* Return: a new fd; -EOPNOTSUPP if it is attached to what attach() does not know. */
static int program_of(int link)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int prog;

	if (bpf_obj_get_info_by_fd(link, &info, &size))
		return -errno;
	if (info.type != BPF_LINK_TYPE_TRACING && info.type != BPF_LINK_TYPE_CGROUP)
		return -EOPNOTSUPP;
	prog = bpf_prog_get_fd_by_id(info.prog_id);
	return prog < 0 ? -errno : prog;
}

/* Attaches anew what was left out. Return: the link; negative errno. */
static int attach_again(const char *name)
{
	_cleanup_close_ int prog = -EBADF;
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	char out[PIN_PATH_MAX];

	prog = bpf_obj_get(pin_path(out, "progs/" OUT, name));
	if (prog < 0 || bpf_obj_get_info_by_fd(prog, &info, &size))
		return -errno;
	return attach_patiently(prog, info.type == BPF_PROG_TYPE_CGROUP_SYSCTL);
}

static int take_out(const char *name)
{
	_cleanup_close_ int prog = -EBADF, link = -EBADF;
	char path[PIN_PATH_MAX], out[PIN_PATH_MAX];

	link = bpf_obj_get(pin_path(path, "links/", name));
	if (link < 0)
		return -errno;
	prog = program_of(link);
	if (prog < 0)
		return prog == -EOPNOTSUPP ? 0 : prog;
	if (taken.n == WISHES_MAX || bpf_obj_pin(prog, pin_path(out, "progs/" OUT, name)) ||
	    unlink(path))
		return -errno;
	(void)snprintf(taken.names[taken.n++], sizeof(taken.names[0]), "%s", name);
	return 0;
}

/* When it can be attached anew, the link is gone; what has no pin ends with its fd. */
static int wait_until_out(const char *name)
{
	int link = attach_again(name);

	return link < 0 ? link : close(link);
}

static int put_back(const char *name)
{
	char path[PIN_PATH_MAX], out[PIN_PATH_MAX];
	_cleanup_close_ int link = attach_again(name);

	if (link < 0)
		return link;
	if (bpf_obj_pin(link, pin_path(path, "links/", name)) ||
	    unlink(pin_path(out, "progs/" OUT, name)))
		return -errno;
	return 0;
}

static void complain(const char *name, int r)
{
	if (r < 0)
		(void)log_error_errno(r, "%s is neither left out nor put back: %m", name);
}

/* Calls @act for the pins of a folder that begin so, if they are in the wishes or are not. */
static void each(const char *folder, const char *prefix, const struct wishes *wishes, bool want,
		 int (*act)(const char *name))
{
	char path[PIN_PATH_MAX];
	_cleanup_closedir_ DIR *dir = opendir(pin_path(path, folder, ""));
	size_t skip = strlen(prefix);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name + skip;

		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, skip) != 0 ||
		    wished(wishes, name) != want)
			continue;
		complain(name, act(name));
	}
}

void leave_out(void)
{
	int now = (int)syscall(SYS_open_tree, AT_FDCWD, GUARD_PIN_DIR,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct wishes wishes;

	if (now >= 0) {
		closep(&pins);
		pins = now;
	}
	wishes_read(&wishes);
	each("progs/", OUT, &wishes, false, put_back);
	taken.n = 0;
	each("links/", "", &wishes, true, take_out);
	for (size_t i = 0; i < taken.n; i++)
		complain(taken.names[i], wait_until_out(taken.names[i]));
}
