// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mending and taking back, on a tree of files that stands for a host and for what runs on it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/system.h"
#include "fixture.h"
#include "mend/mend.h"
#include "mend/places.h"
#include "test.h"

#define SYSCTL_FILE "etc/sysctl.d/zz-holdfast-posture.conf"
#define GRUB_FILE "etc/default/grub.d/holdfast-posture.cfg"
#define LATE_FILE "etc/systemd/system/holdfast-posture.service"
#define LATE_LINK "etc/systemd/system/multi-user.target.wants/holdfast-posture.service"
#define MODPROBE_FILE "etc/modprobe.d/holdfast-posture.conf"
#define MASK "etc/systemd/system/sys-kernel-debug.mount"
#define WANTS_GUARD "etc/systemd/system/sysinit.target.wants/holdfastd.service"
#define MSR "sys/module/msr/parameters/allow_writes"
#define MOUNTS "proc/self/mountinfo"
#define DEBUGFS "32 22 0:7 / /sys/kernel/debug rw - debugfs none rw\n"
#define PTRACE "proc/sys/kernel/yama/ptrace_scope"
#define KPTR "proc/sys/kernel/kptr_restrict"

static struct mend_report report;
static struct diag diag;
static int fails; /* what each act returns */
static size_t n_boot_loader;

static void put_setting(const char *name, const char *value)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "proc/sys/%s", name);
	for (char *p = path; (p = strchr(p, '.'));)
		*p = '/';
	fixture_put(path, value);
}

static int act_sysctl(const char *name, const char *value)
{
	if (!fails)
		put_setting(name, value);
	return fails;
}

static int act_lockdown(const char *mode)
{
	if (!fails)
		fixture_put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	return fails;
}

static int act_module(const char *name, bool loaded)
{
	assert_string_equal(name, "msr");
	if (fails)
		return fails;
	if (loaded)
		fixture_put(MSR, "default\n");
	else
		fixture_put("sys/module/msr", NULL);
	return 0;
}

static int act_debugfs(const char *where, bool mounted)
{
	assert_string_equal(where, "/sys/kernel/debug");
	if (!fails)
		fixture_put(MOUNTS, mounted ? DEBUGFS : "");
	return fails;
}

static int act_unit(const char *name, bool enabled)
{
	assert_string_equal(name, "holdfastd.service");
	if (!fails)
		fixture_put(WANTS_GUARD, enabled ? "-> /x" : NULL);
	return fails;
}

static int act_boot_loader(void)
{
	n_boot_loader++;
	return fails;
}

static const struct mend_acts acts = {
	.sysctl = act_sysctl,
	.lockdown = act_lockdown,
	.module = act_module,
	.debugfs = act_debugfs,
	.unit = act_unit,
	.boot_loader = act_boot_loader,
};

/* @ids: by blanks; "" for all */
static int call(const char *ids, bool dry, bool undo)
{
	char copy[256], *words[16];
	struct mend_options options = {
		.root = fixture_root(), .acts = &acts, .ids = words, .dry = dry};
	struct posture *posture = fixture_read();
	int r;

	(void)snprintf(copy, sizeof(copy), "%s", ids);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[options.n_ids++] = word;
	diag.text[0] = '\0';
	n_boot_loader = 0;
	r = undo ? mend_undo(&options, &report, &diag)
		 : mend_fix(&options, posture, &report, &diag);
	posture_free(posture);
	return r;
}

static const struct mend_result *result(const char *id)
{
	for (size_t i = 0; i < report.n; i++) {
		if (strcmp(report.results[i].check->id, id) == 0)
			return &report.results[i];
	}
	fail_msg("no result of %s", id);
	return NULL;
}

static void outcome(const char *id, enum mend_outcome wanted)
{
	const struct mend_result *is = result(id);

	if (is->outcome != wanted)
		fail_msg("%s is %s: %s", id, mend_outcome_name(is->outcome), is->why);
}

/* The content of a file of the tree; "" if there is none. */
static const char *content(const char *path)
{
	static char text[4096];
	char full[4096], *data;
	size_t size;

	text[0] = '\0';
	(void)snprintf(full, sizeof(full), "%s/%s", fixture_root(), path);
	if (file_read(AT_FDCWD, full, sizeof(text) - 1, &data, &size) == 0) {
		(void)strcpy(text, data);
		free(data);
	}
	return text;
}

