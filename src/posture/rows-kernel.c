// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ways into the kernel: who gets in there stands above every guard. */

#include <string.h>

#include "base/cleanup.h"
#include "posture/ground.h"
#include "posture/kconfig.h"
#include "posture/text.h"

/* Whether securityfs is there at all: without it nothing is said of lockdown. */
static int look_lockdown(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "sys/kernel/security/lockdown";
	_cleanup_free_ char *text = NULL, *modules = NULL;
	char mode[32];
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r == GROUND_E_MISSING &&
	    ground_text(ground, "sys/kernel/security/lsm", &modules, NULL) == 0) {
		finding_reason(finding, "lockdown is not among the security modules");
		return finding_set(finding, POSTURE_BAD, "not there");
	}
	if (r)
		return finding_unread(finding, path, r);
	if (!text_chosen(text, mode, sizeof(mode))) {
		finding_reason(finding, "/%s names no mode", path);
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (strcmp(mode, "none") == 0)
		finding_reason(finding, "root writes to the kernel's memory");
	else
		finding_reason(finding, "the kernel refuses what changes it%s",
			       mode[0] == 'c' ? ", and what reads it" : "");
	return finding_set(finding, strcmp(mode, "none") == 0 ? POSTURE_BAD : POSTURE_GOOD, "%s",
			   mode);
}

static int unknown_config(const struct ground *ground, struct posture_finding *finding)
{
	finding_reason(finding, "%s", ground->config_why);
	return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
}

static bool config_is(const struct ground *ground, const char *name)
{
	return kconfig_get(ground->config, name) != 'n';
}

static int look_module_signatures(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "sys/module/module/parameters/sig_enforce";
	_cleanup_free_ char *text = NULL;
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r == GROUND_E_MISSING && ground_has(ground, "sys/module")) {
		bool modules = ground_has(ground, "proc/sys/kernel/modules_disabled");

		finding_reason(finding, modules ? "this kernel checks no signatures of modules"
						: "this kernel loads no modules");
		return finding_set(finding, modules ? POSTURE_BAD : POSTURE_GOOD, "not there");
	}
	if (r)
		return finding_unread(finding, path, r);
	finding_reason(finding, text[0] == 'Y' ? "no module without a signature that the kernel "
						 "trusts"
					       : "root loads any code into the kernel");
	return finding_set(finding, text[0] == 'Y' ? POSTURE_GOOD : POSTURE_BAD, "%s",
			   text[0] == 'Y' ? "enforced" : "not enforced");
}

static int look_kexec_signatures(struct ground *ground, struct posture_finding *finding)
{
	if (!ground->config)
		return unknown_config(ground, finding);
	if (!config_is(ground, "CONFIG_KEXEC") && !config_is(ground, "CONFIG_KEXEC_FILE"))
		return finding_set(finding, POSTURE_GOOD, "kexec is not built in");
	if (config_is(ground, "CONFIG_KEXEC")) {
		finding_reason(finding, "kexec_load(2) takes any kernel, signed or not");
		return finding_set(finding, POSTURE_WEAK, "not for kexec_load");
	}
	if (!config_is(ground, "CONFIG_KEXEC_SIG")) {
		finding_reason(finding, "no signature is ever looked at");
		return finding_set(finding, POSTURE_BAD, "none");
	}
	if (!config_is(ground, "CONFIG_KEXEC_SIG_FORCE")) {
		finding_reason(finding, "a signature is looked at, and may be missing");
		return finding_set(finding, POSTURE_WEAK, "not demanded");
	}
	finding_reason(finding, "no other kernel without a signature that this one trusts");
	return finding_set(finding, POSTURE_GOOD, "demanded");
}

/* The boot parameter takes back what IO_STRICT_DEVMEM gives. */
static int look_dev_mem(struct ground *ground, struct posture_finding *finding)
{
	char iomem[16];
	bool relaxed = ground->cmdline &&
		       text_parameter(ground->cmdline, "iomem", iomem, sizeof(iomem)) &&
		       strcmp(iomem, "relaxed") == 0;

	if (!ground->config)
		return unknown_config(ground, finding);
	if (!config_is(ground, "CONFIG_DEVMEM"))
		return finding_set(finding, POSTURE_GOOD, "not built in");
	if (!config_is(ground, "CONFIG_STRICT_DEVMEM")) {
		finding_reason(finding, "root writes to all of memory");
		return finding_set(finding, POSTURE_BAD, "all of memory");
	}
	if (relaxed || !config_is(ground, "CONFIG_IO_STRICT_DEVMEM")) {
		finding_reason(finding, "root writes to the memory of devices in use");
		return finding_set(finding, POSTURE_WEAK, "devices in use");
	}
	finding_reason(finding, "neither memory nor devices in use");
	return finding_set(finding, POSTURE_GOOD, "strict");
}

