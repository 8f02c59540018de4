// SPDX-License-Identifier: LGPL-2.1-or-later
/* Never loaded: an object whose type information the tests of the encoder read. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "data-types.h"

struct all {
	struct scalars scalars;
	struct texts texts;
	struct network network;
	struct sockets sockets;
	struct colors colors;
	struct flags flags;
	struct nested nested;
	struct locked locked;
	struct with_pointer with_pointer;
	struct pointer_or_number pointer_or_number;
	struct with_float with_float;
	struct with_wide with_wide;
	struct prefix4 prefix4;
	struct prefix6 prefix6;
	struct prefix_mixed prefix_mixed;
	struct account account;
	__int128 large;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow);
	__type(value, struct all);
} types SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flexible);
} flexibles SEC(".maps");

const volatile __u32 limit = 7;
const volatile char owner[8] = "nobody";
const volatile struct account budget = {1, 2, 3, 4};
const void *volatile const place = 0;

char LICENSE[] SEC("license") = "GPL";
