// SPDX-License-Identifier: LGPL-2.1-or-later
/* One map of each kind that hardened.c hardens, or tries to. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(name, kind, k, v)                      \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, 4);            \
		__type(key, k);                    \
		__type(value, v);                  \
	} name SEC(".maps")

MAP(array, ARRAY, __u32, __u64);
MAP(hash, HASH, __u32, __u64);
MAP(cpus, PERCPU_ARRAY, __u32, __u64);
MAP(written, ARRAY, __u32, __u64);
MAP(progs, PROG_ARRAY, __u32, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} mapped SEC(".maps");

struct clock {
	struct bpf_timer timer;
};

MAP(timers, ARRAY, __u32, struct clock);

int knob = 1;

SEC("socket")
int hardened_write(void *context)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&written, &zero);

	if (value)
		*value += 1;
	bpf_map_lookup_elem(&timers, &zero);
	return knob;
}

char LICENSE[] SEC("license") = "GPL";
