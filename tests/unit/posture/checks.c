// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each setting flipped by itself: exactly its checks change, and as the row says. */

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "drill/catalogue.h"
#include "fixture.h"
#include "policy/host-checks.h"
#include "test.h"

#define MOUNTS "30 22 0:27 / /sys/fs/bpf rw shared:9 - bpf bpf rw,mode=700\n"
#define CONFIG "boot/config-6.1.0-test"
#define EFI "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ADMIN "CapPrm:\t0000000000200000\nCapEff:\t0000000000000000\n"

struct flip {
	const char *path, *content; /* as fixture_put() takes them */
	const char *changes; /* "check=status check=status", in the order of the tables */
};

/* A policy may require what holdfastd judges, and nothing else. */
static void what_a_policy_may_require_is_what_has_no_bpf_objects(void **state)
{
	const struct posture_check *check;
	size_t n = 0;

	for (size_t i = 0; (check = posture_check_each(i)); i++) {
		if (check->group == POSTURE_BPF)
			continue;
		assert_true(n < sizeof(host_checks) / sizeof(host_checks[0]));
		assert_string_equal(host_checks[n++], check->id);
	}
	assert_int_equal(n, sizeof(host_checks) / sizeof(host_checks[0]));
}

static const struct flip flips[] = {
	{"sys/kernel/security/lockdown", "none [integrity] confidentiality\n", "lockdown=good"},
	{"sys/kernel/security/lockdown", "none integrity [confidentiality]\n", "lockdown=good"},
	{"sys/kernel/security/lockdown", "?\n", "lockdown=unknown"},
	{"sys/kernel/security/lsm", "lockdown,capability,yama,apparmor",
	 "bpf-lsm=bad lsm-order=absent"},
	{"sys/kernel/security/lsm", "lockdown,bpf,apparmor", "lsm-order=weak"},
	{"sys/kernel/security/lsm", "lockdown,apparmor,bpf,evm", ""},
	{"sys/kernel/security", NULL,
	 "lockdown=unknown bpf-lsm=unknown lsm-order=unknown ima=unknown"},
	{"sys/kernel/security/ima", NULL, "ima=absent"},
	{"sys/module/module/parameters/sig_enforce", "N\n", "module-signatures=bad"},
	{"sys/module/module/parameters/sig_enforce", NULL, "module-signatures=bad"},
	{"sys/module/msr/parameters/allow_writes", "on\n", "msr=bad"},
	{"sys/module/msr/parameters/allow_writes", "default\n", "msr=weak"},
	{"sys/module/msr", NULL, "msr=weak"},
	{"sys/power/state", "freeze mem disk\n", "hibernation=weak"},
	{"sys/power/state", NULL, ""},
	{EFI, "aaaa", "secure-boot=unknown"},
	{EFI, "aaaa2", "secure-boot=weak"},
	{EFI, NULL, "secure-boot=unknown"},
	{"sys/firmware/efi", NULL, "secure-boot=absent"},
	{"sys/class/tpm/tpm0", NULL, "tpm=absent"},
	{"sys/fs/ext4/features/verity", NULL, ""},
	{"proc/sys/kernel/modules_disabled", "0\n", "modules-disabled=weak"},
	{"proc/sys/kernel/modules_disabled", "x\n", "modules-disabled=unknown"},
	{"proc/sys/kernel/modules_disabled", NULL, ""},
	{"proc/sys/kernel/kexec_load_disabled", "0\n", "kexec=weak"},
	{"proc/sys/kernel/unprivileged_bpf_disabled", "0\n", "unprivileged-bpf=bad"},
	{"proc/sys/kernel/unprivileged_bpf_disabled", "2\n", "unprivileged-bpf=weak"},
	{"proc/sys/kernel/unprivileged_bpf_disabled", NULL, "unprivileged-bpf=absent"},
	{"proc/sys/net/core/bpf_jit_harden", "1\n", "jit-harden=weak"},
	{"proc/sys/kernel/kptr_restrict", "0\n", "kptr-restrict=weak"},
	{"proc/sys/kernel/kptr_restrict", "1\n", ""},
	{"proc/sys/kernel/perf_event_paranoid", "1\n", "perf-paranoid=weak"},
	{"proc/sys/kernel/perf_event_paranoid", "-1\n", "perf-paranoid=weak"},
	{"proc/sys/kernel/perf_event_paranoid", "-9\n", "perf-paranoid=weak"},
	{"proc/sys/kernel/yama/ptrace_scope", "0\n", "yama=weak"},
	{"proc/sys/kernel/yama", NULL, "yama=absent"},
	{"proc/sys/kernel/sysrq", "1\n", "sysrq=weak"},
	{"proc/sys/kernel/sysrq", "64\n", "sysrq=weak"},
	{"proc/sys/kernel/sysrq", "0\n", ""},
	{"proc/sys/kernel/io_uring_disabled", "1\n", "io-uring=weak"},
	{"proc/sys/kernel/io_uring_disabled", "0\n", "io-uring=weak"},
	{"proc/sys/kernel/io_uring_disabled", NULL, "io-uring=absent"},
	{"proc/sys/user/max_user_namespaces", "7000\n", "user-namespaces=weak"},
	{"proc/sys/kernel/unprivileged_userns_clone", "1\n", ""},
	{"proc/sys/kernel/ftrace_enabled", "0\n", "ftrace=bad"},
	{"proc/cmdline", "quiet nokaslr\n", "command-line=weak"},
	{"proc/cmdline", "init=/bin/sh\n", "command-line=weak"},
	{"proc/cmdline", "init=/usr/lib/systemd/systemd\n", ""},
	{"proc/cmdline", "sysctl.kernel.ftrace_enabled=0\n", "command-line=bad"},
	{"proc/cmdline", "lsm=lockdown,yama\n", "command-line=bad"},
	{"proc/cmdline", "lsm=lockdown,bpf mitigations=auto\n", ""},
	{"proc/cmdline", "quiet -- nokaslr init=/x\n", ""},
	{"proc/cmdline", "holdfast=off\n", "escape=bad"},
	{"proc/cmdline", "holdfast=observe\n", "escape=bad"},
	{"proc/cmdline", "holdfast=on\n", "escape=weak"},
	{"proc/cmdline", "holdfast.run=off\n", ""},
	{"proc/cmdline", "iomem=relaxed\n", "dev-mem=weak command-line=weak"},
	{"proc/cmdline", "iomem=strict\n", ""},
	{"proc/cmdline", "proc_mem.force_override=always\n", "proc-mem=weak"},
	{"proc/cmdline", "bdev_allow_write_mounted=1\n", "mounted-writes=weak"},
	{"proc/self/mountinfo", MOUNTS "32 22 0:7 / /d rw - debugfs none rw\n", "debugfs=weak"},
	{"proc/self/mountinfo", "30 22 0:27 / /b rw - bpf bpf rw\n", "bpffs=weak"},
	{"proc/self/mountinfo", "30 22 0:27 / /b rw - bpf bpf rw,mode=770\n", "bpffs=weak"},
	{"proc/self/mountinfo",
	 MOUNTS "31 22 0:28 / /b rw - bpf bpf rw,mode=700,"
		"delegate_progs=any\n",
	 "bpffs=weak"},
	{"proc/self/mountinfo", "", "bpffs=absent"},
	{"proc/self/mountinfo", NULL, "debugfs=unknown bpffs=unknown"},
	{CONFIG, NULL,
	 "kexec-signatures=unknown dev-mem=unknown proc-mem=unknown mounted-writes=unknown "
	 "fault-injection=unknown kprobe-override=unknown"},
	{"proc/77/status", "Name:\teditor\nVmSize:\t1 kB\n" ADMIN, "capabilities=weak"},
	{"proc/78/status", "Name:\tkworker\n" ADMIN, ""},
	{"proc/self/ns/pid", "-> pid:[4026532000]",
	 "secure-boot=unknown unit-order=unknown debugfs=unknown bpffs=unknown "
	 "audit-rules=unknown capabilities=unknown"},
	{"proc/self/ns/mnt", "-> mnt:[4026532000]",
	 "secure-boot=unknown unit-order=unknown debugfs=unknown bpffs=unknown "
	 "audit-rules=unknown"},
	{"etc/audit/audit.rules", "-D\n", "audit-rules=weak"},
	{"etc/audit", NULL, "audit-rules=weak"},
	{"etc/systemd/system/sysinit.target.wants", NULL, "unit-order=weak"},
	{"etc/systemd/system/holdfastd.service", "[Unit]\nBefore=sysinit.target\n",
	 "unit-order=bad"},
	{"usr/lib/systemd/system/holdfastd.service", NULL, "unit-order=absent"},
	{"run/systemd", NULL, "unit-order=absent"},
};

