// SPDX-License-Identifier: LGPL-2.1-or-later
/* See spawn.h. */

#include "guard/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard.h"
#include "guard/protocol.h"

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL); /* those that cannot be changed are as they should be */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int prepare(const struct spawn_request *request)
{
	reset_signals();
	(void)umask(022);
	if (setsid() < 0)
		return -errno;
	for (int i = 0; i < 3; i++) {
		if (dup2(request->stdio_fds[i], i) < 0)
			return -errno;
	}
	if (fchdir(request->cwd_fd) < 0)
		return -errno;
	/* The guard's own are needed until the exec, and go with it. */
	if (close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

/* Return: only on failure, -errno. */
static int exec_in_path(const struct spawn_request *request, char *const *env)
{
	const char *name = request->argv[0];
	char path[PATH_MAX];
	int r = -ENOENT;

	if (strchr(name, '/')) {
		(void)execve(name, request->argv, env);
		return -errno;
	}

	for (const char *dir = request->path; *dir;) {
		size_t n = strcspn(dir, ":");
		int m = snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir, name);

		if (m > 0 && (size_t)m < sizeof(path)) {
			(void)execve(path, request->argv, env);
			if (errno != ENOENT && errno != ENOTDIR)
				r = -errno;
		}
		if (r != -ENOENT)
			return r;
		dir += n + (dir[n] == ':');
	}
	return r;
}

static void fail(int fd, uint32_t stage, int error)
{
	struct spawn_failure failure = {.error = error, .stage = stage};

	(void)!write(fd, &failure, sizeof(failure));
	_exit(127);
}

static void run_child(struct guard *guard, const struct spawn_request *request, int fd)
{
	char path[256], term[PROTOCOL_TERM_LEN + 8];
	char home[] = "HOME=/root", lang[] = "LANG=C.UTF-8";
	char *env[] = {path, home, lang, request->term[0] ? term : NULL, NULL};
	int r;

	(void)snprintf(path, sizeof(path), "PATH=%s", request->path);
	(void)snprintf(term, sizeof(term), "TERM=%s", request->term);

	r = prepare(request);
	if (r < 0)
		fail(fd, SPAWN_STAGE_PREPARE, r);
	r = guard_expect(guard, request->domain);
	if (r < 0)
		fail(fd, SPAWN_STAGE_EXPECT, r);
	fail(fd, SPAWN_STAGE_EXEC, exec_in_path(request, env));
}

int spawn_start(struct guard *guard, const struct spawn_request *request, pid_t *ret_pid,
		int *ret_fd)
{
	_cleanup_close_ int read_fd = -EBADF;
	_cleanup_close_ int write_fd = -EBADF;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(guard, request, write_fd); /* does not return */

	*ret_pid = pid;
	*ret_fd = TAKE_FD(read_fd);
	return 0;
}
