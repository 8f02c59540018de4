/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which system call runs, where a hook is asked by several of them. */

#include "bpf/lib/guard.h"

/* Set beside the numbers of x32, which are those of 64 bits from there on. */
#define CALL_X32 0x40000000ul

/*
 * current_call() - the number that the task came into the kernel with
 *
 * Whoever runs cannot change it any more, nor can another thread; one that traces it can until the
 * call begins, and then that call it is. 32 bits have numbers of their own, which overlap.
 */
INLINE unsigned long current_call(void)
{
	struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return registers->orig_ax & ~CALL_X32;
}