/* Options of the kernel, each line in place of or beside those that the fixture has. */
static const struct flip options[] = {
	{"CONFIG_KEXEC=y", NULL, "kexec-signatures=weak"},
	{"CONFIG_FAULT_INJECTION=y", NULL, "fault-injection=weak"},
	{"CONFIG_BPF_KPROBE_OVERRIDE=y", NULL, "kprobe-override=weak"},
	{"CONFIG_BLK_DEV_WRITE_MOUNTED=y", "# CONFIG_BLK_DEV_WRITE_MOUNTED is not set",
	 "mounted-writes=weak"},
	{"", "# CONFIG_BLK_DEV_WRITE_MOUNTED is not set", "mounted-writes=absent"},
	{"# CONFIG_X is not set", "CONFIG_KEXEC_SIG_FORCE=y", "kexec-signatures=weak"},
	{"", "CONFIG_KEXEC_SIG=y", "kexec-signatures=bad"},
	{"", "CONFIG_IO_STRICT_DEVMEM=y", "dev-mem=weak"},
	{"", "CONFIG_STRICT_DEVMEM=y", "dev-mem=bad"},
	{"", "CONFIG_DEVMEM=y", ""},
	{"CONFIG_PROC_MEM_ALWAYS_FORCE=y", "CONFIG_PROC_MEM_FORCE_PTRACE=y", "proc-mem=weak"},
};

