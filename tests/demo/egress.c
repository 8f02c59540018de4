// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A small agent of the kind that sites write themselves, for what the two real ones do not use: a
 * link that its fd can detach. It forbids UDP to one port, for every control group, and leaves
 * nothing behind but a pinned link.
 *
 *   egress PORT LINK-PIN
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* return ctx->user_port != port; */
static int load(uint16_t port)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_REG_1,
		 .off = offsetof(struct bpf_sock_addr, user_port)},
		{.code = BPF_JMP | BPF_JNE | BPF_K,
		 .dst_reg = BPF_REG_2,
		 .off = 1,
		 .imm = htons(port)},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		.expected_attach_type = BPF_CGROUP_UDP4_SENDMSG,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (uintptr_t) "GPL",
		.prog_name = "egress",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int program)
{
	int cgroup = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr = {
		.link_create = {.prog_fd = (uint32_t)program,
				.target_fd = (uint32_t)cgroup,
				.attach_type = BPF_CGROUP_UDP4_SENDMSG},
	};

	return cgroup < 0 ? -1 : bpf(BPF_LINK_CREATE, &attr);
}

static int pin(int link, const char *path)
{
	union bpf_attr attr = {.pathname = (uintptr_t)path, .bpf_fd = (uint32_t)link};

	return bpf(BPF_OBJ_PIN, &attr);
}

/* The folder of the pin may be there already: a guard makes those that its policy names. */
static int make_folder(const char *path)
{
	char folder[256];
	size_t length = (size_t)(strrchr(path, '/') - path);

	if (length >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, path, length);
	folder[length] = '\0';
	return mkdir(folder, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int fail(const char *what)
{
	fprintf(stderr, "egress: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	int program, link;

	if (argc != 3 || argv[2][0] != '/') {
		fprintf(stderr, "usage: egress PORT LINK-PIN\n");
		return 2;
	}
	program = load((uint16_t)strtoul(argv[1], NULL, 10));
	if (program < 0)
		return fail("load");
	link = attach(program);
	if (link < 0)
		return fail("attach");
	if (make_folder(argv[2]) < 0 || pin(link, argv[2]) < 0)
		return fail(argv[2]);
	return 0;
}
