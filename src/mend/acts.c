// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What reaches the running kernel, systemd and the boot loader. Programs are run by fixed paths
 * with nothing of the caller's environment, and never by a shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mend/mend.h"
#include "mend/places.h"

/* One write(2), as these files want it. */
static int put(const char *path, const char *value)
{
	_cleanup_close_ int fd = -EBADF;
	size_t size = strlen(value);
	ssize_t n;

	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = write(fd, value, size);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

static int act_sysctl(const char *name, const char *value)
{
	char path[PLACE_PATH];

	place_sysctl("/", name, path, sizeof(path));
	return put(path, value);
}

static int act_lockdown(const char *mode)
{
	return put("/sys/kernel/security/lockdown", mode);
}

/* What it says goes where errors go: our own output may be JSON. */
static int spawn(char *const *argv, pid_t *ret_pid)
{
	static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
					    NULL};
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (!r)
		r = posix_spawn(ret_pid, argv[0], &actions, NULL, argv, environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Return: 0; -ECANCELED if it ran and failed, which it has said itself; any errno of starting. */
static int run(char *const *argv)
{
	int status, r;
	pid_t pid;

	r = spawn(argv, &pid);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECANCELED;
}

static int act_module(const char *name, bool loaded)
{
	if (loaded)
		return run((char *const[]){"/sbin/modprobe", "--", (char *)name, NULL});
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? -errno : 0;
}

static int act_debugfs(const char *where, bool mounted)
{
	int r;

	if (mounted)
		r = mount("debugfs", where, "debugfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	else
		r = umount2(where, UMOUNT_NOFOLLOW);
	return r < 0 ? -errno : 0;
}

static int act_unit(const char *name, bool enabled)
{
	return run((char *const[]){"/usr/bin/systemctl", "--no-reload",
				   enabled ? "enable" : "disable", "--", (char *)name, NULL});
}

static int act_boot_loader(void)
{
	return run((char *const[]){"/" PLACE_UPDATE_GRUB, NULL});
}

const struct mend_acts mend_acts_host = {
	.sysctl = act_sysctl,
	.lockdown = act_lockdown,
	.module = act_module,
	.debugfs = act_debugfs,
	.unit = act_unit,
	.boot_loader = act_boot_loader,
};