static void holds(const char *path, const char *text)
{
	if (!strstr(content(path), text))
		fail_msg("%s has not '%s': %s", path, text, content(path));
}

static void has(const char *path, bool there)
{
	if (place_has(fixture_root(), path) != there)
		fail_msg("%s is %s", path, there ? "missing" : "there");
}

static int setup(void **state)
{
	if (fixture_setup(state) < 0)
		return -1;
	fixture_put(PLACE_UPDATE_GRUB, "");
	fixture_put("usr/lib/systemd/systemd", "");
	fails = 0;
	return 0;
}

/* A kind each: what makes it weak, and what then holds it for later boots. */
static const struct {
	const char *id, *path, *weak;
	const char *file, *line;
	enum mend_outcome outcome;
} kinds[] = {
	{"yama", PTRACE, "0\n", SYSCTL_FILE, "\nkernel.yama.ptrace_scope = 1\n", MENDED_DONE},
	{"kexec", "proc/sys/kernel/kexec_load_disabled", "0\n", LATE_FILE,
	 "\nExecStart=/sbin/sysctl -q -w kernel.kexec_load_disabled=1\n", MENDED_DONE},
	{"modules-disabled", "proc/sys/kernel/modules_disabled", "0\n", LATE_LINK,
	 "After=multi-user.target\n", MENDED_DONE},
	{"unprivileged-bpf", "proc/sys/kernel/unprivileged_bpf_disabled", "2\n", SYSCTL_FILE,
	 "\nkernel.unprivileged_bpf_disabled = 1\n", MENDED_DONE},
	{"msr", MSR, "default\n", MODPROBE_FILE, "\ninstall msr /bin/false\n", MENDED_DONE},
	{"lockdown", "sys/kernel/security/lockdown", "[none] integrity confidentiality\n",
	 GRUB_FILE, "$GRUB_CMDLINE_LINUX lockdown=integrity\"\n", MENDED_DONE},
	{"hibernation", "sys/power/state", "mem disk\n", GRUB_FILE,
	 "$GRUB_CMDLINE_LINUX nohibernate\"\n", MENDED_REBOOT},
	{"escape", "proc/cmdline", "holdfast=off\n", GRUB_FILE, "holdfast_words='holdfast'\n",
	 MENDED_REBOOT},
	{"bpf-lsm", "sys/kernel/security/lsm", "lockdown,capability,yama,apparmor,ima\n", GRUB_FILE,
	 "$GRUB_CMDLINE_LINUX lsm=lockdown,yama,apparmor,ima,bpf\"\n", MENDED_REBOOT},
	{"lsm-order", "sys/kernel/security/lsm", "lockdown,bpf,yama\n", GRUB_FILE,
	 "$GRUB_CMDLINE_LINUX lsm=lockdown,yama,bpf\"\n", MENDED_REBOOT},
	{"debugfs", MOUNTS, DEBUGFS, MASK, "", MENDED_DONE},
	{"unit-order", WANTS_GUARD, NULL, WANTS_GUARD, "", MENDED_DONE},
};

static void status_is(const char *id, bool good)
{
	struct posture *posture = fixture_read();
	const struct posture_finding *finding = posture_find(posture, id);

	if ((finding->status == POSTURE_GOOD) != good)
		fail_msg("%s is %s: %s", id, posture_status_name(finding->status), finding->value);
	posture_free(posture);
}

/* Said, done, done again, taken back: the tree is as it was, but for what is one way. */
static void try_kind(size_t i)
{
	const struct posture_check *check;
	char before[256];

	fixture_put(kinds[i].path, kinds[i].weak);
	(void)snprintf(before, sizeof(before), "%s", content(kinds[i].path));
	assert_int_equal(call(kinds[i].id, true, false), 0);
	outcome(kinds[i].id, MENDED_PLANNED);
	has(MEND_RECORD, false);
	has(kinds[i].file, false);
	status_is(kinds[i].id, false);

	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(call(kinds[i].id, false, false), 0);
		outcome(kinds[i].id,
			twice && kinds[i].outcome == MENDED_DONE ? MENDED_LEFT : kinds[i].outcome);
		holds(kinds[i].file, kinds[i].line);
		has(kinds[i].file, true);
		has(MEND_RECORD, true);
		status_is(kinds[i].id, kinds[i].outcome == MENDED_DONE);
	}
	check = result(kinds[i].id)->check;
	assert_int_equal(call("", false, true), 0);
	outcome(kinds[i].id, check->mend.one_way || kinds[i].outcome == MENDED_REBOOT
				     ? MENDED_REBOOT
				     : MENDED_DONE);
	has(kinds[i].file, false);
	has(MEND_RECORD, false);
	if (!check->mend.one_way && strcmp(kinds[i].path, kinds[i].file) != 0)
		assert_int_equal(atoi(content(kinds[i].path)), atoi(before));
	status_is(kinds[i].id, check->mend.one_way);
	fixture_restore(kinds[i].path);
}

