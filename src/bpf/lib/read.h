/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kernel memory behind an address that the verifier takes for a number. */

#include "bpf/lib/guard.h"

struct block {
	__u32 word[4];
};

/*
 * block_at() - 16 bytes of kernel memory, under any lockdown
 * @from: where the address is: a pointer becomes a number in memory alone
 *
 * Return: 0, with zeroes for what cannot be read; -EFAULT or -EINVAL.
 */
int block_at(const __u64 *from, struct block *ret_block);

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
