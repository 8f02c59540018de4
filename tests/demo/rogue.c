// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Root's own BPF programs, against a guard and its agents.
 *
 *   rogue around CMD [ARG]...   CMD, with a program around security_bpf_map that answers first
 *   rogue signal PID            a program that kills PID when it makes a system call
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* A positive number is no refusal, and nobody else is asked. */
static int around(char **argv)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_MODIFY_RETURN);
	const struct bpf_insn insns[] = {MOV(BPF_REG_0, 1), EXIT()};
	int id = libbpf_find_vmlinux_btf_id("security_bpf_map", BPF_MODIFY_RETURN);
	int prog, link;

	opts.attach_btf_id = id < 0 ? 0 : (__u32)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "around", "GPL", insns, 2, &opts);
	link = prog < 0 ? prog : bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0) {
		fprintf(stderr, "rogue: no program around the hook: %s\n", strerror(errno));
		return 1;
	}
	/* the link has to outlive the exec */
	if (dup(link) < 0)
		return 1;
	execvp(argv[0], argv);
	return 127;
}

static int kill_by_program(int pid)
{
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, pid),
		MOV(BPF_REG_1, SIGKILL),
		CALL(BPF_FUNC_send_signal),
		MOV(BPF_REG_0, 0),
		EXIT(),
	};
	int prog, link;

	prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "kill", "GPL", insns, 7, NULL);
	link = prog < 0 ? prog : bpf_raw_tracepoint_open("sys_enter", prog);
	if (link < 0) {
		fprintf(stderr, "rogue: no program that sends signals: %s\n", strerror(errno));
		return 1;
	}
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
		(void)poll(NULL, 0, 10);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "around") == 0)
		return around(argv + 2);
	if (argc == 3 && strcmp(argv[1], "signal") == 0)
		return kill_by_program(atoi(argv[2]));
	fprintf(stderr, "usage: rogue around CMD [ARG]... | rogue signal PID\n");
	return 2;
}
