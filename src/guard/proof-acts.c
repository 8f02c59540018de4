// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See proof.h. Each act is harmless where nothing refuses it: it changes a thing to what it is, or
 * a thing of the canary's own, or is taken back.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "guard/proof.h"

#define PAGE 4096u
#define IFINDEX 0x7ffffff0 /* no interface has it */
#define SYS_FILE_SETATTR 469 /* since 6.17; newer than the build's headers */

static const struct bpf_insn nothing[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

/* An fd that should not have come. */
static int taken(int fd)
{
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

/* ---- objects */

static int map_by_id(const struct proof *proof)
{
	return taken(bpf_map_get_fd_by_id(proof->map));
}

static int prog_by_id(const struct proof *proof)
{
	return taken(bpf_prog_get_fd_by_id(proof->prog));
}

static int link_by_id(const struct proof *proof)
{
	return taken(bpf_link_get_fd_by_id(proof->link));
}

static int map_by_pin(const struct proof *proof)
{
	return taken(bpf_obj_get(PROOF_PINS "/map"));
}

static int prog_by_pin(const struct proof *proof)
{
	return taken(bpf_obj_get(PROOF_PINS "/prog"));
}

static int link_by_pin(const struct proof *proof)
{
	return taken(bpf_obj_get(PROOF_PINS "/link"));
}

/* The canary has sent its map's fd; a refused one is cut off the message, which comes all the same.
 */
static int map_received(const struct proof *proof)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vector = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(proof->peer, &message, MSG_CMSG_CLOEXEC) != 1)
		return -EIO;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_len < CMSG_LEN(sizeof(fd)))
		return message.msg_flags & MSG_CTRUNC ? -EPERM : -EIO;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return taken(fd);
}

/* ---- pins and files */

static int pin_unlink(const struct proof *proof)
{
	return result(unlink(PROOF_PINS "/map"));
}

static int folder_remove(const struct proof *proof)
{
	return result(rmdir(PROOF_PINS "/folder"));
}

static int pin_rename(const struct proof *proof)
{
	return result(rename(PROOF_PINS "/map", PROOF_PINS "/renamed"));
}

static int pin_create(const struct proof *proof)
{
	return result(bpf_obj_pin(proof->control, PROOF_PINS "/control"));
}

static int folder_make(const struct proof *proof)
{
	return result(mkdir(PROOF_PINS "/ours", 0700));
}

static int symlink_make(const struct proof *proof)
{
	return result(symlink("map", PROOF_PINS "/symlink"));
}

static int link_make(const struct proof *proof)
{
	return result(link(PROOF_PINS "/map", PROOF_PINS "/second"));
}

static int fifo_make(const struct proof *proof)
{
	return result(mknodat(proof->folder, "fifo", S_IFIFO | 0600, 0));
}

static int pin_chmod(const struct proof *proof)
{
	return result(chmod(PROOF_PINS "/map", 0600));
}

static int pin_set_xattr(const struct proof *proof)
{
	return result(setxattr(PROOF_PINS "/map", "trusted.holdfast", "", 0, 0));
}

static int pin_remove_xattr(const struct proof *proof)
{
	return result(removexattr(PROOF_PINS "/map", "trusted.holdfast"));
}

/* Version 2, and the three entries that say no more than the mode. */
static int pin_set_acl(const struct proof *proof)
{
	static const unsigned char acl[] = {
		2,    0, 0, 0, /* version */
		1,    0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
		4,    0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* group */
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others */
	};

	return result(setxattr(PROOF_PINS "/map", "system.posix_acl_access", acl, sizeof(acl), 0));
}

static int pin_remove_acl(const struct proof *proof)
{
	return result(removexattr(PROOF_PINS "/map", "system.posix_acl_access"));
}

static int file_set_attributes(const struct proof *proof)
{
	struct {
		__u64 flags;
		__u32 rest[4];
	} attributes = {};

	if (!syscall(SYS_FILE_SETATTR, proof->folder, "owned", &attributes, sizeof(attributes), 0))
		return 0;
	return errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOTTY ? PROOF_ABSENT : -errno;
}

static int file_write(const struct proof *proof)
{
	return taken(openat(proof->folder, "owned", O_WRONLY | O_CLOEXEC));
}

static int held_truncate(const struct proof *proof)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/held", proof->folder);
	return result(truncate(path, PAGE));
}