static void each_kind_is_said_done_kept_and_taken_back(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fixture_put("proc/sys/kernel/modules_disabled", "0\n");
		try_kind(i);
		fixture_restore("proc/sys/kernel/modules_disabled");
	}
}

static void what_is_one_way_has_to_be_named(void **state)
{
	fixture_put("proc/sys/kernel/modules_disabled", "0\n");
	fixture_put(PTRACE, "0\n");
	assert_int_equal(call("", false, false), 0);
	outcome("modules-disabled", MENDED_ONE_WAY);
	outcome("lockdown", MENDED_ONE_WAY);
	outcome("yama", MENDED_DONE);
	status_is("modules-disabled", false);
	has(LATE_FILE, false);
	assert_int_equal(report.n, 3);
}

static void what_no_machine_mends_says_what_a_person_does(void **state)
{
	fixture_put("sys/class/tpm/tpm0", NULL);
	fixture_put("etc/audit", NULL);
	assert_int_equal(call("tpm audit-rules ftrace", false, false), 0);
	outcome("tpm", MENDED_FAILED);
	outcome("audit-rules", MENDED_FAILED);
	assert_non_null(strstr(result("audit-rules")->why, result("audit-rules")->check->fix));
	outcome("ftrace", MENDED_LEFT);
	assert_int_equal(call("ftrace", false, true), 0);
	outcome("ftrace", MENDED_FAILED);
}

static void the_first_before_is_kept(void **state)
{
	fixture_put(KPTR, "0\n");
	assert_int_equal(call("", false, false), 0);
	assert_int_equal(atoi(content(KPTR)), 1);
	fixture_put(KPTR, "-1\n");
	fixture_put(PTRACE, "0\n");
	assert_int_equal(call("", false, false), 0);
	holds(SYSCTL_FILE, "kernel.kptr_restrict = 1\nkernel.yama.ptrace_scope = 1\n");
	assert_int_equal(call("kptr-restrict", false, true), 0);
	assert_int_equal(atoi(content(KPTR)), 0);
	assert_int_equal(atoi(content(PTRACE)), 1);
	assert_null(strstr(content(SYSCTL_FILE), "kptr"));
	holds(SYSCTL_FILE, "\nkernel.yama.ptrace_scope = 1\n");
}

/* A module that was not there, and was loaded since: it goes, and does not come back. */
static void what_was_absent_before_stays_absent(void **state)
{
	fixture_put("proc/sys/kernel/modules_disabled", "0\n");
	fixture_put("sys/module/msr", NULL);
	assert_int_equal(call("msr", false, false), 0);
	outcome("msr", MENDED_DONE);
	fixture_put(MSR, "on\n");
	assert_int_equal(call("msr", false, false), 0);
	has(MSR, false);
	assert_int_equal(call("", false, true), 0);
	has(MSR, false);
	has(MODPROBE_FILE, false);
}

/* A list that is longer than a record takes: the entry keeps what it has. */
static void what_cannot_be_said_changes_no_entry(void **state)
{
	char list[RECORD_VALUE + 8];

	fixture_put("sys/kernel/security/lsm", "lockdown,yama\n");
	assert_int_equal(call("bpf-lsm", false, false), 0);
	memset(list, 'a', sizeof(list));
	list[sizeof(list) - 1] = '\0';
	fixture_put("sys/kernel/security/lsm", list);
	assert_int_equal(call("bpf-lsm", false, false), 0);
	outcome("bpf-lsm", MENDED_FAILED);
	holds(MEND_RECORD, "\"lockdown,yama,bpf\"");
	assert_int_equal(call("", false, true), 0);
	has(MEND_RECORD, false);
}

