// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Switches: control files of the kernel that end or blind the guard or an agent. Where nothing is
 * refused each write is taken back, or is one whose value the file's own code turns down: that it
 * was asked is the act. How a file is written is writes.c's.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"
#include "writes.h"

#define SYSCTL "/proc/sys/"
#define CGROUPS "/sys/fs/cgroup/"
#define SECURITY "/sys/kernel/security/"
#define FTRACE SYSCTL "kernel/ftrace_enabled"
#define HOSTNAME SYSCTL "kernel/hostname"
#define OLD_FD 7 /* rows.sh opened ftrace_enabled on it before there was a guard */

/* ---- what the kernel itself refuses, or has not */

static bool has_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];
	bool found = false;

	if (!file)
		return true;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*c %255s", symbol) == 1 && strcmp(symbol, name) == 0;
	fclose(file);
	return found;
}

int locked_down(void)
{
	char text[128] = "";
	int fd = open(SECURITY "lockdown", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 0;
	close(fd);
	return strstr(text, "[none]") ? 0 : EPERM;
}

/* The newest kernels let nobody switch it off; rows.sh has seen that before there was a guard. */
static int ftrace_is_fixed(void)
{
	return getenv("PROBE_FTRACE_FIXED") ? EOPNOTSUPP : 0;
}

static int no_fault_injection(void)
{
	return has_symbol("setup_fault_attr") ? 0 : ENOENT;
}

static int no_memory_failure(void)
{
	return has_symbol("memory_failure") ? 0 : ENOENT;
}

static int no_resume(void)
{
	return has_symbol("resume_store") ? 0 : ENOENT;
}

/* A file that is not there beside others that are. */
static int lacks(const char *folder, const char *file)
{
	return access(folder, F_OK) == 0 && access(file, F_OK) < 0 && errno == ENOENT ? ENOENT : 0;
}

static int no_autosleep(void)
{
	return lacks("/sys/power", "/sys/power/autosleep");
}

/* Of a module, which rows.sh has loaded where the kernel has it. */
static int no_corrupt_pfn(void)
{
	return has_symbol("memory_failure") ? locked_down() : ENOENT;
}

static int no_sleep(void)
{
	return has_symbol("pm_suspend") ? 0 : ENOENT;
}

int no_tracefs(void)
{
	char text[128] = "";
	int fd = open(SECURITY "lockdown", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	return strstr(text, "[confidentiality]") ? ENOENT : 0;
}

/* A patch is a module of the running kernel, and nobody has built one here. */
static int no_patch(void)
{
	return access("/sys/kernel/livepatch", F_OK) == 0 &&
			       rmdir("/sys/kernel/livepatch/patch") < 0 && errno == ENOENT
		       ? ENOENT
		       : 0;
}

/* ---- L15, every way of writing */

/* Off, and on again: a guard that only observes is blind in between. */
static int off_and_on(int (*way)(int fd, const char *text), const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = way(fd, "0");
	if (r == 0 && write_text(FTRACE, "1") < 0)
		return setup_failed("ftrace_enabled=1");
	close(fd);
	return r;
}

static int name_again(int (*way)(int fd, const char *text))
{
	int fd = open(HOSTNAME, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : way(fd, "guest");
}

#define WAY(way)                                               \
	static int ftrace_##way(const struct target *target)   \
	{                                                      \
		return off_and_on(by_##way, FTRACE);           \
	}                                                      \
	static int hostname_##way(const struct target *target) \
	{                                                      \
		return name_again(by_##way);                   \
	}

WAY(write)
WAY(pwritev)
WAY(splice)
WAY(sendfile)
WAY(uring)

static int ftrace_old(const struct target *target)
{
	int r;

	if (fcntl(OLD_FD, F_GETFD) < 0)
		return setup_failed("fd 7");
	r = result(pwrite(OLD_FD, "0", 1, 0));
	if (r == 0 && write_text(FTRACE, "1") < 0)
		return setup_failed("ftrace_enabled=1");
	return r;
}

/* A procfs of a new pid namespace, which only children will be in, mounted where nobody looks. */
static int own_proc(void)
{
	if (unshare(CLONE_NEWPID) < 0 || private_namespace(false) < 0)
		return -1;
	return mount("none", "/mnt", "proc", 0, NULL);
}

static int ftrace_elsewhere(const struct target *target)
{
	if (own_proc() < 0)
		return setup_failed("own proc");
	return off_and_on(by_write, "/mnt/sys/kernel/ftrace_enabled");
}

/* It is number 1 there, and here that is somebody else. */
static int own_oom_elsewhere(const struct target *target)
{
	pid_t child;
	int status;

	if (own_proc() < 0)
		return setup_failed("own proc");
	child = fork();
	if (child == 0)
		_exit(-write_text("/mnt/1/oom_score_adj", "100"));
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return setup_failed("child");
	return -WEXITSTATUS(status);
}

/* ---- other control files of the host */

/* What its own code turns down, so that nothing comes of it: it was asked. */
static int asked(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = result(write(fd, text, strlen(text)));
	close(fd);
	switch (-r) {
	case EINVAL:
	case ENXIO:
	case ENODEV:
	case EBUSY:
	case EPROTO:
	case EPROTONOSUPPORT:
		return 0;
	}
	return r;
}

static int no_uring_switch(void)
{
	return access(SYSCTL "kernel/io_uring_disabled", F_OK) < 0 &&
			       !has_symbol("sysctl_io_uring_disabled")
		       ? ENOENT
		       : 0;
}

static int sysrq(const struct target *target)
{
	return write_text("/proc/sysrq-trigger", "h");
}

static int mac_remove(const struct target *target)
{
	int r = asked(SECURITY "apparmor/.remove", "nonsense");

	/* there is no such profile: it has been looked for */
	return r == -ENOENT && access(SECURITY "apparmor/.remove", W_OK) == 0 ? 0 : r;
}

static int kprobes_off(const struct target *target)
{
	int r;

	if (private_namespace(false) < 0 || mount("none", "/mnt", "debugfs", 0, NULL) < 0)
		return setup_failed("debugfs");
	r = write_text("/mnt/kprobes/enabled", "0");
	return r ? r : write_text("/mnt/kprobes/enabled", "1");
}

/* There is none of that name, which the kernel finds out by looking for it. */
static int probe_remove(const struct target *target, const char *file)
{
	int r;

	if (private_namespace(false) < 0 || mount("none", "/mnt", "tracefs", 0, NULL) < 0)
		return setup_failed("tracefs");
	r = write_text(file, "-:holdfast/none");
	return r == -ENOENT && access(file, F_OK) == 0 ? 0 : r;
}

static int kprobe_remove(const struct target *target)
{
	return probe_remove(target, "/mnt/kprobe_events");
}

static int uprobe_remove(const struct target *target)
{
	return probe_remove(target, "/mnt/uprobe_events");
}

static int dynamic_remove(const struct target *target)
{
	return probe_remove(target, "/mnt/dynamic_events");
}

static int fail_slab(const struct target *target)
{
	if (private_namespace(false) < 0 || mount("none", "/mnt", "debugfs", 0, NULL) < 0)
		return setup_failed("debugfs");
	return asked("/mnt/failslab/probability", "nonsense");
}

static int corrupt_pfn(const struct target *target)
{
	if (private_namespace(false) < 0 || mount("none", "/mnt", "debugfs", 0, NULL) < 0)
		return setup_failed("debugfs");
	return asked("/mnt/hwpoison/corrupt-pfn", "nonsense");
}

/* ---- a task's own files */

static int process_file(const struct target *target, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)target_get(target, "pid"), file);
	return write_text(path, text);
}

static int oom(const struct target *target)
{
	int r = process_file(target, "oom_score_adj", "1000");

	return r ? r : process_file(target, "oom_score_adj", "0");
}

static int oom_old(const struct target *target)
{
	int r = process_file(target, "oom_adj", "15");

	return r ? r : process_file(target, "oom_adj", "0");
}

static int oom_thread(const struct target *target)
{
	char file[64];
	int r;

	snprintf(file, sizeof(file), "task/%d/oom_score_adj", (int)target_get(target, "pid"));
	r = process_file(target, file, "1000");
	return r ? r : process_file(target, file, "0");
}

/* What a worker of the kernel's does for us is ours. */
static int oom_by(const struct target *target, int (*way)(int fd, const char *text))
{
	char path[128];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)target_get(target, "pid"));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = way(fd, "1000");
	return r ? r : way(fd, "0");
}

static int oom_uring(const struct target *target)
{
	return oom_by(target, by_uring);
}

static int oom_poller(const struct target *target)
{
	return oom_by(target, by_poller);
}

static int make_it_fail(const struct target *target)
{
	return process_file(target, "make-it-fail", "1");
}

static int fail_nth(const struct target *target)
{
	return process_file(target, "fail-nth", "1");
}

/* ---- control groups */

static int group_file(const char *group, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), CGROUPS "%s/%s", group, file);
	return write_text(path, text);
}

