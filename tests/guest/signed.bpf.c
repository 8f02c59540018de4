// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One program that does nothing, for a light skeleton: what its loader program loads,
 * suites/verdict.sh looks at.
 */

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("socket")
int nothing(struct __sk_buff *skb)
{
	return 0;
}

char terms[] SEC("license") = "GPL";
