/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A guard without a kernel: guard.h implemented by memory, and knobs for what a kernel might do.
 * There is one "kernel" for a test process; forked children see a copy.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/guard.h"

struct fake_kernel {
	bool up;
	void *image;
	size_t image_size;
	struct guard_operator operator;
	struct guard_respite respites[2]; /* of all, of the one domain */
	struct guard_daemon own, next;
	unsigned marks, path_marks; /* calls */
	uint32_t marked; /* the domain of the last */
	unsigned reloads;
	unsigned proofs;

	/* what the next call of that name returns instead */
	int up_result, adopt_result, reload_result, mark_result, down_result, expect_result;
	int prove_result, look_result;
	struct guard_adoption adoption; /* what guard_adoption() gives */
	struct guard_survey survey; /* what guard_look() sees */
	bool expect_hangs; /* the child never reaches its exec */
};

/* fake_kernel() - the one; never NULL */
struct fake_kernel *fake_kernel(void);

/* fake_reset() - reboot */
void fake_reset(void);

/* fake_event() - an event with this number comes into the ring */
void fake_event(uint64_t sequence);

/* fake_raw_event() - any bytes do */
void fake_raw_event(const void *data, size_t size);
