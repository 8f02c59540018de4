// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts right what a probe has broken, so that no row leans on the one before it. */
#include "drive.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "canary.h"

/* <sys/mount.h> and <linux/mount.h> do not go together in this glibc. */
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define MNT_DETACH 2

#define BPFFS "/sys/fs/bpf"

static int copy_tree(const char *path, unsigned int flags)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};
	int fd;

	fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
	if (fd >= 0)
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr));
	return fd;
}

void restore_keep(struct drive *d)
{
	struct stat st;

	d->device = stat(BPFFS, &st) == 0 ? st.st_dev : 0;
	d->sys = copy_tree("/sys", AT_RECURSIVE);
	d->bpffs = copy_tree(BPFFS, 0);
}

static void put_back(int fd, const char *path)
{
	syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static bool is(const char *path, long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == magic;
}

static bool is_sysfs(const char *path)
{
	return is(path, SYSFS_MAGIC);
}

static bool is_our_bpffs(const struct drive *d)
{
	struct stat st;

	return stat(BPFFS, &st) == 0 && st.st_dev == d->device;
}

void restore_places(const struct drive *d)
{
	const char *restore = d->options->restore;
	bool needed = d->options->phase == DRILL_OBSERVE || d->options->leave;

	if (needed && restore && system(restore) != 0)
		fprintf(stderr, "holdfast: the policy could not be loaded again\n");
}

void restore_mounts(struct drive *d)
{
	struct stat st;
	char path[128];

	(void)umount2("/mnt/own", MNT_DETACH);
	(void)umount2("/mnt/moved", MNT_DETACH);
	(void)rmdir("/sys.other");
	(void)mkdir("/sys", 0755);
	/* what lay upon it is gone: all of it comes again */
	if (!is("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC))
		(void)umount2("/sys", MNT_DETACH);
	for (int i = 0; i < 4 && !is_sysfs("/sys") && umount2("/sys", MNT_DETACH) == 0; i++)
		;
	if (!is_sysfs("/sys"))
		put_back(d->sys, "/sys");
	for (int i = 0; i < 4 && !is_sysfs("/sys/fs") && umount2("/sys/fs", MNT_DETACH) == 0; i++)
		;
	for (int i = 0; i < 4 && !is_our_bpffs(d) && umount2(BPFFS, MNT_DETACH) == 0; i++)
		;
	if (!is_our_bpffs(d))
		put_back(d->bpffs, BPFFS);
	snprintf(path, sizeof(path), BPFFS "/" CANARY_NAME);
	while (stat(path, &st) == 0 && st.st_dev != d->device && umount2(path, MNT_DETACH) == 0)
		;
	(void)mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	close(d->sys);
	close(d->bpffs);
	if (!is_sysfs("/sys") || !is_our_bpffs(d)) {
		d->lost = true;
		fprintf(stderr, "holdfast: the mounts could not be put back\n");
	}
}

/* What probes leave in folders of their own. */
void restore_folders(void)
{
	static const char *const names[] = {"/sys/fs/bpf/probe/map", "/sys/fs/bpf/probe/second",
					    "/sys/fs/bpf/probe/stolen", "/sys/fs/bpf/probe"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlink(names[i]) < 0)
			(void)rmdir(names[i]);
}
