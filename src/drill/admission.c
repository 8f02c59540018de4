// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Admission: programs that would undo a guard, or reach its agents past every hook. Each is loaded
 * as root loads any; what it would do then is done only where it harms the victim and nobody else.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insn.h"
#include "loads.h"
#include "whole.h"

#define N(insns) (sizeof(insns) / sizeof((insns)[0]))
#define CALL_KERNEL(id) INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id)

/* ---- by what they are */

static int load_plain(enum bpf_prog_type type, enum bpf_attach_type attach_type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};

	if (type == BPF_PROG_TYPE_SYSCALL)
		opts.prog_flags = BPF_F_SLEEPABLE;
	return bpf_prog_load(type, "plain", "GPL", insns, N(insns), &opts);
}

/* A program that hangs on a function of the kernel and returns a number. */
static int load_on(enum bpf_prog_type type, enum bpf_attach_type attach_type, const char *function,
		   int number)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, number), EXIT()};
	int id = libbpf_find_vmlinux_btf_id(function, attach_type);

	if (id < 0)
		return -1;
	opts.attach_btf_id = (uint32_t)id;
	return bpf_prog_load(type, "on", "GPL", insns, N(insns), &opts);
}

int load_and_attach(enum bpf_prog_type type, enum bpf_attach_type attach_type, const char *function,
		    int number)
{
	int prog = load_on(type, attach_type, function, number);

	return result(prog < 0 ? prog : bpf_raw_tracepoint_open(NULL, prog));
}

/* Whoever decides first has the say: a positive number is no refusal, and ends the questions. */
static int around_hook(const struct target *target)
{
	uint64_t value = 1;
	uint32_t key = 1;
	int r, map;

	r = load_and_attach(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_bpf_map", 1);
	if (r < 0)
		return r;
	map = bpf_map_get_fd_by_id((uint32_t)target_get(target, "map"));
	return map < 0 ? -errno : result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int around_other(const struct target *target)
{
	return load_and_attach(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_socket_sendmsg",
			       0);
}

static int around_for_good(void)
{
	int prog = load_on(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_socket_sendmsg", 0);
	int link = prog < 0 ? prog : bpf_raw_tracepoint_open(NULL, prog);

	return result(link < 0 ? link : bpf_obj_pin(link, "/sys/fs/bpf/around"));
}

static int own_hook(const struct target *target)
{
	return load_and_attach(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "inode_getxattr", 0);
}

static int guards_hook(const struct target *target)
{
	return load_and_attach(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "file_open", 0);
}

static int guards_slot(const struct target *target)
{
	return load_and_attach(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "bpf_lsm_bpf_map", 0);
}

int load_slot(const struct target *target)
{
	return load_and_attach(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_statx", 0);
}

static int system_call(const struct target *target)
{
	return result(load_plain(BPF_PROG_TYPE_SYSCALL, 0));
}

/* ---- freplace: a program in place of another's function */

static int replace_function(const struct target *target)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 2), EXIT()};
	const struct bpf_func_info info = {.type_id = WHOLE_FUNCTION};
	int btf = whole_btf(), prog = whole_load(2);

	if (btf < 0 || prog < 0)
		return setup_failed("the function to replace");
	opts.func_info = &info;
	opts.func_info_cnt = 1;
	opts.func_info_rec_size = sizeof(info);
	opts.prog_btf_fd = (uint32_t)btf;
	opts.attach_prog_fd = prog;
	opts.attach_btf_id = WHOLE_FUNCTION;
	return result(bpf_prog_load(BPF_PROG_TYPE_EXT, "other", "GPL", insns, N(insns), &opts));
}

/* ---- by what they call */

static int load_calls(const struct bpf_insn *insns, size_t n, enum bpf_prog_type type)
{
	return result(bpf_prog_load(type, "calls", "GPL", insns, n, NULL));
}

static int write_user(const struct target *target)
{
	const struct bpf_insn insns[] = {
		STORE_IMM(BPF_REG_10, -8, 0), MOV_REG(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, -8),	      MOV_IMM(BPF_REG_3, 8),
		MOV_IMM(BPF_REG_1, 0),	      CALL(BPF_FUNC_probe_write_user),
		MOV_IMM(BPF_REG_0, 0),	      EXIT(),
	};

	return load_calls(insns, N(insns), BPF_PROG_TYPE_KPROBE);
}

/* The call is far behind others, in an odd number of instructions. */
static int send_signal(const struct target *target)
{
	struct bpf_insn insns[4007];
	size_t n = 0;

	while (n < N(insns) - 4)
		insns[n++] = MOV_IMM(BPF_REG_0, 0);
	insns[n++] = MOV_IMM(BPF_REG_1, 9);
	insns[n++] = CALL(BPF_FUNC_send_signal);
	insns[n++] = MOV_IMM(BPF_REG_0, 0);
	insns[n++] = EXIT();
	return load_calls(insns, n, BPF_PROG_TYPE_TRACEPOINT);
}

/* In a function of the program's own, which the main one calls. */
static int send_signal_thread(const struct target *target)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 1),
		EXIT(),
		MOV_IMM(BPF_REG_1, 9),
		CALL(BPF_FUNC_send_signal_thread),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return load_calls(insns, N(insns), BPF_PROG_TYPE_TRACEPOINT);
}

