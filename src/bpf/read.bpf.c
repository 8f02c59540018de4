// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading: kernel memory behind a number, for all rooms. In one object, for a function of the
 * kernel's that two of them declare is more than the linker of libbpf 1.1 can take.
 */

#include "bpf/lib/read.h"

void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/* Without a branch: 32 of them in a row would be the verifier's undoing. */
INLINE __u32 hex(char c)
{
	return (c & 15) + 9 * (c >> 6);
}

/* COMPAT(6.2): the formatter for IPv6 addresses copies 16 bytes, as text. */
static __noinline int block_print(__u64 address, struct block *ret_block)
{
	static const char format[] = "%pi6";
	char text[40] = {};
	long r;

	if (!ret_block)
		return -EINVAL;
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

/* As two numbers of a struct that every kernel has, where there is a cast for that. */
__noinline int block_at(const __u64 *from, struct block *ret_block)
{
	const struct timespec64 *numbers;
	__u64 number;

	if (!from || !ret_block)
		return -EINVAL;
	if (!bpf_rdonly_cast)
		return block_print(*from, ret_block);
	numbers = bpf_rdonly_cast((void *)*from, bpf_core_type_id_kernel(struct timespec64));
	number = numbers->tv_sec;
	ret_block->word[0] = number;
	ret_block->word[1] = number >> 32;
	number = numbers->tv_nsec;
	ret_block->word[2] = number;
	ret_block->word[3] = number >> 32;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
