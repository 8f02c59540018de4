// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For each way in which the verifier puts a lookup in place of a call, a map that is only read and
 * one that is written: the map's name says which.
 */

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

MAP(array_read, ARRAY, __u64);
MAP(array_stored, ARRAY, __u64);
MAP(hash_read, HASH, __u64);
MAP(hash_stored, HASH, __u64);
MAP(lru_read, LRU_HASH, __u64);
MAP(lru_stored, LRU_HASH, __u64);
MAP(each_read, PERCPU_ARRAY, __u64);
MAP(each_stored, PERCPU_ARRAY, __u64);
MAP(keyed_read, PERCPU_HASH, __u64);
MAP(keyed_stored, PERCPU_HASH, __u64);
MAP(updated, HASH, __u64);
MAP(deleted, LRU_HASH, __u64);
MAP(passed, HASH, __u64);
MAP(with_lock, HASH, struct locked);
MAP(filled, ARRAY, __u64);

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} in_slot SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &in_slot}};

char terms[] SEC("license") = "GPL";

#define READ(map)                                        \
	do {                                             \
		value = bpf_map_lookup_elem(&map, &key); \
		if (value)                               \
			sum += *value;                   \
	} while (0)

#define STORE(map)                                       \
	do {                                             \
		value = bpf_map_lookup_elem(&map, &key); \
		if (value)                               \
			*value = 1;                      \
	} while (0)

static __attribute__((noinline)) void change(__u64 *value)
{
	*value = 1;
}

SEC("tc")
int reads(struct __sk_buff *skb)
{
	__u32 key = skb->len & 7;
	__u64 *value, sum = 0;
	void *slot;

	READ(array_read);
	READ(hash_read);
	READ(lru_read);
	READ(each_read);
	READ(keyed_read);
	READ(filled);
	if (bpf_map_lookup_elem(&with_lock, &key))
		sum++;
	slot = bpf_map_lookup_elem(&outer, &key);
	if (slot && bpf_map_lookup_elem(slot, &key))
		sum++;
	return sum & 1;
}

SEC("tc")
int stores(struct __sk_buff *skb)
{
	__u32 key = skb->len & 7;
	__u64 *value, one = 1;

	STORE(array_stored);
	STORE(hash_stored);
	STORE(lru_stored);
	STORE(each_stored);
	STORE(keyed_stored);
	bpf_map_update_elem(&updated, &key, &one, BPF_ANY);
	bpf_map_delete_elem(&deleted, &key);
	value = bpf_map_lookup_elem(&passed, &key);
	if (value)
		change(value);
	return 0;
}
