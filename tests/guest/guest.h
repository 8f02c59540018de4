/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest's init, its control client and the scripts around them agree on. Owns the names,
 * nothing else.
 *
 * The control socket speaks one request line and one reply line a connection. The words of a
 * request are separated by single tabs, so that a word may hold spaces:
 *
 *   spawn CGROUP CMD [ARG]...     PID 1 forks a child, puts it into /sys/fs/cgroup/CGROUP (made if
 *                                 missing), and the child execs CMD: what a service manager does
 *   service CGROUP CMD [ARG]...   the same, and CMD is started again whenever it ends
 *   stop CGROUP                   no more restarts; SIGTERM to the child
 *   status CGROUP                 reply: `ok running PID RESTARTS` or `ok exited STATUS RESTARTS`
 *   wait PID                      replies when that child has ended: `ok STATUS`
 *
 * STATUS is the shell's: the exit code, or 128 + signal. A reply is `ok WORDS` or `error TEXT`.
 * Spawned commands write to /run/guest/UNIT.log, UNIT being the last part of CGROUP.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define GUEST_SOCKET "/run/guest-init.sock"
#define GUEST_LOG_DIR "/run/guest"
#define GUEST_ALLOW_FILE "/etc/holdfast-guest/splats.allow"
#define GUEST_CGROUP_ROOT "/sys/fs/cgroup"
#define GUEST_REQUEST_MAX 4096
#define GUEST_ARGS_MAX 64
#define GUEST_SERVICES_MAX 32
#define GUEST_WAITERS_MAX 16

/* splat.c: the kernel log */
struct splats;

/**
 * splats_open() - start reading the kernel log, from its beginning
 * @allow_file: regular expressions of splats that do not count; may be missing
 * @ret_splats: the reader, never freed
 * Return: 0; negative errno.
 */
int splats_open(const char *allow_file, struct splats **ret_splats);

/**
 * splats_fd() - the fd to poll for new log records
 * Return: the fd, owned by @splats.
 */
int splats_fd(const struct splats *splats);

/**
 * splats_read() - read all pending records, print those that belong to a splat
 * Return: the number of splats seen since splats_open(), allowed ones left out.
 */
unsigned int splats_read(struct splats *splats);

/**
 * splats_console() - the same for what a console has kept; prints what belongs to a splat
 * @allow_file: as of splats_open()
 * @release: the kernel that wrote it
 * @log: read to its end
 * Return: the number of splats, allowed ones left out; negative errno.
 */
int splats_console(const char *allow_file, const char *release, FILE *log);

/* service.c: children that PID 1 itself starts on request */

/**
 * services_open() - bind the control socket
 * Return: the listening fd; negative errno.
 */
int services_open(void);

/**
 * services_request() - answer one connection of the control socket
 * @listen_fd: what services_open() returned
 */
void services_request(int listen_fd);

/**
 * services_reaped() - a child of PID 1 ended: answer waiters, restart services
 * @pid: the child, of any origin
 * @status: as waitpid() gave it
 */
void services_reaped(pid_t pid, int status);

/**
 * services_dump() - print what the services wrote, as diagnostics of a failed run
 */
void services_dump(void);

/* ctl.c */

/**
 * ctl_main() - the client, `guest-ctl WORD...`
 * Return: the exit code: 0 ok, 1 the init refused, 2 usage or no init.
 */
int ctl_main(int argc, char **argv);

/**
 * status_code() - the shell's exit code for a wait status
 * Return: 0 to 255.
 */
int status_code(int status);
