// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps for load.c. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ENTRIES 100000

enum action { ALLOW = 1, DENY = 2 };

struct peer {
	__u32 address;
	__u16 port;
	__u8 protocol;
	__u8 flags;
};

struct prefix {
	__u32 length;
	__u8 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, enum action);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ENTRIES);
	__type(key, struct prefix);
	__type(value, enum action);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct peer);
	__type(value, enum action);
} peers SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
