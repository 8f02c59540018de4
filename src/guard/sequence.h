/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which events never came. Sequence numbers are given out on every CPU before the ring has room
 * reserved, so that two may change places; a number is called lost only after a while. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#define SEQUENCE_MAX_GAPS 32
#define SEQUENCE_PATIENCE_NS 2000000000ull

struct sequence {
	uint64_t next; /* the number after the highest seen; 0: nothing was seen yet */
	size_t n_gaps;
	struct {
		uint64_t first, last;
		uint64_t deadline; /* CLOCK_BOOTTIME */
	} gaps[SEQUENCE_MAX_GAPS];
};

/**
 * sequence_see() - an event with this number came
 *
 * Take what is lost out with sequence_lost() before, or a full table forgets its oldest gap.
 */
void sequence_see(struct sequence *sequence, uint64_t number, uint64_t now);

/**
 * sequence_told() - these numbers are known to be lost
 *
 * With sequence_see() this is how a log is read again: what is left is what nobody was told of.
 */
void sequence_told(struct sequence *sequence, uint64_t first, uint64_t last);

/**
 * sequence_expire() - let every gap be lost at a time
 */
void sequence_expire(struct sequence *sequence, uint64_t deadline);

/**
 * sequence_lost() - take out one run of numbers that is lost
 * @now: UINT64_MAX takes out every gap
 * Return: 1 with the run set; 0 if there is none (yet).
 */
int sequence_lost(struct sequence *sequence, uint64_t now, uint64_t *ret_first, uint64_t *ret_last);