static int unit_file(const struct target *target, const char *file, const char *text)
{
	char unit[128];

	snprintf(unit, sizeof(unit), "system.slice/%s.service", target->name);
	return group_file(unit, file, text);
}

static int move(const struct target *target, const char *group, const char *file)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)target_get(target, "pid"));
	return group_file(group, file, pid);
}

static int move_back(const struct target *target)
{
	char unit[128];

	snprintf(unit, sizeof(unit), "system.slice/%s.service", target->name);
	return move(target, unit, "cgroup.procs");
}

static int group_kill(const struct target *target)
{
	return unit_file(target, "cgroup.kill", "1");
}

static int group_freeze(const struct target *target)
{
	int r = unit_file(target, "cgroup.freeze", "1");

	return r ? r : unit_file(target, "cgroup.freeze", "0");
}

static int slice_freeze(const struct target *target)
{
	int r = group_file("system.slice", "cgroup.freeze", "1");

	return r ? r : group_file("system.slice", "cgroup.freeze", "0");
}

static int own_slice_freeze(const struct target *target)
{
	int r;

	(void)mkdir(CGROUPS "own.slice", 0755);
	r = group_file("own.slice", "cgroup.freeze", "1");
	if (r == 0)
		r = group_file("own.slice", "cgroup.freeze", "0");
	if (r == 0)
		r = group_file("own.slice", "cgroup.kill", "1");
	(void)rmdir(CGROUPS "own.slice");
	return r;
}

