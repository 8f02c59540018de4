// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Taking the canary's place by what trust might go by: descent, a process id, the executable that
 * the kernel shows, a control group, namespaces; and having others do it: the tool itself, code
 * that it loads, a task that the kernel starts. Where another process does the act, its events are
 * the probe's.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insn.h"
#include "stage.h"
#include "writes.h"

#define FORGED 1
#define PAGE 4096
#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

static int forge(const struct target *target)
{
	int map = bpf_map_get_fd_by_id((uint32_t)target_get(target, "map"));
	uint64_t value = FORGED;
	uint32_t key = 1;

	return map < 0 ? -errno : result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static const char *map_of(const struct target *target)
{
	char *id;

	return asprintf(&id, "%u", (uint32_t)target_get(target, "map")) < 0 ? "" : id;
}

/* What the exit code of `holdfast-canary forge` means, or of a child that exits with the errno. */
static int of_forger(int code)
{
	return code == PROBE_ALLOWED ? 0 : code == PROBE_DENIED ? -ENOENT : -EIO;
}

/* ---- descent */

/* The canary runs it for us, and is the parent. Return: its process id; 0: there was none. */
static pid_t ask_child(const struct target *target, const char *request, int *ret_code)
{
	char reply[64];
	int by;

	if (target_ask(target->name, request, reply, sizeof(reply)) < 0 ||
	    sscanf(reply, "%d by=%d", ret_code, &by) != 2) {
		(void)setup_failed("a child of the canary");
		return 0;
	}
	acted_by(target, by);
	return by;
}

static int by_heir(const struct target *target)
{
	char request[256];
	int code;

	snprintf(request, sizeof(request), "child %s forge %s", STAGE_NEIGHBOUR, map_of(target));
	return ask_child(target, request, &code) ? of_forger(code) : PROBE_SETUP;
}

/* ---- a process id: that of a child of the canary's that has just ended */

static int with_old_pid(const struct target *target)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid_size = 1};
	int code, status;
	pid_t pid;

	pid = ask_child(target, "child", &code);
	if (!pid)
		return PROBE_SETUP;
	args.set_tid = (uint64_t)(uintptr_t)&pid;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return setup_failed("clone3 with an id");
	if (pid == 0)
		_exit(-forge(target));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return setup_failed("child");
	return -WEXITSTATUS(status);
}

/* ---- the executable that /proc/PID/exe shows */

struct range {
	unsigned long from, size;
};

/* All that the code below needs once nothing of our file is mapped any more. */
struct disguise {
	struct range ranges[16];
	unsigned long n;
	long exe;
	union bpf_attr open, update;
	uint32_t key;
	uint64_t value;
};

#define DISGUISED static __attribute__((section("disguise"), used))

DISGUISED __attribute__((always_inline)) inline long call(long number, long a, long b, long c)
{
	register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return r;
}

/* Runs from a copy, and calls nothing but the kernel. Ends with the errno. */
DISGUISED __attribute__((noinline, noreturn, no_sanitize_address)) void
disguised(struct disguise *d)
{
	long r;

	for (unsigned long i = 0; i < d->n; i++)
		call(SYS_munmap, (long)d->ranges[i].from, (long)d->ranges[i].size, 0);
	r = call(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, d->exe);
	if (r == 0)
		r = call(SYS_bpf, BPF_MAP_GET_FD_BY_ID, (long)&d->open, sizeof(d->open));
	if (r >= 0) {
		d->update.map_fd = (uint32_t)r;
		r = call(SYS_bpf, BPF_MAP_UPDATE_ELEM, (long)&d->update, sizeof(d->update));
	}
	for (;;)
		call(SYS_exit_group, -r, 0, 0);
}

extern const char __start_disguise[], __stop_disguise[];

static int own_ranges(struct disguise *d)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[512], exe[256], path[256];
	unsigned long from, to;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &from, &to, path) == 3 &&
		    strcmp(path, exe) == 0 && d->n < 16)
			d->ranges[d->n++] = (struct range){.from = from, .size = to - from};
	if (file)
		fclose(file);
	return d->n ? 0 : -1;
}