/* What `holdfast posture fix` writes. */
#define MODPROBE "etc/modprobe.d/holdfast-posture.conf"

static int look_msr(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "sys/module/msr/parameters/allow_writes";
	_cleanup_free_ char *text = NULL;
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r == GROUND_E_MISSING && ground_has(ground, "sys/module")) {
		char built = ground->config ? kconfig_get(ground->config, "CONFIG_X86_MSR") : '?';

		if (built == 'n')
			return finding_set(finding, POSTURE_GOOD, "not built in");
		if (built == 'm' && ground_text(ground, MODPROBE, &text, NULL) == 0 &&
		    text_has(text, "\n", "install msr /bin/false")) {
			finding_reason(finding, "modprobe is kept from it");
			return finding_set(finding, POSTURE_GOOD, "not loaded");
		}
		finding_reason(finding, "the module is not there, and root may load it");
		return finding_set(finding, built == 'y' ? POSTURE_GOOD : POSTURE_WEAK,
				   "not loaded");
	}
	if (r)
		return finding_unread(finding, path, r);
	if (strncmp(text, "off", 3) == 0) {
		finding_reason(finding, "registers can be read only");
		return finding_set(finding, POSTURE_GOOD, "off");
	}
	finding_reason(finding, "root writes to registers that say where the kernel begins");
	return finding_set(finding, strncmp(text, "on", 2) == 0 ? POSTURE_BAD : POSTURE_WEAK,
			   "%.*s", (int)strcspn(text, "\n"), text);
}

static int look_hibernation(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "sys/power/state";
	_cleanup_free_ char *text = NULL;
	int r;

	r = ground_text(ground, path, &text, NULL);
	if (r == GROUND_E_MISSING && ground_has(ground, "sys/kernel"))
		return finding_set(finding, POSTURE_GOOD, "not built in");
	if (r)
		return finding_unread(finding, path, r);
	if (!text_has(text, " \n", "disk"))
		return finding_set(finding, POSTURE_GOOD, "not possible");
	finding_reason(finding, "memory goes to a disk where root changes it, and comes back");
	return finding_set(finding, POSTURE_WEAK, "possible");
}

/* The boot parameter counts before what is built in. */
static int look_proc_mem(struct ground *ground, struct posture_finding *finding)
{
	char mode[16] = "";

	if (ground->cmdline)
		(void)text_parameter(ground->cmdline, "proc_mem.force_override", mode,
				     sizeof(mode));
	if (!mode[0] && !ground->config)
		return unknown_config(ground, finding);
	if (ground->config && !kconfig_knows(ground->config, "CONFIG_PROC_MEM_ALWAYS_FORCE")) {
		finding_reason(finding, "this kernel cannot restrict it");
		return finding_set(finding, POSTURE_ABSENT, "always");
	}
	if (!mode[0])
		(void)strcpy(mode, config_is(ground, "CONFIG_PROC_MEM_NO_FORCE")       ? "never"
				   : config_is(ground, "CONFIG_PROC_MEM_FORCE_PTRACE") ? "ptrace"
										       : "always");
	if (strcmp(mode, "never") == 0 || strcmp(mode, "ptrace") == 0) {
		finding_reason(finding, "/proc/PID/mem keeps to what is mapped writable%s",
			       mode[0] == 'p' ? ", unless the writer traces the process" : "");
		return finding_set(finding, POSTURE_GOOD, "%s", mode);
	}
	finding_reason(finding, "/proc/PID/mem writes to code and constants");
	return finding_set(finding, POSTURE_WEAK, "%s", mode);
}

