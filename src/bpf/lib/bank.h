/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The policy bank that is not in force: whoever takes a step with it has it alone, however many
 * threads ask, and however long one of them is kept waiting for its user's memory.
 */

#include "bpf/lib/keys.h"

INLINE bool bank_step(struct trust_state *trust, __u32 from, __u32 to)
{
	return __sync_val_compare_and_swap(&trust->step, from, to) == from;
}

/* bank_begin() - an image is on its way, and what waits there will not come into force */
INLINE bool bank_begin(struct trust_state *trust)
{
	return bank_step(trust, TRUST_IDLE, TRUST_FILLING) ||
	       bank_step(trust, TRUST_FILLED, TRUST_FILLING) ||
	       bank_step(trust, TRUST_SIGNED, TRUST_FILLING) ||
	       bank_step(trust, TRUST_JUDGED, TRUST_FILLING);
}
