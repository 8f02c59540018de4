// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel side of allow-list.c: IPv4 connections to addresses that are not in the list fail. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define AF_INET 2
#define EPERM 1
#define FAMILY_OFFSET 0 /* struct sockaddr_in, which programs of all kernels are built with */
#define ADDRESS_OFFSET 4
#define ADDRESS_END 8

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

/*
 * The kernel's copy of the address is read as what the hook is given, byte by byte: it knows it as
 * a struct sockaddr only, and lockdown forbids the helper that reads anything.
 */
SEC("lsm/socket_connect")
int BPF_PROG(allow_connect, struct socket *socket, struct sockaddr *address, int length)
{
	const volatile __u8 *bytes = (const volatile __u8 *)address;
	struct prefix prefix = {.length = 32};

	if (length < ADDRESS_END || *(const volatile __u16 *)(bytes + FAMILY_OFFSET) != AF_INET)
		return 0;
	for (int i = 0; i < 4; i++)
		((__u8 *)&prefix.address)[i] = bytes[ADDRESS_OFFSET + i];
	if (bpf_map_lookup_elem(&allowed, &prefix))
		return 0;
	__sync_fetch_and_add(&refused, 1);
	return enforce ? -EPERM : 0;
}

char LICENSE[] SEC("license") = "GPL";
