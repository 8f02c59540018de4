// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an agent loses when it dies, each to be seen from outside: raw sockets of protocol 201 are
 * refused by the program itself, 202 by one that it calls through a prog array, 203 as long as a
 * timer ticks. 200 starts the timer.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define SOCK_RAW 3
#define CLOCK_MONOTONIC 1
#define TICK_NS 50000000ull
#define LATE_NS 2000000000ull

struct clock {
	struct bpf_timer timer;
	__u64 beat;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock);
} clocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} stages SEC(".maps");

static int tick(void *map, __u32 *key, struct clock *clock)
{
	clock->beat = bpf_ktime_get_ns();
	bpf_timer_start(&clock->timer, TICK_NS, 0);
	return 0;
}

static void start(struct clock *clock)
{
	if (bpf_timer_init(&clock->timer, &clocks, CLOCK_MONOTONIC))
		return;
	bpf_timer_set_callback(&clock->timer, tick);
	bpf_timer_start(&clock->timer, TICK_NS, 0);
}

SEC("cgroup/sock_create")
int keeper_stage(struct bpf_sock *sock)
{
	return 0;
}

SEC("cgroup/sock_create")
int keeper_gate(struct bpf_sock *sock)
{
	__u32 zero = 0;
	struct clock *clock = bpf_map_lookup_elem(&clocks, &zero);

	if (sock->type != SOCK_RAW || !clock)
		return 1;
	switch (sock->protocol) {
	case 200:
		start(clock);
		return 1;
	case 201:
		return 0;
	case 202:
		bpf_tail_call(sock, &stages, 0);
		return 1;
	case 203:
		return bpf_ktime_get_ns() - clock->beat > LATE_NS;
	}
	return 1;
}

SEC("xdp")
int keeper_xdp(struct xdp_md *packet)
{
	return XDP_PASS;
}

SEC("iter/task")
int keeper_list(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
