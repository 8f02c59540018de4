// SPDX-License-Identifier: LGPL-2.1-or-later
/* One map and no program: the test makes thousands of it. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seed SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
