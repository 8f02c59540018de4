// SPDX-License-Identifier: LGPL-2.1-or-later
/* See fixture.h. */

#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define NO_CAPS "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
#define ALL_CAPS "CapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n"
#define MEMORY "VmSize:\t1 kB\n"

struct file {
	const char *path, *content;
};

static const struct file files[] = {
	{"boot/config-6.1.0-test", "CONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\n"
				   "CONFIG_KEXEC_SIG_FORCE=y\nCONFIG_DEVMEM=y\n"
				   "CONFIG_STRICT_DEVMEM=y\nCONFIG_IO_STRICT_DEVMEM=y\n"
				   "CONFIG_X86_MSR=m\nCONFIG_FS_VERITY=y\n"
				   "CONFIG_IO_URING=y\n"
				   "# CONFIG_BLK_DEV_WRITE_MOUNTED is not set\n"
				   "# CONFIG_PROC_MEM_ALWAYS_FORCE is not set\n"
				   "CONFIG_PROC_MEM_FORCE_PTRACE=y\n"},
	{"etc/audit/audit.rules", "-a always,exit -F arch=b64 -S bpf -k bpf\n"},
	{"etc/systemd/system/sysinit.target.wants/holdfastd.service",
	 "-> /usr/lib/systemd/system/holdfastd.service"},
	{"proc/1/exe", "-> /usr/lib/systemd/systemd"},
	{"proc/1/ns/mnt", "-> mnt:[4026531841]"},
	{"proc/1/status", "Name:\tsystemd\n" MEMORY ALL_CAPS},
	{"proc/2/status", "Name:\tkthreadd\n" ALL_CAPS},
	{"proc/77/exe", "-> /usr/bin/editor"},
	{"proc/77/status", "Name:\teditor\n" MEMORY NO_CAPS},
	{"proc/cmdline", "root=/dev/vda quiet\n"},
	{"proc/self/mountinfo",
	 "30 22 0:27 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700\n"
	 "31 22 0:28 / /proc rw shared:10 - proc proc rw\n"},
	{"proc/self/ns/mnt", "-> mnt:[4026531841]"},
	{"proc/self/ns/pid", "-> pid:[4026531836]"},
	{"proc/self/ns/user", "-> user:[4026531837]"},
	{"proc/sys/kernel/ftrace_enabled", "1\n"},
	{"proc/sys/kernel/io_uring_disabled", "2\n"},
	{"proc/sys/kernel/kexec_load_disabled", "1\n"},
	{"proc/sys/kernel/kptr_restrict", "2\n"},
	{"proc/sys/kernel/modules_disabled", "1\n"},
	{"proc/sys/kernel/osrelease", "6.1.0-test\n"},
	{"proc/sys/kernel/perf_event_paranoid", "3\n"},
	{"proc/sys/kernel/sysrq", "438\n"},
	{"proc/sys/kernel/unprivileged_bpf_disabled", "1\n"},
	{"proc/sys/kernel/yama/ptrace_scope", "1\n"},
	{"proc/sys/net/core/bpf_jit_harden", "2\n"},
	{"proc/sys/user/max_user_namespaces", "0\n"},
	{"run/systemd/system/x", ""},
	{"sys/class/tpm/tpm0/tpm_version_major", "2\n"},
	{"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "aaaa\1"},
	{"sys/fs/ext4/features/verity", "supported\n"},
	{"sys/kernel/security/ima/policy", ""},
	{"sys/kernel/security/lockdown", "[none] integrity confidentiality\n"},
	{"sys/kernel/security/lsm", "lockdown,capability,yama,apparmor,bpf,ipe,ima"},
	{"sys/module/module/parameters/sig_enforce", "Y\n"},
	{"sys/module/msr/parameters/allow_writes", "off\n"},
	{"sys/power/state", "freeze mem\n"},
	{"usr/lib/systemd/system/holdfastd.service",
	 "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n"},
};

struct objects_item fixture_objects[4];
size_t fixture_n_objects;
const char *fixture_unfrozen;
int fixture_objects_errno;

static char root[64];

static int take_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

const char *fixture_root(void)
{
	return root;
}

void fixture_put(const char *path, const char *content)
{
	char full[PATH_MAX];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	if (nftw(full, take_away, 16, FTW_DEPTH | FTW_PHYS) < 0)
		assert_int_equal(errno, ENOENT);
	if (!content)
		return;
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	if (strncmp(content, "-> ", 3) == 0) {
		assert_int_equal(symlink(content + 3, full), 0);
		return;
	}
	if (strcmp(content, "| ") == 0) {
		assert_int_equal(mkfifo(full, 0600), 0);
		return;
	}
	file = fopen(full, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void fixture_restore(const char *path)
{
	size_t length = strlen(path);

	fixture_put(path, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strncmp(files[i].path, path, length) == 0 &&
		    (files[i].path[length] == '\0' || files[i].path[length] == '/'))
			fixture_put(files[i].path, files[i].content);
	}
}

int fixture_setup(void **state)
{
	(void)strcpy(root, "/tmp/posture-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fixture_put(files[i].path, files[i].content);
	fixture_n_objects = 0;
	fixture_unfrozen = NULL;
	fixture_objects_errno = 0;
	return 0;
}

int fixture_teardown(void **state)
{
	return nftw(root, take_away, 16, FTW_DEPTH | FTW_PHYS);
}

static int give_objects(const void *policy, struct objects *ret_objects)
{
	size_t bytes = fixture_n_objects * sizeof(fixture_objects[0]);

	if (fixture_objects_errno)
		return fixture_objects_errno;
	ret_objects->items = malloc(bytes + 1);
	if (!ret_objects->items)
		return -ENOMEM;
	memcpy(ret_objects->items, fixture_objects, bytes);
	ret_objects->n = fixture_n_objects;
	if (!fixture_unfrozen)
		return 0;
	ret_objects->unfrozen = calloc(1, sizeof(char *));
	if (!ret_objects->unfrozen)
		return -ENOMEM;
	ret_objects->unfrozen[0] = strdup(fixture_unfrozen);
	if (!ret_objects->unfrozen[0])
		return -ENOMEM;
	ret_objects->n_unfrozen = 1;
	return 0;
}

static int read_tree(struct posture **ret_posture)
{
	struct posture_options options = {.root = root, .objects = give_objects};

	return posture_read(&options, ret_posture);
}

struct posture *fixture_read(void)
{
	struct posture *posture = NULL;

	assert_int_equal(read_tree(&posture), 0);
	return posture;
}

int fixture_try(void *unused)
{
	struct posture *posture = NULL;
	int r = read_tree(&posture);

	posture_free(posture);
	return r;
}
