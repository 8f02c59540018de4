// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings that are a number below /proc/sys; most of them ease what other rows begin with. */

#include "base/cleanup.h"
#include "posture/ground.h"
#include "posture/text.h"

#define SYSRQ_ALL 1
#define SYSRQ_SIGNALS 64

/* Bits, unless it is 1. */
static int look_sysrq(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;
	const char *path = "proc/sys/kernel/sysrq";
	long long number;
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r == GROUND_E_MISSING && ground_has(ground, "proc/sys/kernel"))
		return finding_set(finding, POSTURE_GOOD, "not built in");
	if (r)
		return finding_unread(finding, path, r);
	if (!text_number(text, &number)) {
		finding_reason(finding, "/%s holds no number", path);
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (number == SYSRQ_ALL || (number & SYSRQ_SIGNALS)) {
		finding_reason(finding, "a key at the console, serial ones too, kills every task");
		return finding_set(finding, POSTURE_WEAK, "%lld", number);
	}
	finding_reason(finding, "no key kills tasks");
	return finding_set(finding, POSTURE_GOOD, "%lld", number);
}

static int look_user_namespaces(struct ground *ground, struct posture_finding *finding)
{
	static const struct {
		const char *path;
		long long good;
	} switches[] = {
		{"proc/sys/user/max_user_namespaces", 0},
		{"proc/sys/kernel/unprivileged_userns_clone", 0},
		{"proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1},
	};
	const char *unread = NULL;
	int unread_errno = 0;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		_cleanup_free_ char *text = NULL;
		long long number;
		int r = ground_text(ground, switches[i].path, &text, NULL);

		if (r == -ENOMEM)
			return r;
		if (r < 0 || (r && i == 0)) {
			unread = switches[i].path;
			unread_errno = r;
		}
		if (r || !text_number(text, &number) || number != switches[i].good)
			continue;
		finding_reason(finding, "not for every user");
		return finding_set(finding, POSTURE_GOOD, "%s = %lld",
				   switches[i].path + sizeof("proc/sys/") - 1, number);
	}
	if (unread_errno == GROUND_E_MISSING && ground_has(ground, "proc/sys/kernel"))
		return finding_set(finding, POSTURE_GOOD, "not built in");
	if (unread)
		return finding_unread(finding, unread, unread_errno);
	finding_reason(finding, "every user becomes root of a namespace, and reaches more of the "
				"kernel");
	return finding_set(finding, POSTURE_WEAK, "open to every user");
}

#define SYSCTL_DOC "Documentation/admin-guide/sysctl/"