/* ---- mounts */

static int mount_over(const struct proof *proof)
{
	if (mount("none", PROOF_PINS, "tmpfs", 0, NULL))
		return -errno;
	(void)umount2(PROOF_PINS, MNT_DETACH);
	return 0;
}

static int mount_moved(const struct proof *proof)
{
	_cleanup_close_ int fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
	_cleanup_close_ int mount = -EBADF;

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -EIO;
	mount = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	if (mount < 0)
		return -EIO;
	if (syscall(SYS_move_mount, mount, "", AT_FDCWD, PROOF_PINS,
		    4 /* MOVE_MOUNT_F_EMPTY_PATH */))
		return -errno;
	(void)umount2(PROOF_PINS, MNT_DETACH);
	return 0;
}

/* MNT_EXPIRE: where nothing refuses it, the kernel notes that nobody uses the mount just now. */
static int unmount(const struct proof *proof)
{
	return result(umount2("/sys/fs/bpf", MNT_EXPIRE));
}

/* ---- interfaces */

static int xdp_request(int prog)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct nlattr xdp, fd;
		int value;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_SETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_index = IFINDEX},
		.xdp = {.nla_len = 2 * sizeof(struct nlattr) + sizeof(int),
			.nla_type = IFLA_XDP | NLA_F_NESTED},
		.fd = {.nla_len = sizeof(struct nlattr) + sizeof(int), .nla_type = IFLA_XDP_FD},
		.value = prog,
	};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -EIO;
	return result(send(fd, &request, sizeof(request), 0));
}

static int xdp_remove(const struct proof *proof)
{
	return xdp_request(-1);
}

/* ---- tasks */

static int canary_seize(const struct proof *proof)
{
	if (ptrace(PTRACE_SEIZE, proof->pid, NULL, NULL))
		return -errno;
	(void)ptrace(PTRACE_DETACH, proof->pid, NULL, NULL);
	return 0;
}

static int canary_traced(const struct proof *proof)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* A signal that holdfastd does not heed. */
static int holdfastd_signal(const struct proof *proof)
{
	return result(kill(proof->pid, SIGHUP));
}

static uint64_t refused_so_far(const struct proof *proof)
{
	struct guard_state now = {};
	__u32 zero = 0;

	(void)bpf_map_lookup_elem(proof->state, &zero, &now);
	return now.canary;
}

/* The same by a pipe that is ready, which nobody is told the end of: but the guard counts. */
static int holdfastd_signal_by_pipe(const struct proof *proof)
{
	_cleanup_close_ int ready = -EBADF, writer = -EBADF;
	uint64_t before = refused_so_far(proof);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -EIO;
	ready = ends[0];
	writer = ends[1];
	if (fcntl(ready, F_SETOWN, proof->pid) || fcntl(ready, F_SETSIG, SIGHUP) ||
	    fcntl(ready, F_SETFL, O_ASYNC) || write(writer, "", 1) != 1)
		return -EIO;
	return refused_so_far(proof) > before ? -EPERM : 0;
}

static int canary_limit(const struct proof *proof)
{
	struct rlimit limit;

	if (prlimit(proof->pid, RLIMIT_CORE, NULL, &limit))
		return -EIO;
	return result(prlimit(proof->pid, RLIMIT_CORE, &limit, NULL));
}

static int canary_nice(const struct proof *proof)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)proof->pid);
	if (errno)
		return -EIO;
	return result(setpriority(PRIO_PROCESS, (id_t)proof->pid, nice));
}

static int canary_schedule(const struct proof *proof)
{
	struct sched_param param;
	int policy = sched_getscheduler(proof->pid);

	if (policy < 0 || sched_getparam(proof->pid, &param))
		return -EIO;
	return result(sched_setscheduler(proof->pid, policy, &param));
}

static int canary_io_schedule(const struct proof *proof)
{
	return result(syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, proof->pid, 0));
}

/* ---- code */

static int content_map(const struct proof *proof)
{
	_cleanup_close_ int fd = openat(proof->folder, "held", O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd < 0)
		return -EIO;
	page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	(void)munmap(page, PAGE);
	return 0;
}

static int memory_protect(const struct proof *proof)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	if (page == MAP_FAILED)
		return -EIO;
	r = result(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	(void)munmap(page, PAGE);
	return r;
}