/* Into a group of our own first, which kills whatever is in it. */
static int trap(const struct target *target)
{
	int r;

	if (mkdir(CGROUPS "trap", 0755) < 0 && errno != EEXIST)
		return setup_failed("trap");
	r = move(target, "trap", "cgroup.procs");
	if (r == 0)
		r = group_file("trap", "cgroup.kill", "1");
	(void)move_back(target);
	/* whom it has killed is not gone at once */
	for (int i = 0; i < 100 && rmdir(CGROUPS "trap") < 0; i++)
		(void)poll(NULL, 0, 10);
	return r;
}

/* Into a group where nothing harms it, and nobody who watches its own sees it. */
static int elsewhere(const struct target *target)
{
	int r;

	if (mkdir(CGROUPS "away", 0755) < 0 && errno != EEXIST)
		return setup_failed("away");
	r = move(target, "away", "cgroup.procs");
	if (r == 0 && move_back(target) < 0)
		return setup_failed("back");
	return rmdir(CGROUPS "away") < 0 ? setup_failed("rmdir") : r;
}

/* Into a group that is frozen already. */
static int ice(const struct target *target)
{
	int r;

	if ((mkdir(CGROUPS "ice", 0755) < 0 && errno != EEXIST) ||
	    group_file("ice", "cgroup.freeze", "1") < 0)
		return setup_failed("ice");
	r = move(target, "ice", "cgroup.procs");
	if (r == 0 && move_back(target) < 0)
		return setup_failed("out of the ice");
	return rmdir(CGROUPS "ice") < 0 ? setup_failed("rmdir") : r;
}

/* Who was forked in the trap is in it as well, until he ends. */
static bool empty_trap(const char *trap, const char *tasks)
{
	char line[32];

	for (int i = 0; i < 100; i++) {
		FILE *file = fopen(tasks, "re");

		while (file && fgets(line, sizeof(line), file))
			(void)write_text("/mnt/cgroup.procs", line);
		if (file)
			(void)fclose(file);
		if (rmdir(trap) == 0)
			return true;
		pause_briefly();
	}
	return false;
}

