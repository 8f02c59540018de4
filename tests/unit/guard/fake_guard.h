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

#define FAKE_KEPT_MAX 8

struct fake_kernel {
	uint32_t programs; /* the highest id of one */
	uint64_t last_number; /* of an event; 0: as they came */
	bool up;
	void *image;
	size_t image_size;
	struct guard_operator operator;
	uint64_t folded, folded_told; /* events of the row M01 */
	struct guard_respite respites[2]; /* of all, of the one domain */
	struct guard_daemon own, next;
	unsigned marks, path_marks; /* calls */
	uint32_t marked; /* the domain of the last */
	unsigned reloads;
	unsigned proofs;

	/* what the next call of that name returns instead */
	int trust; /* enum guard_trust */
	int up_result, adopt_result, reload_result, mark_result, down_result, expect_result;
	int prove_result, look_result, late_result;
	unsigned late_looks; /* calls of guard_links_late() */
	struct guard_adoption adoption; /* what guard_adoption() gives */
	struct guard_survey survey; /* what guard_look() sees */
	struct guard_kept kept[FAKE_KEPT_MAX]; /* as pinned */
	size_t n_kept;
	unsigned not_there_yet; /* so many calls of guard_keep() come too early */
	uint32_t domain, objects[FAKE_KEPT_MAX]; /* ids of the links that this domain has */
	size_t n_objects;
	uint32_t fds[FAKE_KEPT_MAX]; /* ids of the links that somebody has open */
	size_t n_fds;
	bool dead; /* the domain has no task */
	int shed_result; /* of a child that looks at the host */
	bool expect_hangs; /* the child never reaches its exec */
};

/* fake_kernel() - the one; never NULL */
struct fake_kernel *fake_kernel(void);

/* fake_reset() - reboot */
void fake_reset(void);

/* fake_event() - an event with this number comes into the ring */
void fake_event(uint64_t sequence);

/* fake_flagged_event() - another, with these EVENT_* flags; EVENT_RISK: into the ring of its own */
void fake_flagged_event(uint64_t sequence, uint32_t flags);

/*
 * fake_object_event() - one of the domain's about a link; links whose ids end alike are alike, and
 * where one is attached whose id ends with 9 is room for one
 */
void fake_object_event(uint32_t act, uint32_t id, uint32_t command);

/* fake_kept() - is it pinned? */
bool fake_kept(uint32_t id);

/* fake_raw_event() - any bytes do */
void fake_raw_event(const void *data, size_t size);
