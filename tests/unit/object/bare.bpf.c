// SPDX-License-Identifier: LGPL-2.1-or-later
/* An object as before BTF: a legacy map, one program in .text, no license. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	unsigned type, key_size, value_size, max_entries, map_flags;
} old SEC("maps") = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 12,
	.max_entries = 5,
	.map_flags = BPF_F_RDONLY_PROG,
};

int only(void *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&old, &zero) ? 1 : 0;
}