/* A child of ours that may become the canary only executes holdfastd, which is no such thing. */
static int other_exec(const struct proof *proof)
{
	char *const argv[] = {(char *)"holdfastd", (char *)"--help", NULL};
	char *const environment[] = {NULL};
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -EIO;
	if (!pid) {
		(void)close(STDOUT_FILENO);
		if (control_op(proof->control, CONTROL_EXPECT, 0, 0, DOMAIN_CANARY))
			_exit(EIO);
		(void)execve("/proc/self/exe", argv, environment);
		_exit(errno & 0x7f);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -EIO;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* ---- switches */

/* What it is already. */
static int switch_write(const struct proof *proof)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/ftrace_enabled", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? PROOF_ABSENT : -EIO;
	return result(write(fd, "1", 1));
}

/* Where its own group is in the hierarchy that is mounted at the usual place. */
static int group_open(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512], path[600];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3))
			continue;
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", line + 3);
		return open(path, O_WRONLY | O_CLOEXEC);
	}
	errno = ENOENT;
	return -1;
}

/* holdfastd, into the group where it is. */
static int holdfastd_move(const struct proof *proof)
{
	_cleanup_close_ int fd = group_open();
	char pid[16];

	if (fd < 0)
		return errno == ENOENT ? PROOF_ABSENT : -EIO;
	(void)snprintf(pid, sizeof(pid), "%d", proof->pid);
	return result(write(fd, pid, strlen(pid)));
}

/* ---- the kernel */

/* What the kernel itself refuses first, nobody can ask the guard of. */
static bool kernel_says(const char *path, const char *word)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[128] = "";

	return file && fgets(line, sizeof(line), file) && strstr(line, word);
}

static bool no_modules(void)
{
	return kernel_says("/proc/sys/kernel/modules_disabled", "1");
}

/* A file that is no module, and content that is nowhere. */
static int module_file(const struct proof *proof)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -EIO;
	if (no_modules())
		return PROOF_ABSENT;
	r = result(syscall(SYS_finit_module, fd, "", 0));
	return r == -ENOSYS ? PROOF_ABSENT : r;
}

static int module_memory(const struct proof *proof)
{
	int r;

	if (no_modules())
		return PROOF_ABSENT;
	r = result(syscall(SYS_init_module, NULL, PAGE, ""));
	return r == -ENOSYS ? PROOF_ABSENT : r;
}

/* A port that nothing listens at: where POST codes were shown. */
static int port_use(const struct proof *proof)
{
	int r;

	if (!kernel_says("/sys/kernel/security/lockdown", "[none]"))
		return PROOF_ABSENT;
	r = result(ioperm(0x80, 1, 1));
	if (!r)
		(void)ioperm(0x80, 1, 0);
	return r == -ENOSYS ? PROOF_ABSENT : r;
}

/* ---- programs */

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n,
		const struct bpf_prog_load_opts *opts)
{
	return taken(bpf_prog_load(type, "hf_canary", "GPL", insns, n, opts));
}

static int hook_around(const struct proof *proof)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_MODIFY_RETURN,
		    .attach_btf_id = proof->hook);

	return load(BPF_PROG_TYPE_TRACING, nothing, 2, &opts);
}

/* By a child that belongs to nobody. */
static int by_stranger(const struct proof *proof, int (*act)(const struct proof *))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -EIO;
	if (!pid)
		_exit(control_op(proof->control, CONTROL_ACT_AS, 0, 0, DOMAIN_NONE)
			      ? EIO
			      : -act(proof) & 0x7f);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -EIO;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Its fd came with the fork: so strangers have fds from before the guard. */
static int map_use_load(const struct proof *proof)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = proof->state},
		{},
		nothing[0],
		nothing[1],
	};

	return load(BPF_PROG_TYPE_SOCKET_FILTER, insns, 4, NULL);
}

static int map_use(const struct proof *proof)
{
	return by_stranger(proof, map_use_load);
}

static int signal_load(const struct proof *proof)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = SIGCONT},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_send_signal},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(BPF_PROG_TYPE_TRACEPOINT, insns, 4, NULL);
}

static int signal_sent(const struct proof *proof)
{
	return by_stranger(proof, signal_load);
}

