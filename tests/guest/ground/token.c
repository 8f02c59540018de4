// SPDX-License-Identifier: LGPL-2.1-or-later
/* A bpffs that belongs to a user's namespace, with and without rights that root has given away. */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "ground.h"

/* Of <linux/bpf.h> since 6.9. */
#define TOKEN_CREATE 36
#define BY_TOKEN (1u << 16)

struct token_create {
	__u32 flags, bpffs_fd;
};

struct load_by_token {
	union {
		union bpf_attr attr;
		char bytes[144];
	};
	__u32 prog_token_fd, pad;
};

/* The user has the file system begun, in his namespace, and stays; the fd of it is ours as well. */
static pid_t user_begins(int *ret_fs)
{
	int begun[2], fs;
	pid_t pid;

	if (pipe(begun) < 0)
		return -errno;
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0ul, NULL, NULL, 0ul);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (ground_nobody() == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0)
			fs = fsopen("bpf", FSOPEN_CLOEXEC);
		else
			fs = -1;
		if (fs < 0)
			fs = -errno;
		(void)!write(begun[1], &fs, sizeof(fs));
		(void)pause();
		_exit(0);
	}
	if (read(begun[0], &fs, sizeof(fs)) != sizeof(fs) || fs < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return fs < 0 ? fs : -EIO;
	}
	*ret_fs = fs;
	return pid;
}

/* Root goes on: with rights, if he gives any, and a place to find it. */
static int root_mounts(int fs, bool delegated, const char *where)
{
	static const char *const rights[] = {"delegate_cmds", "delegate_maps", "delegate_progs",
					     "delegate_attachs"};
	_cleanup_close_ int mounted = -EBADF;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0)
		return -errno;
	for (size_t i = 0; delegated && i < ARRAY_SIZE(rights); i++) {
		if (fsconfig(fs, FSCONFIG_SET_STRING, rights[i], "any", 0) < 0)
			return -errno;
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mounted = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mounted < 0)
		return -errno;
	return move_mount(mounted, "", AT_FDCWD, where, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* In the user's namespace, where nobody has a capability of the host. */
static int load_with_token(const char *where, const char *pid)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	_cleanup_close_ int folder = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int space = -EBADF, token = -EBADF, loaded = -EBADF;
	struct token_create create = {0};
	struct load_by_token load = {0};
	char path[48];

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/user", pid);
	space = open(path, O_RDONLY | O_CLOEXEC);
	if (folder < 0 || space < 0 || setns(space, CLONE_NEWUSER) < 0)
		return ACT_IMPOSSIBLE;
	create.bpffs_fd = (__u32)folder;
	token = (int)syscall(SYS_bpf, TOKEN_CREATE, &create, sizeof(create));
	if (token < 0)
		return -errno;
	load.attr.prog_type = BPF_PROG_TYPE_XDP;
	load.attr.insns = (uintptr_t)program;
	load.attr.insn_cnt = ARRAY_SIZE(program);
	load.attr.license = (uintptr_t) "GPL";
	load.attr.prog_flags = BY_TOKEN;
	load.prog_token_fd = (__u32)token;
	loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	return loaded < 0 ? -errno : 0;
}

static int mount_for_user(const char *where, bool delegated)
{
	int fs = -EBADF, r;
	pid_t pid = user_begins(&fs);

	if (pid < 0)
		return pid;
	r = root_mounts(fs, delegated, where);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		return r;
	}
	return pid;
}

static int stay(const char *where, bool delegated)
{
	int pid = mount_for_user(where, delegated);

	if (pid < 0)
		return pid;
	(void)printf("ready %d\n", pid);
	(void)fflush(stdout);
	(void)pause();
	return -errno;
}

static int stay_delegating(char **arguments)
{
	return stay(arguments[0], true);
}

static int stay_keeping(char **arguments)
{
	return stay(arguments[0], false);
}

static int load_by_token(char **arguments)
{
	return load_with_token(arguments[0], arguments[1]);
}

/* All of it, for a kernel where the namespace may be what is refused. */
static int token(char **arguments)
{
	int pid = mount_for_user(arguments[0], true), r;
	char number[16];

	if (pid < 0)
		return pid;
	(void)snprintf(number, sizeof(number), "%d", pid);
	r = load_with_token(arguments[0], number);
	(void)kill(pid, SIGKILL);
	return r;
}

const struct act acts_token[] = {
	{"stay-delegating", stay_delegating, 1, "keeps a user's bpffs there, with rights"},
	{"stay-keeping", stay_keeping, 1, "keeps one there without"},
	{"load-by-token", load_by_token, 2, "loads a program by a token of it, as that process"},
	{"token", token, 1, "both"},
	{0},
};
