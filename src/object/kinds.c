// SPDX-License-Identifier: LGPL-2.1-or-later
/* See kinds.h. Helpers come from the kernel's own header, with what is newer than it added. */

#include "object/kinds.h"

#include <linux/bpf.h>

#include "base/size.h"
#include "object/freeze-facts.h"

/* Newer than the header of Debian 12. */
#define MAP_TYPE_CGRP_STORAGE 32
#define MAP_TYPE_ARENA 33

struct kind {
	const char *name, *since;
};

/* Their names are freeze-facts.h's. */
static const char *const map_types_since[] = {
	[BPF_MAP_TYPE_HASH] = "3.19",
	[BPF_MAP_TYPE_ARRAY] = "3.19",
	[BPF_MAP_TYPE_PROG_ARRAY] = "4.2",
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "4.3",
	[BPF_MAP_TYPE_PERCPU_HASH] = "4.6",
	[BPF_MAP_TYPE_PERCPU_ARRAY] = "4.6",
	[BPF_MAP_TYPE_STACK_TRACE] = "4.6",
	[BPF_MAP_TYPE_CGROUP_ARRAY] = "4.8",
	[BPF_MAP_TYPE_LRU_HASH] = "4.10",
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = "4.10",
	[BPF_MAP_TYPE_LPM_TRIE] = "4.11",
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = "4.12",
	[BPF_MAP_TYPE_HASH_OF_MAPS] = "4.12",
	[BPF_MAP_TYPE_DEVMAP] = "4.14",
	[BPF_MAP_TYPE_SOCKMAP] = "4.14",
	[BPF_MAP_TYPE_CPUMAP] = "4.15",
	[BPF_MAP_TYPE_XSKMAP] = "4.18",
	[BPF_MAP_TYPE_SOCKHASH] = "4.18",
	[BPF_MAP_TYPE_CGROUP_STORAGE] = "4.19",
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = "4.19",
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "4.20",
	[BPF_MAP_TYPE_QUEUE] = "4.20",
	[BPF_MAP_TYPE_STACK] = "4.20",
	[BPF_MAP_TYPE_SK_STORAGE] = "5.2",
	[BPF_MAP_TYPE_DEVMAP_HASH] = "5.4",
	[BPF_MAP_TYPE_STRUCT_OPS] = "5.6",
	[BPF_MAP_TYPE_RINGBUF] = "5.8",
	[BPF_MAP_TYPE_INODE_STORAGE] = "5.10",
	[BPF_MAP_TYPE_TASK_STORAGE] = "5.11",
	[BPF_MAP_TYPE_BLOOM_FILTER] = "5.16",
	[BPF_MAP_TYPE_USER_RINGBUF] = "6.1",
	[MAP_TYPE_CGRP_STORAGE] = "6.2",
	[MAP_TYPE_ARENA] = "6.9",
};