static int kernel_function(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -EIO;

	btf__free(btf);
	return id;
}

static int load_tracing(const struct bpf_insn *insns, size_t n, enum bpf_attach_type attach_type,
			const char *at)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	int id = libbpf_find_vmlinux_btf_id(at, attach_type);

	if (id < 0)
		return setup_failed(at);
	opts.attach_btf_id = (uint32_t)id;
	return result(bpf_prog_load(BPF_PROG_TYPE_TRACING, "calls", "GPL", insns, n, &opts));
}

static int end_kernel(const struct target *target)
{
	int id = kernel_function("crash_kexec");
	const struct bpf_insn insns[] = {
		LOAD(BPF_REG_1, BPF_REG_1, 0), /* registers, which 7.3 wants to be real */
		CALL_KERNEL(id),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return id < 0 ? setup_failed("crash_kexec")
		      : load_tracing(insns, N(insns), BPF_TRACE_RAW_TP, "sys_enter");
}

/* Of every TCP socket, at each step of an iterator; the iterator alone with 0 for a function. */
static int each_socket(int function)
{
	const struct bpf_insn call = CALL_KERNEL(function);
	const struct bpf_insn insns[] = {
		LOAD(BPF_REG_1, BPF_REG_1, 8),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 1, 0), /* after the last one */
		function ? call : MOV_IMM(BPF_REG_0, 0),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return load_tracing(insns, N(insns), BPF_TRACE_ITER, "tcp");
}

static int destroy_sockets(const struct target *target)
{
	int id = kernel_function("bpf_sock_destroy");

	return id < 0 ? id : each_socket(id);
}

static int look_at_sockets(const struct target *target)
{
	return each_socket(0);
}

static int send_signal_task(const struct target *target)
{
	int id = kernel_function("bpf_send_signal_task");
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_current_task_btf),
		MOV_REG(BPF_REG_1, BPF_REG_0),
		MOV_IMM(BPF_REG_2, 9),
		MOV_IMM(BPF_REG_3, 0),
		MOV_IMM(BPF_REG_4, 0),
		CALL_KERNEL(id),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return id < 0 ? id : load_tracing(insns, N(insns), BPF_TRACE_RAW_TP, "sys_enter");
}

static int look_at_task(const struct target *target)
{
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_current_task_btf),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return load_tracing(insns, N(insns), BPF_TRACE_RAW_TP, "sys_enter");
}

/* The kernel's types name every function that programs may call. */
static int no_sock_destroy(void)
{
	return kernel_function("bpf_sock_destroy") == -ENOENT ? ENOENT : 0;
}

static int no_send_signal_task(void)
{
	return kernel_function("bpf_send_signal_task") == -ENOENT ? ENOENT : 0;
}

/* ---- what stays open: programs as the tools of a host load them every day */

