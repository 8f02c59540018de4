// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the running kernel offers, asked of the kernel itself: its list of security modules, its
 * types, its switches. Never of its version.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"

#define SMALL_FILE_MAX 4096

/* A program of which there is more than one, for kernels whose hook differs. */
struct variant {
	const char *program;
	const char *function; /* it is for kernels that have this function ... */
	int n_params; /* ... with so many arguments; PRESENT: any number; ABSENT: that lack it */
};

#define PRESENT 0
#define ABSENT (-1)

static const struct variant variants[] = {
	{"admission_prog", "bpf_lsm_bpf_prog_load", PRESENT},
	{"admission_prog_compat", "bpf_lsm_bpf_prog_load", ABSENT},
	{"files_setattr", "bpf_lsm_inode_setattr", 3},
	{"files_setattr_compat", "bpf_lsm_inode_setattr", 2},
	{"pins_setattr", "bpf_lsm_inode_setattr", 3},
	{"pins_setattr_compat", "bpf_lsm_inode_setattr", 2},
	/* as kernels have it that may verify programs */
	{"verdict_failed", "bpf_lsm_bpf", 4},
	{"verdict_freed", "bpf_lsm_bpf", 4},
	{"verdict_ran", "bpf_lsm_bpf", 4},
	{"verdict_run", "bpf_lsm_bpf", 4},
};

/* One of the two must be there, or the act named would pass unseen. */
struct requirement {
	const char *hook;
	const char *compat;
	const char *what;
};

static const struct requirement requirements[] = {
	{"bpf_lsm_bpf", NULL, "bpf(2) commands"},
	{"bpf_lsm_bpf_map", NULL, "map fds"},
	{"bpf_lsm_bpf_prog", NULL, "program fds"},
	{"bpf_lsm_bpf_map_create", "bpf_lsm_bpf_map_alloc_security", "labels of maps"},
	{"bpf_lsm_bpf_map_free", "bpf_lsm_bpf_map_free_security", "labels of maps"},
	{"bpf_lsm_bpf_prog_free", "bpf_lsm_bpf_prog_free_security", "labels of programs"},
	{"bpf_lsm_bprm_creds_for_exec", NULL, "identity"},
	{"bpf_lsm_bprm_committed_creds", NULL, "identity"},
	{"bpf_lsm_task_alloc", NULL, "identity"},
	{"bpf_lsm_mmap_file", NULL, "executable mappings"},
	{"bpf_lsm_file_mprotect", NULL, "executable mappings"},
	{"bpf_lsm_file_receive", NULL, "fds that are passed on"},
	{"bpf_link_prime", NULL, "labels of links"},
	{"bpf_link_free", NULL, "labels of links"},
	{"bpf_lsm_file_open", NULL, "files"},
	{"bpf_lsm_inode_free_security", NULL, "files on overlayfs"},
	{"bpf_link_release", NULL, "what is held"},
	{"bpf_map_release", NULL, "what is held"},
	{"bpf_lsm_inode_unlink", NULL, "pins"},
	{"bpf_lsm_sb_umount", NULL, "mounts"},
	{"bpf_lsm_task_kill", NULL, "signals"},
	{"bpf_lsm_file_permission", NULL, "the kernel's switches"},
	{"bpf_lsm_kernel_read_file", NULL, "what is put into the kernel"},
	{"bpf_lsm_kernel_load_data", NULL, "what is put into the kernel"},
	{"bpf_lsm_locked_down", NULL, "what is put into the kernel"},
	{"bpf_lsm_task_free", NULL, "identity"},
	{"bpf_lsm_inode_permission", NULL, "link fds, moves between control groups"},
	{"cgroup_procs_write_start", NULL, "moves between control groups"},
};

static const struct btf_type *function_proto(const struct btf *btf, const char *name)
{
	const struct btf_type *type;
	int id;

	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	if (id < 0)
		return NULL;
	type = btf__type_by_id(btf, id);
	return btf__type_by_id(btf, type->type);
}

static int file_text(const char *path, char **ret_text)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, SMALL_FILE_MAX, &data, &size);
	if (r < 0)
		return r;
	if (r > 0)
		return -EFBIG;
	*ret_text = TAKE_PTR(data);
	return 0;
}

static bool list_has(char *list, const char *word)
{
	char *save = NULL;

	for (char *item = strtok_r(list, ",\n", &save); item; item = strtok_r(NULL, ",\n", &save)) {
		if (!strcmp(item, word))
			return true;
	}
	return false;
}

static int lsm_probe(struct diag *reterr_diag)
{
	static const char path[] = "/sys/kernel/security/lsm";
	_cleanup_free_ char *list = NULL;
	int r;

	r = file_text(path, &list);
	if (r < 0) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "cannot read %s (%s): mount securityfs, for example by "
			 "'mount -t securityfs securityfs /sys/kernel/security'",
			 path, strerror(-r));
		return GUARD_E_KERNEL;
	}
	if (list_has(list, "bpf"))
		return 0;
	diag_set(
		reterr_diag, NULL, 0, 0,
		"the kernel was booted without 'bpf' among its security modules (%s), so no guard "
		"could refuse anything: add 'bpf' to the list of the boot parameter 'lsm=' and reboot",
		path);
	return GUARD_E_KERNEL;
}

/* With it off, programs attach and never run. A kernel without the switch cannot have it off. */
static int ftrace_probe(struct diag *reterr_diag)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = file_text("/proc/sys/kernel/ftrace_enabled", &text);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (text[0] == '1')
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 "kernel.ftrace_enabled is off, and with it every BPF-LSM program: find out who "
		 "switched it off, then 'sysctl kernel.ftrace_enabled=1'");
	return GUARD_E_KERNEL;
}