const struct posture_check rows_sysctl[] = {
	{
		.id = "unprivileged-bpf",
		.title = "bpf(2) for users without capabilities",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/unprivileged_bpf_disabled",
		.threats = "K17 P20",
		.why = "Every program that is loaded is a try at the verifier. With 0 any user may "
		       "try; with 2 root can set it back to 0, and with 1 nobody can before the "
		       "next boot.",
		.fix = "sysctl kernel.unprivileged_bpf_disabled=1",
		.source = SYSCTL_DOC "kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.unprivileged_bpf_disabled", "1", true},
		.path = "proc/sys/kernel/unprivileged_bpf_disabled",
		.levels =
			(const struct posture_level[]){{0, POSTURE_BAD, "any user loads programs"},
						       {1, POSTURE_GOOD, "off until reboot"},
						       {2, POSTURE_WEAK,
							"off, and root can turn "
							"it on"},
						       {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "this kernel has no bpf(2)",
	},
	{
		.id = "jit-harden",
		.title = "constants of BPF programs are blinded",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/net/core/bpf_jit_harden",
		.threats = "K17 P20",
		.why = "Machine code that a program's author chooses by its constants helps whoever "
		       "has found a hole in the kernel. 1 blinds them for users without "
		       "capabilities, 2 for all. It does nothing against root who needs no hole.",
		.fix = "sysctl net.core.bpf_jit_harden=2",
		.source = SYSCTL_DOC "net.rst",
		.mend = {MEND_SYSCTL, "net.core.bpf_jit_harden", "2", false},
		.path = "proc/sys/net/core/bpf_jit_harden",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK,
							  "not for root's "
							  "programs"},
							 {2, POSTURE_GOOD, "for every program"},
							 {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "this kernel compiles no programs, or this is a network "
				"namespace's own view",
	},
	{
		.id = "kptr-restrict",
		.title = "addresses of the kernel are hidden",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/kptr_restrict",
		.threats = "K17 K07",
		.why = "Addresses of the kernel are half of an exploit. 1 hides them from who has "
		       "no CAP_SYSLOG, 2 from everybody; with 2 `holdfast object advise` sees less "
		       "of what programs call.",
		.fix = "sysctl kernel.kptr_restrict=1",
		.source = SYSCTL_DOC "kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.kptr_restrict", "1", false},
		.path = "proc/sys/kernel/kptr_restrict",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK, "shown"},
							 {1, POSTURE_GOOD, "hidden from users"},
							 {2, POSTURE_GOOD, "hidden from all"},
							 {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "this kernel has no such setting",
	},
	{
		.id = "perf-paranoid",
		.title = "performance events for users without capabilities",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/perf_event_paranoid",
		.threats = "K17",
		.why = "perf_event_open(2) is a large part of the kernel to let every user at, and "
		       "below 2 it shows them what the kernel does.",
		.fix = "sysctl kernel.perf_event_paranoid=2, or 3 where the kernel knows it",
		.source = SYSCTL_DOC "kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.perf_event_paranoid", "2", false},
		.path = "proc/sys/kernel/perf_event_paranoid",
		.levels =
			(const struct posture_level[]){{-1, POSTURE_WEAK, "users watch the kernel"},
						       {2, POSTURE_GOOD,
							"users watch themselves "
							"at most"},
						       {0}},
		.missing = POSTURE_GOOD,
		.missing_says = "this kernel has no performance events",
	},
	{
		.id = "yama",
		.title = "who may trace a process",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/yama/ptrace_scope",
		.threats = "K17 I02",
		.why = "With 0 a user's process may trace all others of that user, an agent's "
		       "helpers among them. 3 lets nobody trace until the next boot. Root passes "
		       "1 and 2: what keeps him from an agent is the guard.",
		.fix = "sysctl kernel.yama.ptrace_scope=1",
		.source = "Documentation/admin-guide/LSM/Yama.rst",
		.mend = {MEND_SYSCTL, "kernel.yama.ptrace_scope", "1", false},
		.path = "proc/sys/kernel/yama/ptrace_scope",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK,
							  "any process of the same "
							  "user"},
							 {1, POSTURE_GOOD, "parents, and root"},
							 {2, POSTURE_GOOD, "root"},
							 {3, POSTURE_GOOD, "nobody, until reboot"},
							 {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "yama is not among the security modules",
	},
	{
		.id = "sysrq",
		.title = "keys that kill",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/sysrq",
		.threats = "K17 A04",
		.why = "Magic keys that send signals end an agent without asking a hook. The "
		       "setting is for the console; /proc/sysrq-trigger obeys root whatever it is, "
		       "and that file is the guard's to keep.",
		.fix = "sysctl kernel.sysrq=0, or a mask without 64",
		.source = "Documentation/admin-guide/sysrq.rst",
		.mend = {MEND_SYSCTL, "kernel.sysrq", "0", false},
		.look = look_sysrq,
	},
	{
		.id = "io-uring",
		.title = "io_uring",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/kernel/io_uring_disabled",
		.threats = "K17 T08 I15",
		.why = "What goes through io_uring is no system call: agents that watch system "
		       "calls do not see it. 1 leaves it to a group, 2 to nobody.",
		.fix = "sysctl kernel.io_uring_disabled=2, where nothing needs it",
		.source = SYSCTL_DOC "kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.io_uring_disabled", "2", false},
		.path = "proc/sys/kernel/io_uring_disabled",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK, "for every process"},
							 {1, POSTURE_WEAK, "for a group, and root"},
							 {2, POSTURE_GOOD, "for nobody"},
							 {0}},
		.missing = POSTURE_ABSENT,
		.missing_says = "this kernel cannot turn it off",
		.option = "CONFIG_IO_URING",
	},
	{
		.id = "user-namespaces",
		.title = "user namespaces for every user",
		.group = POSTURE_SYSCTL,
		.reads = "/proc/sys/user/max_user_namespaces, "
			 "/proc/sys/kernel/unprivileged_userns_clone, "
			 "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		.threats = "K11 F14",
		.why = "Who is root of a namespace of his own reaches mounts, packet filters and "
		       "other parts of the kernel that were written for root alone. Browsers and "
		       "containers without root need them.",
		.fix = "sysctl user.max_user_namespaces=0, or Debian's "
		       "kernel.unprivileged_userns_clone=0, where nothing needs them",
		.source = SYSCTL_DOC "user.rst",
		.mend = {MEND_SYSCTL, "user.max_user_namespaces", "0", false},
		.look = look_user_namespaces,
	},
	{0},
};