int load_ordinary(const struct target *target)
{
	static const struct {
		enum bpf_prog_type type;
		enum bpf_attach_type attach_type;
	} programs[] = {
		{BPF_PROG_TYPE_SOCKET_FILTER, 0},
		{BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
		{BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE},
		{BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT},
		{BPF_PROG_TYPE_XDP, BPF_XDP},
		{BPF_PROG_TYPE_SCHED_CLS, 0},
		{BPF_PROG_TYPE_KPROBE, 0},
		{BPF_PROG_TYPE_TRACEPOINT, 0},
		{BPF_PROG_TYPE_RAW_TRACEPOINT, 0},
		{BPF_PROG_TYPE_PERF_EVENT, 0},
	};

	for (size_t i = 0; i < N(programs); i++)
		if (load_plain(programs[i].type, programs[i].attach_type) < 0) {
			fprintf(stderr, "probe: type %d: %m\n", programs[i].type);
			return -errno;
		}
	return 0;
}

/* Of as many instructions, and calls of other helpers. */
static int long_program(const struct target *target)
{
	struct bpf_insn insns[4007];
	size_t n = 0;

	while (n < N(insns) - 3)
		insns[n++] = MOV_IMM(BPF_REG_0, 0);
	insns[n++] = CALL(BPF_FUNC_ktime_get_ns);
	insns[n++] = MOV_IMM(BPF_REG_0, 0);
	insns[n++] = EXIT();
	return load_calls(insns, n, BPF_PROG_TYPE_TRACEPOINT);
}

/* The numbers of the restricted calls, as numbers. */
int load_numbers(const struct target *target)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(BPF_REG_1, BPF_FUNC_probe_write_user),
		MOV_IMM(BPF_REG_2, BPF_FUNC_send_signal),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_3, 0, 0, BPF_FUNC_send_signal),
		INSN(0, 0, 0, 0, BPF_FUNC_send_signal),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return load_calls(insns, N(insns), BPF_PROG_TYPE_TRACEPOINT);
}

const struct technique admission_techniques[] = {
	{"P04", "load-around", "fmod_ret answers before the guard", EPERM, "P04", NULL, 0,
	 around_hook, load_ordinary, "socket, cgroup, network and tracing programs"},
	{"P08", "load-override", "fmod_ret on a hook that nobody guards", EPERM, "P08", NULL,
	 SILENT, around_other, load_slot, "fentry on such a function"},
	{"P05", "load-lsm", "an LSM program", EPERM, "P05", NULL, SILENT, own_hook, load_slot,
	 "fentry on an unguarded function"},
	{"P06", "load-lsm-first", "an LSM program on the guard's hook", EPERM, "P05", NULL, SILENT,
	 guards_hook, load_ordinary, "ordinary programs"},
	{"P19", "load-slot", "fentry on the guard's hook", EPERM, "P19", NULL, SILENT, guards_slot,
	 load_slot, "fentry on another function"},
	{"P01", "load-ext", "a program in place of a function", EPERM, "P01", NULL, SILENT,
	 replace_function, load_ordinary, "ordinary programs"},
	{"M14", "load-syscall", "a program that calls bpf(2)", EPERM, "M14", NULL, SILENT,
	 system_call, load_ordinary, "ordinary programs"},
	{"P09", "load-write-user", "a program that writes user memory", EPERM, "P09", NULL,
	 SILENT | UNLOCKED, write_user, load_numbers,
	 "a program with these helpers' numbers as numbers"},
	{"P11", "load-signal", "a program that sends signals", EPERM, "P11", NULL, SILENT,
	 send_signal, long_program, "one as long, with another helper"},
	{"P11", "load-signal-thread", "the same from a function of its own", EPERM, "P11", NULL,
	 SILENT, send_signal_thread, load_numbers,
	 "a program with these helpers' numbers as numbers"},
	{"P21", "load-crash", "a program that ends the kernel", EPERM, "P21", NULL, SILENT,
	 end_kernel, load_slot, "fentry on an unguarded function"},
	{"P21", "load-sock-destroy", "a program that ends every TCP connection", EPERM, "P21", NULL,
	 SILENT, destroy_sockets, look_at_sockets, "an iterator that looks at them",
	 no_sock_destroy, "no function bpf_sock_destroy in the kernel's BTF"},
	{"P11", "load-signal-task", "a program that sends signals to any task", EPERM, "P11", NULL,
	 SILENT, send_signal_task, look_at_task, "one that looks at the task", no_send_signal_task,
	 "no function bpf_send_signal_task in the kernel's BTF"},
	{},
};

/* ---- for the suites of admitted tools and of neighbours: `load VERB`, `bind FD`, `struct-ops` */

static int bind_map(const char *fd)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	const struct bpf_insn insns[] = {
		LOAD_MAP(BPF_REG_1, atoi(fd)),
		MOV_IMM(BPF_REG_0, 1),
		EXIT(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "bind", "GPL", insns, N(insns), &opts) < 0
		       ? -errno
		       : 0;
}

static int struct_ops(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	int id = btf ? btf__find_by_name_kind(btf, "bpf_struct_ops_tcp_congestion_ops",
					      BTF_KIND_STRUCT)
		     : -1;

	if (id < 0)
		return setup_failed("struct tcp_congestion_ops");
	type = btf__type_by_id(btf, (uint32_t)id);
	opts.btf_vmlinux_value_type_id = (uint32_t)id;
	opts.btf_fd = (uint32_t)whole_btf(); /* any will do */
	return bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "ops", 4, type->size, 1, &opts) < 0 ? -errno
											   : 0;
}