/* The same with the freezer of version 1, a hierarchy of its own. */
static int freezer(const struct target *target)
{
	char pid[32], trap[64], tasks[96], state[96];
	int r;

	snprintf(pid, sizeof(pid), "%d", (int)target_get(target, "pid"));
	snprintf(trap, sizeof(trap), "/mnt/trap-%d", getpid());
	snprintf(tasks, sizeof(tasks), "%s/cgroup.procs", trap);
	snprintf(state, sizeof(state), "%s/freezer.state", trap);
	if (private_namespace(false) < 0 || mount("none", "/mnt", "cgroup", 0, "freezer") < 0)
		return setup_failed("freezer");
	if (mkdir(trap, 0755) < 0 || write_text(tasks, pid) < 0)
		return setup_failed("trap");
	r = write_text(state, "FROZEN");
	if (r == 0)
		r = write_text(state, "THAWED");
	if (!empty_trap(trap, tasks))
		return setup_failed("out of the trap");
	return r;
}

#define SAME(name, path)                             \
	static int name(const struct target *target) \
	{                                            \
		return write_same(path);             \
	}
#define ASK(name, path, text)                        \
	static int name(const struct target *target) \
	{                                            \
		return asked(path, text);            \
	}

SAME(kptr, SYSCTL "kernel/kptr_restrict")
SAME(unprivileged, SYSCTL "kernel/unprivileged_bpf_disabled")
SAME(paranoid, SYSCTL "kernel/perf_event_paranoid")
SAME(ptrace_scope, SYSCTL "kernel/yama/ptrace_scope")
SAME(harden, SYSCTL "net/core/bpf_jit_harden")
SAME(uring_disabled, SYSCTL "kernel/io_uring_disabled")
SAME(other_sysctl, SYSCTL "kernel/panic")
SAME(other_net_sysctl, SYSCTL "net/core/somaxconn")
SAME(other_sysfs, "/sys/power/pm_async")
ASK(smt, "/sys/devices/system/cpu/smt/control", "nonsense")
ASK(hotplug, "/sys/devices/system/cpu/cpu0/hotplug/target", "nonsense")
ASK(other_enabled, "/sys/kernel/mm/transparent_hugepage/enabled", "nonsense")
ASK(modules_off, SYSCTL "kernel/modules_disabled", "7")
ASK(lock_down, SECURITY "lockdown", "nonsense")
ASK(mac_load, SECURITY "apparmor/.load", "nonsense")
ASK(mac_replace, SECURITY "apparmor/.replace", "nonsense")
ASK(mac_policy_replace, SECURITY "apparmor/policy/.replace", "nonsense")
ASK(ima_policy, SECURITY "ima/policy", "nonsense")
ASK(offline_soft, "/sys/devices/system/memory/soft_offline_page", "0xffffffffff000")
ASK(offline_hard, "/sys/devices/system/memory/hard_offline_page", "0xffffffffff000")
ASK(suspend, "/sys/power/state", "nonsense")
ASK(resume, "/sys/power/resume", "nonsense")
ASK(autosleep, "/sys/power/autosleep", "nonsense")
/* As the message bus asks before it passes something on. */
ASK(mac_query, SECURITY "apparmor/.access", "nonsense")
ASK(patch, "/sys/kernel/livepatch/patch/enabled", "0")

#define TWICE(row) row, row " " row

/* What was looked for and is not there. */
#define NO_FAULTS "no function setup_fault_attr in /proc/kallsyms"
#define NO_OFFLINING "no function memory_failure in /proc/kallsyms"
#define NO_SLEEP "no function pm_suspend in /proc/kallsyms"

/* Where nothing refuses them they change the host. */
#define QUIET (SILENT | GUEST_ONLY)

