// SPDX-License-Identifier: LGPL-2.1-or-later
/* See root.h. openat2() with RESOLVE_IN_ROOT does what chroot() would, without the privilege. */

#include "policy/root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/path.h"
#include "base/system.h"
#include "policy/image-check.h"

struct root {
	int fd;
	char *path; /* real, for cutting it off the real paths below */
};

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

/* The path of an open file as the kernel knows it. */
static int real_path(int fd, char **ret_path)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';

	*ret_path = strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

struct root *root_close(struct root *root)
{
	if (!root)
		return NULL;

	closep(&root->fd);
	free(root->path);
	free(root);
	return NULL;
}

int root_open(const char *path, struct root **ret_root, struct diag *reterr_diag)
{
	_cleanup_(root_closep) struct root *root = calloc(1, sizeof(*root));
	int r;

	if (!root)
		return -ENOMEM;
	root->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s cannot be used as the root: %s",
			      path, strerror(errno));
	r = real_path(root->fd, &root->path);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(reterr_diag, ROOT_E_REFUSED,
			      "/proc is not readable (%s): mount it, paths are resolved with it",
			      strerror(-r));

	*ret_root = TAKE_PTR(root);
	return 0;
}

static int open_in_root(const struct root *root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR)); /* a rename raced with ".." */
	return fd < 0 ? -errno : (int)fd;
}

int root_open_dir(const struct root *root, const char *path)
{
	return open_in_root(root, path, O_RDONLY | O_DIRECTORY);
}

static int refuse_open(const char *path, int error, struct diag *reterr_diag)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		return refuse(reterr_diag, ROOT_E_NONE,
			      "%s does not exist: install it or correct the path", path);
	case -ELOOP:
		return refuse(reterr_diag, ROOT_E_REFUSED,
			      "%s is a loop of symlinks: correct the path", path);
	case -ENOSYS:
		return refuse(reterr_diag, ROOT_E_REFUSED,
			      "%s: no openat2() here: run `policy lock` elsewhere, with --root",
			      path);
	case -ENOMEM:
		return error;
	}
	return refuse(reterr_diag, ROOT_E_REFUSED, "%s cannot be opened: %s", path,
		      strerror(-error));
}

static int refuse_symlink(int fd, const char *path, struct diag *reterr_diag)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);

	target[length < 0 ? 0 : length] = '\0';
	return refuse(reterr_diag, ROOT_E_REFUSED,
		      "%s is a symlink to \"%.300s\": name the file itself", path, target);
}

static int check_kind(const struct stat *st, const char *path, struct diag *reterr_diag)
{
	if (S_ISDIR(st->st_mode))
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s is a directory: name a file", path);
	if (!S_ISREG(st->st_mode))
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s is not a regular file: name one",
			      path);
	if (st->st_size == 0)
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s is empty", path);
	if ((uint64_t)st->st_size > IMAGE_MAX_FILE)
		return refuse(reterr_diag, ROOT_E_REFUSED,
			      "%s has %" PRIu64 " bytes, the limit is %" PRIu64, path,
			      (uint64_t)st->st_size, IMAGE_MAX_FILE);
	return 0;
}

/* The very file that was looked at, now for reading. */
static int reopen(int path_fd, const char *path, struct diag *reterr_diag)
{
	char link[64];
	int fd;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		(void)refuse_open(path, -errno, reterr_diag);
		return -errno;
	}
	return fd;
}

static int path_in_root(const struct root *root, int fd, char **ret_path)
{
	size_t length = strlen(root->path);
	int r;

	r = real_path(fd, ret_path);
	if (r < 0 || length == 1) /* "/" */
		return r;
	if (path_is_within(*ret_path, root->path))
		memmove(*ret_path, *ret_path + length, strlen(*ret_path + length) + 1);
	return 0;
}

int root_open_file(const struct root *root, const char *path, bool no_symlink,
		   struct root_file *ret_file, struct diag *reterr_diag)
{
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	fd = open_in_root(root, path, O_PATH | (no_symlink ? O_NOFOLLOW : 0));
	if (fd < 0)
		return refuse_open(path, fd, reterr_diag);
	if (fstat(fd, &st) < 0)
		return refuse_open(path, -errno, reterr_diag);
	if (S_ISLNK(st.st_mode))
		return refuse_symlink(fd, path, reterr_diag);
	r = check_kind(&st, path, reterr_diag);
	if (r)
		return r;

	file.fd = reopen(fd, path, reterr_diag);
	if (file.fd < 0)
		return ROOT_E_REFUSED;
	file.size = (uint64_t)st.st_size;
	r = path_in_root(root, file.fd, &file.path);
	if (r < 0)
		return refuse_open(path, r, reterr_diag);

	*ret_file = file;
	file = (struct root_file)ROOT_FILE_INIT;
	return 0;
}

int root_read(const struct root *root, const char *path, size_t limit, char **ret_data,
	      struct diag *reterr_diag)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	size_t size;
	int r;

	fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return refuse_open(path, fd, reterr_diag);
	if (fstat(fd, &st) < 0)
		return refuse_open(path, -errno, reterr_diag);
	if (!S_ISREG(st.st_mode))
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s is not a regular file", path);

	r = file_read_fd(fd, limit, ret_data, &size);
	if (r == FILE_E_TOO_BIG)
		return refuse(reterr_diag, ROOT_E_REFUSED, "%s has more than %zu bytes", path,
			      limit);
	return r < 0 ? refuse_open(path, r, reterr_diag) : 0;
}

void root_file_done(struct root_file *file)
{
	closep(&file->fd);
	free(file->path);
	*file = (struct root_file)ROOT_FILE_INIT;
}
