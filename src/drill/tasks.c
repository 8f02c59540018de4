// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tasks: signals, entering, starving; and the fds that a task holds.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORGED 1

static pid_t pid_of(const struct target *target)
{
	return (pid_t)target_get(target, "pid");
}

/* ---- signals */

static int send_kill(const struct target *target)
{
	return result(kill(pid_of(target), SIGKILL));
}

static int send_tgkill(const struct target *target)
{
	return result(syscall(SYS_tgkill, pid_of(target), pid_of(target), SIGTERM));
}

static int send_queue(const struct target *target)
{
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};

	return result(syscall(SYS_rt_sigqueueinfo, pid_of(target), SIGTERM, &info));
}

static int send_pidfd(const struct target *target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid_of(target), 0);

	if (pidfd < 0)
		return setup_failed("pidfd_open");
	return result(syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0));
}

static int send_stop(const struct target *target)
{
	if (kill(pid_of(target), SIGSTOP) < 0)
		return -errno;
	return result(kill(pid_of(target), SIGCONT));
}

/*
 * Sent by a pipe that is ready; @signal 0: the usual one. Who writes is not told whether it came:
 * that the target ends, or counts it, says so.
 */
static int send_by_pipe(const struct target *target, int signal)
{
	struct target after;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETOWN, pid_of(target)) < 0 ||
	    (signal && fcntl(ends[0], F_SETSIG, signal) < 0) ||
	    fcntl(ends[0], F_SETFL, O_ASYNC) < 0)
		return setup_failed("pipe");
	if (write(ends[1], "", 1) < 0)
		return setup_failed("write");
	/* it would again, at the end of the one who writes */
	(void)fcntl(ends[0], F_SETFL, 0);
	return target_load(target->name, &after) < 0 ||
			       target_get(&after, "stops") != target_get(target, "stops")
		       ? 0
		       : -EPERM;
}

static int send_io(const struct target *target)
{
	return send_by_pipe(target, 0);
}

static int send_io_term(const struct target *target)
{
	return send_by_pipe(target, SIGTERM);
}

/* Asking whether it lives, and what does no harm. */
static int send_harmless(const struct target *target)
{
	if (kill(pid_of(target), 0) < 0 || kill(pid_of(target), SIGCONT) < 0)
		return -errno;
	return result(kill(pid_of(target), SIGWINCH));
}

/* ---- entering */

static int detach_after(pid_t pid, int r)
{
	int status;

	if (waitpid(pid, &status, __WALL) == pid)
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return r;
}

static int attach(const struct target *target)
{
	pid_t pid = pid_of(target);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return -errno;
	if (waitpid(pid, NULL, __WALL) != pid)
		return setup_failed("waitpid");
	if (ptrace(PTRACE_POKEDATA, pid, (void *)target_get(target, "address"), (void *)FORGED) < 0)
		return setup_failed("PTRACE_POKEDATA");
	return result(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

static int seize(const struct target *target)
{
	pid_t pid = pid_of(target);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return setup_failed("PTRACE_INTERRUPT");
	return detach_after(pid, 0);
}

static int write_proc_mem(const struct target *target)
{
	uint64_t value = FORGED;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid_of(target));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return result(pwrite(fd, &value, sizeof(value), (off_t)target_get(target, "address")));
}

static int write_vm(const struct target *target)
{
	uint64_t value = FORGED;
	struct iovec ours = {.iov_base = &value, .iov_len = sizeof(value)};
	struct iovec theirs = {.iov_base = (void *)target_get(target, "address"),
			       .iov_len = sizeof(value)};

	return result(process_vm_writev(pid_of(target), &ours, 1, &theirs, 1, 0));
}

/* What ps and lsof do. */
static int read_proc(const struct target *target)
{
	static const char *const names[] = {"status", "stat", "cmdline", "maps",
					    "fdinfo", "exe",  "environ"};
	char path[64], bytes[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid_of(target), names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (read(fd, bytes, sizeof(bytes)) < 0 && errno != EISDIR &&
			       strcmp(names[i], "exe") != 0))
			return -errno;
		close(fd);
	}
	return 0;
}

/* ---- its fds */

static int forge(int map)
{
	uint32_t key = 1;
	uint64_t value = FORGED;

	return result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int steal_fd(const struct target *target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid_of(target), 0);
	int map;

	if (pidfd < 0)
		return setup_failed("pidfd_open");
	map = (int)syscall(SYS_pidfd_getfd, pidfd, (int)target_get(target, "map_fd"), 0);
	return map < 0 ? -errno : forge(map);
}

/* An event's fd is the event: whoever has it switches it off. */
static int disable_event(const struct target *target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid_of(target), 0);
	int event;

	if (pidfd < 0)
		return setup_failed("pidfd_open");
	event = (int)syscall(SYS_pidfd_getfd, pidfd, (int)target_get(target, "event_fd"), 0);
	return event < 0 ? -errno : result(ioctl(event, PERF_EVENT_IOC_DISABLE, 0));
}