static int look_mounted_writes(struct ground *ground, struct posture_finding *finding)
{
	char mode[8] = "";
	long long allowed = -1;

	if (ground->cmdline &&
	    text_parameter(ground->cmdline, "bdev_allow_write_mounted", mode, sizeof(mode)))
		allowed = mode[0] == '1' || mode[0] == 'y' || mode[0] == 'Y' ||
			  strcmp(mode, "on") == 0;
	if (!ground->config && allowed < 0)
		return unknown_config(ground, finding);
	if (ground->config && !kconfig_knows(ground->config, "CONFIG_BLK_DEV_WRITE_MOUNTED")) {
		finding_reason(finding, "this kernel cannot refuse it");
		return finding_set(finding, POSTURE_ABSENT, "allowed");
	}
	if (allowed < 0)
		allowed = config_is(ground, "CONFIG_BLK_DEV_WRITE_MOUNTED");
	if (allowed) {
		finding_reason(finding, "root changes files past every hook, on the disk itself");
		return finding_set(finding, POSTURE_WEAK, "allowed");
	}
	finding_reason(finding, "a disk that is mounted cannot be opened for writing");
	return finding_set(finding, POSTURE_GOOD, "refused");
}

#define GUIDE "Documentation/admin-guide/"

const struct posture_check rows_kernel[] = {
	{
		.id = "lockdown",
		.title = "lockdown of the kernel",
		.group = POSTURE_KERNEL,
		.reads = "/sys/kernel/security/lockdown",
		.threats = "K05 K06 K08 K10 L14 A14",
		.why = "Without it root reaches the kernel's memory by its own interfaces, and "
		       "every guard with it. Under integrity these stop working: unsigned modules "
		       "and kexec, /dev/mem, writes to MSRs, hibernation, most of debugfs, ACPI "
		       "tables from user space, PCI configuration by root. Under "
		       "confidentiality also /proc/kcore, tracefs and kprobes, "
		       "performance events of the kernel, and bpf_probe_read_kernel(): many "
		       "tracing agents see nothing then.",
		.fix = "boot with lockdown=integrity, or write that to the file",
		.source = "security/lockdown/lockdown.c, kernel_lockdown(7)",
		.mend = {MEND_LOCKDOWN, "lockdown", "integrity", true},
		.look = look_lockdown,
	},
	{
		.id = "module-signatures",
		.title = "signatures of kernel modules",
		.group = POSTURE_KERNEL,
		.reads = "/sys/module/module/parameters/sig_enforce",
		.threats = "K01",
		.why = "A module is kernel code: it edits the guard, and what the guard says. With "
		       "signatures demanded it has to be one that somebody has signed, which K02 "
		       "still gets around.",
		.fix = "boot with module.sig_enforce=1; modules that you build need a key of yours",
		.source = GUIDE "module-signing.rst",
		.mend = {MEND_PARAMETER, "module.sig_enforce", "1", false},
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_module_signatures,
	},
	{
		.id = "modules-disabled",
		.title = "loading of kernel modules",
		.group = POSTURE_KERNEL,
		.reads = "/proc/sys/kernel/modules_disabled",
		.threats = "K01 K02 L18",
		.why = "Once everything that the host needs is loaded, no module need be: signed "
		       "ones with holes are a way in as well. There is no way back before the "
		       "next boot, and what is plugged in later finds no driver.",
		.fix = "sysctl kernel.modules_disabled=1 at the end of the boot",
		.source = GUIDE "sysctl/kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.modules_disabled", "1", true, true},
		.path = "proc/sys/kernel/modules_disabled",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK, "modules can be loaded"},
							 {1, POSTURE_GOOD, "no more modules"},
							 {0}},
		.missing = POSTURE_GOOD,
		.missing_says = "this kernel loads no modules",
	},
	{
		.id = "kexec",
		.title = "booting another kernel from this one",
		.group = POSTURE_KERNEL,
		.reads = "/proc/sys/kernel/kexec_load_disabled",
		.threats = "K04",
		.why = "The other kernel has no guard. Crash dumps by kdump need kexec: where they "
		       "are wanted, load the crash kernel first.",
		.fix = "sysctl kernel.kexec_load_disabled=1",
		.source = GUIDE "sysctl/kernel.rst",
		.mend = {MEND_SYSCTL, "kernel.kexec_load_disabled", "1", true, true},
		.path = "proc/sys/kernel/kexec_load_disabled",
		.levels = (const struct posture_level[]){{0, POSTURE_WEAK,
							  "root boots another kernel"},
							 {1, POSTURE_GOOD, "off until reboot"},
							 {0}},
		.missing = POSTURE_GOOD,
		.missing_says = "kexec is not built in",
	},
	{
		.id = "kexec-signatures",
		.title = "signatures of kernels for kexec",
		.group = POSTURE_KERNEL,
		.reads =
			"the kernel's configuration: KEXEC, KEXEC_FILE, KEXEC_SIG, KEXEC_SIG_FORCE",
		.threats = "K04",
		.why = "Without signatures that are demanded the other kernel may be anybody's. "
		       "kexec_load(2), where it is built in, knows none.",
		.fix = "lockdown=integrity, or a kernel without KEXEC and with KEXEC_SIG_FORCE",
		.source = "kernel/kexec_file.c, kernel/Kconfig.kexec",
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_kexec_signatures,
	},
	{
		.id = "dev-mem",
		.title = "/dev/mem",
		.group = POSTURE_KERNEL,
		.reads = "the kernel's configuration: DEVMEM, STRICT_DEVMEM, IO_STRICT_DEVMEM; "
			 "/proc/cmdline: iomem",
		.threats = "K05 K09",
		.why = "A file that is the memory of the machine: who writes it writes the kernel. "
		       "STRICT_DEVMEM keeps it from memory, IO_STRICT_DEVMEM from devices that a "
		       "driver has, unless the kernel was booted with iomem=relaxed.",
		.fix = "lockdown=integrity, or a kernel with both, or without DEVMEM",
		.source = "drivers/char/mem.c, lib/Kconfig.debug",
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_dev_mem,
	},
	{
		.id = "msr",
		.title = "registers of the processor",
		.group = POSTURE_KERNEL,
		.reads = "/sys/module/msr/parameters/allow_writes, whether X86_MSR is built, and "
			 "/etc/modprobe.d/holdfast-posture.conf",
		.threats = "K06",
		.why = "Some of them say where system calls go: who writes these runs code in the "
		       "kernel.",
		.fix = "boot with msr.allow_writes=off, or keep the module msr from being loaded",
		.source = "arch/x86/kernel/msr.c",
		.mend = {MEND_MODULE, "msr", NULL, false},
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_msr,
	},
	{
		.id = "hibernation",
		.title = "hibernation",
		.group = POSTURE_KERNEL,
		.reads = "/sys/power/state",
		.threats = "K08",
		.why = "What lies in the image on the disk is the kernel after the next boot, and "
		       "nothing verifies it.",
		.fix = "boot with nohibernate",
		.source = GUIDE "kernel-parameters.txt, kernel/power/hibernate.c",
		.mend = {MEND_PARAMETER, "nohibernate", "", false},
		.closed_by = LOCKDOWN_INTEGRITY,
		.look = look_hibernation,
	},
	{
		.id = "proc-mem",
		.title = "writes through /proc/PID/mem",
		.group = POSTURE_KERNEL,
		.reads = "/proc/cmdline: proc_mem.force_override; the kernel's configuration: "
			 "PROC_MEM_*",
		.threats = "I02",
		.why = "They go past the protection of pages, to code that an agent has mapped "
		       "read-only. The guard refuses them to strangers; this is the line behind "
		       "it.",
		.fix = "boot with proc_mem.force_override=ptrace",
		.source = GUIDE "kernel-parameters.txt, fs/proc/base.c",
		.mend = {MEND_PARAMETER, "proc_mem.force_override", "ptrace", false},
		.look = look_proc_mem,
	},
	{
		.id = "mounted-writes",
		.title = "writes to disks that are mounted",
		.group = POSTURE_KERNEL,
		.reads = "/proc/cmdline: bdev_allow_write_mounted; the kernel's configuration: "
			 "BLK_DEV_WRITE_MOUNTED",
		.threats = "F13",
		.why = "Who writes the disk under a file system changes any file, and no hook of "
		       "a file is asked.",
		.fix = "boot with bdev_allow_write_mounted=0; some tools for file systems in use "
		       "stop working",
		.source = GUIDE "kernel-parameters.txt, block/bdev.c",
		.mend = {MEND_PARAMETER, "bdev_allow_write_mounted", "0", false},
		.look = look_mounted_writes,
	},
	{0},
};
