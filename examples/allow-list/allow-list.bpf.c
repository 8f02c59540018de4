// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel side of allow-list.c: IPv4 connections to addresses that are not in the list fail. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2
#define EPERM 1

struct in_address {
	__u16 family;
	__u16 port;
	__u32 address; /* network byte order, as the key of the list */
};

struct prefix {
	__u32 length;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u8);
} allowed SEC(".maps");

int enforce = 1; /* .data: set before the load, sealed after it */
__u64 refused; /* .bss: this program's own, and so not sealed */

SEC("lsm/socket_connect")
int BPF_PROG(allow_connect, struct socket *socket, struct sockaddr *address, int length)
{
	struct prefix prefix = {.length = 32};
	struct in_address to;

	if (length < (int)sizeof(to) || bpf_probe_read_kernel(&to, sizeof(to), address) ||
	    to.family != AF_INET)
		return 0;
	prefix.address = to.address;
	if (bpf_map_lookup_elem(&allowed, &prefix))
		return 0;
	__sync_fetch_and_add(&refused, 1);
	return enforce ? -EPERM : 0;
}

char LICENSE[] SEC("license") = "GPL";