static int receive_map(const struct target *target)
{
	int map, r;

	r = target_ask_fd(target->name, "send map", -1, &map);
	return r < 0 ? r : forge(map);
}

static int receive_link(const struct target *target)
{
	int link, r;

	r = target_ask_fd(target->name, "send link", -1, &link);
	return r < 0 ? r : result(bpf_link_detach(link));
}

/* getppid() is answered by whoever holds the listener. */
static int filter_install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* The canary helps: it puts its map's fd into us. Its answer comes after ours, so a child waits. */
static int receive_by_seccomp(const struct target *target)
{
	int listener = filter_install(), map;
	pid_t child;

	if (listener < 0)
		return setup_failed("seccomp");
	child = fork();
	if (child < 0)
		return setup_failed("fork");
	if (child == 0)
		_exit(target_ask_fd(target->name, "addfd", listener, NULL) < 0 ? 1 : 0);
	map = (int)syscall(SYS_getppid);
	if (map < 0)
		return -errno;
	return forge(map);
}

/* ---- starving */

static int limit(const struct target *target)
{
	struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};

	return result(prlimit(pid_of(target), RLIMIT_NOFILE, &few, NULL));
}

static int limit_read(const struct target *target)
{
	struct rlimit now;

	return result(prlimit(pid_of(target), RLIMIT_NOFILE, NULL, &now));
}

static int idle(const struct target *target)
{
	struct sched_param parameter = {};

	return result(sched_setscheduler(pid_of(target), SCHED_IDLE, &parameter));
}

static int nicer(const struct target *target)
{
	return result(setpriority(PRIO_PROCESS, (id_t)pid_of(target), 19));
}

static int io_idle(const struct target *target)
{
	return result(syscall(SYS_ioprio_set, 1, pid_of(target), 3 << 13));
}

static int affinity(const struct target *target)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return result(sched_setaffinity(pid_of(target), sizeof(cpus), &cpus));
}

const struct technique tasks_techniques[] = {
	{"A01", "kill", "SIGKILL by kill", EPERM, "A01", NULL, 0, send_kill},
	{"A01", "tgkill", "SIGTERM by tgkill", EPERM, "A01", NULL, 0, send_tgkill},
	{"A01", "sigqueue", "SIGTERM by rt_sigqueueinfo", EPERM, "A01", NULL, 0, send_queue},
	{"A01", "pidfd-signal", "SIGTERM by pidfd_send_signal", EPERM, "A01", NULL, 0, send_pidfd},
	{"A01", "stop", "SIGSTOP by kill", EPERM, "A01", NULL, SILENT, send_stop, send_harmless,
	 "signal 0, SIGCONT and SIGWINCH to the canary"},
	{"A17", "sigio", "SIGIO by a pipe with F_SETOWN", EPERM, "A17", NULL, 0, send_io},
	{"A17", "sigio-term", "SIGTERM by a pipe with F_SETSIG", EPERM, "A17", NULL, 0,
	 send_io_term},
	{"I01", "pidfd-getfd", "map's fd by pidfd_getfd", EPERM, "I02", "I02 I03", 0, steal_fd},
	{"L12", "perf-disable", "its perf event disabled, by pidfd_getfd", EPERM, "I02", NULL, 0,
	 disable_event},
	{"I02", "ptrace-attach", "PTRACE_ATTACH, memory written", EPERM, "I02", NULL, 0, attach},
	{"I02", "ptrace-seize", "PTRACE_SEIZE", EPERM, "I02", NULL, SILENT, seize},
	{"I02", "proc-mem", "/proc/PID/mem written", EACCES, "I02", NULL, 0, write_proc_mem,
	 read_proc, "/proc of the canary read"},
	{"I02", "vm-write", "process_vm_writev", EPERM, "I02", NULL, 0, write_vm},
	{"I03", "scm-map", "map's fd by SCM_RIGHTS", EPERM, "I03", NULL, 0, receive_map},
	{"I03", "scm-link", "link's fd by SCM_RIGHTS", EPERM, "I03", NULL, 0, receive_link},
	{"I03", "seccomp-addfd", "map's fd by seccomp addfd", EPERM, "I03", NULL, 0,
	 receive_by_seccomp},
	{"A06", "prlimit", "rlimit lowered", EPERM, "A06", NULL, 0, limit, limit_read,
	 "the canary's limit read"},
	{"A07", "scheduler", "SCHED_IDLE by sched_setscheduler", EPERM, "A07", NULL, 0, idle},
	{"A07", "nice", "nice 19 by setpriority", EPERM, "A07", NULL, 0, nicer},
	{"A07", "ioprio", "idle by ioprio_set", EPERM, "A07", NULL, 0, io_idle},
	{"A07", "affinity", "sched_setaffinity", EPERM, "A07", NULL, SILENT, affinity},
	{},
};