static void what_somebody_has_set_since_is_left(void **state)
{
	fixture_put(KPTR, "0\n");
	assert_int_equal(call("", false, false), 0);
	fixture_put(KPTR, "2\n");
	assert_int_equal(call("", false, true), 0);
	outcome("kptr-restrict", MENDED_DONE);
	assert_int_equal(atoi(content(KPTR)), 2);
	has(SYSCTL_FILE, false);
}

static void a_file_that_somebody_has_changed_is_left(void **state)
{
	char changed[8192];

	fixture_put(KPTR, "0\n");
	fixture_put(SYSCTL_FILE, "kernel.kptr_restrict = 0\n");
	assert_int_equal(call("", false, false), 0);
	outcome("kptr-restrict", MENDED_FAILED);
	assert_string_equal(content(SYSCTL_FILE), "kernel.kptr_restrict = 0\n");
	fixture_put(SYSCTL_FILE, NULL);
	fixture_put(KPTR, "0\n");
	assert_int_equal(call("", false, false), 0);
	outcome("kptr-restrict", MENDED_DONE);
	(void)snprintf(changed, sizeof(changed), "%s# mine\n", content(SYSCTL_FILE));
	fixture_put(SYSCTL_FILE, changed);
	assert_int_equal(call("", false, true), 0);
	outcome("kptr-restrict", MENDED_FAILED);
	holds(SYSCTL_FILE, "# mine\n");
	holds(MEND_RECORD, "kptr-restrict");
	fixture_put(SYSCTL_FILE, NULL);
	assert_int_equal(call("", false, true), 0);
	outcome("kptr-restrict", MENDED_DONE);
	has(MEND_RECORD, false);
}

static void what_was_masked_before_stays_masked(void **state)
{
	fixture_put(MOUNTS, DEBUGFS);
	fixture_put(MASK, "-> /dev/null");
	assert_int_equal(call("", false, false), 0);
	outcome("debugfs", MENDED_DONE);
	has(MASK, true);
	assert_int_equal(call("", false, true), 0);
	status_is("debugfs", false);
	has(MASK, true);
	fixture_put(MASK, "a unit\n");
	assert_int_equal(call("", false, false), 0);
	outcome("debugfs", MENDED_FAILED);
	assert_string_equal(content(MASK), "a unit\n");
}

/* The last word of a name counts, and the second variable comes last. */
static void words_of_the_same_name_are_taken_from_both_variables(void **state)
{
	char command[512], line[256] = "";
	FILE *shell;

	fixture_put("sys/kernel/security/lsm", "lockdown,yama\n");
	assert_int_equal(call("", false, false), 0);
	(void)snprintf(command, sizeof(command),
		       "GRUB_CMDLINE_LINUX='a lsm=b lsm=c'; GRUB_CMDLINE_LINUX_DEFAULT='lsm=d e'; "
		       ". %s/%s; echo \"$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT\"",
		       fixture_root(), GRUB_FILE);
	shell = popen(command, "re");
	assert_non_null(shell);
	assert_non_null(fgets(line, sizeof(line), shell));
	assert_int_equal(pclose(shell), 0);
	assert_string_equal(line, "a lsm=lockdown,yama,bpf e\n");
}

static void a_module_waits_where_none_can_be_loaded(void **state)
{
	fixture_put(MSR, "on\n");
	assert_int_equal(call("", false, false), 0);
	assert_int_equal(call("", false, true), 0);
	outcome("msr", MENDED_REBOOT);
	has(MODPROBE_FILE, false);
	has(MEND_RECORD, false);
	has(MSR, false);
}

static void a_damaged_record_changes_nothing(void **state)
{
	fixture_put(KPTR, "0\n");
	fixture_put(MEND_RECORD, "{\"version\": 1, \"checks\": [1]}");
	for (int undo = 0; undo < 2; undo++) {
		assert_int_equal(call("", false, undo), -EINVAL);
		assert_non_null(strstr(diag.text, "posture-undo.json: entry 1: not the four"));
		assert_int_equal(atoi(content(KPTR)), 0);
		has(SYSCTL_FILE, false);
	}
}

