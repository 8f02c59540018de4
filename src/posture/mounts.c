// SPDX-License-Identifier: LGPL-2.1-or-later
/* See mounts.h. A mount has an id, and whatever is mounted over a part of it has another. */

#include "posture/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Each before what it lies in. */
static const struct {
	const char *path;
	long magic;
} kernel[MOUNTS_KERNEL] = {
	{"proc", PROC_SUPER_MAGIC},
	{"sys/kernel/security", SECURITYFS_MAGIC},
	{"sys/firmware/efi/efivars", EFIVARFS_MAGIC},
	{"sys", SYSFS_MAGIC},
};

#define SYS (MOUNTS_KERNEL - 1)

static int mount_of(int fd, const char *path, uint64_t *ret_id)
{
	struct statx found;

	if (statx(fd, path, AT_NO_AUTOMOUNT | AT_EMPTY_PATH, STATX_MNT_ID, &found) < 0)
		return -errno;
	if (!(found.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret_id = found.stx_mnt_id;
	return 0;
}

static uint64_t find(int root_fd, size_t i)
{
	_cleanup_close_ int fd = openat(root_fd, kernel[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	uint64_t id;

	if (fd < 0)
		return 0;
	if (mount_of(root_fd, kernel[i].path, &id) || fstatfs(fd, &fs))
		return MOUNTS_FOREIGN;
	return fs.f_type == kernel[i].magic ? id : MOUNTS_FOREIGN;
}

void mounts_find(int root_fd, struct mounts *ret_mounts)
{
	for (size_t i = 0; i < MOUNTS_KERNEL; i++) {
		uint64_t id = 0;

		ret_mounts->ids[i] = find(root_fd, i);
		/* nothing is mounted there, and the folder is sysfs's own */
		if (ret_mounts->ids[i] == MOUNTS_FOREIGN && i != SYS &&
		    mount_of(root_fd, kernel[i].path, &id) == 0 && id == find(root_fd, SYS))
			ret_mounts->ids[i] = 0;
	}
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

int mounts_check(int root_fd, const struct mounts *mounts, const char *path, int fd)
{
	char there[PATH_MAX];
	uint64_t wanted = 0, id = 0;
	char *slash;
	int r;

	for (size_t i = 0; i < MOUNTS_KERNEL && !wanted; i++)
		wanted = is_below(path, kernel[i].path) ? mounts->ids[i] : 0;
	if (!wanted)
		return 0;
	if (fd >= 0) {
		r = mount_of(fd, "", &id);
		return r ? r : id == wanted ? 0 : -EXDEV;
	}
	(void)snprintf(there, sizeof(there), "%s", path);
	while ((r = mount_of(root_fd, there, &id)) == -ENOENT || r == -ENOTDIR) {
		slash = strrchr(there, '/');
		if (!slash)
			return 0;
		*slash = '\0';
	}
	return r ? r : id == wanted ? 0 : -EXDEV;
}
