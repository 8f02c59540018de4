// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mounts: taking the bpffs away, or hiding it. Each act is done for good, as an attacker would; who
 * runs these outside a disposable guest has the driver's way of putting mounts back, or none.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"
#define OWN "/mnt/own"
#define MOVED "/mnt/moved"
#define TWIN "/mnt/twin"

static int folder(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? setup_failed(path) : 0;
}

/* ---- away with it */

/* Whoever looks at a pin keeps it busy for that moment: once more, then. */
static int umount_plain(const struct target *target)
{
	int r = result(umount2(BPFFS, 0));

	if (r != -EBUSY)
		return r;
	usleep(300000);
	return result(umount2(BPFFS, 0));
}

static int umount_lazy(const struct target *target)
{
	return result(umount2(BPFFS, MNT_DETACH));
}

static int umount_sys(const struct target *target)
{
	return result(umount2("/sys", MNT_DETACH));
}

static int umount_sys_fs_shared(const struct target *target)
{
	if (private_namespace(true))
		return setup_failed("unshare");
	return umount_lazy(target);
}

/* As service managers have it: what is unmounted in a copy goes from where it was copied. */
static int share_mounts(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0 ? setup_failed("make shared")
								    : 0;
}

static int umount_sys_shared(const struct target *target)
{
	if (share_mounts())
		return PROBE_SETUP;
	if (private_namespace(true))
		return setup_failed("unshare");
	return umount_sys(target);
}

