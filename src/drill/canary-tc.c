// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The canary's filter at tc, as agents have one on an interface that they watch. Not every kernel
 * has tc, or may load it: then there is none, and that is said.
 */
#include "canary.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "insn.h"

static struct bpf_tc_hook ingress_of(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);

	return hook;
}

int canary_tc_attach(unsigned int ifindex)
{
	const struct bpf_insn pass[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CANARY_TC_HANDLE, .priority = CANARY_TC_PRIORITY);
	struct bpf_tc_hook hook = ingress_of(ifindex);
	int r;

	opts.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "canary_tc", "GPL", pass, 2, NULL);
	if (opts.prog_fd < 0)
		return -1;
	r = bpf_tc_hook_create(&hook);
	if ((r < 0 && r != -EEXIST) || bpf_tc_attach(&hook, &opts) < 0)
		return -1;
	return opts.prog_fd;
}

bool canary_tc_attached(unsigned int ifindex, uint32_t program)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CANARY_TC_HANDLE, .priority = CANARY_TC_PRIORITY);
	struct bpf_tc_hook hook = ingress_of(ifindex);

	return bpf_tc_query(&hook, &opts) == 0 && opts.prog_id == program;
}

void canary_tc_detach(unsigned int ifindex)
{
	struct bpf_tc_hook hook = ingress_of(ifindex);

	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	(void)bpf_tc_hook_destroy(&hook);
}
