/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which events never came. Sequence numbers are given out on every CPU before a ring has room
 * reserved, so that two may change places; a number is called lost only after a while. There are
 * two rings and one row of numbers: one that is missing may lie in the ring that is read later, and
 * is lost only when both have been read beyond it. Pure.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * One ring is read ahead of the other by so many at most: with what is read of the two in one pass
 * (server.c), a full ring of IMAGE_RING_MAX_KIB is passed with less than this.
 */
#define SEQUENCE_MAX_GAPS 16384
#define SEQUENCE_RINGS 2
#define SEQUENCE_PATIENCE_NS 2000000000ull

struct sequence {
	uint64_t next; /* the number after the highest seen; 0: nothing was seen yet */
	uint64_t began; /* that, when the pass over the rings began */
	uint64_t read[SEQUENCE_RINGS]; /* of each ring, all below that number has been read */
	size_t n_gaps;
	struct { /* by rising number */
		uint64_t first, last;
		uint64_t deadline; /* CLOCK_BOOTTIME */
	} gaps[SEQUENCE_MAX_GAPS];
};

/**
 * sequence_see() - an event with this number came out of that ring
 *
 * Take what is lost out with sequence_lost() before, or a full table forgets its oldest gap.
 */
void sequence_see(struct sequence *sequence, unsigned int ring, uint64_t number, uint64_t now);

/**
 * sequence_pass() - all rings have had their turn
 * @ends: bit N: ring N was read to its end since the call before
 */
void sequence_pass(struct sequence *sequence, unsigned int ends);

/**
 * sequence_reach() - numbers up to this one have been given out, seen or not
 *
 * The last ones of all may be lost: no event that comes later shows that.
 */
void sequence_reach(struct sequence *sequence, uint64_t number, uint64_t now);

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
 * @now: UINT64_MAX takes out every gap, whatever has been read
 * Return: 1 with the run set; 0 if there is none (yet).
 */
int sequence_lost(struct sequence *sequence, uint64_t now, uint64_t *ret_first, uint64_t *ret_last);
