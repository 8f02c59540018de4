// SPDX-License-Identifier: LGPL-2.1-or-later
/* See sequence.h. */

#include "guard/sequence.h"

#include <stdbool.h>
#include <string.h>

static void remove_gap(struct sequence *sequence, size_t i)
{
	sequence->n_gaps--;
	memmove(&sequence->gaps[i], &sequence->gaps[i + 1],
		(sequence->n_gaps - i) * sizeof(sequence->gaps[0]));
}

/* Where that number's gap is, or would be. */
static size_t find_gap(const struct sequence *sequence, uint64_t number)
{
	size_t from = 0, to = sequence->n_gaps;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (sequence->gaps[middle].last < number)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void add_gap(struct sequence *sequence, uint64_t first, uint64_t last, uint64_t deadline)
{
	size_t i;

	if (sequence->n_gaps == SEQUENCE_MAX_GAPS)
		remove_gap(sequence, 0);

	i = find_gap(sequence, first);
	memmove(&sequence->gaps[i + 1], &sequence->gaps[i],
		(sequence->n_gaps - i) * sizeof(sequence->gaps[0]));
	sequence->gaps[i].first = first;
	sequence->gaps[i].last = last;
	sequence->gaps[i].deadline = deadline;
	sequence->n_gaps++;
}

/* A late one: it is missing no more. */
static void close_gap(struct sequence *sequence, uint64_t number)
{
	size_t i = find_gap(sequence, number);
	uint64_t first, last, deadline;

	if (i == sequence->n_gaps || number < sequence->gaps[i].first)
		return;
	first = sequence->gaps[i].first;
	last = sequence->gaps[i].last;
	deadline = sequence->gaps[i].deadline;
	if (number == first && number == last) {
		remove_gap(sequence, i);
	} else if (number == first) {
		sequence->gaps[i].first++;
	} else {
		sequence->gaps[i].last = number - 1;
		if (number < last)
			add_gap(sequence, number + 1, last, deadline);
	}
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void sequence_see(struct sequence *sequence, unsigned int ring, uint64_t number, uint64_t now)
{
	if (sequence->next == 0 || number == sequence->next) {
		sequence->next = number + 1;
	} else if (number > sequence->next) {
		add_gap(sequence, sequence->next, number - 1, now + SEQUENCE_PATIENCE_NS);
		sequence->next = number + 1;
	} else {
		close_gap(sequence, number);
	}
	sequence->read[ring] = greater(sequence->read[ring], number);
}

void sequence_reach(struct sequence *sequence, uint64_t number, uint64_t now)
{
	if (sequence->next == 0 || number < sequence->next)
		return;
	add_gap(sequence, sequence->next, number, now + SEQUENCE_PATIENCE_NS);
	sequence->next = number + 1;
}

/* What had a number when the pass began, and is in a ring, has been seen by its end. */
void sequence_pass(struct sequence *sequence, unsigned int ends)
{
	for (unsigned int i = 0; i < SEQUENCE_RINGS; i++) {
		if (ends & 1u << i)
			sequence->read[i] = greater(sequence->read[i], sequence->began);
	}
	sequence->began = sequence->next;
}

static bool read_beyond(const struct sequence *sequence, uint64_t number)
{
	for (unsigned int i = 0; i < SEQUENCE_RINGS; i++) {
		if (sequence->read[i] <= number)
			return false;
	}
	return true;
}

void sequence_told(struct sequence *sequence, uint64_t first, uint64_t last)
{
	for (size_t i = sequence->n_gaps; i > 0; i--) {
		if (sequence->gaps[i - 1].first >= first && sequence->gaps[i - 1].last <= last)
			remove_gap(sequence, i - 1);
	}
	if (sequence->next && sequence->next <= last)
		sequence->next = last + 1;
}

void sequence_expire(struct sequence *sequence, uint64_t deadline)
{
	for (size_t i = 0; i < sequence->n_gaps; i++)
		sequence->gaps[i].deadline = deadline;
}

int sequence_lost(struct sequence *sequence, uint64_t now, uint64_t *ret_first, uint64_t *ret_last)
{
	if (sequence->n_gaps == 0)
		return 0;
	/* Seeing one number can add one gap, or split one into two: keep room for that. */
	if (now != UINT64_MAX && sequence->n_gaps < SEQUENCE_MAX_GAPS &&
	    (sequence->gaps[0].deadline > now || !read_beyond(sequence, sequence->gaps[0].last)))
		return 0;

	*ret_first = sequence->gaps[0].first;
	*ret_last = sequence->gaps[0].last;
	remove_gap(sequence, 0);
	return 1;
}
