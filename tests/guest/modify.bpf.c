// SPDX-License-Identifier: LGPL-2.1-or-later
/* A program where a hostile one would have the kernel skip every guard; it changes nothing. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("fmod_ret/security_bpf")
int modify(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
