// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Owners for inodes: the caller announces what its next change of attributes means, and makes it.
 */

#include "guard/mark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "guard/internal.h"

int mark_fd(int control, int fd, uint32_t kind, uint32_t domain)
{
	char path[64];
	struct stat st;
	int r, s;

	if (fstat(fd, &st))
		return -errno;
	r = control_op(control, CONTROL_MARK, kind, 0, domain);
	if (r < 0)
		return r;
	/* fchmod() does not take O_PATH; this does, and follows nothing but the fd */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = chmod(path, st.st_mode & 07777) ? -errno : 0;
	s = control_op(control, CONTROL_MARK, CONTROL_MARK_NONE, 0, 0);
	return r ?: s;
}

int mark_tree(struct mark_tree *tree, int parent, const char *name, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct dirent *entry;
	struct stat st;
	int r;

	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!tree->left)
		return -E2BIG;
	tree->left--;
	r = mark_fd(tree->control, fd, tree->kind, tree->domain);
	if (r < 0 || !S_ISDIR(st.st_mode))
		return r;
	if (depth == MARK_DEPTH_MAX)
		return -ELOOP;
	parent = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = parent < 0 ? NULL : fdopendir(parent);
	if (!dir)
		return -errno;
	while (!r && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    entry->d_type != DT_LNK)
			r = mark_tree(tree, parent, entry->d_name, depth + 1);
	}
	return r ?: -errno;
}

int mark_path(int control, const char *path, uint32_t kind, uint32_t domain)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return mark_fd(control, fd, kind, domain);
}
