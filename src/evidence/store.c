// SPDX-License-Identifier: LGPL-2.1-or-later
/* See store.h. */

#include "evidence/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/system.h"

#define FILE_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int ask(const struct store *store, enum store_op op, const char *path, size_t *size)
{
	size_t none = 0;

	return store->gate ? store->gate(store->userdata, op, path, size ? size : &none) : 0;
}

/* Whether it is a file that can be ours. */
static int check_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? 0 : STORE_E_STRANGE;
}

int store_read(const struct store *store, const char *path, size_t limit, char **ret_data,
	       size_t *ret_size)
{
	_cleanup_close_ int fd = openat(store->dir_fd, path, O_RDONLY | O_CLOEXEC | FILE_FLAGS);
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return STORE_E_NONE;
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? STORE_E_STRANGE : -errno;
	r = check_regular(fd);
	if (r != 0)
		return r;
	r = file_read_fd(fd, limit, ret_data, ret_size);
	return r > 0 ? STORE_E_STRANGE : r;
}

static int folder_made(const struct store *store, const char *folder)
{
	_cleanup_close_ int fd = -EBADF;

	if (!store->made)
		return 0;
	fd = openat(store->dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : store->made(store->userdata, fd);
}

int store_folders(const struct store *store, const char *path)
{
	char folder[STORE_PATH_LEN];

	for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
		int r;

		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path);
		if (faccessat(store->dir_fd, folder, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		r = ask(store, STORE_FOLDER, folder, NULL);
		if (r < 0)
			return r;
		if (mkdirat(store->dir_fd, folder, 0750) < 0 && errno != EEXIST)
			return -errno;
		r = folder_made(store, folder);
		if (r < 0)
			return r;
	}
	return 0;
}

int store_open(const struct store *store, const char *path)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	r = store_folders(store, path);
	if (r < 0)
		return r;
	r = ask(store, STORE_OPEN, path, NULL);
	if (r < 0)
		return r;
	fd = openat(store->dir_fd, path, O_RDWR | O_CREAT | O_CLOEXEC | FILE_FLAGS, 0640);
	if (fd < 0)
		return -errno;
	r = check_regular(fd);
	if (r != 0)
		return r < 0 ? r : -EBADFD;
	return TAKE_FD(fd);
}

int store_write(const struct store *store, int fd, const char *path, const struct iovec *data,
		uint64_t offset)
{
	size_t done = 0;

	while (done < data->iov_len) {
		size_t size = data->iov_len - done;
		ssize_t n;
		int r;

		r = ask(store, STORE_WRITE, path, &size);
		if (r < 0)
			return r;
		n = pwrite(fd, (const char *)data->iov_base + done, size, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int store_cut(const struct store *store, int fd, const char *path, uint64_t size)
{
	int r = ask(store, STORE_CUT, path, NULL);

	if (r < 0)
		return r;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int store_sync(const struct store *store, int fd, const char *path)
{
	int r = ask(store, STORE_SYNC, path, NULL);

	if (r < 0)
		return r;
	return fdatasync(fd) < 0 ? -errno : 0;
}

int store_sync_all(const struct store *store)
{
	int r = ask(store, STORE_SYNC_ALL, ".", NULL);

	if (r < 0)
		return r;
	return syncfs(store->dir_fd) < 0 ? -errno : 0;
}

/* A name is on the disk when the folder that has it is, and those above. */
static int sync_folders(const struct store *store, const char *path)
{
	char folder[STORE_PATH_LEN];
	char *end;

	(void)snprintf(folder, sizeof(folder), "./%s", path);
	while ((end = strrchr(folder, '/'))) {
		_cleanup_close_ int fd = -EBADF;
		int r;

		*end = '\0';
		r = ask(store, STORE_SYNC, folder, NULL);
		if (r < 0)
			return r;
		fd = openat(store->dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || fsync(fd) < 0)
			return -errno;
	}
	return 0;
}

static int rename_file(const struct store *store, const char *from, const char *to)
{
	int r = ask(store, STORE_RENAME, to, NULL);

	if (r < 0)
		return r;
	return renameat(store->dir_fd, from, store->dir_fd, to) < 0 ? -errno : 0;
}

int store_rename(const struct store *store, const char *from, const char *to)
{
	int r = rename_file(store, from, to);

	return r < 0 ? r : sync_folders(store, to);
}

static bool has_content(const struct store *store, const char *path, const struct iovec *data)
{
	_cleanup_free_ char *old = NULL;
	size_t size;

	return store_read(store, path, data->iov_len, &old, &size) == 0 && size == data->iov_len &&
	       (size == 0 || memcmp(old, data->iov_base, size) == 0);
}

static int fill_new(const struct store *store, const struct iovec *data, bool durable)
{
	_cleanup_close_ int fd = store_open(store, STORE_NEW);
	int r;

	if (fd < 0)
		return fd;
	r = store_cut(store, fd, STORE_NEW, 0);
	if (r < 0)
		return r;
	r = store_write(store, fd, STORE_NEW, data, 0);
	if (r < 0 || !durable)
		return r;
	return store_sync(store, fd, STORE_NEW);
}

static int sync_content(const struct store *store, const char *path)
{
	_cleanup_close_ int fd = openat(store->dir_fd, path, O_RDONLY | O_CLOEXEC | FILE_FLAGS);
	int r;

	if (fd < 0)
		return -errno;
	r = store_sync(store, fd, path);
	return r < 0 ? r : sync_folders(store, path);
}

int store_put(const struct store *store, const char *path, const struct iovec *data, bool durable)
{
	int r;

	/* It may be another process that has written it, and not come to sync it. */
	if (has_content(store, path, data))
		return durable ? sync_content(store, path) : 0;
	r = store_folders(store, path);
	if (r < 0)
		return r;
	r = fill_new(store, data, durable);
	if (r < 0)
		return r;
	return durable ? store_rename(store, STORE_NEW, path) : rename_file(store, STORE_NEW, path);
}

static int remove_one(const struct store *store, const char *path, int flags)
{
	int r = ask(store, STORE_REMOVE, path, NULL);

	if (r < 0)
		return r;
	if (unlinkat(store->dir_fd, path, flags) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int store_remove(const struct store *store, const char *path)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char below[STORE_PATH_LEN];
	struct stat st;
	int fd, r;

	if (fstatat(store->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (!S_ISDIR(st.st_mode))
		return remove_one(store, path, 0);

	fd = openat(store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		closep(&fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
		    (int)sizeof(below))
			continue;
		r = remove_one(store, below, 0);
		if (r < 0)
			return r;
	}
	return remove_one(store, path, AT_REMOVEDIR);
}
