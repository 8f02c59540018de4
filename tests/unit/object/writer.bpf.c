// SPDX-License-Identifier: LGPL-2.1-or-later
/* For each map one way in which programs do, or do not, write it: the map's name says which. */

#include <stdbool.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};

#define MAP(name, kind, value_type)                \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, 8);            \
		__type(key, __u32);                \
		__type(value, value_type);         \
	} name SEC(".maps")

MAP(looked_at, HASH, __u64);
MAP(probed, HASH, __u64);
MAP(copied, HASH, __u64);
MAP(stored, HASH, __u64);
MAP(stored_or, HASH, __u64);
MAP(joined, HASH, __u64);
MAP(counted, ARRAY, __u64);
MAP(spilled, HASH, __u64);
MAP(updated, HASH, __u64);
MAP(deleted, HASH, __u64);
MAP(helped, HASH, __u64[2]);
MAP(passed, HASH, __u64);
MAP(returned, HASH, __u64);
MAP(handed, HASH, __u64);
MAP(handed_too, HASH, __u64);
MAP(unused, HASH, __u64);
MAP(with_lock, HASH, struct locked);

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} like_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &like_inner}};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

char terms[] SEC("license") = "GPL";

__u64 total;

static __attribute__((noinline)) void change(__u64 *value)
{
	*value = 1;
}

static __attribute__((noinline)) __u64 *find(__u32 key)
{
	return bpf_map_lookup_elem(&returned, &key);
}

static __attribute__((noinline)) long put(void *map, __u32 key)
{
	return bpf_map_update_elem(map, &key, &(__u64){1}, BPF_ANY);
}

SEC("tp/reads")
int reads(void *ctx)
{
	__u64 there = 0, *value;
	__u32 key = 1;

	value = bpf_map_lookup_elem(&looked_at, &key);
	if (value)
		total += *value;
	value = bpf_map_lookup_elem(&probed, &key);
	if (value)
		bpf_probe_read_kernel(&there, sizeof(there), value);
	value = bpf_map_lookup_elem(&copied, &key);
	if (value)
		bpf_map_update_elem(&updated, &key, value, BPF_ANY);
	bpf_ringbuf_output(&ring, &there, sizeof(there), 0);
	return 0;
}

SEC("tp/stores")
int stores(void *ctx)
{
	__u64 *value, *volatile kept;
	__u32 key = 1;

	if (bpf_get_prandom_u32() & 1)
		value = bpf_map_lookup_elem(&stored, &key);
	else
		value = bpf_map_lookup_elem(&stored_or, &key);
	if (value)
		*value = 3;
	value = &total;
	if (bpf_get_prandom_u32() & 1)
		value = bpf_map_lookup_elem(&joined, &key);
	if (value)
		*value = 5;
	value = bpf_map_lookup_elem(&counted, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
	kept = bpf_map_lookup_elem(&spilled, &key);
	bpf_get_prandom_u32();
	if (kept)
		*kept = 2;
	bpf_map_delete_elem(&deleted, &key);
	return 0;
}

SEC("tp/hands")
int hands(void *ctx)
{
	__u64 *value;
	__u32 key = 1;

	value = bpf_map_lookup_elem(&helped, &key);
	if (value)
		bpf_get_current_comm(value, 16);
	value = bpf_map_lookup_elem(&passed, &key);
	if (value)
		change(value);
	value = find(key);
	if (value)
		*value = 4;
	put(&handed, key);
	put(&handed_too, key);
	return bpf_map_lookup_elem(&outer, &key) && bpf_map_lookup_elem(&with_lock, &key) &&
	       bpf_map_lookup_elem(&like_inner, &key);
}
