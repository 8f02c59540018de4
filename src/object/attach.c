// SPDX-License-Identifier: LGPL-2.1-or-later
/* See kinds.h. The names are those that libbpf(3) documents, up to its version 1.5. */

#include "object/kinds.h"

#include <stdbool.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/size.h"

#define PROG_TYPE_NETFILTER (BPF_PROG_TYPE_SYSCALL + 1)

enum shape {
	EXACT, /* the name, and nothing after it */
	EITHER, /* the name, and perhaps a slash and a target */
};

struct meaning {
	const char *name;
	uint32_t type;
	enum shape shape;
	const char *point;
	bool sleepable;
};

#define EXACTLY(name, type)                                    \
	{                                                      \
		name, BPF_PROG_TYPE_##type, EXACT, NULL, false \
	}
#define AT(name, type, point)                                   \
	{                                                       \
		name, BPF_PROG_TYPE_##type, EXACT, point, false \
	}
#define TO(name, type)                                          \
	{                                                       \
		name, BPF_PROG_TYPE_##type, EITHER, name, false \
	}
#define SLEEPS(name, type, point)                               \
	{                                                       \
		name, BPF_PROG_TYPE_##type, EITHER, point, true \
	}

static const struct meaning meanings[] = {
	EXACTLY("socket", SOCKET_FILTER),
	AT("sk_reuseport/migrate", SK_REUSEPORT, "select_or_migrate"),
	AT("sk_reuseport", SK_REUSEPORT, "select"),
	TO("kprobe", KPROBE),
	TO("uprobe", KPROBE),
	SLEEPS("uprobe.s", KPROBE, "uprobe"),
	TO("kretprobe", KPROBE),
	TO("uretprobe", KPROBE),
	SLEEPS("uretprobe.s", KPROBE, "uretprobe"),
	TO("kprobe.multi", KPROBE),
	TO("kretprobe.multi", KPROBE),
	TO("kprobe.session", KPROBE),
	TO("uprobe.multi", KPROBE),
	TO("uretprobe.multi", KPROBE),
	TO("uprobe.session", KPROBE),
	SLEEPS("uprobe.multi.s", KPROBE, "uprobe.multi"),
	SLEEPS("uretprobe.multi.s", KPROBE, "uretprobe.multi"),
	SLEEPS("uprobe.session.s", KPROBE, "uprobe.session"),
	TO("ksyscall", KPROBE),
	TO("kretsyscall", KPROBE),
	TO("usdt", KPROBE),
	SLEEPS("usdt.s", KPROBE, "usdt"),
	AT("tc/ingress", SCHED_CLS, "tcx/ingress"),
	AT("tc/egress", SCHED_CLS, "tcx/egress"),
	AT("tcx/ingress", SCHED_CLS, "tcx/ingress"),
	AT("tcx/egress", SCHED_CLS, "tcx/egress"),
	AT("netkit/primary", SCHED_CLS, "netkit/primary"),
	AT("netkit/peer", SCHED_CLS, "netkit/peer"),
	EXACTLY("tc", SCHED_CLS),
	EXACTLY("classifier", SCHED_CLS),
	EXACTLY("action", SCHED_ACT),
	TO("tracepoint", TRACEPOINT),
	TO("tp", TRACEPOINT),
	TO("raw_tracepoint", RAW_TRACEPOINT),
	TO("raw_tp", RAW_TRACEPOINT),
	TO("raw_tracepoint.w", RAW_TRACEPOINT_WRITABLE),
	TO("raw_tp.w", RAW_TRACEPOINT_WRITABLE),
	TO("tp_btf", TRACING),
	TO("fentry", TRACING),
	TO("fmod_ret", TRACING),
	TO("fexit", TRACING),
	SLEEPS("fentry.s", TRACING, "fentry"),
	SLEEPS("fmod_ret.s", TRACING, "fmod_ret"),
	SLEEPS("fexit.s", TRACING, "fexit"),
	TO("freplace", EXT),
	TO("lsm", LSM),
	SLEEPS("lsm.s", LSM, "lsm"),
	TO("lsm_cgroup", LSM),
	TO("iter", TRACING),
	SLEEPS("iter.s", TRACING, "iter"),
	{"syscall", BPF_PROG_TYPE_SYSCALL, EXACT, NULL, true},
	AT("xdp.frags/devmap", XDP, "devmap"),
	AT("xdp/devmap", XDP, "devmap"),
	AT("xdp.frags/cpumap", XDP, "cpumap"),
	AT("xdp/cpumap", XDP, "cpumap"),
	EXACTLY("xdp.frags", XDP),
	EXACTLY("xdp", XDP),
	EXACTLY("perf_event", PERF_EVENT),
	EXACTLY("lwt_in", LWT_IN),
	EXACTLY("lwt_out", LWT_OUT),
	EXACTLY("lwt_xmit", LWT_XMIT),
	EXACTLY("lwt_seg6local", LWT_SEG6LOCAL),
	EXACTLY("sockops", SOCK_OPS),
	AT("sk_skb/stream_parser", SK_SKB, "stream_parser"),
	AT("sk_skb/stream_verdict", SK_SKB, "stream_verdict"),
	AT("sk_skb/verdict", SK_SKB, "verdict"),
	EXACTLY("sk_skb", SK_SKB),
	EXACTLY("sk_msg", SK_MSG),
	EXACTLY("lirc_mode2", LIRC_MODE2),
	EXACTLY("flow_dissector", FLOW_DISSECTOR),
	AT("cgroup_skb/ingress", CGROUP_SKB, "ingress"),
	AT("cgroup_skb/egress", CGROUP_SKB, "egress"),
	EXACTLY("cgroup/skb", CGROUP_SKB),
	AT("cgroup/sock_create", CGROUP_SOCK, "sock_create"),
	AT("cgroup/sock_release", CGROUP_SOCK, "sock_release"),
	AT("cgroup/sock", CGROUP_SOCK, "sock_create"),
	AT("cgroup/post_bind4", CGROUP_SOCK, "post_bind4"),
	AT("cgroup/post_bind6", CGROUP_SOCK, "post_bind6"),
	AT("cgroup/bind4", CGROUP_SOCK_ADDR, "bind4"),
	AT("cgroup/bind6", CGROUP_SOCK_ADDR, "bind6"),
	AT("cgroup/connect4", CGROUP_SOCK_ADDR, "connect4"),
	AT("cgroup/connect6", CGROUP_SOCK_ADDR, "connect6"),
	AT("cgroup/connect_unix", CGROUP_SOCK_ADDR, "connect_unix"),
	AT("cgroup/sendmsg4", CGROUP_SOCK_ADDR, "sendmsg4"),
	AT("cgroup/sendmsg6", CGROUP_SOCK_ADDR, "sendmsg6"),
	AT("cgroup/sendmsg_unix", CGROUP_SOCK_ADDR, "sendmsg_unix"),
	AT("cgroup/recvmsg4", CGROUP_SOCK_ADDR, "recvmsg4"),
	AT("cgroup/recvmsg6", CGROUP_SOCK_ADDR, "recvmsg6"),
	AT("cgroup/recvmsg_unix", CGROUP_SOCK_ADDR, "recvmsg_unix"),
	AT("cgroup/getpeername4", CGROUP_SOCK_ADDR, "getpeername4"),
	AT("cgroup/getpeername6", CGROUP_SOCK_ADDR, "getpeername6"),
	AT("cgroup/getpeername_unix", CGROUP_SOCK_ADDR, "getpeername_unix"),
	AT("cgroup/getsockname4", CGROUP_SOCK_ADDR, "getsockname4"),
	AT("cgroup/getsockname6", CGROUP_SOCK_ADDR, "getsockname6"),
	AT("cgroup/getsockname_unix", CGROUP_SOCK_ADDR, "getsockname_unix"),
	EXACTLY("cgroup/sysctl", CGROUP_SYSCTL),
	AT("cgroup/getsockopt", CGROUP_SOCKOPT, "getsockopt"),
	AT("cgroup/setsockopt", CGROUP_SOCKOPT, "setsockopt"),
	EXACTLY("cgroup/dev", CGROUP_DEVICE),
	TO("struct_ops", STRUCT_OPS),
	SLEEPS("struct_ops.s", STRUCT_OPS, "struct_ops"),
	EXACTLY("sk_lookup", SK_LOOKUP),
	{"netfilter", PROG_TYPE_NETFILTER, EXACT, NULL, false},
};

void attach_read(const char *section, struct attach *ret_attach)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		const struct meaning *m = &meanings[i];
		size_t length = strlen(m->name);

		if (strncmp(section, m->name, length) != 0)
			continue;
		if (section[length] && (m->shape == EXACT || section[length] != '/'))
			continue;
		*ret_attach =
			(struct attach){.type = m->type,
					.point = m->point,
					.target = section[length] ? section + length + 1 : NULL,
					.sleepable = m->sleepable};
		return;
	}
	*ret_attach = (struct attach){.type = KIND_UNKNOWN};
}
