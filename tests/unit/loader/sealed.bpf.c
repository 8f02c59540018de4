// SPDX-License-Identifier: LGPL-2.1-or-later
/* Never loaded: for each of the loader's decisions a map, whose name says which. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct rule {
	__u32 source;
	__u16 ports[2];
};

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};

#define MAP(name, kind, value_type)                \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, 2);            \
		__type(key, __u32);                \
		__type(value, value_type);         \
	} name SEC(".maps")

MAP(looked_at, HASH, struct rule);
MAP(written, HASH, __u32);
MAP(with_lock, ARRAY, struct locked);
MAP(jumps, PROG_ARRAY, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2);
	__type(value, __u32);
} queue SEC(".maps");

const volatile __u32 limit = 7;
__u32 knob = 1;
__u64 counter;

SEC("tp/syscalls/sys_enter_execve")
int sealed(void *context)
{
	__u32 key = limit;

	if (bpf_map_lookup_elem(&looked_at, &key) && knob)
		counter++;
	bpf_map_update_elem(&written, &key, &key, BPF_ANY);
	return bpf_map_lookup_elem(&with_lock, &key) || bpf_map_lookup_elem(&untyped, &key);
}

char LICENSE[] SEC("license") = "GPL";
