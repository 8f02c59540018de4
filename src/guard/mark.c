// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Owners for inodes: the caller announces what its next change of attributes means, and makes it.
 */

#include "guard/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

int mark_path(int control, const char *path, uint32_t kind, uint32_t domain)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return mark_fd(control, fd, kind, domain);
}
