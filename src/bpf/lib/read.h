/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kernel memory behind an address that the verifier takes for a number. */

#include "bpf/lib/guard.h"

struct block {
	__u32 word[4];
};

/* Without a branch: 32 of them in a row would be the verifier's undoing. */
INLINE __u32 hex(char c)
{
	return (c & 15) + 9 * (c >> 6);
}

/*
 * 16 bytes of kernel memory under any lockdown: the formatter for IPv6 addresses copies them.
 * bpf_rdonly_cast would do from 6.2 on; one way for all kernels is less to get wrong.
 *
 * Of what mounts_umount cost the verifier of 6.12, more than nine tenths were this before it was
 * global. A pointer becomes a number in memory alone: that is what `from` points to.
 */
int block_at(const __u64 *from, struct block *ret_block);

GLOBAL int block_at(const __u64 *from, struct block *ret_block)
{
	static const char format[] = "%pi6";
	char text[40] = {};
	__u64 address;
	long r;

	if (!from || !ret_block)
		return -EINVAL;
	address = *from;
	r = bpf_snprintf(text, sizeof(text), format, &address, sizeof(address));
	if (r != 33)
		return -EFAULT;
	for (int i = 0; i < 4; i++) {
		__u32 word = 0;

		for (int j = 3; j >= 0; j--)
			word = word << 8 | hex(text[i * 8 + j * 2]) << 4 |
			       hex(text[i * 8 + j * 2 + 1]);
		ret_block->word[i] = word;
	}
	return 0;
}

INLINE int read_block(const void *data, __u32 offset, struct block *ret_block)
{
	__u64 from = (__u64)(data + offset);

	return block_at(&from, ret_block);
}

/* read_pointer() - a pointer, as the number that it is */
INLINE int read_pointer(const void *from, __u64 *ret_address)
{
	struct block block = {};
	int r;

	r = read_block(from, 0, &block);
	if (r)
		return r;
	*ret_address = (__u64)block.word[1] << 32 | block.word[0];
	return 0;
}
