// SPDX-License-Identifier: LGPL-2.1-or-later
/* See dirs.h. */

#include "guard/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/protocol.h"

#define LOCK_NAME "lock"
#define BACKLOG 16
#define LOCK_RACES 16

#define unusable(diag, path, what, error) \
	(diag_set((diag), (path), 0, 0, what ": %s", strerror(error)), DIRS_E_UNUSABLE)

static int open_dir(const char *path, mode_t mode, int *ret_fd, struct diag *reterr_diag)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST && errno != EROFS)
		return unusable(reterr_diag, path, "the folder cannot be made", errno);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return unusable(reterr_diag, path, "the folder cannot be opened", errno);
	if (fstat(fd, &st) < 0)
		return unusable(reterr_diag, path, "the folder cannot be read", errno);
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		diag_set(
			reterr_diag, path, 0, 0,
			"the folder is another user's or writable by others: remove it or chmod it to %o",
			(unsigned)mode);
		return DIRS_E_UNUSABLE;
	}

	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Return: 0 with the lock; DIRS_E_LOCKED; DIRS_E_UNUSABLE. */
static int take_lock(struct dirs *dirs, struct diag *reterr_diag)
{
	/* A daemon on its way out removes the file: a lock on a file without a name is none. */
	for (int i = 0; i < LOCK_RACES; i++) {
		_cleanup_close_ int fd = -EBADF;
		struct stat ours, named;

		/* Read-only: a stranger may look at a guarded file, and shall hear who runs. */
		fd = openat(dirs->run_fd, LOCK_NAME,
			    O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0)
			return unusable(reterr_diag, dirs->run_path, "the lock cannot be opened",
					errno);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return DIRS_E_LOCKED;
			return unusable(reterr_diag, dirs->run_path, "the lock cannot be taken",
					errno);
		}
		if (fstat(fd, &ours) == 0 &&
		    fstatat(dirs->run_fd, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) {
			dirs->lock_fd = TAKE_FD(fd);
			return 0;
		}
	}
	return DIRS_E_LOCKED;
}

bool dirs_socket_path(const struct dirs *dirs, char *buffer, unsigned size)
{
	int n = snprintf(buffer, size, "%s/%s", dirs->run_path, PROTOCOL_SOCKET_NAME);

	return n > 0 && (unsigned)n < size;
}

/*
 * Any process may hold a lock on a file that it can read. In a guarded folder nobody else can have
 * bound the socket.
 */
static bool somebody_answers(const struct dirs *dirs)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -EBADF;

	if (!dirs_socket_path(dirs, address.sun_path, sizeof(address.sun_path)))
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
}

int dirs_open_run(struct dirs *dirs, struct diag *reterr_diag)
{
	int r;

	r = open_dir(dirs->run_path, 0700, &dirs->run_fd, reterr_diag);
	if (r)
		return r;
	r = take_lock(dirs, reterr_diag);
	if (r != DIRS_E_LOCKED)
		return r;
	if (somebody_answers(dirs)) {
		diag_set(
			reterr_diag, NULL, 0, 0,
			"another holdfastd is running: `holdfast guard status` shows what it guards");
		return DIRS_E_RUNNING;
	}
	diag_set(
		reterr_diag, dirs->run_path, 0, 0,
		"another process holds the lock, and no holdfastd answers: see `fuser %s/" LOCK_NAME
		"`",
		dirs->run_path);
	return DIRS_E_LOCKED;
}

int dirs_open_state(struct dirs *dirs, struct diag *reterr_diag)
{
	/* to pass for who reads the log */
	return open_dir(dirs->state_path, 0751, &dirs->state_fd, reterr_diag);
}

int dirs_listen(const struct dirs *dirs, int *ret_fd, struct diag *reterr_diag)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -EBADF;
	mode_t mask;
	int r;

	if (!dirs_socket_path(dirs, address.sun_path, sizeof(address.sun_path)))
		return unusable(reterr_diag, dirs->run_path, "no room for a socket's name",
				ENAMETOOLONG);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return unusable(reterr_diag, NULL, "no socket can be made", errno);
	if (unlinkat(dirs->run_fd, PROTOCOL_SOCKET_NAME, 0) < 0 && errno != ENOENT)
		return unusable(reterr_diag, dirs->run_path, "the old socket cannot be removed",
				errno);

	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
	(void)umask(mask);
	if (r)
		return unusable(reterr_diag, address.sun_path, "the socket cannot be made", r);
	if (listen(fd, BACKLOG) < 0)
		return unusable(reterr_diag, dirs->run_path, "the socket cannot listen", errno);

	*ret_fd = TAKE_FD(fd);
	return 0;
}

void dirs_remove_run(const struct dirs *dirs)
{
	(void)unlinkat(dirs->run_fd, PROTOCOL_SOCKET_NAME, 0);
	(void)unlinkat(dirs->run_fd, LOCK_NAME, 0);
	(void)unlinkat(dirs->run_fd, PROTOCOL_CANARY_NAME "/owned", 0);
	(void)unlinkat(dirs->run_fd, PROTOCOL_CANARY_NAME "/held", 0);
	(void)unlinkat(dirs->run_fd, PROTOCOL_CANARY_NAME, AT_REMOVEDIR);
	(void)rmdir(dirs->run_path);
}

void dirs_close(struct dirs *dirs)
{
	closep(&dirs->lock_fd);
	closep(&dirs->state_fd);
	closep(&dirs->run_fd);
	dirs->lock_fd = dirs->state_fd = dirs->run_fd = -EBADF;
}