static void a_record_that_cannot_be_written_changes_nothing(void **state)
{
	fixture_put(KPTR, "0\n");
	fixture_put("etc/holdfast", "a file\n");
	assert_int_equal(call("", false, false), -EINVAL);
	assert_int_equal(atoi(content(KPTR)), 0);
	has(SYSCTL_FILE, false);
}

static void what_fails_is_named_and_the_rest_is_done(void **state)
{
	fixture_put(KPTR, "0\n");
	fixture_put("sys/power/state", "disk\n");
	fixture_put(MSR, "on\n");
	fails = -EPERM;
	assert_int_equal(call("", false, false), 0);
	outcome("kptr-restrict", MENDED_FAILED);
	assert_non_null(strstr(result("kptr-restrict")->why, "a guard that enforces"));
	outcome("hibernation", MENDED_FAILED);
	outcome("msr", MENDED_FAILED);
	assert_int_equal(n_boot_loader, 1);
	holds(SYSCTL_FILE, "\nkernel.kptr_restrict = 1\n");
	holds(MODPROBE_FILE, "install msr");
	fails = 0;
	assert_int_equal(call("", false, true), 0);
	assert_int_equal(n_boot_loader, 1);
	has(MEND_RECORD, false);
	assert_int_equal(atoi(content(KPTR)), 0);
}

static void without_update_grub_the_words_are_said(void **state)
{
	fixture_put(PLACE_UPDATE_GRUB, NULL);
	fixture_put("sys/power/state", "disk\n");
	assert_int_equal(call("hibernation lockdown", false, false), 0);
	outcome("hibernation", MENDED_FAILED);
	assert_non_null(strstr(result("hibernation")->later, "boot with nohibernate"));
	assert_non_null(strstr(result("hibernation")->why, "tell the boot loader"));
	outcome("lockdown", MENDED_FAILED);
	status_is("lockdown", true);
	has(GRUB_FILE, false);
	assert_int_equal(n_boot_loader, 0);
}

static void without_systemd_nothing_is_said_to_last(void **state)
{
	fixture_put("usr/lib/systemd/systemd", NULL);
	fixture_put("proc/sys/kernel/modules_disabled", "0\n");
	assert_int_equal(call("modules-disabled", false, false), 0);
	outcome("modules-disabled", MENDED_FAILED);
	status_is("modules-disabled", true);
	has(LATE_FILE, false);
}

static void files_alone_are_changed_without_acts(void **state)
{
	struct mend_options options = {.root = fixture_root()};
	struct posture *posture;

	fixture_put(KPTR, "0\n");
	fixture_put(WANTS_GUARD, NULL);
	posture = fixture_read();
	assert_int_equal(mend_fix(&options, posture, &report, &diag), 0);
	posture_free(posture);
	outcome("kptr-restrict", MENDED_DONE);
	outcome("unit-order", MENDED_FAILED);
	assert_int_equal(atoi(content(KPTR)), 0);
	holds(SYSCTL_FILE, "\nkernel.kptr_restrict = 1\n");
	assert_int_equal(mend_undo(&options, &report, &diag), 0);
	assert_int_equal(atoi(content(KPTR)), 0);
	has(SYSCTL_FILE, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_is_said_done_kept_and_taken_back),
		TEST(what_is_one_way_has_to_be_named),
		TEST(what_no_machine_mends_says_what_a_person_does),
		TEST(the_first_before_is_kept),
		TEST(what_was_absent_before_stays_absent),
		TEST(what_cannot_be_said_changes_no_entry),
		TEST(what_somebody_has_set_since_is_left),
		TEST(a_file_that_somebody_has_changed_is_left),
		TEST(what_was_masked_before_stays_masked),
		TEST(words_of_the_same_name_are_taken_from_both_variables),
		TEST(a_module_waits_where_none_can_be_loaded),
		TEST(a_damaged_record_changes_nothing),
		TEST(a_record_that_cannot_be_written_changes_nothing),
		TEST(what_fails_is_named_and_the_rest_is_done),
		TEST(without_update_grub_the_words_are_said),
		TEST(without_systemd_nothing_is_said_to_last),
		TEST(files_alone_are_changed_without_acts),
	};

	return cmocka_run_group_tests_name("mend/fix", tests, NULL, NULL);
}
