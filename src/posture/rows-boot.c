// SPDX-License-Identifier: LGPL-2.1-or-later
/* How the host came up, and whether a guard comes up with it. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "posture/ground.h"
#include "posture/text.h"

#define LSM_PATH "sys/kernel/security/lsm"

static int look_bpf_lsm(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = ground_text(ground, LSM_PATH, &text, NULL);
	if (r)
		return finding_unread(finding, LSM_PATH, r);
	if (text_has(text, ",\n", "bpf")) {
		finding_reason(finding, "programs on security hooks are asked");
		return finding_set(finding, POSTURE_GOOD, "in the list");
	}
	finding_reason(finding, "programs on security hooks attach, and are never asked");
	return finding_set(finding, POSTURE_BAD, "not in the list");
}

/* What refuses access by itself. Others that come late look at content, or at nothing. */
static bool refuses_access(const char *name, size_t length)
{
	static const char *const modules[] = {"selinux",  "apparmor", "smack",	 "tomoyo",
					      "landlock", "yama",     "loadpin", "safesetid"};

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (strlen(modules[i]) == length && strncmp(modules[i], name, length) == 0)
			return true;
	}
	return false;
}

static int look_lsm_order(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;
	bool seen = false;
	int r;

	r = ground_text(ground, LSM_PATH, &text, NULL);
	if (r)
		return finding_unread(finding, LSM_PATH, r);
	for (const char *p = text; *p;) {
		size_t length = strcspn(p, ",\n");

		if (length == 3 && strncmp(p, "bpf", 3) == 0)
			seen = true;
		else if (seen && refuses_access(p, length)) {
			finding_reason(finding, "it refuses what was logged as allowed before");
			return finding_set(finding, POSTURE_WEAK, "%.*s after bpf", (int)length, p);
		}
		p += length + (p[length] != '\0');
	}
	if (!seen) {
		finding_reason(finding, "bpf is not in the list");
		return finding_set(finding, POSTURE_ABSENT, "no bpf");
	}
	finding_reason(finding, "what the others let through is what it decides");
	return finding_set(finding, POSTURE_GOOD, "bpf after the others");
}

static int look_secure_boot(struct ground *ground, struct posture_finding *finding)
{
	const char *path = "sys/firmware/efi/efivars/"
			   "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	_cleanup_free_ char *data = NULL;
	unsigned value;
	size_t size;
	int r;

	r = ground_text(ground, path, &data, &size);
	if (r == GROUND_E_MISSING && !ground_has(ground, "sys/firmware/efi") &&
	    ground_has(ground, "sys/firmware")) {
		finding_reason(finding, "the host was not booted by UEFI: nothing verifies what "
					"boots");
		return finding_set(finding, POSTURE_ABSENT, "no UEFI");
	}
	if (r)
		return finding_unread(finding, path, r);
	if (!text_efi_byte(data, size, &value)) {
		finding_reason(finding, "/%s is no variable of one byte", path);
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	finding_reason(finding, value == 1 ? "the firmware verifies what boots"
					   : "whatever lies on the disk boots");
	return finding_set(finding, value == 1 ? POSTURE_GOOD : POSTURE_WEAK, "%s",
			   value == 1 ? "on" : "off");
}

/* Words of the kernel's command line that weaken; without a value, the word itself. */
static const struct {
	const char *name, *value;
	enum posture_status status;
	const char *says;
} words[] = {
	{"sysctl.kernel.ftrace_enabled", "0", POSTURE_BAD, "programs on hooks are never asked"},
	{"lockdown", "none", POSTURE_WEAK, "the kernel is not locked down"},
	{"module.sig_enforce", "0", POSTURE_WEAK, "modules need no signature"},
	{"mitigations", "off", POSTURE_WEAK, "the processor's holes are open"},
	{"nokaslr", NULL, POSTURE_WEAK, "the kernel lies where everybody knows"},
	{"nosmap", NULL, POSTURE_WEAK, "the kernel reads user memory by mistake"},
	{"nosmep", NULL, POSTURE_WEAK, "the kernel runs user memory by mistake"},
	{"nopti", NULL, POSTURE_WEAK, "users read the kernel's memory"},
	{"pti", "off", POSTURE_WEAK, "users read the kernel's memory"},
	{"iomem", "relaxed", POSTURE_WEAK, "/dev/mem reaches devices in use"},
	{"ima_appraise", "off", POSTURE_WEAK, "files are not appraised"},
	{"ima_appraise", "log", POSTURE_WEAK, "files are appraised in vain"},
	{"ima_appraise", "fix", POSTURE_WEAK, "files are appraised as they are"},
	{"audit", "0", POSTURE_WEAK, "nothing is audited"},
	{"kgdbwait", NULL, POSTURE_WEAK, "a debugger at the console"},
	{"rd.break", NULL, POSTURE_WEAK, "a shell before the system"},
	{"single", NULL, POSTURE_WEAK, "a shell in place of the system"},
};

/* Parameters that are a weakness whatever they say. */
static const char *const any_value[] = {"init", "rdinit", "kgdboc"};

static bool has_word(const char *cmdline, const char *word)
{
	const char *found;
	size_t length;

	while ((found = text_next_word(&cmdline, &length))) {
		if (length == strlen(word) && strncmp(found, word, length) == 0)
			return true;
	}
	return false;
}

/* What distributions have there anyway. */
static bool is_usual(const char *name, const char *value)
{
	static const char *const usual[] = {"/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd",
					    "/usr/lib/systemd/systemd"};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		if (strcmp(name, "init") == 0 && strcmp(value, usual[i]) == 0)
			return true;
	}
	return false;
}

