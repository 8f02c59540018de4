// SPDX-License-Identifier: LGPL-2.1-or-later
/* See sequence.h. */

#include "guard/sequence.h"

#include <string.h>

static void remove_gap(struct sequence *sequence, size_t i)
{
	sequence->n_gaps--;
	memmove(&sequence->gaps[i], &sequence->gaps[i + 1],
		(sequence->n_gaps - i) * sizeof(sequence->gaps[0]));
}

static void add_gap(struct sequence *sequence, uint64_t first, uint64_t last, uint64_t deadline)
{
	if (sequence->n_gaps == SEQUENCE_MAX_GAPS)
		remove_gap(sequence, 0);

	sequence->gaps[sequence->n_gaps].first = first;
	sequence->gaps[sequence->n_gaps].last = last;
	sequence->gaps[sequence->n_gaps].deadline = deadline;
	sequence->n_gaps++;
}

/* A late one: it is missing no more. */
static void close_gap(struct sequence *sequence, uint64_t number)
{
	for (size_t i = 0; i < sequence->n_gaps; i++) {
		uint64_t first = sequence->gaps[i].first, last = sequence->gaps[i].last;
		uint64_t deadline = sequence->gaps[i].deadline;

		if (number < first || number > last)
			continue;

		if (number == first && number == last) {
			remove_gap(sequence, i);
		} else if (number == first) {
			sequence->gaps[i].first++;
		} else {
			sequence->gaps[i].last = number - 1;
			if (number < last)
				add_gap(sequence, number + 1, last, deadline);
		}
		return;
	}
}

void sequence_see(struct sequence *sequence, uint64_t number, uint64_t now)
{
	if (sequence->next == 0 || number == sequence->next) {
		sequence->next = number + 1;
	} else if (number > sequence->next) {
		add_gap(sequence, sequence->next, number - 1, now + SEQUENCE_PATIENCE_NS);
		sequence->next = number + 1;
	} else {
		close_gap(sequence, number);
	}
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
	if (sequence->gaps[0].deadline > now && sequence->n_gaps < SEQUENCE_MAX_GAPS)
		return 0;

	*ret_first = sequence->gaps[0].first;
	*ret_last = sequence->gaps[0].last;
	remove_gap(sequence, 0);
	return 1;
}
