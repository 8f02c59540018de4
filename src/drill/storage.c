// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Below and beside the names: the block device under a filesystem, the resources of a control
 * group, pins by another root. rows.sh has prepared two disks: a filesystem on a partition of one,
 * with a copy of the canary, and one that nobody uses.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"

#define DISK "/srv/holdfast-drill" /* where that filesystem is mounted */
#define OTHER_DISK "/run/holdfast-drill-other"
#define NODE "/run/holdfast-drill-node"
#define GROUPS "/sys/fs/cgroup/"
#define PINS "/sys/fs/bpf"
#define ROOT "/mnt"

/* ---- F13 */

/* Code of the domain's lies on it. */
static int disk_used(const struct target *target)
{
	char reply[CANARY_REPLY_MAX] = "";
	int r = target_ask(target->name, "map " DISK "/holdfast-canary", reply, sizeof(reply));

	if (r < 0 || strcmp(reply, "0") != 0)
		return setup_failed(DISK "/holdfast-canary");
	return 0;
}

/* By a node of our own, which nobody has marked. */
static int device_open(dev_t device, int flags)
{
	int fd, r;

	(void)unlink(NODE);
	if (mknod(NODE, S_IFBLK | 0600, device) < 0)
		return setup_failed(NODE);
	fd = open(NODE, flags | O_CLOEXEC);
	r = result(fd);
	if (fd >= 0)
		close(fd);
	(void)unlink(NODE);
	return r;
}

static int disk_open(const struct target *target, int flags)
{
	struct stat st;
	int r = disk_used(target);

	if (r)
		return r;
	if (stat(DISK, &st) < 0)
		return setup_failed(DISK);
	return device_open(st.st_dev, flags);
}

static int disk_write(const struct target *target)
{
	return disk_open(target, O_WRONLY);
}

static int disk_read_write(const struct target *target)
{
	return disk_open(target, O_RDWR | O_NONBLOCK);
}

static int disk_read(const struct target *target)
{
	return disk_open(target, O_RDONLY);
}

/* The disk that its partition is of. */
static int disk_whole(const struct target *target)
{
	unsigned int major, minor;
	char path[128];
	struct stat st;
	FILE *file;
	int r = disk_used(target), n;

	if (r)
		return r;
	if (stat(DISK, &st) < 0)
		return setup_failed(DISK);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(st.st_dev),
		 minor(st.st_dev));
	file = fopen(path, "re");
	if (!file)
		return setup_failed(path);
	n = fscanf(file, "%u:%u", &major, &minor);
	fclose(file);
	return n == 2 ? device_open(makedev(major, minor), O_WRONLY) : setup_failed(path);
}

static int other_disk(const struct target *target)
{
	struct stat st;

	if (stat(OTHER_DISK, &st) < 0)
		return setup_failed(OTHER_DISK);
	return device_open(st.st_rdev, O_RDWR);
}

/* ---- M18 */

static int group_write(const char *group, const char *file, const char *text)
{
	char path[256];
	int fd, r;

	snprintf(path, sizeof(path), GROUPS "%s/%s", group, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return setup_failed(path);
	r = result(write(fd, text, strlen(text)));
	close(fd);
	return r;
}

/* Taken back at once: the canary is to live on. */
static int squeeze(const struct target *target, const char *file, const char *text)
{
	char unit[128];
	int r;

	snprintf(unit, sizeof(unit), "system.slice/%s.service", target->name);
	r = group_write(unit, file, text);
	return r ? r : group_write(unit, file, "max");
}

static int squeeze_memory(const struct target *target)
{
	return squeeze(target, "memory.max", "1G");
}

static int squeeze_high(const struct target *target)
{
	return squeeze(target, "memory.high", "1G");
}

static int squeeze_pids(const struct target *target)
{
	return squeeze(target, "pids.max", "1");
}

static int squeeze_above(const struct target *target)
{
	int r = group_write("system.slice", "memory.max", "1G");

	return r ? r : group_write("system.slice", "memory.max", "max");
}

static int squeeze_own(const struct target *target)
{
	int r;

	if (mkdir(GROUPS "own.slice", 0755) < 0 && errno != EEXIST)
		return setup_failed("own.slice");
	r = group_write("own.slice", "memory.max", "1G");
	(void)rmdir(GROUPS "own.slice");
	return r;
}

/* ---- F09 */

/* The pins' filesystem below a root of our own. */
static int own_root(void)
{
	if (private_namespace(false) || mount("none", ROOT, "tmpfs", 0, NULL) < 0 ||
	    mkdir(ROOT "/pins", 0700) < 0 || mount(PINS, ROOT "/pins", NULL, MS_BIND, NULL) < 0)
		return setup_failed(ROOT);
	return 0;
}

static int unlink_below(const struct target *target, const char *root)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/pins%s", root, target_pin(target, "map") + strlen(PINS));
	return result(unlink(path));
}

static int pin_chroot(const struct target *target)
{
	if (own_root())
		return PROBE_SETUP;
	if (chroot(ROOT) < 0 || chdir("/") < 0)
		return setup_failed("chroot");
	return unlink_below(target, "");
}

/* A mount namespace that another process has made, which waits there. */
static int pin_setns(const struct target *target)
{
	int ready[2], r = PROBE_SETUP, fd;
	char path[64], byte = 0;
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return setup_failed("pipe");
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (own_root() || write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)poll(NULL, 0, 60000);
		_exit(0);
	}
	close(ready[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)child);
	if (child < 0 || read(ready[0], &byte, 1) != 1 ||
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(fd, CLONE_NEWNS) < 0)
		setup_failed("setns");
	else
		r = unlink_below(target, ROOT);
	close(ready[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return r;
}

#define QUIET (SILENT | GUEST_ONLY)

const struct technique storage_techniques[] = {
	{"F13", "disk-write", "the device below its code opened to write, by an own node", EPERM,
	 "F13", NULL, QUIET, disk_write, disk_read, "to read it"},
	{"F13", "disk-read-write", "the same to read and write, without waiting", EPERM, "F13",
	 NULL, QUIET, disk_read_write, other_disk, "another disk"},
	{"F13", "disk-whole", "the disk that it is a partition of", EPERM, "F13", NULL, QUIET,
	 disk_whole, other_disk, "another disk"},
	{"M18", "squeeze-memory", "its memory.max", EPERM, "M18", "M18 M18", QUIET, squeeze_memory},
	{"M18", "squeeze-high", "its memory.high", EPERM, "M18", "M18 M18", QUIET, squeeze_high},
	{"M18", "squeeze-pids", "its pids.max", EPERM, "M18", "M18 M18", QUIET, squeeze_pids},
	{"M18", "squeeze-above", "memory.max above it", EPERM, "M18", "M18 M18", QUIET,
	 squeeze_above, squeeze_own, "memory.max of an own slice"},
	{"F09", "pin-chroot", "its pin unlinked in a chroot", EPERM, "F01", NULL, 0, pin_chroot},
	{"F09", "pin-setns", "its pin unlinked in another's mount namespace", EPERM, "F01", NULL, 0,
	 pin_setns},
	{},
};