static int with_other_exe(const struct target *target)
{
	struct disguise *d =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t size = (size_t)(__stop_disguise - __start_disguise);
	pid_t pid;
	int status;

	if (d == MAP_FAILED || code == MAP_FAILED || size > PAGE)
		return setup_failed("memory");
	d->exe = open(STAGE_CANARY, O_RDONLY | O_CLOEXEC);
	d->open.map_id = (uint32_t)target_get(target, "map");
	d->key = FORGED;
	d->value = FORGED;
	d->update.key = (uint64_t)(uintptr_t)&d->key;
	d->update.value = (uint64_t)(uintptr_t)&d->value;
	memcpy(code, __start_disguise, size);
	if (d->exe < 0 || own_ranges(d) < 0 || mprotect(code, PAGE, PROT_READ | PROT_EXEC) < 0)
		return setup_failed("disguise");
	pid = fork();
	if (pid == 0)
		((void (*)(struct disguise *))(
			void *)(code + ((const char *)(void *)disguised - __start_disguise)))(d);
	acted_by(target, pid);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return setup_failed("disguised child");
	return -WEXITSTATUS(status);
}

/* ---- code that the canary is made to run: what a library's constructor would do */

#define LIBRARY "/run/holdfast-drill.code"

extern const char __start_library[], __stop_library[];

/* The canary's child calls it with the map's fd. Ends with the errno. */
static __attribute__((section("library"), used, noinline, no_sanitize_address)) int loaded(int map)
{
	struct {
		uint32_t map, pad0;
		uint64_t key, value, flags;
	} update;
	uint64_t value = FORGED;
	uint32_t key = 1;

	update.map = (uint32_t)map;
	update.pad0 = 0;
	update.key = (uint64_t)(uintptr_t)&key;
	update.value = (uint64_t)(uintptr_t)&value;
	update.flags = BPF_ANY;
	return (int)-call(SYS_bpf, BPF_MAP_UPDATE_ELEM, (long)&update, sizeof(update));
}

/* A new file each time: what a guard has looked at may have to stay as it was. */
static int run_library(const struct target *target, const char *how)
{
	size_t size = (size_t)(__stop_library - __start_library);
	char request[128];
	int fd, code;
	bool asked;

	(void)unlink(LIBRARY);
	fd = open(LIBRARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, __start_library, size) != (ssize_t)size)
		return setup_failed(LIBRARY);
	close(fd);
	snprintf(request, sizeof(request), "run %s" LIBRARY, how);
	asked = ask_child(target, request, &code);
	(void)unlink(LIBRARY);
	return asked ? -code : PROBE_SETUP;
}

static int by_library(const struct target *target)
{
	return run_library(target, "");
}

static int by_memory(const struct target *target)
{
	return run_library(target, "memory ");
}

/* ---- its fds, by their names in /proc */

static const char *fd_path(int pid, int fd)
{
	char *path;

	return asprintf(&path, "/proc/%d/fd/%d", pid, fd) < 0 ? "" : path;
}

static int open_again(const struct target *target)
{
	return result(
		open(fd_path((int)target_get(target, "pid"), (int)target_get(target, "map_fd")),
		     O_RDWR | O_CLOEXEC));
}

/* Not of a map of one's own either. */
static int no_opening_again(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ours", 4, 8, 1, NULL), r;

	if (map < 0)
		return 0;
	r = open(fd_path(getpid(), map), O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
	close(map);
	return r;
}

/* ---- where the canary is */

static int in_its_cgroup(const struct target *target)
{
	char path[320], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)target_get(target, "pid"));
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && strncmp(line, "0::", 3) != 0)
		;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "0::/", 4) != 0)
		return setup_failed(path);
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", line + 3);
	if (write_text(path, "0") < 0)
		return setup_failed(path);
	return forge(target);
}