/* @propagation: of the copy, before the mount that it lies on is unmounted, and it with it */
static int umount_copy(unsigned long propagation)
{
	if (share_mounts() || folder(OWN))
		return PROBE_SETUP;
	if (mount("none", OWN, "tmpfs", 0, NULL) < 0 ||
	    mount(NULL, OWN, NULL, MS_PRIVATE, NULL) < 0 || folder(OWN "/sys") ||
	    mount("/sys", OWN "/sys", NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    mount(NULL, OWN "/sys", NULL, MS_REC | propagation, NULL) < 0)
		return setup_failed("copy of /sys");
	return result(umount2(OWN, MNT_DETACH));
}

static int umount_below(const struct target *target)
{
	return umount_copy(MS_SHARED);
}

static int umount_below_slave(const struct target *target)
{
	return umount_copy(MS_SLAVE);
}

/* A second way in: a bind mount of it, taken off again; then the same superblock by it. */
static int umount_twin(const struct target *target)
{
	if (folder(TWIN))
		return PROBE_SETUP;
	if (mount(BPFFS, TWIN, NULL, MS_BIND, NULL) < 0)
		return setup_failed("bind mount");
	return result(umount2(TWIN, 0));
}

static int remove_mountpoint(const struct target *target)
{
	if (private_namespace(false) || umount2("/sys", MNT_DETACH) < 0)
		return setup_failed("private /sys");
	return result(rmdir("/sys"));
}

static int folder_away(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (at->level > 0 && rmdir(path) == 0)
		fprintf(stderr, "probe: %s lay below the mount\n", path);
	return 0;
}

/*
 * What a service was given there while another probe had /sys away, such as the folder of its
 * control group, would be in the way.
 */
static void below_clear(const char *path)
{
	struct stat root, st;

	if (stat("/", &root) == 0 && stat(path, &st) == 0 && st.st_dev == root.st_dev)
		(void)nftw(path, folder_away, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int replace_mountpoint(const struct target *target)
{
	if (private_namespace(false) || umount2("/sys", MNT_DETACH) < 0)
		return setup_failed("private /sys");
	below_clear("/sys");
	if (folder("/sys.other"))
		return PROBE_SETUP;
	return result(rename("/sys.other", "/sys"));
}

/* ---- hide it */

static int over_bpffs(const struct target *target)
{
	return result(mount("bpf", BPFFS, "bpf", 0, NULL));
}

static int over_pins(const struct target *target)
{
	return result(mount("none", target_pin(target, ""), "tmpfs", 0, NULL));
}

static int over_fs(const struct target *target)
{
	return result(mount("none", "/sys/fs", "tmpfs", 0, NULL));
}

static int over_sys(const struct target *target)
{
	return result(mount("none", "/sys", "tmpfs", 0, NULL));
}

static int bind_over(const struct target *target)
{
	if (folder(OWN))
		return PROBE_SETUP;
	return result(mount(OWN, BPFFS, NULL, MS_BIND, NULL));
}

/* The kernel binds if MS_BIND is set, whatever else is. */
static int bind_over_with(const struct target *target, unsigned long flags)
{
	if (folder(OWN))
		return PROBE_SETUP;
	return result(mount(OWN, BPFFS, NULL, MS_BIND | flags, NULL));
}

static int bind_over_private(const struct target *target)
{
	return bind_over_with(target, MS_PRIVATE);
}

static int over_shared(const struct target *target)
{
	if (private_namespace(true))
		return setup_failed("unshare");
	return over_bpffs(target);
}

static int new_bpffs(void)
{
	int context = fsopen("bpf", FSOPEN_CLOEXEC);

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(context, FSMOUNT_CLOEXEC, 0);
}

static int move_over(const struct target *target)
{
	int mount = new_bpffs();

	if (mount < 0)
		return setup_failed("fsmount");
	return result(move_mount(mount, "", AT_FDCWD, BPFFS, MOVE_MOUNT_F_EMPTY_PATH));
}

/* A mount whose parent shares cannot be moved: that much anybody may change. */
static int unshare_parents(void)
{
	if (mount(NULL, "/sys", NULL, MS_PRIVATE, NULL) < 0 ||
	    mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0)
		return setup_failed("make private");
	return folder(MOVED);
}

static int move_away_old(const struct target *target)
{
	if (unshare_parents())
		return PROBE_SETUP;
	return result(mount(BPFFS, MOVED, NULL, MS_MOVE, NULL));
}

static int move_away(const struct target *target)
{
	if (unshare_parents())
		return PROBE_SETUP;
	return result(move_mount(AT_FDCWD, BPFFS, AT_FDCWD, MOVED, 0));
}

/* Over what the target runs; the kernel knows where that is. */
static int cover_executable(const struct target *target, int (*cover)(const char *path))
{
	char link[64], path[256] = "";

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)target_get(target, "pid"));
	if (readlink(link, path, sizeof(path) - 1) < 0)
		return setup_failed(link);
	if (cover(path) < 0)
		return -errno;
	return umount2(path, MNT_DETACH) < 0 ? setup_failed("umount") : 0;
}

static int cover_by_bind(const char *path)
{
	return mount("/proc/self/exe", path, NULL, MS_BIND, NULL);
}

static int cover_by_move(const char *path)
{
	int tree = open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static int bind_over_executable(const struct target *target)
{
	return cover_executable(target, cover_by_bind);
}

static int move_over_executable(const struct target *target)
{
	return cover_executable(target, cover_by_move);
}

/* ---- what must stay possible */

static int own_bpffs(const struct target *target)
{
	if (folder(OWN))
		return PROBE_SETUP;
	if (mount("bpf", OWN, "bpf", 0, NULL) < 0)
		return -errno;
	return result(umount2(OWN, 0));
}

static int own_bpffs_by_fsmount(const struct target *target)
{
	int mount = new_bpffs();

	if (mount < 0)
		return -errno;
	if (folder(OWN))
		return PROBE_SETUP;
	if (move_mount(mount, "", AT_FDCWD, OWN, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	close(mount);
	return result(umount2(OWN, 0));
}

static int private_umount(const struct target *target)
{
	if (private_namespace(false))
		return setup_failed("unshare");
	return umount_sys(target);
}

static int private_rmdir(const struct target *target)
{
	if (private_namespace(false))
		return setup_failed("unshare");
	if (folder(OWN) || mount("none", OWN, "tmpfs", 0, NULL) < 0)
		return setup_failed("tmpfs");
	if (umount2(OWN, 0) < 0)
		return -errno;
	return result(rmdir(OWN));
}

static int private_cover(const struct target *target)
{
	if (private_namespace(false))
		return setup_failed("unshare");
	if (over_fs(target) < 0 || over_sys(target) < 0)
		return -errno;
	return 0;
}

const struct technique mounts_techniques[] = {
	{"F03", "umount-shared", "umount -l of bpffs, namespace still shared", EPERM, "F03", NULL,
	 MOUNTS, umount_sys_fs_shared, own_bpffs, "its own bpffs mounted and unmounted"},
	{"F03", "umount", "umount of bpffs", EPERM, "F03|F03 F03", NULL, MOUNTS, umount_plain,
	 own_bpffs, "its own bpffs mounted and unmounted"},
	{"F03", "umount-lazy", "umount -l of bpffs", EPERM, "F03", NULL, MOUNTS, umount_lazy,
	 own_bpffs_by_fsmount, "its own bpffs by fsmount, unmounted"},
	{"F03", "umount-sys", "umount -l of /sys", EPERM, "F03", NULL, MOUNTS, umount_sys,
	 private_umount, "umount -l of /sys in a private namespace"},
	{"F03", "umount-twin", "umount of a bind mount of bpffs", EPERM, "F03", NULL,
	 MOUNTS | SILENT, umount_twin, own_bpffs, "its own bpffs mounted and unmounted"},
	{"F05", "rmdir-mountpoint", "rmdir of /sys from a private namespace", EPERM, "F05", NULL,
	 MOUNTS, remove_mountpoint, private_rmdir, "rmdir of its own mount point"},
	/*
	 * observed twice where the new folder's dentry lies at the address of a /sys that an act
	 * before this one has removed: places are known by address
	 */
	{"F05", "replace-mountpoint", "rename over /sys from a private namespace", EPERM, "F02",
	 "F02|F02 F02", MOUNTS, replace_mountpoint, private_rmdir, "rmdir of its own mount point"},
	{"F06", "mount-over", "mount over bpffs", EPERM, "F06", NULL, MOUNTS, over_bpffs, own_bpffs,
	 "its own bpffs mounted and unmounted"},
	{"F06", "mount-over-shared", "mount over bpffs, namespace still shared", EPERM, "F06", NULL,
	 MOUNTS, over_shared, private_cover, "mounts over /sys/fs, /sys in a private namespace"},
	{"F06", "mount-over-pins", "mount over the pins' folder", EPERM, "F06", NULL, MOUNTS,
	 over_pins, own_bpffs, "its own bpffs mounted and unmounted"},
	{"F06", "mount-over-fs", "mount over /sys/fs", EPERM, "F06", NULL, MOUNTS, over_fs,
	 private_cover, "mounts over /sys/fs, /sys in a private namespace"},
	{"F06", "mount-over-sys", "mount over /sys", EPERM, "F06", NULL, MOUNTS, over_sys,
	 private_cover, "mounts over /sys/fs, /sys in a private namespace"},
	{"F06", "bind-over", "bind mount over bpffs", EPERM, "F06", NULL, MOUNTS, bind_over,
	 own_bpffs, "its own bpffs mounted and unmounted"},
	{"F06", "move-over", "move_mount of a new bpffs over bpffs", EPERM, "F06", NULL, MOUNTS,
	 move_over, own_bpffs_by_fsmount, "its own bpffs by fsmount, unmounted"},
	{"F06", "move-away", "bpffs moved away by move_mount", EPERM, "F06", NULL, MOUNTS,
	 move_away, own_bpffs_by_fsmount, "its own bpffs by fsmount, unmounted"},
	{"F06", "move-away-old", "bpffs moved away by mount --move", EPERM, "F06", NULL, MOUNTS,
	 move_away_old, own_bpffs, "its own bpffs mounted and unmounted"},
	{"F06", "bind-over-private", "bind mount with MS_PRIVATE over bpffs", EPERM, "F06", NULL,
	 MOUNTS, bind_over_private, own_bpffs, "its own bpffs mounted and unmounted"},
	{"F11", "bind-over-executable", "bind mount over its executable", EPERM, "F11", NULL,
	 MOUNTS | SILENT, bind_over_executable},
	{"F11", "move-over-executable", "a mount moved over its executable", EPERM, "F11", NULL,
	 MOUNTS | SILENT, move_over_executable},
	{"F03", "umount-below", "umount -l of a private mount with a copy of /sys below", EPERM,
	 "F03", NULL, MOUNTS, umount_below, umount_below_slave, "the same, the copy a slave"},
	/*
	 * last: /sys cannot be put back by a stranger where this goes through and is not meant to
	 */
	{"F03", "umount-sys-shared", "umount -l of /sys, namespace still shared", EPERM, "F03",
	 NULL, MOUNTS, umount_sys_shared, private_umount,
	 "umount -l of /sys in a private namespace"},
	{},
};
