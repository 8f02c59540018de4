// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the reader must know of an agent's object: each kind of map, program and call once. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct key {
	__u32 address;
	__u8 pad[4];
};

struct value {
	__u64 hits;
	unsigned flag : 3;
	const char *name;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, struct value);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 8);
			__type(key, __u32);
			__type(value, __u64);
		});
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 3);
} calls SEC(".maps");

char terms[] SEC("license") = "GPL";

const volatile __u32 limit = 7;
__u64 counter;
int verbose = 1;
extern int CONFIG_HZ __kconfig;

extern void bpf_rcu_read_lock(void) __ksym;

static __attribute__((noinline)) long tell(__u64 what)
{
	return bpf_ringbuf_output(&ring, &what, sizeof(what), 0);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int enter(void *ctx)
{
	struct key key = {.address = limit};
	struct value *value = bpf_map_lookup_elem(&table, &key);

	if (value)
		counter += value->hits;
	if (verbose)
		tell(CONFIG_HZ);
	bpf_tail_call(ctx, &calls, 1);
	return 0;
}

SEC("?lsm.s/file_open")
int refuse(void *ctx)
{
	__u32 zero = 0;

	bpf_rcu_read_lock();
	return bpf_map_lookup_elem(&outer, &zero) ? 0 : -1;
}

SEC("no such section")
int strange(void *ctx)
{
	return 0;
}
