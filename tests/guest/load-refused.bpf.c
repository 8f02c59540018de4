// SPDX-License-Identifier: LGPL-2.1-or-later
/* What no verifier takes: what `holdfast object load` says of it is the last that the log has. */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int reads_anywhere(struct __sk_buff *skb)
{
	volatile __u32 *anywhere = (volatile __u32 *)(unsigned long)skb->len;

	return *anywhere;
}

char terms[] SEC("license") = "GPL";
