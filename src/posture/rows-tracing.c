// SPDX-License-Identifier: LGPL-2.1-or-later
/* What programs on hooks hang on, and what changes what functions of the kernel return. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "posture/ground.h"
#include "posture/kconfig.h"
#include "posture/text.h"

static int look_option(struct ground *ground, struct posture_finding *finding, const char *name,
		       const char *says)
{
	if (!ground->config) {
		finding_reason(finding, "%s", ground->config_why);
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (kconfig_get(ground->config, name) == 'n')
		return finding_set(finding, POSTURE_GOOD, "not built in");
	finding_reason(finding, "%s", says);
	return finding_set(finding, POSTURE_WEAK, "built in");
}

static int look_fault_injection(struct ground *ground, struct posture_finding *finding)
{
	return look_option(ground, finding, "CONFIG_FAULT_INJECTION",
			   "root has allocations and system calls of an agent fail");
}

static int look_kprobe_override(struct ground *ground, struct posture_finding *finding)
{
	return look_option(ground, finding, "CONFIG_BPF_KPROBE_OVERRIDE",
			   "a program says what an agent's system calls return");
}

/* The text of mountinfo is needed again: a copy is cut into pieces. */
static int look_debugfs(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;
	struct text_mount mount;
	char *rest;

	if (!ground->mounts)
		return finding_unread(finding, "proc/self/mountinfo", ground->mounts_errno);
	text = strdup(ground->mounts);
	if (!text)
		return -ENOMEM;
	for (rest = text; text_next_mount(&rest, &mount);) {
		if (strcmp(mount.type, "debugfs") != 0)
			continue;
		finding_reason(finding, "its files disarm probes, and inject faults");
		return finding_set(finding, POSTURE_WEAK, "mounted on %s", mount.where);
	}
	return finding_set(finding, POSTURE_GOOD, "not mounted");
}

const struct posture_check rows_tracing[] = {
	{
		.id = "ftrace",
		.title = "ftrace, which programs on hooks hang on",
		.group = POSTURE_TRACING,
		.reads = "/proc/sys/kernel/ftrace_enabled",
		.threats = "L15 K14",
		.why = "With 0 no program on a security hook, fentry or fexit is asked any more, "
		       "though all of them look attached. Newer kernels refuse to turn it off "
		       "while such programs are there; a guard of Holdfast's refuses it on all.",
		.fix = "sysctl kernel.ftrace_enabled=1, and look for who wrote 0",
		.source = "Documentation/trace/ftrace.rst, kernel/trace/ftrace.c",
		.mend = {MEND_SYSCTL, "kernel.ftrace_enabled", "1", false},
		.path = "proc/sys/kernel/ftrace_enabled",
		.levels = (const struct posture_level[]){{0, POSTURE_BAD, "no hook asks a program"},
							 {1, POSTURE_GOOD,
							  "hooks ask their "
							  "programs"},
							 {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "this kernel cannot turn it off, or has none",
	},
	{
		.id = "fault-injection",
		.title = "fault injection",
		.group = POSTURE_TRACING,
		.reads = "the kernel's configuration: FAULT_INJECTION",
		.threats = "A14",
		.why = "A kernel for tests has functions fail on demand, an agent's among them.",
		.fix = "a kernel without FAULT_INJECTION, or lockdown=integrity",
		.source = "Documentation/fault-injection/fault-injection.rst",
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_fault_injection,
	},
	{
		.id = "kprobe-override",
		.title = "programs that override what functions return",
		.group = POSTURE_TRACING,
		.reads = "the kernel's configuration: BPF_KPROBE_OVERRIDE",
		.threats = "P08",
		.why = "bpf_override_return() answers system calls in the kernel's place: an "
		       "agent is told what an attacker likes. The guard refuses such programs to "
		       "strangers; without the option nobody can load one.",
		.fix = "a kernel without BPF_KPROBE_OVERRIDE",
		.source = "kernel/trace/bpf_trace.c",
		.look = look_kprobe_override,
	},
	{
		.id = "debugfs",
		.title = "debugfs",
		.group = POSTURE_TRACING,
		.reads = "/proc/self/mountinfo",
		.threats = "L14 K10 A14",
		.why = "One file of it disarms all kprobes, others inject faults. Root mounts it "
		       "where it is built in; where it is not mounted, at least nothing stumbles "
		       "over it.",
		.fix = "umount /sys/kernel/debug and mask its mount unit, or boot with debugfs=off",
		.source = "Documentation/filesystems/debugfs.rst",
		.mend = {MEND_UNMOUNT, "/sys/kernel/debug", NULL, false},
		.closed_by = LOCKDOWN_INTEGRITY,
		.sights = SIGHT_MOUNTS,
		.look = look_debugfs,
	},
	{0},
};
