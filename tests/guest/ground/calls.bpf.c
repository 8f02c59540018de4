// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an agent fills once and only reads: a switch, rules, and programs to go on with. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} ground_switch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} ground_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} ground_calls SEC(".maps");

SEC("tc")
int first(struct __sk_buff *skb)
{
	__u32 key = 0, *on = bpf_map_lookup_elem(&ground_switch, &key);

	if (on && *on && bpf_map_lookup_elem(&ground_rules, &key))
		bpf_tail_call(skb, &ground_calls, 0);
	return 0;
}

SEC("tc")
int second(struct __sk_buff *skb)
{
	return skb->len & 1;
}

char LICENSE[] SEC("license") = "GPL";
