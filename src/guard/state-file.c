// SPDX-License-Identifier: LGPL-2.1-or-later
/* See state-file.h. */

#include "guard/state-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int state_file_read(int dir_fd, const char *name, void *ret_data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return STATE_FILE_E_NONE;
	if (fd < 0)
		return errno == ELOOP ? STATE_FILE_E_FORM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size != (off_t)size)
		return STATE_FILE_E_FORM;
	n = pread(fd, ret_data, size, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : STATE_FILE_E_FORM;
}

int state_file_prepare(int dir_fd, const char *new_name, const void *data, size_t size)
{
	_cleanup_close_ int fd = -EBADF;
	ssize_t n;

	(void)unlinkat(dir_fd, new_name, 0);
	fd = openat(dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, data, size);
	if (n < 0)
		return -errno;
	if ((size_t)n != size)
		return -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

int state_file_commit(int dir_fd, const char *new_name, const char *name)
{
	if (renameat(dir_fd, new_name, dir_fd, name) < 0)
		return -errno;
	(void)fsync(dir_fd);
	return 0;
}