/* Debian's kernels are built without the helper: they refuse it, if nobody did before. */
static int override_return(void)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(BPF_REG_2, 0),
		CALL(BPF_FUNC_override_return),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return load_calls(insns, N(insns), BPF_PROG_TYPE_KPROBE);
}

/* The call is among the last instructions. */
static int of_length(size_t n)
{
	struct bpf_insn *insns = calloc(n, sizeof(*insns));
	int r;

	if (!insns)
		return setup_failed("memory");
	for (size_t i = 0; i < n; i++)
		insns[i] = MOV_IMM(BPF_REG_0, 0);
	insns[n - 4] = MOV_IMM(BPF_REG_1, 9);
	insns[n - 3] = CALL(BPF_FUNC_send_signal);
	insns[n - 1] = EXIT();
	r = load_calls(insns, n, BPF_PROG_TYPE_TRACEPOINT);
	free(insns);
	return r;
}

static int probe_code(int r)
{
	if (r > 0)
		return PROBE_IMPOSSIBLE;
	if (r && r != -EPERM)
		fprintf(stderr, "probe: %s\n", strerror(-r));
	return !r ? PROBE_ALLOWED : r == -EPERM ? PROBE_DENIED : PROBE_OTHERWISE;
}

/* As much as a guest's memory lets the verifier look at; and as much as it takes at all. */
static int very_long(void)
{
	return of_length(200001);
}

static int longest(void)
{
	return of_length(1000000);
}

/* Newer than any guard: the kernel says EINVAL, if nobody says EPERM before. */
static int unknown_type(void)
{
	return result(load_plain(200, 0));
}

static int unknown_attach_type(void)
{
	return result(load_plain(BPF_PROG_TYPE_TRACING, 250));
}

static int ordinary_all(void)
{
	return load_ordinary(NULL);
}

static int one_filter(void)
{
	return result(load_plain(BPF_PROG_TYPE_SOCKET_FILTER, 0));
}

static int one_device(void)
{
	return result(load_plain(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE));
}

static const struct {
	const char *name;
	int (*run)(void);
} others[] = {
	{"unknown-type", unknown_type}, {"unknown-attach", unknown_attach_type},
	{"struct-ops", struct_ops},	{"override", override_return},
	{"longest", longest},		{"very-long", very_long},
	{"ordinary", ordinary_all},	{"socket_filter", one_filter},
	{"cgroup_device", one_device},	{"around-for-good", around_for_good},
};

int admission_main(int argc, char **argv)
{
	static const struct target nobody = {.name = "nobody"};
	const struct technique *technique;

	if (strcmp(argv[0], "bind") == 0)
		return probe_code(bind_map(argv[1]));
	for (size_t i = 0; i < N(others); i++)
		if (strcmp(argv[1], others[i].name) == 0)
			return probe_code(others[i].run());
	technique = technique_find(argv[1]);
	return technique ? probe_code(technique->run(&nobody)) : PROBE_IMPOSSIBLE;
}

/* ---- what a tool's process may go through before it loads */

static int in_child(bool attach, bool traceme, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (traceme && ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(PROBE_IMPOSSIBLE);
		raise(SIGSTOP);
		_exit(admission_main(2, argv));
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return PROBE_IMPOSSIBLE;
	if (attach && (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
		       ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0))
		return PROBE_IMPOSSIBLE;
	if (attach || traceme)
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : PROBE_OTHERWISE;
}

static int share_run(void *unused)
{
	return 0;
}

/* As a thread has it, or a child until it executes something. */
static void share_memory(void)
{
	char stack[65536];
	pid_t pid = clone(share_run, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	waitpid(pid, NULL, 0);
}

int after_main(int argc, char **argv)
{
	const char *what = argv[1];
	char *load[] = {"load", argv[2], NULL}, *run[] = {"probe", "as", "load", argv[2], NULL};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (strcmp(what, "fork") == 0 || strcmp(what, "attach") == 0 ||
	    strcmp(what, "traceme") == 0)
		return in_child(what[0] == 'a', what[0] == 't', load);
	if (strcmp(what, "map") == 0)
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else if (strcmp(what, "protect") == 0)
		mprotect(page, 4096, PROT_READ | PROT_EXEC);
	else if (strcmp(what, "share") == 0)
		share_memory();
	else if (strcmp(what, "exec") == 0)
		execv("/opt/tests/probe", run);
	return admission_main(2, load);
}
