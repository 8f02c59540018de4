// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whose an entry of the log is. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool line_field(const char *line, const char *key, char *value, size_t size)
{
	const char *p = strstr(line, key);
	size_t n;

	if (!p)
		return false;
	p += strlen(key);
	n = strcspn(p, ",}\"");
	snprintf(value, size, "%.*s", (int)n, p);
	return true;
}

static struct outcome *outcome_of(struct drive *d, pid_t pid)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->outcomes[i].pid == pid)
			return &d->outcomes[i];
	return NULL;
}

/*
 * How many of the probe's events came before. A holdfastd that is killed, as `self-kill` does,
 * leaves what it has just written in the ring: what was told already has no place.
 */
static bool place_of(const struct outcome *outcome, uint64_t number, size_t *ret_place)
{
	size_t before = 0;

	for (size_t i = 0; i < outcome->n_numbers; i++) {
		if (outcome->numbers[i] == number)
			return false;
		before += outcome->numbers[i] < number;
	}
	*ret_place = before;
	return true;
}

/* In the order of the events: an entry of one ring may be logged before an earlier of another. */
static void insert(struct outcome *outcome, uint64_t number, size_t place, const char *row)
{
	size_t used = strlen(outcome->rows), size = strlen(row) + 1;
	char *at = outcome->rows;

	if (outcome->n_numbers == DRIVE_NUMBERS_MAX || used + size + 1 > sizeof(outcome->rows))
		return;
	for (size_t i = 0; i < place; i++)
		at += strcspn(at, " ") + (i + 1 < outcome->n_numbers);
	if (place == outcome->n_numbers) {
		sprintf(at, "%s%s", place ? " " : "", row);
	} else {
		memmove(at + size, at, used - (size_t)(at - outcome->rows) + 1);
		memcpy(at, row, size - 1);
		at[size - 1] = ' ';
	}
	memmove(&outcome->numbers[place + 1], &outcome->numbers[place],
		(outcome->n_numbers - place) * sizeof(outcome->numbers[0]));
	outcome->numbers[place] = number;
	outcome->n_numbers++;
}

void assign(struct drive *d, const char *line)
{
	const char *wanted = d->options->phase == DRILL_ENFORCE ? "refused" : "observed";
	char verdict[16], pid[16], row[16], number[24];
	struct outcome *outcome;
	size_t place;

	if (!line_field(line, "\"verdict\":\"", verdict, sizeof(verdict)) ||
	    !line_field(line, "\"tgid\":", pid, sizeof(pid)) ||
	    !line_field(line, "\"row\":\"", row, sizeof(row)) ||
	    !line_field(line, "\"seq\":", number, sizeof(number)))
		return;
	outcome = outcome_of(d, (pid_t)atoi(pid));
	if (!outcome || strcmp(verdict, "noted") == 0 ||
	    !place_of(outcome, strtoull(number, NULL, 10), &place))
		return;
	if (strcmp(verdict, wanted) != 0)
		snprintf(row + strlen(row), sizeof(row) - strlen(row), "(%.8s)", verdict);
	insert(outcome, strtoull(number, NULL, 10), place, row);
}
