/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Starts a command of a domain for `holdfast run`: a child with nothing of holdfastd's but its
 * label, which the exec exchanges for the domain's. Never waits for the child.
 */

#include <stdint.h>
#include <sys/types.h>

struct guard;

#define SPAWN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct spawn_request {
	char *const *argv; /* NULL terminated; argv[0] is absolute or a name without a slash */
	const char *term; /* value of TERM; "" for none */
	const char *path; /* where names are looked up: SPAWN_PATH */
	uint32_t domain; /* the exec must give this label */
	int cwd_fd; /* borrowed, as are the next */
	int stdio_fds[3];
};

/* What comes out of the pipe if the command did not start; nothing if it did. */
struct spawn_failure {
	int32_t error; /* negative errno */
	uint32_t stage;
};

#define SPAWN_STAGE_PREPARE 1 /* the working directory, the descriptors */
#define SPAWN_STAGE_EXPECT 2 /* guard_expect() */
#define SPAWN_STAGE_EXEC 3

/**
 * spawn_start() - fork, and let the child exec
 * @ret_pid: the child, leader of its own session
 * @ret_fd:  read end of a pipe that does not block: end of file once the command runs, else a
 *           struct spawn_failure; the caller closes
 * Return: 0 or -errno.
 */
int spawn_start(struct guard *guard, const struct spawn_request *request, pid_t *ret_pid,
		int *ret_fd);
