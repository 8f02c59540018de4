// SPDX-License-Identifier: LGPL-2.1-or-later
/* The acts of the self-proof that a policy may close: see proof.h. */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/proof.h"

#define PMU "/sys/bus/event_source/devices/uprobe/type"
#define IPT_SO_SET_REPLACE 64

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

/* The kernel asks nobody of who lacks the capability: a service may run without it. */
static bool lacks(unsigned long capability)
{
	return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1;
}

/* One that there is not. */
int proof_module_remove(const struct proof *proof)
{
	int r;

	if (lacks(CAP_SYS_MODULE))
		return PROOF_ABSENT;
	r = result(syscall(SYS_delete_module, "holdfast_canary", O_NONBLOCK));
	return r == -ENOSYS ? PROOF_ABSENT : r;
}

/* As it is. */
int proof_clock_set(const struct proof *proof)
{
	struct timespec now;

	if (lacks(CAP_SYS_TIME))
		return PROOF_ABSENT;
	if (clock_gettime(CLOCK_REALTIME, &now))
		return -EIO;
	return result(clock_settime(CLOCK_REALTIME, &now));
}

/* To see the messages on the console, as is the rule. */
int proof_console_on(const struct proof *proof)
{
	if (lacks(CAP_SYSLOG))
		return PROOF_ABSENT;
	return result(klogctl(7 /* SYSLOG_ACTION_CONSOLE_ON */, NULL, 0));
}

/* Of a file that nobody else opens; gone with the fd. */
int proof_open_held(const struct proof *proof)
{
	_cleanup_close_ int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	if (fd < 0)
		return errno == ENOSYS || errno == EINVAL ? PROOF_ABSENT : -EIO;
	return result(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM, proof->folder, "owned"));
}

/* Of the same file, which nobody executes: no memory is changed. Gone with the fd. */
int proof_uprobe(const struct proof *proof)
{
	_cleanup_fclose_ FILE *pmu = fopen(PMU, "re");
	struct perf_event_attr attr = {.size = sizeof(attr)};
	char path[64];
	int fd;

	if (!pmu || fscanf(pmu, "%u", &attr.type) != 1 ||
	    (lacks(CAP_SYS_ADMIN) && lacks(CAP_PERFMON)))
		return PROOF_ABSENT;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/owned", proof->folder);
	attr.config1 = (uint64_t)(uintptr_t)path;
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

/* At a socket that has no such level. */
int proof_tables(const struct proof *proof)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -EIO;
	return result(setsockopt(fd, IPPROTO_IP, IPT_SO_SET_REPLACE, "", 1));
}

/* At a socket that has no routes, and without one. */
int proof_ioctl(const struct proof *proof)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -EIO;
	return result(ioctl(fd, SIOCADDRT, NULL));
}

/* ioctl(2) and getpid(2) as a program of 32 bits calls them. */
#define IOCTL_32 54
#define GETPID_32 20

static int call_32(long number, long first, long second)
{
	long r = number;

	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"(first), "c"(second), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static void cannot(int signal)
{
	_exit(1);
}

/* Where the kernel runs no programs of 32 bits, it sends whoever calls so a signal. */
static bool runs_32(void)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid) {
		(void)signal(SIGSEGV, cannot);
		_exit(call_32(GETPID_32, 0, 0) < 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

int proof_ioctl_compat(const struct proof *proof)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -EIO;
	return runs_32() ? call_32(IOCTL_32, fd, SIOCADDRT) : PROOF_ABSENT;
}
