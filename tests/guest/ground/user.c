// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a user without a right does, and what is done to a process. */

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ground.h"

#define PAGE 4096

static volatile char target[PAGE] __attribute__((aligned(PAGE)));

/* A process of our user, or root's, that waits; its page can be written, or read only. */
static pid_t start_target(bool nobody, bool read_only)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		target[0] = 'a';
		if ((nobody && ground_nobody() < 0) ||
		    (read_only && mprotect((void *)(uintptr_t)target, PAGE, PROT_READ) < 0) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	(void)close(ready[0]);
	return pid;
}

static int end_target(pid_t pid, int r)
{
	int status;

	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return r;
}

static int trace(void *data)
{
	pid_t pid = *(pid_t *)data;
	int status;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return -errno;
	return waitpid(pid, &status, 0) == pid ? 0 : -errno;
}

static int trace_as_nobody(void *data)
{
	return ground_nobody() < 0 ? ACT_IMPOSSIBLE : trace(data);
}

static int write_as_nobody(void *data)
{
	struct iovec byte = {.iov_base = (char[]){'b'}, .iov_len = 1};
	struct iovec there = {.iov_base = (void *)(uintptr_t)target, .iov_len = 1};

	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	return process_vm_writev(*(pid_t *)data, &byte, 1, &there, 1, 0) < 0 ? -errno : 0;
}

static int on_target(int (*run)(void *data))
{
	pid_t pid = start_target(true, false);

	return pid < 0 ? ACT_IMPOSSIBLE : end_target(pid, ground_apart(run, &pid));
}

static int trace_other(char **arguments)
{
	pid_t pid = (pid_t)strtol(arguments[0], NULL, 10);

	return trace(&pid);
}

static int trace_own(char **arguments)
{
	return on_target(trace_as_nobody);
}

static int write_own(char **arguments)
{
	return on_target(write_as_nobody);
}

/* Through /proc/PID/mem, to a page that the process itself may not write. */
static int write_constant(char **arguments)
{
	pid_t pid = start_target(false, true);
	_cleanup_close_ int fd = -EBADF;
	char path[32], seen = 0;
	int r = 0;

	if (pid < 0)
		return ACT_IMPOSSIBLE;
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, "b", 1, (off_t)(uintptr_t)target) != 1)
		r = -errno;
	else if (pread(fd, &seen, 1, (off_t)(uintptr_t)target) != 1 || seen != 'b')
		r = ACT_IMPOSSIBLE;
	return end_target(pid, r);
}

/* Whether the number at that place of a line is anywhere not 0, for who has no right. */
static int sees_address(const char *path, int field)
{
	_cleanup_fclose_ FILE *file = NULL;
	int r = ACT_IMPOSSIBLE;
	char line[512];

	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	file = fopen(path, "re");
	/* variables of each processor begin at 0: not the first line alone */
	for (int i = 0; file && i < 20000 && fgets(line, sizeof(line), file); i++) {
		char *save = NULL, *word = strtok_r(line, " \n", &save);

		for (int k = 0; word && k < field; k++)
			word = strtok_r(NULL, " \n", &save);
		if (!word)
			return ACT_IMPOSSIBLE;
		if (strtoull(word, NULL, 16))
			return 0;
		r = -EPERM;
	}
	return r;
}

static int symbols(char **arguments)
{
	return sees_address("/proc/kallsyms", 0);
}

static int modules(char **arguments)
{
	return sees_address("/proc/modules", 5);
}

static int perf_open(struct perf_event_attr *attr)
{
	_cleanup_close_ int fd = -EBADF;

	attr->size = sizeof(*attr);
	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	fd = (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, 0ul);
	return fd < 0 ? -errno : 0;
}

static int count_kernel(char **arguments)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .config = PERF_COUNT_SW_CPU_CLOCK,
				       .sample_period = 1000000};

	return perf_open(&attr);
}

static int plant_uprobe(char **arguments)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	struct perf_event_attr attr = {0};

	if (!file || fscanf(file, "%u", &attr.type) != 1)
		return ACT_IMPOSSIBLE;
	attr.config1 = (uintptr_t) "/bin/busybox";
	attr.config2 = 0x1000;
	return perf_open(&attr);
}