static int bpffs_probe(struct diag *reterr_diag)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 "no bpffs at /sys/fs/bpf: 'mount -t bpf bpf /sys/fs/bpf' first");
	return GUARD_E_BPFFS;
}

static int btf_probe(struct btf **ret_btf, struct diag *reterr_diag)
{
	*ret_btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	if (*ret_btf)
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 "the kernel describes no types of its own (/sys/kernel/btf/vmlinux: %s): use one "
		 "built with CONFIG_DEBUG_INFO_BTF",
		 strerror(errno));
	return GUARD_E_KERNEL;
}

int features_switches(struct diag *reterr_diag)
{
	int r = lsm_probe(reterr_diag);

	return r ?: ftrace_probe(reterr_diag);
}

int features_probe(struct features *ret_features, struct diag *reterr_diag)
{
	struct features features = {};
	int r;

	r = features_switches(reterr_diag);
	if (r)
		return r;
	r = bpffs_probe(reterr_diag);
	if (r)
		return r;
	r = btf_probe(&features.btf, reterr_diag);
	if (r)
		return r;
	features.cast = function_proto(features.btf, "bpf_rdonly_cast");
	*ret_features = features;
	return 0;
}

void features_done(struct features *features)
{
	btf__free(features->btf);
	features->btf = NULL;
}

const char *features_target(const struct bpf_program *program, char *buffer, size_t size)
{
	const char *section = bpf_program__section_name(program);
	const char *name = strchr(section, '/');

	if (!name)
		return NULL;
	if (!strncmp(section, "lsm", 3)) {
		(void)snprintf(buffer, size, "bpf_lsm_%s", name + 1);
		return buffer;
	}
	if (!strncmp(section, "fentry", 6) || !strncmp(section, "fexit", 5) ||
	    !strncmp(section, "fmod_ret", 8)) {
		(void)snprintf(buffer, size, "%s", name + 1);
		return buffer;
	}
	return NULL;
}

static bool variant_fits(const struct features *features, const struct variant *variant)
{
	const struct btf_type *proto = function_proto(features->btf, variant->function);

	if (variant->n_params == ABSENT)
		return !proto;
	return proto && (variant->n_params == PRESENT || btf_vlen(proto) == variant->n_params);
}

static bool program_fits(const struct features *features, const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);
	char buffer[128];
	const char *target;

	target = features_target(program, buffer, sizeof(buffer));
	if (!target)
		return true;
	if (!function_proto(features->btf, target))
		return false;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (!strcmp(name, variants[i].program))
			return variant_fits(features, &variants[i]);
	}
	return true;
}

int features_choose(const struct features *features, struct bpf_object *object,
		    struct diag *reterr_diag)
{
	struct bpf_program *program;

	for (size_t i = 0; i < sizeof(requirements) / sizeof(requirements[0]); i++) {
		const struct requirement *need = &requirements[i];

		if (function_proto(features->btf, need->hook) ||
		    (need->compat && function_proto(features->btf, need->compat)))
			continue;
		diag_set(reterr_diag, NULL, 0, 0,
			 "this kernel has no %s, without which %s cannot be guarded: use one built "
			 "with CONFIG_BPF_LSM and CONFIG_DEBUG_INFO_BTF",
			 need->hook, need->what);
		return GUARD_E_KERNEL;
	}
	bpf_object__for_each_program(program, object) {
		int r = bpf_program__set_autoload(program, program_fits(features, program));

		if (r < 0)
			return r;
	}
	return 0;
}

/* The root's inode is the first of its hierarchy; a namespace's root is a later one. */
#define CGROUP_ROOT_INO 1

int cgroup_root_open(void)
{
	static const char *const paths[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		_cleanup_close_ int fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;
		struct stat st;

		if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    !fstat(fd, &st) && st.st_ino == CGROUP_ROOT_INO)
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

/* Has the union, or a struct without a name in it, a member of that name? */
static bool has_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (__u16 i = 0; i < btf_vlen(type); i++) {
		const char *member = btf__name_by_offset(btf, members[i].name_off);
		const struct btf_type *inner = btf__type_by_id(btf, members[i].type);

		if (member && !strcmp(member, name))
			return true;
		if (member && !*member && btf_is_composite(inner) && has_member(btf, inner, name))
			return true;
	}
	return false;
}

bool features_signs(const struct features *features)
{
	int id = btf__find_by_name_kind(features->btf, "bpf_attr", BTF_KIND_UNION);

	return id > 0 && has_member(features->btf, btf__type_by_id(features->btf, id), "signature");
}

bool features_attributes(const struct features *features)
{
	return function_proto(features->btf, "bpf_get_file_xattr");
}

bool features_calls(const struct features *features)
{
	return function_proto(features->btf, "bpf_lsm_bpf_prog_load");
}

uint32_t features_digest(const struct features *features)
{
	int id = btf__find_by_name_kind(features->btf, "bpf_prog", BTF_KIND_STRUCT);

	return id > 0 && has_member(features->btf, btf__type_by_id(features->btf, id), "digest")
		       ? IMAGE_DIGEST_SHA256
		       : IMAGE_DIGEST_TAG;
}

size_t features_weak(const struct features *features, const char **ret_weak, size_t max)
{
	size_t n = 0;

	if (!features_calls(features) && n < max)
		ret_weak[n++] = "no hook between a program's copy and its check (bpf_prog_load): "
				"programs are judged after the verifier";
	if (access(GUARD_PIN_LINKS "/switches_sysctl", F_OK) && n < max)
		ret_weak[n++] =
			"no cgroup2 root at /sys/fs/cgroup when the guard came up: nothing but "
			"the guard's hooks, which hang on it, keeps kernel.ftrace_enabled";
	return n;
}