const struct proof_act proof_acts[] = {
	{"shared_bpf", "a map by its id", PROOF_OURS, ENOENT, map_by_id},
	{"shared_bpf", "a program by its id", PROOF_OURS, ENOENT, prog_by_id},
	{"shared_bpf", "a link by its id", PROOF_OURS, ENOENT, link_by_id},
	{"objects_map_fd", "a map from its pin", PROOF_OURS, EPERM, map_by_pin},
	{"objects_prog_fd", "a program from its pin", PROOF_OURS, EPERM, prog_by_pin},
	{"shared_permission", "a link from its pin", PROOF_OURS, EPERM, link_by_pin},
	{"objects_file_receive", "a map by SCM_RIGHTS", PROOF_OURS, EPERM, map_received},
	{"pins_unlink", "a pin unlinked", PROOF_OURS, EPERM, pin_unlink},
	{"pins_rmdir", "a folder removed", PROOF_OURS, EPERM, folder_remove},
	{"pins_rename", "a pin renamed", PROOF_OURS, EPERM, pin_rename},
	{"pins_create", "a foreign pin", PROOF_OURS, EPERM, pin_create},
	{"pins_mkdir", "a foreign folder", PROOF_OURS, EPERM, folder_make},
	{"pins_symlink", "a foreign symlink", PROOF_OURS, EPERM, symlink_make},
	{"pins_link", "a second name of a pin", PROOF_OURS, EPERM, link_make},
	{"pins_mknod", "a foreign fifo", PROOF_OURS, EPERM, fifo_make},
	{"pins_setattr", "chmod of a pin", PROOF_OURS, EPERM, pin_chmod},
	{"pins_setxattr", "an attribute set", PROOF_OURS, EPERM, pin_set_xattr},
	{"pins_removexattr", "an attribute removed", PROOF_OURS, EPERM, pin_remove_xattr},
	{"pins_set_acl", "an ACL set", PROOF_OURS, EPERM, pin_set_acl},
	{"pins_remove_acl", "an ACL removed", PROOF_OURS, EPERM, pin_remove_acl},
	{"pins_file_setattr", "file_setattr", PROOF_OURS, EPERM, file_set_attributes},
	{"shared_open", "a file written", PROOF_OURS, EPERM, file_write},
	{"files_setattr", "a mapped file truncated", PROOF_OURS, ETXTBSY, held_truncate},
	{"mounts_mount", "a mount over the pins", PROOF_OURS, EPERM, mount_over},
	{"mounts_move", "a mount moved over the pins", PROOF_OURS, EPERM, mount_moved},
	{"interfaces_netlink", "an XDP program removed", PROOF_OURS, EPERM, xdp_remove},
	{"agents_ptrace", "ptrace", PROOF_OURS, EPERM, canary_seize},
	{"agents_rlimit", "a limit set", PROOF_OURS, EPERM, canary_limit},
	{"agents_nice", "a priority set", PROOF_OURS, EPERM, canary_nice},
	{"agents_scheduler", "a scheduler set", PROOF_OURS, EPERM, canary_schedule},
	{"agents_ioprio", "an I/O priority set", PROOF_OURS, EPERM, canary_io_schedule},
	{"identity_exec", "an exec of something else", PROOF_OURS, EACCES, other_exec},
	{"sockets_connect", "a connection", PROOF_OURS, EPERM, proof_connect},
	{"sockets_send", "a datagram", PROOF_OURS, EPERM, proof_send},
	{"admission_load", "a program that sends signals", PROOF_OURS, EPERM, signal_sent},
	{"shared_bpf", "a program around a hook", PROOF_CANARYS, EPERM, hook_around},
	{"admission_prog", "a program with the guard's map", PROOF_OURS, EPERM, map_use},
	{"switches_write", "ftrace_enabled written", PROOF_CANARYS, EPERM, switch_write},
	{"shared_permission", "holdfastd moved", PROOF_CANARYS, EPERM, holdfastd_move},
	{"kernel_read", "a module from a file", PROOF_CANARYS, EPERM, module_file},
	{"kernel_load", "a module from memory", PROOF_CANARYS, EPERM, module_memory},
	{"kernel_locked_down", "a port used", PROOF_CANARYS, EPERM, port_use},
	{"closed_clock", "the clock set", PROOF_CANARYS, EPERM, proof_clock_set},
	{"closed_log", "the kernel's console", PROOF_CANARYS, EPERM, proof_console_on},
	{"closed_module", "a module removed", PROOF_CANARYS, EPERM, proof_module_remove},
	{"closed_mark", "an open held by fanotify", PROOF_CANARYS, EPERM, proof_open_held},
	{"closed_uprobe", "a uprobe", PROOF_CANARYS, EPERM, proof_uprobe},
	{"closed_tables", "iptables's table", PROOF_CANARYS, EPERM, proof_tables},
	{"closed_ioctl", "a route by ioctl", PROOF_CANARYS, EPERM, proof_ioctl},
	{"closed_ioctl_32", "the same with 32 bits", PROOF_CANARYS, EPERM, proof_ioctl_compat},
	{"identity_mmap", "code from untrusted content", PROOF_CANARYS, EPERM, content_map},
	{"identity_mprotect", "code from memory", PROOF_CANARYS, EPERM, memory_protect},
	{"agents_kill", "a signal", PROOF_CANARYS, EPERM, holdfastd_signal},
	{"agents_sigio", "a signal by a pipe", PROOF_CANARYS, EPERM, holdfastd_signal_by_pipe},
	{"agents_traceme", "PTRACE_TRACEME", PROOF_CANARYS, EPERM, canary_traced},
	{"mounts_umount", "umount of the pins", PROOF_CANARYS, EPERM, unmount},
	{},
};