static const struct kind program_types[] = {
	[BPF_PROG_TYPE_SOCKET_FILTER] = {"socket_filter", "3.19"},
	[BPF_PROG_TYPE_KPROBE] = {"kprobe", "4.1"},
	[BPF_PROG_TYPE_SCHED_CLS] = {"sched_cls", "4.1"},
	[BPF_PROG_TYPE_SCHED_ACT] = {"sched_act", "4.1"},
	[BPF_PROG_TYPE_TRACEPOINT] = {"tracepoint", "4.7"},
	[BPF_PROG_TYPE_XDP] = {"xdp", "4.8"},
	[BPF_PROG_TYPE_PERF_EVENT] = {"perf_event", "4.9"},
	[BPF_PROG_TYPE_CGROUP_SKB] = {"cgroup_skb", "4.10"},
	[BPF_PROG_TYPE_CGROUP_SOCK] = {"cgroup_sock", "4.10"},
	[BPF_PROG_TYPE_LWT_IN] = {"lwt_in", "4.10"},
	[BPF_PROG_TYPE_LWT_OUT] = {"lwt_out", "4.10"},
	[BPF_PROG_TYPE_LWT_XMIT] = {"lwt_xmit", "4.10"},
	[BPF_PROG_TYPE_SOCK_OPS] = {"sock_ops", "4.13"},
	[BPF_PROG_TYPE_SK_SKB] = {"sk_skb", "4.14"},
	[BPF_PROG_TYPE_CGROUP_DEVICE] = {"cgroup_device", "4.15"},
	[BPF_PROG_TYPE_SK_MSG] = {"sk_msg", "4.17"},
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = {"raw_tracepoint", "4.17"},
	[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = {"cgroup_sock_addr", "4.17"},
	[BPF_PROG_TYPE_LWT_SEG6LOCAL] = {"lwt_seg6local", "4.18"},
	[BPF_PROG_TYPE_LIRC_MODE2] = {"lirc_mode2", "4.18"},
	[BPF_PROG_TYPE_SK_REUSEPORT] = {"sk_reuseport", "4.19"},
	[BPF_PROG_TYPE_FLOW_DISSECTOR] = {"flow_dissector", "4.20"},
	[BPF_PROG_TYPE_CGROUP_SYSCTL] = {"cgroup_sysctl", "5.2"},
	[BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE] = {"raw_tracepoint_writable", "5.2"},
	[BPF_PROG_TYPE_CGROUP_SOCKOPT] = {"cgroup_sockopt", "5.3"},
	[BPF_PROG_TYPE_TRACING] = {"tracing", "5.5"},
	[BPF_PROG_TYPE_STRUCT_OPS] = {"struct_ops", "5.6"},
	[BPF_PROG_TYPE_EXT] = {"ext", "5.6"},
	[BPF_PROG_TYPE_LSM] = {"lsm", "5.7"},
	[BPF_PROG_TYPE_SK_LOOKUP] = {"sk_lookup", "5.9"},
	[BPF_PROG_TYPE_SYSCALL] = {"syscall", "5.14"},
	[BPF_PROG_TYPE_SYSCALL + 1] = {"netfilter", "6.4"},
};

#define HELPER_NAME(name) [BPF_FUNC_##name] = #name
static const char *const helpers[] = {
	__BPF_FUNC_MAPPER(HELPER_NAME)[210] = "cgrp_storage_get",
	[211] = "cgrp_storage_delete",
};

/* The last helper that each long-term kernel has. */
static const struct {
	uint32_t last;
	const char *since;
} helper_kernels[] = {
	{BPF_FUNC_perf_event_output, "4.4"},
	{BPF_FUNC_set_hash_invalid, "4.9"},
	{BPF_FUNC_sock_map_update, "4.14"},
	{BPF_FUNC_skb_ancestor_cgroup_id, "4.19"},
	{BPF_FUNC_tcp_gen_syncookie, "5.4"},
	{BPF_FUNC_redirect_peer, "5.10"},
	{BPF_FUNC_task_pt_regs, "5.15"},
	{BPF_FUNC_user_ringbuf_drain, "6.1"},
	{211, "6.6"},
};

const char *map_type_name(uint32_t type)
{
	return freeze_type_name(type);
}

const char *map_type_since(uint32_t type)
{
	return type < ARRAY_SIZE(map_types_since) ? map_types_since[type] : NULL;
}

const char *program_type_name(uint32_t type)
{
	return type < ARRAY_SIZE(program_types) ? program_types[type].name : NULL;
}

const char *program_type_since(uint32_t type)
{
	return type < ARRAY_SIZE(program_types) ? program_types[type].since : NULL;
}

const char *helper_name(uint32_t helper)
{
	return helper > 0 && helper < ARRAY_SIZE(helpers) ? helpers[helper] : NULL;
}

const char *helper_since(uint32_t helper)
{
	for (size_t i = 0; helper_name(helper) && i < ARRAY_SIZE(helper_kernels); i++) {
		if (helper <= helper_kernels[i].last)
			return helper_kernels[i].since;
	}
	return NULL;
}