/* What is not as in @before, as a flip writes it. */
static void say_changes(const struct posture *before, const struct posture *after, char *text,
			size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	assert_int_equal(before->n, after->n);
	for (size_t i = 0; i < after->n; i++) {
		if (before->findings[i].status == after->findings[i].status)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s=%s", used ? " " : "",
					 after->findings[i].check->id,
					 posture_status_name(after->findings[i].status));
		assert_true(used < size);
	}
}

static void expect_changes_by(const struct posture *before, const char *what, const char *changes)
{
	struct posture *after = fixture_read();
	char text[1024];

	say_changes(before, after, text, sizeof(text));
	posture_free(after);
	if (strcmp(text, changes) != 0)
		fail_msg("%s changes '%s', and not '%s'", what, text, changes);
}

static void expect_changes(const struct posture *before, const char *changes)
{
	expect_changes_by(before, "it", changes);
}

static void a_strong_host_is_good_but_for_lockdown(void **state)
{
	struct posture *posture = fixture_read();

	for (size_t i = 0; i < posture->n; i++) {
		const struct posture_finding *finding = &posture->findings[i];
		bool lockdown = strcmp(finding->check->id, "lockdown") == 0;

		if (finding->status != (lockdown ? POSTURE_BAD : POSTURE_GOOD))
			fail_msg("%s: %s", finding->check->id, finding->reason);
	}
	assert_false(posture->hidden || posture->guest);
	posture_free(posture);
}

static void flipping_one_setting_flips_exactly_its_checks(void **state)
{
	struct posture *before = fixture_read();

	for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
		fixture_put(flips[i].path, flips[i].content);
		expect_changes_by(before, flips[i].path, flips[i].changes);
		fixture_restore(flips[i].path);
	}
	expect_changes(before, "");
	posture_free(before);
}

static void flipping_one_option_of_the_kernel_flips_exactly_its_checks(void **state)
{
	static const char *const lines[] = {"CONFIG_KEXEC_FILE=y",
					    "CONFIG_KEXEC_SIG=y",
					    "CONFIG_KEXEC_SIG_FORCE=y",
					    "CONFIG_DEVMEM=y",
					    "CONFIG_STRICT_DEVMEM=y",
					    "CONFIG_IO_STRICT_DEVMEM=y",
					    "CONFIG_X86_MSR=m",
					    "# CONFIG_BLK_DEV_WRITE_MOUNTED is not set",
					    "# CONFIG_PROC_MEM_ALWAYS_FORCE is not set",
					    "CONFIG_PROC_MEM_FORCE_PTRACE=y"};
	struct posture *before = fixture_read();
	char text[1024];

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t used = (size_t)snprintf(text, sizeof(text), "%s\n", options[i].path);

		for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
			if (!options[i].content || strcmp(lines[k], options[i].content) != 0)
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n",
							 lines[k]);
		}
		fixture_put(CONFIG, text);
		expect_changes_by(before, options[i].path, options[i].changes);
	}
	posture_free(before);
}

