// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One map, of the type whose number TYPE is, as an agent would define it: for `holdfast object
 * load`, which tests/guest/suites/load-types.sh asks of each. By numbers: the headers of the build
 * machine know fewer types than the kernels. MAPPED: an array that can be mapped. Of a table of
 * struct_ops, LINKED: to be held by a link, BOTH: one of each kind, LACKING: what no kernel takes.
 */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct prefix {
	__u32 length;
	__u8 address[4];
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
};

char terms[] SEC("license") = "GPL";

#if TYPE == 3
SEC("tc")
int in_slot(struct __sk_buff *skb)
{
	return 0;
}
#elif TYPE == 12 || TYPE == 13
struct inner in_slot SEC(".maps");
#elif TYPE == 26
struct sock;

/* What of the kernel's struct there must be; libbpf matches by name. */
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/in_slot")
__u32 in_slot(__u64 *context)
{
	return 2;
}

#ifndef LACKING
SEC("struct_ops/undo")
__u32 undo(__u64 *context)
{
	return 2;
}
#endif

SEC("struct_ops/avoid")
void avoid(__u64 *context)
{
}

#ifdef LINKED
SEC(".struct_ops.link")
#else
SEC(".struct_ops")
#endif
struct tcp_congestion_ops subject = {
	.ssthresh = (void *)in_slot,
	.cong_avoid = (void *)avoid,
#ifndef LACKING
	.undo_cwnd = (void *)undo,
#endif
	.name = "holdfast_test",
};

#ifdef BOTH
SEC(".struct_ops.link")
struct tcp_congestion_ops other = {
	.ssthresh = (void *)in_slot,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo,
	.name = "holdfast_other",
};
#endif
#endif

#if TYPE != 26
struct {
	__uint(type, TYPE);
#if TYPE == 11
	/* a trie */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
#elif TYPE == 24 || TYPE == 28 || TYPE == 29 || TYPE == 32 || TYPE == 35
	/* what the kernel allocates as it comes */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
#elif TYPE == 19 || TYPE == 21
	__type(key, struct bpf_cgroup_storage_key);
#elif TYPE == 33
	__uint(map_flags, BPF_F_MMAPABLE);
#elif TYPE != 22 && TYPE != 23 && TYPE != 27 && TYPE != 30 && TYPE != 31
	__type(key, __u32);
#endif
#if TYPE == 3
	__uint(max_entries, 2);
	__array(values, int(void *));
} subject SEC(".maps") = {.values = {[1] = (void *)in_slot}};
#elif TYPE == 12 || TYPE == 13
	__uint(max_entries, 2);
	__array(values, struct inner);
} subject SEC(".maps") = {.values = {[1] = &in_slot}};
#elif TYPE == 27 || TYPE == 31
	__uint(max_entries, 4096);
} subject SEC(".maps");
#elif TYPE == 33
	/* pages */
	__uint(max_entries, 4);
} subject SEC(".maps");
#elif TYPE == 7
	__uint(max_entries, 4);
	__type(value, __u64[8]);
} subject SEC(".maps");
#elif TYPE == 34
	__uint(max_entries, 4);
	__type(value, __u32[4]);
} subject SEC(".maps");
#elif TYPE == 19 || TYPE == 21 || TYPE == 24 || TYPE == 28 || TYPE == 29 || TYPE == 32
	__uint(max_entries, 0);
	__type(value, __u64);
} subject SEC(".maps");
#elif TYPE == 4 || TYPE == 8 || (TYPE >= 14 && TYPE <= 18) || TYPE == 20 || TYPE == 25
	__uint(max_entries, 4);
	__type(value, __u32);
} subject SEC(".maps");
#else
#ifdef MAPPED
	__uint(map_flags, BPF_F_MMAPABLE);
#endif
	__uint(max_entries, 4);
	__type(value, __u64);
} subject SEC(".maps");
#endif
#endif

#if TYPE == 30
/* A filter is not to be had as a list: 1 if there may be a 7 in it. */
SEC("tc")
int has_seven(struct __sk_buff *skb)
{
	__u64 seven = 7;

	return bpf_map_peek_elem(&subject, &seven) == 0;
}
#endif
