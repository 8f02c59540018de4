// SPDX-License-Identifier: LGPL-2.1-or-later
/* See system.h. */

#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"

#define FIRST_CHUNK ((size_t)1 << 14)

static ssize_t read_again(int fd, void *data, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, data, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int file_read_fd(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t room = 0, used = 0;

	for (;;) {
		ssize_t n;

		if (used == room) {
			char *grown;

			/* One byte more than allowed is enough to know; one more for the NUL. */
			room = room ? room * 2 : FIRST_CHUNK;
			if (room > limit + 1)
				room = limit + 1;
			grown = realloc(data, room + 1);
			if (!grown)
				return -ENOMEM;
			data = grown;
		}

		n = read_again(fd, data + used, room - used);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > limit)
			return FILE_E_TOO_BIG;
	}

	data[used] = '\0';
	*ret_data = TAKE_PTR(data);
	*ret_size = used;
	return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	_cleanup_close_ int fd = -EBADF;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	return file_read_fd(fd, limit, ret_data, ret_size);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The folder of path, for its fsync(): "." if path has no slash. */
static int open_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;
	int fd;

	if (!slash)
		dir = strdup(".");
	else
		dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int fill_and_rename(int fd, const char *temporary, const char *path, const void *data,
			   size_t size)
{
	_cleanup_close_ int dir_fd = -EBADF;
	int r;

	r = write_all(fd, data, size);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return -errno;

	dir_fd = open_parent(path);
	if (dir_fd < 0)
		return dir_fd;
	if (rename(temporary, path) < 0)
		return -errno;
	/* Some file systems cannot; the rename has happened, and the old content is gone. */
	(void)fsync(dir_fd);
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return FILE_E_NOT_REGULAR;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;

	if (fchmod(fd, mode) < 0)
		r = -errno;
	else
		r = fill_and_rename(fd, temporary, path, data, size);
	if (r < 0)
		(void)unlink(temporary);
	return r;
}
