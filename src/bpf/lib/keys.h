/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The keyring that policies are signed by, and what else is judged by it: trust.bpf.c. */

#include "bpf/lib/guard.h"

INLINE struct trust_state *trust_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&trust, &zero);
}

/*
 * statement_judge() - is the statement signed that this task has in its room of signature_rooms?
 * @size: of the signature, in bytes
 *
 * For hooks that may sleep. Return: 0; -EKEYREVOKED if the keyring is not the one that the policy
 * in force was judged by; any errno of the kernel's verification.
 */
int statement_judge(__u32 size);