static int add_word(struct posture_finding *finding, enum posture_status status, const char *name,
		    const char *value)
{
	if (status > finding->status)
		finding->status = status;
	return finding_item(finding, "%s%s%s", name, value ? "=" : "", value ?: "");
}

static int look_command_line(struct ground *ground, struct posture_finding *finding)
{
	char value[POSTURE_TEXT];
	int r = 0;

	if (!ground->cmdline)
		return finding_unread(finding, "proc/cmdline", ground->cmdline_errno);
	for (size_t i = 0; i < ARRAY_SIZE(words) && !r; i++) {
		bool found = words[i].value ? text_parameter(ground->cmdline, words[i].name, value,
							     sizeof(value)) &&
						      strcmp(value, words[i].value) == 0
					    : has_word(ground->cmdline, words[i].name);

		if (!found)
			continue;
		if (words[i].status > finding->status)
			finding_reason(finding, "%s", words[i].says);
		r = add_word(finding, words[i].status, words[i].name, words[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(any_value) && !r; i++) {
		if (!text_parameter(ground->cmdline, any_value[i], value, sizeof(value)) ||
		    is_usual(any_value[i], value))
			continue;
		if (!finding->reason[0])
			finding_reason(finding, "something else than usual comes up");
		r = add_word(finding, POSTURE_WEAK, any_value[i], value);
	}
	if (!r && text_parameter(ground->cmdline, "lsm", value, sizeof(value)) &&
	    !text_has(value, ",", "bpf")) {
		finding_reason(finding, "the list of security modules leaves bpf out");
		r = add_word(finding, POSTURE_BAD, "lsm", value);
	}
	if (r)
		return r;
	if (!finding->n_items)
		return finding_set(finding, POSTURE_GOOD, "nothing that weakens");
	return finding_set(finding, finding->status, "%s%s", finding->items[0],
			   finding->n_items > 1 ? ", and more" : "");
}

static int look_escape(struct ground *ground, struct posture_finding *finding)
{
	char value[POSTURE_TEXT];

	if (!ground->cmdline)
		return finding_unread(finding, "proc/cmdline", ground->cmdline_errno);
	if (!text_parameter(ground->cmdline, "holdfast", value, sizeof(value)))
		return finding_set(finding, POSTURE_GOOD, "not used");
	if (strcmp(value, "off") == 0) {
		finding_reason(finding, "no guard comes up at boot");
		return finding_set(finding, POSTURE_BAD, "holdfast=off");
	}
	if (strcmp(value, "observe") == 0) {
		finding_reason(finding, "the guard refuses nothing, unless its policy is sealed");
		return finding_set(finding, POSTURE_BAD, "holdfast=observe");
	}
	finding_reason(finding, "neither off nor observe: it counts for nothing");
	return finding_set(finding, POSTURE_WEAK, "holdfast=%s", value);
}

static int look_tpm(struct ground *ground, struct posture_finding *finding)
{
	_cleanup_free_ char *text = NULL;

	if (!ground_has(ground, "sys/class")) {
		finding_reason(finding, "/sys/class cannot be read");
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (!ground_has(ground, "sys/class/tpm/tpm0")) {
		finding_reason(finding, "nothing can prove to others what was booted");
		return finding_set(finding, POSTURE_ABSENT, "none");
	}
	if (ground_text(ground, "sys/class/tpm/tpm0/tpm_version_major", &text, NULL) == 0)
		return finding_set(finding, POSTURE_GOOD, "version %.*s", (int)strcspn(text, "\n"),
				   text);
	return finding_set(finding, POSTURE_GOOD, "there");
}

static int look_unit_order(struct ground *ground, struct posture_finding *finding)
{
	static const char *const folders[] = {"etc", "run", "usr/local/lib", "usr/lib", "lib"};
	_cleanup_free_ char *unit = NULL;
	char path[96], enabled[16];
	int r = GROUND_E_MISSING;

	if (!ground_has(ground, "run/systemd/system"))
		return finding_set(finding, POSTURE_ABSENT, "no systemd");
	for (size_t i = 0; i < ARRAY_SIZE(folders) && r == GROUND_E_MISSING; i++) {
		(void)snprintf(path, sizeof(path), "%s/systemd/system/holdfastd.service",
			       folders[i]);
		r = ground_text(ground, path, &unit, NULL);
	}
	if (r == GROUND_E_MISSING) {
		finding_reason(finding, "there is no holdfastd.service");
		return finding_set(finding, POSTURE_ABSENT, "not installed");
	}
	if (r)
		return finding_unread(finding, path, r);
	if (!text_unit_has(unit, "Before", "sysinit.target") ||
	    !text_unit_has(unit, "DefaultDependencies", "no")) {
		finding_reason(finding, "/%s does not come before other services", path);
		return finding_set(finding, POSTURE_BAD, "late");
	}
	if (ground_link(ground, "etc/systemd/system/sysinit.target.wants/holdfastd.service",
			enabled, sizeof(enabled)) < 0) {
		finding_reason(finding, "no guard comes up at boot");
		return finding_set(finding, POSTURE_WEAK, "not enabled");
	}
	finding_reason(finding, "the guard comes up before other services");
	return finding_set(finding, POSTURE_GOOD, "before sysinit.target");
}

#define GUIDE "Documentation/admin-guide/"

const struct posture_check rows_boot[] = {
	{
		.id = "bpf-lsm",
		.title = "bpf among the security modules",
		.group = POSTURE_BOOT,
		.reads = "/sys/kernel/security/lsm",
		.threats = "K14",
		.why = "Without it a guard of security hooks loads and attaches without an error, "
		       "and is never asked. Holdfast refuses to start so; others do not notice.",
		.fix = "boot with lsm= and the list as it is, with bpf at its end",
		.source = "Documentation/bpf/prog_lsm.rst, security/security.c",
		.mend = {MEND_PARAMETER, "lsm", "+bpf", false},
		.look = look_bpf_lsm,
	},
	{
		.id = "lsm-order",
		.title = "order of the security modules",
		.group = POSTURE_BOOT,
		.reads = "/sys/kernel/security/lsm",
		.threats = "",
		.why = "The first module that refuses ends the question. One that comes after bpf "
		       "and refuses access decides what the guard has counted as allowed.",
		.fix = "boot with lsm= and bpf behind the modules that refuse access",
		.source = "security/security.c",
		.mend = {MEND_PARAMETER, "lsm", "+bpf", false},
		.look = look_lsm_order,
	},
	{
		.id = "secure-boot",
		.title = "Secure Boot",
		.group = POSTURE_BOOT,
		.reads =
			"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
		.threats = "K13",
		.why = "Without it root changes the kernel, its first file system or the boot "
		       "loader on the disk, and the next boot is his.",
		.fix = "turn it on in the firmware; a kernel that is signed has to be installed",
		.source = GUIDE "LSM/index.rst, drivers/firmware/efi/libstub/secureboot.c",
		.sights = SIGHT_MOUNTS,
		.look = look_secure_boot,
	},
	{
		.id = "command-line",
		.title = "the kernel's command line",
		.group = POSTURE_BOOT,
		.reads = "/proc/cmdline",
		.threats = "K13 K14 L15",
		.why = "Words of it take protections away for a whole boot: security modules, "
		       "ftrace, mitigations, what is started as init.",
		.fix = "take the words away in the boot loader's configuration, and look for who "
		       "put them there",
		.source = GUIDE "kernel-parameters.txt",
		.look = look_command_line,
	},
	{
		.id = "escape",
		.title = "the escape at the boot prompt",
		.group = POSTURE_BOOT,
		.reads = "/proc/cmdline: holdfast=",
		.threats = "K13",
		.why = "holdfast=observe and holdfast=off are for who was locked out. Left where "
		       "they are, no boot is guarded.",
		.fix = "take the word away in the boot loader's configuration",
		.source = "holdfastd(8)",
		.mend = {MEND_PARAMETER, "holdfast", NULL, false},
		.look = look_escape,
	},
	{
		.id = "tpm",
		.title = "Trusted Platform Module",
		.group = POSTURE_BOOT,
		.reads = "/sys/class/tpm/tpm0",
		.threats = "K13",
		.why = "It can prove to somebody else what was booted, which the host itself "
		       "cannot.",
		.fix = "turn it on in the firmware, or give the guest one",
		.source = "Documentation/security/tpm/",
		.look = look_tpm,
	},
	{
		.id = "unit-order",
		.title = "when holdfastd comes up",
		.group = POSTURE_BOOT,
		.reads = "holdfastd.service of systemd, and whether it is enabled",
		.threats = "K15",
		.why = "What starts before the guard may hold objects, programs and writable "
		       "mappings that the guard finds and cannot take away.",
		.fix = "systemctl enable holdfastd, with the unit as it is installed",
		.source = "systemd.unit(5), docs/decisions/0015-unit.md",
		.mend = {MEND_UNIT, "holdfastd.service", NULL, false},
		.sights = SIGHT_FILES,
		.look = look_unit_order,
	},
	{0},
};