static int in_its_namespaces(const struct target *target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (int)target_get(target, "pid"), 0);

	if (pidfd < 0 || syscall(SYS_unshare, CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		return setup_failed("namespaces");
	if (syscall(SYS_setns, pidfd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		return -errno;
	return forge(target);
}

/* ---- having others do it */

/* Only returns if it cannot be run. */
static int by_tool(const struct target *target)
{
	execl(STAGE_CANARY, STAGE_CANARY, "forge", map_of(target), NULL);
	return setup_failed(STAGE_CANARY);
}

/* The kernel adds the script's name, which is the id. */
static int by_script(const struct target *target)
{
	static const char line[] = "#!" STAGE_CANARY " forge\n";
	const char *id = map_of(target);
	int fd;

	if (private_namespace(false) < 0 || mount("none", "/mnt", "tmpfs", 0, NULL) < 0 ||
	    chdir("/mnt") < 0)
		return setup_failed("private /mnt");
	fd = open(id, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, line, sizeof(line) - 1) < 0)
		return setup_failed("script");
	close(fd);
	execl(id, id, NULL);
	return setup_failed("script");
}

static int by_traced_tool(const struct target *target)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(PROBE_IMPOSSIBLE);
		_exit(by_tool(target) ? PROBE_IMPOSSIBLE : 0);
	}
	acted_by(target, pid);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return setup_failed("traced child");
	if (WIFSTOPPED(status) &&
	    (ptrace(PTRACE_CONT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid))
		return setup_failed("PTRACE_CONT");
	return WIFEXITED(status) ? of_forger(WEXITSTATUS(status)) : -EIO;
}

/* As PID 1, whose signal it is: its events are the manager's. */
static int by_manager(const struct target *target)
{
	char command[512];
	int n = snprintf(command, sizeof(command), "%s --stop %s >/dev/null 2>&1", target->start,
			 target->name);

	if (n < 0 || (size_t)n >= sizeof(command))
		return PROBE_SETUP;
	acted_by(target, 1);
	(void)system(command);
	/* the canary outlives a SIGTERM, and counts it */
	for (int i = 0; i < 20; i++) {
		struct target now;

		if (target_load(target->name, &now) < 0 ||
		    target_get(&now, "stops") != target_get(target, "stops"))
			return 0;
		(void)poll(NULL, 0, 10);
	}
	return -EPERM;
}

static bool is_forged(const struct target *target)
{
	uint64_t value = 0;
	uint32_t key = 1;
	int map = bpf_map_get_fd_by_id((uint32_t)target_get(target, "map"));
	bool forged = map >= 0 && bpf_map_lookup_elem(map, &key, &value) == 0 && value == FORGED;

	if (map >= 0)
		close(map);
	return forged;
}

/* Whoever crashes has the kernel start it, as root and as nobody's child. */
static int by_core_dump(const struct target *target)
{
	char old[256] = "", ours[256];
	int fd = open(CORE_PATTERN, O_RDONLY | O_CLOEXEC), r, status;
	bool done = false;
	pid_t pid;

	if (fd < 0 || read(fd, old, sizeof(old) - 1) <= 0)
		return setup_failed(CORE_PATTERN);
	close(fd);
	snprintf(ours, sizeof(ours), "|%s forge %s", STAGE_NEIGHBOUR, map_of(target));
	r = write_text(CORE_PATTERN, ours);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		abort();
	}
	(void)waitpid(pid, &status, 0);
	for (int i = 0; i < 200 && !done; i++) {
		done = is_forged(target);
		(void)poll(NULL, 0, 10);
	}
	if (write_text(CORE_PATTERN, old) < 0)
		return setup_failed("core_pattern as it was");
	return done ? 0 : -EIO;
}

static int own_core_file(const struct target *target)
{
	return write_same("/proc/self/coredump_filter");
}

const struct technique taking_techniques[] = {
	{"A08", "by-manager", "the service manager told to stop the canary", EPERM, "*", "*", UNIT,
	 by_manager},
	{"I04", "by-heir", "map update by another tool that the canary runs", ENOENT, "M01", NULL,
	 0, by_heir},
	{"I05", "by-reopening", "map's fd opened again in /proc", EPERM, "", NULL, LONELY,
	 open_again, NULL, NULL, no_opening_again},
	{"I08", "by-pid", "map update under the id of a child of the canary's", ENOENT, "M01", NULL,
	 0, with_old_pid},
	{"I10", "by-exe", "map update with the canary's file as /proc/PID/exe", ENOENT, "M01", NULL,
	 0, with_other_exe},
	{"I11", "by-library", "map update by a library that the canary loads", EPERM, "I11", NULL,
	 0, by_library},
	{"I11", "by-memory", "map update by code in memory that the canary runs", EPERM, "I11",
	 NULL, 0, by_memory},
	{"I12", "by-tool", "the tool itself, run with other arguments", ENOENT, "M01", NULL, UNIT,
	 by_tool},
	{"I13", "by-cgroup", "map update from the canary's control group", ENOENT, "M01", NULL, 0,
	 in_its_cgroup},
	{"I13", "by-namespaces", "map update from the canary's namespaces", ENOENT, "M01", NULL, 0,
	 in_its_namespaces},
	{"I14", "by-core-dump", "map update by what the kernel starts at a crash", EPERM, "K03",
	 "*", GUEST_ONLY, by_core_dump, own_core_file, "coredump_filter of its own"},
	{"I16", "by-script", "the tool as a script's interpreter", ENOENT, "M01", NULL, 0,
	 by_script},
	{"I17", "by-traced", "the tool, traced from its birth", ENOENT, "M01", NULL, 0,
	 by_traced_tool},
	{},
};
