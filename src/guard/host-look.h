/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A look at the host's settings: made by a child, since files of root's are parsed in it. Under a
 * guard that is up the child has the canary's label: strangers do not reach it, and it reaches
 * nothing that is the guard's.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct guard;

#define HOST_MAX_CHECKS 64
#define HOST_LOOK_S 10 /* seconds that a look may take */
#define HOST_CHECK_LEN 32 /* of a check's id, with its NUL */
#define HOST_VALUE_LEN 64 /* of what was found, cut, with its NUL */

struct host_check {
	char id[HOST_CHECK_LEN];
	char value[HOST_VALUE_LEN]; /* printable */
	uint32_t status; /* enum posture_status */
};

struct host_look {
	uint32_t n;
	struct host_check checks[HOST_MAX_CHECKS]; /* of `holdfast posture`, without BPF objects */
};

/**
 * host_look_start() - have a child look
 * @root:    where /proc, /sys and /etc are looked for; borrowed until the child is there
 * @guard:   that is up; NULL if none is
 * @ret_pid: of the child, which ends itself after HOST_LOOK_S
 * @ret_fd:  readable when it has looked, or ended; the caller's to close
 * Return: 0 or -errno.
 */
int host_look_start(const char *root, struct guard *guard, pid_t *ret_pid, int *ret_fd);

/**
 * host_look_finish() - what the child has seen, and the end of it
 * @fd: of host_look_start(), closed here
 * Return: 0; -EBADMSG if it said nothing that makes sense; -EAGAIN if it is not done: it ends
 * itself, and is the caller's to wait for; -errno of reading.
 */
int host_look_finish(pid_t pid, int fd, struct host_look *ret_look);

/* host_look_find() - a check by its id. Return: borrowed from @look; NULL if it has none. */
const struct host_check *host_look_find(const struct host_look *look, const char *id);