static void lockdown_closes_what_the_kernel_then_refuses_and_nothing_else(void **state)
{
	struct posture *before;

	fixture_put("sys/module/module/parameters/sig_enforce", "N\n");
	fixture_put("sys/module/msr/parameters/allow_writes", "on\n");
	fixture_put("sys/power/state", "disk\n");
	fixture_put("proc/self/mountinfo", MOUNTS "32 22 0:7 / /d rw - debugfs none rw\n");
	fixture_put("proc/sys/kernel/kexec_load_disabled", "0\n");
	fixture_put("proc/sys/kernel/modules_disabled", "0\n");
	fixture_put(CONFIG, "CONFIG_DEVMEM=y\nCONFIG_KEXEC=y\nCONFIG_FAULT_INJECTION=y\n"
			    "CONFIG_BPF_KPROBE_OVERRIDE=y\n");
	before = fixture_read();
	fixture_put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	expect_changes(before, "lockdown=good module-signatures=good kexec-signatures=good "
			       "dev-mem=good msr=good hibernation=good fault-injection=good "
			       "debugfs=good");
	posture_free(before);
}

static void objects_without_an_owner_are_told_by_kind(void **state)
{
	struct posture *before = fixture_read();

	fixture_objects[0] = (struct objects_item){.kind = PROC_MAP, .id = 1, .name = "a"};
	fixture_n_objects = 1;
	expect_changes(before, "owners=weak");
	fixture_objects[0].owned = true;
	expect_changes(before, "");
	fixture_unfrozen = "rules";
	expect_changes(before, "unfrozen-maps=weak");
	posture_free(before);
}

static void programs_on_hooks_are_told_by_how_bad_they_are(void **state)
{
	struct posture *before = fixture_read();

	fixture_objects[0] = (struct objects_item){
		.kind = PROC_PROG, .id = 7, .type = BPF_PROG_TYPE_LSM, .hook = "bpf_lsm_file_open"};
	fixture_n_objects = 1;
	expect_changes(before, "owners=weak foreign-programs=weak");
	fixture_objects[0] = (struct objects_item){
		.kind = PROC_PROG, .id = 7, .type = BPF_PROG_TYPE_TRACING, .hook = "security_bpf"};
	fixture_objects[1] = (struct objects_item){.kind = PROC_LINK,
						   .program = 7,
						   .type = BPF_LINK_TYPE_TRACING,
						   .attach_type = BPF_TRACE_FENTRY};
	fixture_n_objects = 2;
	expect_changes(before, "owners=weak");
	fixture_objects[1].attach_type = BPF_MODIFY_RETURN;
	expect_changes(before, "owners=weak foreign-programs=bad");
	posture_free(before);
}

static void objects_that_cannot_be_read_are_not_called_good(void **state)
{
	struct posture *before = fixture_read();

	fixture_objects_errno = -EPERM;
	expect_changes(before, "owners=unknown foreign-programs=unknown unfrozen-maps=unknown");
	posture_free(before);
}

static void a_setting_of_what_is_not_built_in_is_not_missed(void **state)
{
	struct posture *before = fixture_read();

	fixture_put("proc/sys/kernel/io_uring_disabled", NULL);
	expect_changes(before, "io-uring=absent");
	fixture_put(CONFIG, "CONFIG_PROC_MEM_FORCE_PTRACE=y\n# CONFIG_IO_URING is not set\n"
			    "# CONFIG_PROC_MEM_ALWAYS_FORCE is not set\n"
			    "# CONFIG_BLK_DEV_WRITE_MOUNTED is not set\n");
	expect_changes(before, "");
	posture_free(before);
}

static void what_may_not_be_read_is_named(void **state)
{
	struct posture *posture;
	const struct posture_finding *finding;

	/* a folder in its place fails for root as well */
	fixture_put("proc/sys/net/core/bpf_jit_harden", NULL);
	fixture_put("proc/sys/net/core/bpf_jit_harden/x", "");
	posture = fixture_read();
	finding = posture_find(posture, "jit-harden");
	assert_int_equal(finding->status, POSTURE_UNKNOWN);
	assert_string_equal(finding->reason,
			    "/proc/sys/net/core/bpf_jit_harden cannot be read: Is a directory");
	assert_null(posture_find(posture, "jit"));
	posture_free(posture);
}

static void nothing_keeps_the_reader_waiting(void **state)
{
	const struct posture_finding *finding;
	struct posture *posture;

	fixture_put("etc/audit/audit.rules", "| ");
	posture = fixture_read();
	finding = posture_find(posture, "audit-rules");
	assert_int_equal(finding->status, POSTURE_UNKNOWN);
	posture_free(posture);
}

