// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a probe's outcome means. The canary has the last word: who harmed it went through, whatever
 * the kernel answered; and who was answered `done` and changed nothing did not.
 *
 *   none, down   allowed, and the canary is harmed: the probe works
 *   observe      the same, and the row's events, observed
 *   enforce      refused, the canary is unharmed, the row's events, refused; a neighbour passes
 */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool technique_is_for(const struct technique *technique, enum drill_phase phase)
{
	return !(technique->flags & SELF) || phase == DRILL_OBSERVE || phase == DRILL_ENFORCE;
}

bool technique_guest_only(const struct technique *technique)
{
	return technique->flags & (MOUNTS | SELF | KILLS | GUEST_ONLY);
}

enum verdict verdict_of(const struct outcome *outcome)
{
	bool silent = outcome->technique->flags & SILENT;

	if (outcome->harmed && !outcome->neighbour)
		return VERDICT_ALLOWED;
	switch (outcome->code) {
	case PROBE_ALLOWED:
		return silent || outcome->neighbour ? VERDICT_ALLOWED : VERDICT_OTHERWISE;
	case PROBE_DENIED:
	case PROBE_KERNEL:
		return VERDICT_REFUSED;
	case PROBE_OTHERWISE:
		return VERDICT_OTHERWISE;
	default:
		return VERDICT_NOT_ATTEMPTED;
	}
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"allowed", "refused", "refused-otherwise",
					    "not-attempted"};

	return names[verdict];
}

int judge_kernel(const struct drive *d, const struct outcome *outcome)
{
	int error = outcome->kernel;

	return d->options->phase == DRILL_ENFORCE && error == EOPNOTSUPP ? 0 : error;
}

const char *judge_absent(const struct outcome *outcome)
{
	return outcome->kernel == ENOENT && outcome->code == PROBE_KERNEL
		       ? outcome->technique->absent
		       : NULL;
}

/* NULL: none is expected, or nobody is there to log one. */
static const char *expected_events(const struct drive *d, const struct outcome *outcome)
{
	const struct technique *t = outcome->technique;

	switch (d->options->phase) {
	case DRILL_OBSERVE:
		if (judge_kernel(d, outcome))
			return judge_kernel(d, outcome) == EOPNOTSUPP ? t->rows : "";
		return outcome->neighbour ? "" : t->observed ? t->observed : t->rows;
	case DRILL_ENFORCE:
		return outcome->neighbour || judge_kernel(d, outcome) ? "" : t->rows;
	case DRILL_NONE:
	case DRILL_DOWN:
	case _DRILL_PHASE_MAX:
		break;
	}
	return NULL;
}

static bool events_fit(const struct drive *d, const struct outcome *outcome)
{
	const char *expected = expected_events(d, outcome);

	if (!expected)
		return true;
	if (strcmp(expected, "*") == 0)
		return outcome->rows[0] != '\0';
	for (size_t n = strlen(outcome->rows);; expected++) {
		if (strncmp(expected, outcome->rows, n) == 0 && strchr("|", expected[n]))
			return true;
		expected = strchr(expected, '|');
		if (!expected)
			return false;
	}
}

static bool harm_fits(const struct drive *d, const struct outcome *outcome)
{
	bool harm = d->options->phase != DRILL_ENFORCE && !(outcome->technique->flags & SILENT) &&
		    !judge_kernel(d, outcome);

	return outcome->neighbour || outcome->harmed == harm;
}

static bool code_fits(const struct drive *d, const struct outcome *outcome)
{
	bool refused = d->options->phase == DRILL_ENFORCE && !outcome->neighbour;

	if (judge_kernel(d, outcome))
		return outcome->code == PROBE_KERNEL;
	return outcome->code == (refused ? PROBE_DENIED : PROBE_ALLOWED);
}

bool judge_ok(const struct drive *d, const struct outcome *outcome)
{
	return outcome->why_not ||
	       (code_fits(d, outcome) && events_fit(d, outcome) && harm_fits(d, outcome));
}

static void add(char *text, size_t size, const char *more)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, size - n, "%s%s", n ? "; " : "", more);
}

void judge_reason(const struct drive *d, const struct outcome *outcome, char *text, size_t size)
{
	static const char *const words[] = {
		"the act went through", "the act was denied", "the act could not be attempted",
		"the act failed with another errno", "the act was refused by the kernel itself"};
	char more[2 * DRIVE_ROWS_MAX];

	text[0] = '\0';
	if (outcome->why_not) {
		add(text, size, outcome->why_not);
		return;
	}
	if (outcome->code <= PROBE_KERNEL)
		add(text, size, words[outcome->code]);
	else {
		(void)snprintf(more, sizeof(more), "the probe ended with %d", outcome->code);
		add(text, size, more);
	}
	if (!harm_fits(d, outcome))
		add(text, size,
		    outcome->harmed ? "the canary is harmed" : "the canary is as it was");
	if (!events_fit(d, outcome)) {
		(void)snprintf(more, sizeof(more), "events: '%s', expected '%s'", outcome->rows,
			       expected_events(d, outcome));
		add(text, size, more);
	}
}
