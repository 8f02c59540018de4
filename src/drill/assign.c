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

/* A holdfastd that is killed, as `self-kill` does, leaves what it has just written in the ring. */
static bool told_before(struct outcome *outcome, uint64_t number)
{
	for (size_t i = 0; i < outcome->n_numbers; i++)
		if (outcome->numbers[i] == number)
			return true;
	if (outcome->n_numbers < DRIVE_NUMBERS_MAX)
		outcome->numbers[outcome->n_numbers++] = number;
	return false;
}

void assign(struct drive *d, const char *line)
{
	const char *wanted = d->options->phase == DRILL_ENFORCE ? "refused" : "observed";
	char verdict[16], pid[16], row[16], number[24];
	struct outcome *outcome;

	if (!line_field(line, "\"verdict\":\"", verdict, sizeof(verdict)) ||
	    !line_field(line, "\"tgid\":", pid, sizeof(pid)) ||
	    !line_field(line, "\"row\":\"", row, sizeof(row)) ||
	    !line_field(line, "\"seq\":", number, sizeof(number)))
		return;
	outcome = outcome_of(d, (pid_t)atoi(pid));
	if (!outcome || strcmp(verdict, "noted") == 0 ||
	    told_before(outcome, strtoull(number, NULL, 10)))
		return;
	if (strcmp(verdict, wanted) != 0)
		snprintf(row + strlen(row), sizeof(row) - strlen(row), "(%.8s)", verdict);
	if (strlen(outcome->rows) + strlen(row) + 2 < sizeof(outcome->rows))
		sprintf(outcome->rows + strlen(outcome->rows), "%s%s", outcome->rows[0] ? " " : "",
			row);
}