const char *const proof_labellers[] = {
	"attachments_link_free", "attachments_link_new",
	"files_disk_free",	 "files_forget",
	"hold_link_closed",	 "hold_map_closed",
	"identity_committed",	 "identity_exec_early",
	"identity_fork",	 "identity_gone",
	"objects_map_create",	 "objects_map_free",
	"objects_prog_free",	 "objects_prog_load",
	"pins_instantiate",	 "sockets_bind",
	"switches_group_gone",	 "switches_moved",
	"switches_moving",	 "trust_judge",
	"trust_key_alloc",	 "verdict_failed",
	"verdict_freed",	 "verdict_ran",
	"verdict_run",		 NULL,
};

/* ---- the canary */

static int object_info(int fd, void *info, __u32 size)
{
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

static int canary_map(struct proof *proof)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "hf_canary", 4, 8, 1, NULL);
	struct bpf_map_info info = {};
	int r;

	if (fd < 0)
		return -errno;
	r = object_info(fd, &info, sizeof(info));
	if (r < 0)
		return r;
	if (bpf_obj_pin(fd, PROOF_PINS "/map"))
		return -errno;
	proof->map = info.id;
	proof->map_fd = TAKE_FD(fd);
	return 0;
}

/* A program on a tracepoint that hardly ever fires, for the link's sake. */
static int canary_link(struct proof *proof)
{
	_cleanup_close_ int prog =
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "hf_canary", "GPL", nothing, 2, NULL);
	_cleanup_close_ int link = -EBADF;
	struct bpf_prog_info prog_info = {};
	struct bpf_link_info link_info = {};
	int r;

	if (prog < 0)
		return -errno;
	link = bpf_raw_tracepoint_open("bpf_test_finish", prog);
	if (link < 0)
		return -errno;
	r = object_info(prog, &prog_info, sizeof(prog_info));
	if (r < 0)
		return r;
	r = object_info(link, &link_info, sizeof(link_info));
	if (r < 0)
		return r;
	proof->prog = prog_info.id;
	proof->link = link_info.id;
	if (bpf_obj_pin(prog, PROOF_PINS "/prog") || bpf_obj_pin(link, PROOF_PINS "/link"))
		return -errno;
	return 0;
}

int proof_canary(struct proof *proof)
{
	int r;

	if (mkdir(PROOF_PINS "/folder", 0700))
		return -errno;
	/* there before the others: whose XDP program it is, and what is held */
	r = xdp_request(0);
	if (r < 0)
		return r;
	(void)content_map(proof);
	r = canary_link(proof);
	if (r < 0)
		return r;
	return canary_map(proof);
}

int proof_canary_done(void)
{
	static const char *const pins[] = {PROOF_PINS "/map", PROOF_PINS "/prog",
					   PROOF_PINS "/link"};
	int r = xdp_request(-1);

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		if (unlink(pins[i]) && errno != ENOENT)
			r = -errno;
	}
	if (rmdir(PROOF_PINS "/folder") && errno != ENOENT)
		r = -errno;
	return r;
}
