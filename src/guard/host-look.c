// SPDX-License-Identifier: LGPL-2.1-or-later
/* See host-look.h. */

#include "guard/host-look.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard.h"
#include "posture/posture.h"

static void copy_finding(struct host_check *check, const struct posture_finding *finding)
{
	(void)snprintf(check->id, sizeof(check->id), "%s", finding->check->id);
	(void)snprintf(check->value, sizeof(check->value), "%.*s", HOST_VALUE_LEN - 1,
		       finding->value);
	check->status = finding->status;
}

static int look(const char *root, struct host_look *ret_look)
{
	struct posture_options options = {.root = root};
	_cleanup_(posture_freep) struct posture *posture = NULL;
	int r;

	r = posture_read(&options, &posture);
	if (r < 0)
		return r;
	for (size_t i = 0; i < posture->n && i < HOST_MAX_CHECKS; i++)
		copy_finding(&ret_look->checks[ret_look->n++], &posture->findings[i]);
	return 0;
}

/* The loop's signals are its own; who is killed has looked in vain. */
static void run_child(const char *root, struct guard *guard, int fd)
{
	struct host_look seen = {0};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* holdfastd is a stranger to it, and could not end it */
	(void)alarm(HOST_LOOK_S);
	if (guard && guard_shed(guard) < 0)
		_exit(1);
	if (look(root, &seen) < 0)
		_exit(1);
	_exit(write(fd, &seen, sizeof(seen)) != sizeof(seen));
}

int host_look_start(const char *root, struct guard *guard, pid_t *ret_pid, int *ret_fd)
{
	_cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(root, guard, write_fd); /* does not return */
	*ret_pid = pid;
	*ret_fd = TAKE_FD(read_fd);
	return 0;
}

/* The child has read files that anybody may have written: it is believed in form only. */
static bool makes_sense(struct host_look *look)
{
	if (look->n > HOST_MAX_CHECKS)
		return false;
	for (uint32_t i = 0; i < look->n; i++) {
		struct host_check *check = &look->checks[i];

		if (check->status >= _POSTURE_STATUS_MAX ||
		    strnlen(check->id, sizeof(check->id)) == sizeof(check->id) ||
		    strnlen(check->value, sizeof(check->value)) == sizeof(check->value))
			return false;
		for (char *p = check->value; *p; p++) {
			if (*p < ' ' || *p == 0x7f)
				*p = '?';
		}
	}
	return true;
}

static int receive(int fd, struct host_look *ret_look)
{
	size_t size = 0;

	while (size < sizeof(*ret_look)) {
		ssize_t n = read(fd, (char *)ret_look + size, sizeof(*ret_look) - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	return size == sizeof(*ret_look) && makes_sense(ret_look) ? 0 : -EBADMSG;
}

int host_look_finish(pid_t pid, int fd, struct host_look *ret_look)
{
	int flags = fcntl(fd, F_GETFL), r;

	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	r = receive(fd, ret_look);
	(void)close(fd);
	if (r == -EAGAIN)
		return r;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return r;
}

const struct host_check *host_look_find(const struct host_look *look, const char *id)
{
	for (uint32_t i = 0; i < look->n; i++) {
		if (strcmp(look->checks[i].id, id) == 0)
			return &look->checks[i];
	}
	return NULL;
}