static void a_guest_and_a_container_are_told(void **state)
{
	struct posture *posture;

	fixture_put("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor lahf\n");
	fixture_put("proc/self/ns/mnt", "-> mnt:[1]");
	posture = fixture_read();
	assert_true(posture->guest);
	assert_int_equal(posture->hidden, SIGHT_MOUNTS | SIGHT_FILES);
	posture_free(posture);
	fixture_put("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu\nbugs\t: hypervisor\n");
	fixture_put("proc/self/ns/pid", "-> pid:[1]");
	posture = fixture_read();
	assert_false(posture->guest);
	assert_int_equal(posture->hidden, SIGHT_TASKS | SIGHT_MOUNTS | SIGHT_FILES);
	posture_free(posture);
}

static void what_others_have_chosen_obeys_no_terminal(void **state)
{
	const struct posture_finding *finding;
	struct posture *posture;

	fixture_put("proc/77/exe", "-> /tmp/\033[2J\xff\n");
	fixture_put("proc/77/status", "Name:\teditor\nVmSize:\t1 kB\n" ADMIN);
	posture = fixture_read();
	finding = posture_find(posture, "capabilities");
	assert_int_equal(finding->n_items, 1);
	assert_string_equal(finding->items[0], "/tmp/?[2J??: sys_admin");
	posture_free(posture);
}

static void items_are_counted_past_their_limit(void **state)
{
	char path[32];
	const struct posture_finding *finding;
	struct posture *posture;

	for (int i = 0; i < POSTURE_MAX_ITEMS + 2; i++) {
		char text[96];

		(void)snprintf(path, sizeof(path), "proc/%d/status", 1000 + i);
		(void)snprintf(text, sizeof(text), "Name:\tn%d\nVmSize:\t1\n%s", i, ADMIN);
		fixture_put(path, text);
	}
	posture = fixture_read();
	finding = posture_find(posture, "capabilities");
	assert_int_equal(finding->n_items, POSTURE_MAX_ITEMS);
	assert_int_equal(finding->n_dropped, 2);
	posture_free(posture);
}

static void every_row_is_whole_and_its_threats_are_in_the_catalogue(void **state)
{
	const struct posture_check *check;
	size_t n = 0, n_without = 0;

	for (; (check = posture_check_each(n)); n++) {
		char threats[128], *save = NULL;

		assert_true(check->title && check->reads && check->why && check->fix);
		assert_non_null(check->source);
		assert_true(!!check->look != !!check->path);
		assert_true(check->mend.kind == MEND_NONE || check->mend.name);
		(void)snprintf(threats, sizeof(threats), "%s", check->threats);
		n_without += !threats[0];
		for (char *id = strtok_r(threats, " ", &save); id;
		     id = strtok_r(NULL, " ", &save)) {
			if (!catalogue_find(id))
				fail_msg("%s: the catalogue has no %s", check->id, id);
		}
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(posture_check_each(i)->id, check->id);
	}
	assert_int_equal(n, 37);
	/* lsm-order and ima: what they say helps to read a log, and opens nothing by itself */
	assert_int_equal(n_without, 2);
}

static void no_allocation_is_taken_for_granted(void **state)
{
	fixture_unfrozen = "rules";
	fixture_put("proc/77/status", "Name:\teditor\nVmSize:\t1 kB\n" ADMIN);
	fixture_put("proc/cmdline", "nokaslr");
	alloc_check(fixture_try, NULL);
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(a_strong_host_is_good_but_for_lockdown),
		IN_TREE(flipping_one_setting_flips_exactly_its_checks),
		IN_TREE(flipping_one_option_of_the_kernel_flips_exactly_its_checks),
		IN_TREE(lockdown_closes_what_the_kernel_then_refuses_and_nothing_else),
		IN_TREE(objects_without_an_owner_are_told_by_kind),
		IN_TREE(programs_on_hooks_are_told_by_how_bad_they_are),
		IN_TREE(objects_that_cannot_be_read_are_not_called_good),
		IN_TREE(a_setting_of_what_is_not_built_in_is_not_missed),
		cmocka_unit_test(what_a_policy_may_require_is_what_has_no_bpf_objects),
		IN_TREE(what_may_not_be_read_is_named),
		IN_TREE(nothing_keeps_the_reader_waiting),
		IN_TREE(a_guest_and_a_container_are_told),
		IN_TREE(what_others_have_chosen_obeys_no_terminal),
		IN_TREE(items_are_counted_past_their_limit),
		cmocka_unit_test(every_row_is_whole_and_its_threats_are_in_the_catalogue),
		IN_TREE(no_allocation_is_taken_for_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