struct ring {
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *entries;
	int fd;
};

static int ring_open(struct ring *ring, unsigned flags)
{
	size_t size;

	ring->params.flags = flags;
	ring->params.sq_thread_idle = 1000;
	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		return -errno;
	/* one mapping for both queues: kernels since 5.4 */
	size = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			   IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, ring->params.sq_entries * sizeof(*ring->entries),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			     (off_t)IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || ring->entries == MAP_FAILED ? ACT_IMPOSSIBLE : 0;
}

static uint32_t *ring_word(struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->rings + offset);
}

/* A file is opened, and no system call has opened it: with a poller none has even asked. */
static int ring_opens(unsigned flags)
{
	struct ring ring = {0};
	struct io_uring_cqe *done;
	uint32_t tail;
	int r = ring_open(&ring, flags);

	if (r)
		return r;
	ring.entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
						.fd = AT_FDCWD,
						.addr = (uintptr_t) "/etc/passwd",
						.open_flags = O_RDONLY};
	tail = *ring_word(&ring, ring.params.sq_off.tail);
	ring_word(&ring, ring.params.sq_off.array)[tail & 3] = 0;
	__atomic_store_n(ring_word(&ring, ring.params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (!(flags & IORING_SETUP_SQPOLL) &&
	    syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	for (int i = 0; i < 300; i++) {
		if (__atomic_load_n(ring_word(&ring, ring.params.cq_off.tail), __ATOMIC_ACQUIRE) !=
		    *ring_word(&ring, ring.params.cq_off.head)) {
			done = (void *)(ring.rings + ring.params.cq_off.cqes);
			return done->res < 0 ? done->res : 0;
		}
		/* the poller is a thread of the kernel's, and goes to sleep */
		if (__atomic_load_n(ring_word(&ring, ring.params.sq_off.flags), __ATOMIC_ACQUIRE) &
		    IORING_SQ_NEED_WAKEUP)
			(void)syscall(SYS_io_uring_enter, ring.fd, 1, 0, IORING_ENTER_SQ_WAKEUP,
				      NULL, 0);
		ground_nap(10);
	}
	return ACT_IMPOSSIBLE;
}

static int ring_open_file(char **arguments)
{
	return ring_opens(0);
}

static int ring_by_poller(char **arguments)
{
	return ring_opens(IORING_SETUP_SQPOLL);
}

static int ring_made(char **arguments)
{
	struct io_uring_params params = {0};
	_cleanup_close_ int fd = -EBADF;

	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	return fd < 0 ? -errno : 0;
}

/* Root of a namespace of his own, who mounts what root alone may. */
static int mount_as_nobody(char **arguments)
{
	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return mount("x", "/mnt", arguments[0], 0, NULL) < 0 ? -errno : 0;
}

/* A kind of socket that no kernel has any more: it asks for a module. */
static int ask_for_module(char **arguments)
{
	_cleanup_close_ int fd = socket(12, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 && errno != EAFNOSUPPORT ? -errno : 0;
}

static int stay(char **arguments)
{
	(void)pause();
	return -errno;
}

const struct act acts_user[] = {
	{"trace", trace_other, 1, "traces that process"},
	{"trace-own", trace_own, 0, "as nobody, traces a process of the same user"},
	{"write-own", write_own, 0, "as nobody, writes the memory of one"},
	{"write-constant", write_constant, 0, "writes a page that is mapped read-only"},
	{"symbols", symbols, 0, "as nobody, sees the kernel's addresses"},
	{"modules", modules, 0, "as nobody, sees where modules lie"},
	{"count-kernel", count_kernel, 0, "as nobody, samples the kernel"},
	{"plant-uprobe", plant_uprobe, 0, "as nobody, plants a probe in a file"},
	{"ring", ring_made, 0, "as nobody, makes an io_uring"},
	{"ring-opens", ring_open_file, 0, "opens a file through an io_uring"},
	{"ring-poller", ring_by_poller, 0, "has the kernel's thread open one"},
	{"user-mounts", mount_as_nobody, 1, "as nobody, mounts a file system of that type"},
	{"ask-for-module", ask_for_module, 0, "has the kernel look for a module"},
	{"stay", stay, 0, "does nothing, for good"},
	{0},
};