const struct technique switches_techniques[] = {
	{"L15", "ftrace-write", "ftrace_enabled=0 by write", EPERM, "L15", NULL, QUIET,
	 ftrace_write, hostname_write, "hostname by write", ftrace_is_fixed},
	{"L15", "ftrace-pwritev", "ftrace_enabled=0 by pwritev", EPERM, "L15", NULL, QUIET,
	 ftrace_pwritev, hostname_pwritev, "hostname by pwritev", ftrace_is_fixed},
	{"L15", "ftrace-splice", "ftrace_enabled=0 by splice", EPERM, "L15", "*", QUIET,
	 ftrace_splice, hostname_splice, "hostname by splice", ftrace_is_fixed},
	{"L15", "ftrace-sendfile", "ftrace_enabled=0 by sendfile", EPERM, "L15", "*", QUIET,
	 ftrace_sendfile, hostname_sendfile, "hostname by sendfile", ftrace_is_fixed},
	{"L15", "ftrace-uring", "ftrace_enabled=0 by io_uring", EPERM, "L15", NULL, QUIET,
	 ftrace_uring, hostname_uring, "hostname by io_uring", ftrace_is_fixed},
	{"L15", "ftrace-old-fd", "ftrace_enabled=0 on an fd older than the guard", EPERM, "L15",
	 NULL, QUIET | LONELY, ftrace_old, NULL, NULL, ftrace_is_fixed},
	{"L15", "ftrace-other-proc", "ftrace_enabled=0 on another procfs", EPERM, "L15", NULL,
	 QUIET | LONELY, ftrace_elsewhere, NULL, NULL, ftrace_is_fixed},
	{"L14", "kprobes-off", "kprobes/enabled=0", EPERM, TWICE("L14"), QUIET, kprobes_off,
	 other_sysfs, "power/pm_async", locked_down},
	{"L13", "kprobe-remove", "a probe removed in kprobe_events", EPERM, "L13", NULL, QUIET,
	 kprobe_remove, other_sysfs, "power/pm_async", no_tracefs, NO_TRACEFS},
	{"L13", "uprobe-remove", "a probe removed in uprobe_events", EPERM, "L13", NULL, QUIET,
	 uprobe_remove, other_sysfs, "power/pm_async", no_tracefs, NO_TRACEFS},
	{"L13", "dynamic-remove", "a probe removed in dynamic_events", EPERM, "L13", NULL, QUIET,
	 dynamic_remove, other_sysfs, "power/pm_async", no_tracefs, NO_TRACEFS},
	{"L06", "cgroup-elsewhere", "moved into another cgroup", EPERM, "A03", "*", QUIET,
	 elsewhere},
	{"L19", "hotplug", "a processor's hotplug target", EPERM, "L19", NULL, QUIET, hotplug,
	 other_sysfs, "power/pm_async"},
	{"L19", "hotplug-smt", "cpu/smt/control", EPERM, "L19", NULL, QUIET, smt, other_sysfs,
	 "power/pm_async"},
	{"L21", "livepatch", "a live patch switched off", EPERM, "L21", NULL, QUIET, patch,
	 other_enabled, "another file of that name", no_patch,
	 "no such folder in /sys/kernel/livepatch, which is there"},
	{"A02", "cgroup-kill", "its cgroup.kill", EPERM, "A02", NULL, GUEST_ONLY, group_kill},
	{"A02", "cgroup-trap", "moved into a cgroup that is killed", EPERM, "A03 A03", "*",
	 GUEST_ONLY, trap},
	{"A03", "cgroup-ice", "moved into a cgroup that is frozen", EPERM, "A03", "*", QUIET, ice},
	{"A03", "cgroup-freeze", "its cgroup.freeze", EPERM, TWICE("A03"), QUIET, group_freeze},
	{"A03", "cgroup-freeze-slice", "cgroup.freeze above it", EPERM, TWICE("A03"), QUIET,
	 slice_freeze, own_slice_freeze, "freeze and kill of an own slice"},
	{"A03", "freezer", "moved into a v1 freezer's group that is frozen", EPERM, TWICE("A03"),
	 QUIET, freezer},
	{"A04", "sysrq", "sysrq-trigger", EPERM, "A04", NULL, QUIET, sysrq, other_sysctl,
	 "kernel.panic"},
	{"A05", "oom", "its oom_score_adj", EPERM, TWICE("A05"), QUIET, oom},
	{"A05", "oom-thread", "oom_score_adj of its thread", EPERM, TWICE("A05"), QUIET, oom_thread,
	 own_oom_elsewhere, "its own as number 1 of a pid namespace"},
	{"T08", "oom-uring", "its oom_score_adj by io_uring", EPERM, TWICE("A05"), QUIET,
	 oom_uring},
	{"I15", "oom-poller", "its oom_score_adj by io_uring's own thread", EPERM, TWICE("A05"),
	 QUIET, oom_poller},
	{"A05", "oom-adj", "its oom_adj", EPERM, TWICE("A05"), QUIET, oom_old},
	{"A12", "apparmor-load", "AppArmor policy loaded", EPERM, "A12", NULL, QUIET, mac_load,
	 mac_query, "a query of AppArmor"},
	{"A12", "apparmor-replace", "AppArmor policy replaced", EPERM, "A12", NULL, QUIET,
	 mac_replace, mac_query, "a query of AppArmor"},
	{"A12", "apparmor-policy-replace", "AppArmor policy replaced in its policy folder", EPERM,
	 "A12", NULL, QUIET, mac_policy_replace, mac_query, "a query of AppArmor"},
	{"A12", "apparmor-remove", "AppArmor policy removed", EPERM, "A12", NULL, QUIET, mac_remove,
	 mac_query, "a query of AppArmor"},
	{"A12", "ima-policy", "IMA policy written", EPERM, "A12", NULL, QUIET | LONELY, ima_policy},
	{"A13", "lockdown", "lockdown raised", EPERM, "A13", NULL, QUIET | LONELY, lock_down},
	{"A13", "modules-disabled", "modules_disabled", EPERM, "A13", NULL, QUIET | LONELY,
	 modules_off},
	{"A13", "kptr-restrict", "kptr_restrict", EPERM, "A13", NULL, QUIET, kptr, other_sysctl,
	 "kernel.panic"},
	{"A14", "make-it-fail", "its make-it-fail", EPERM, "A14", NULL, QUIET | LONELY,
	 make_it_fail, NULL, NULL, no_fault_injection, NO_FAULTS},
	{"A14", "fail-nth", "its fail-nth", EPERM, "A14", NULL, QUIET | LONELY, fail_nth, NULL,
	 NULL, no_fault_injection, NO_FAULTS},
	{"A14", "failslab", "failslab", EPERM, "A14", NULL, QUIET | LONELY, fail_slab, NULL, NULL,
	 no_fault_injection, NO_FAULTS},
	{"A15", "soft-offline", "soft_offline_page", EPERM, "A15", NULL, QUIET, offline_soft,
	 other_sysfs, "power/pm_async", no_memory_failure, NO_OFFLINING},
	{"A15", "hard-offline", "hard_offline_page", EPERM, "A15", NULL, QUIET | LONELY,
	 offline_hard, NULL, NULL, no_memory_failure, NO_OFFLINING},
	{"A15", "corrupt-pfn", "hwpoison/corrupt-pfn", EPERM, "A15", NULL, QUIET | LONELY,
	 corrupt_pfn, NULL, NULL, no_corrupt_pfn, NO_OFFLINING},
	{"A16", "suspend", "power/state", EPERM, "A16", NULL, QUIET, suspend, other_sysfs,
	 "power/pm_async", no_sleep, NO_SLEEP},
	{"A16", "suspend-resume", "power/resume", EPERM, "A16", NULL, QUIET, resume, other_sysfs,
	 "power/pm_async", no_resume, "no function resume_store in /proc/kallsyms"},
	{"A16", "suspend-auto", "power/autosleep", EPERM, "A16", NULL, QUIET, autosleep,
	 other_sysfs, "power/pm_async", no_autosleep,
	 "no file autosleep in /sys/power, which is there"},
	{"K17", "unprivileged-bpf", "unprivileged_bpf_disabled", EPERM, "K17", NULL, QUIET | LONELY,
	 unprivileged},
	{"K17", "perf-paranoid", "perf_event_paranoid", EPERM, "K17", NULL, QUIET | LONELY,
	 paranoid},
	{"K17", "ptrace-scope", "yama.ptrace_scope", EPERM, "K17", NULL, QUIET | LONELY,
	 ptrace_scope},
	{"K17", "jit-harden", "bpf_jit_harden", EPERM, "K17", NULL, QUIET, harden, other_net_sysctl,
	 "net.core.somaxconn"},
	{"K17", "uring-disabled", "io_uring_disabled", EPERM, "K17", NULL, QUIET | LONELY,
	 uring_disabled, NULL, NULL, no_uring_switch,
	 "no function or variable sysctl_io_uring_disabled in /proc/kallsyms"},
	{},
};
