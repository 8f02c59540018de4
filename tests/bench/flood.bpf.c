// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events into a ring as fast as a program is run: a socket filter, which any host loads. The record
 * is the guard's, and so is what becomes of one that finds no room.
 */

#include "bpf/ktypes.h"

#include <bpf/bpf_helpers.h>

#include "bpf/events-api.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

struct totals {
	__u64 sequence, lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct totals);
} totals SEC(".maps");

SEC("socket")
int flood(void *ctx)
{
	__u32 zero = 0;
	struct totals *count = bpf_map_lookup_elem(&totals, &zero);
	struct event *event;
	__u64 sequence;

	if (!count)
		return 0;
	sequence = __sync_fetch_and_add(&count->sequence, 1) + 1;
	event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&count->lost, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->abi = EVENT_ABI;
	event->size = sizeof(*event);
	event->sequence = sequence;
	event->boot_ns = bpf_ktime_get_boot_ns();
	event->act = EVENT_ACT_MAP_FD;
	event->verdict = EVENT_REFUSED;
	event->row = EVENT_ROW('M', 1);
	event->error = 1;
	__builtin_memcpy(event->comm, "bench", 6);
	__builtin_memcpy(event->object_name, "objects", 8);
	event->object_kind = EVENT_OBJECT_MAP;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
