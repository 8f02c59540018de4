// SPDX-License-Identifier: LGPL-2.1-or-later
/* What tells one file from another, and where pins and records lie. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "posture/ground.h"
#include "posture/kconfig.h"
#include "posture/text.h"

static int look_ima(struct ground *ground, struct posture_finding *finding)
{
	if (ground_has(ground, "sys/kernel/security/ima")) {
		finding_reason(finding, "the kernel hashes what is executed");
		return finding_set(finding, POSTURE_GOOD, "there");
	}
	if (!ground_has(ground, "sys/kernel/security/lsm")) {
		finding_reason(finding, "securityfs is not mounted, or not to be read");
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	finding_reason(finding, "holdfastd measures files in the kernel's place");
	return finding_set(finding, POSTURE_ABSENT, "not built in");
}

static int look_verity(struct ground *ground, struct posture_finding *finding)
{
	bool there = ground_has(ground, "sys/fs/ext4/features/verity") ||
		     ground_has(ground, "proc/sys/fs/verity");

	if (there || (ground->config && kconfig_get(ground->config, "CONFIG_FS_VERITY") != 'n')) {
		finding_reason(finding, "files can be sealed by their digest");
		return finding_set(finding, POSTURE_GOOD, "there");
	}
	if (!ground->config) {
		finding_reason(finding, "%s", ground->config_why);
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	finding_reason(finding, "no file can be sealed by its digest");
	return finding_set(finding, POSTURE_ABSENT, "not built in");
}

/* bpffs says mode= unless it is that of /tmp, which is what it has if nobody says anything. */
static bool others_write(const char *options)
{
	char mode[16];

	return !text_option(options, "mode", mode, sizeof(mode)) || (strtoul(mode, NULL, 8) & 0022);
}

static bool delegates(const char *options)
{
	char value[64];
	static const char *const what[] = {"delegate_cmds", "delegate_maps", "delegate_progs",
					   "delegate_attachs"};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		if (text_option(options, what[i], value, sizeof(value)))
			return true;
	}
	return false;
}

static int look_bpffs(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;
	struct text_mount mount;
	size_t n = 0;
	char *rest;
	int r = 0;

	if (!ground->mounts)
		return finding_unread(finding, "proc/self/mountinfo", ground->mounts_errno);
	text = strdup(ground->mounts);
	if (!text)
		return -ENOMEM;
	for (rest = text; !r && text_next_mount(&rest, &mount);) {
		if (strcmp(mount.type, "bpf") != 0)
			continue;
		n++;
		if (others_write(mount.options))
			r = finding_item(finding, "%s: others may write", mount.where);
		if (!r && delegates(mount.options))
			r = finding_item(finding, "%s: rights are delegated", mount.where);
	}
	if (r)
		return r;
	if (finding->n_items) {
		finding_reason(finding, "who is not root takes names that an agent looks for, or "
					"loads programs by a token");
		return finding_set(finding, POSTURE_WEAK, "%s%s", finding->items[0],
				   finding->n_items > 1 ? ", and more" : "");
	}
	return n ? finding_set(finding, POSTURE_GOOD, "%zu, root's alone", n)
		 : finding_set(finding, POSTURE_ABSENT, "not mounted");
}

static int look_audit(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "etc/audit/audit.rules";
	_cleanup_free_ char *text = NULL;
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r && r != GROUND_E_MISSING)
		return finding_unread(finding, path, r);
	if (!r && text_audits(text, "bpf", "321")) {
		finding_reason(finding, "bpf(2) is recorded by somebody else, too");
		return finding_set(finding, POSTURE_GOOD, "a rule for bpf");
	}
	finding_reason(finding, "bpf(2) is recorded by nobody but a guard");
	return finding_set(finding, POSTURE_WEAK, r ? "no rules" : "no rule for bpf");
}

const struct posture_check rows_files[] = {
	{
		.id = "ima",
		.title = "IMA, by which the kernel hashes files",
		.group = POSTURE_FILES,
		.reads = "/sys/kernel/security/ima",
		.threats = "",
		.why = "The guard knows an executable by its content, hashed by the kernel when "
		       "it starts. Without IMA holdfastd measures it before, and a file that "
		       "changes loses its label until it is measured again.",
		.fix = "a kernel with IMA",
		.source = "security/integrity/ima/, Documentation/ABI/testing/ima_policy",
		.look = look_ima,
	},
	{
		.id = "fs-verity",
		.title = "fs-verity, by which files are sealed",
		.group = POSTURE_FILES,
		.reads = "/sys/fs/ext4/features/verity, /proc/sys/fs/verity, or the kernel's "
			 "configuration: FS_VERITY",
		.threats = "F12",
		.why = "A sealed file cannot be changed any more, only replaced, and its digest "
		       "costs nothing to ask for.",
		.fix = "a kernel with FS_VERITY",
		.source = "Documentation/filesystems/fsverity.rst",
		.look = look_verity,
	},
	{
		.id = "bpffs",
		.title = "where pins lie",
		.group = POSTURE_FILES,
		.reads = "/proc/self/mountinfo: file systems of the type bpf",
		.threats = "M21 F14",
		.why = "Pins of agents lie in a bpffs. Where others may write they take names "
		       "before the agent does; where rights are delegated, whoever may open the "
		       "mount loads programs without a capability of the host.",
		.fix = "mount it with mode=0700 and without delegate_*, as systemd does",
		.source = "kernel/bpf/inode.c, kernel/bpf/token.c",
		.sights = SIGHT_MOUNTS,
		.look = look_bpffs,
	},
	{
		.id = "audit-rules",
		.title = "audit rules for bpf(2)",
		.group = POSTURE_FILES,
		.reads = "/etc/audit/audit.rules; not what the kernel has loaded of it",
		.threats = "T02",
		.why = "A second record of who called bpf(2), kept by somebody else than the "
		       "guard, is what the guard's own log can be held against.",
		.fix = "-a always,exit -F arch=b64 -S bpf -k bpf, in /etc/audit/rules.d, then "
		       "augenrules --load",
		.source = "auditctl(8), kernel/auditsc.c",
		.sights = SIGHT_FILES,
		.look = look_audit,
	},
	{0},
};
