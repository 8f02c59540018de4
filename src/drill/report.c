// SPDX-License-Identifier: LGPL-2.1-or-later
/* The outcomes as text, JSON or TAP. A row of the catalogue is as its worst technique. */
#include "drive.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "catalogue.h"

#define REASON_MAX 512

/* The worst first: what was demanded comes last. */
static const enum verdict demand_refused[] = {VERDICT_ALLOWED, VERDICT_NOT_ATTEMPTED,
					      VERDICT_OTHERWISE, VERDICT_REFUSED};
static const enum verdict demand_allowed[] = {VERDICT_REFUSED, VERDICT_OTHERWISE,
					      VERDICT_NOT_ATTEMPTED, VERDICT_ALLOWED};

static int badness(const struct drive *d, const struct outcome *outcome)
{
	bool refused = d->options->phase == DRILL_ENFORCE && !outcome->neighbour;
	const enum verdict *order = refused ? demand_refused : demand_allowed;

	for (int i = 0; i < 4; i++)
		if (order[i] == verdict_of(outcome))
			return i;
	return 0;
}

/* An outcome that is not as it should be is worse than any that is. */
static bool worse(const struct drive *d, const struct outcome *a, const struct outcome *b)
{
	bool a_ok = judge_ok(d, a), b_ok = judge_ok(d, b);

	return a_ok != b_ok ? !a_ok : badness(d, a) < badness(d, b);
}

/* What this kernel itself keeps from being says nothing of a row, if there is another of it. */
static const struct outcome *worst(const struct drive *d, const char *id, bool neighbour)
{
	const struct outcome *found = NULL, *kernels = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct outcome *outcome = &d->outcomes[i];

		if (strcmp(outcome->technique->id, id) != 0 || outcome->neighbour != neighbour)
			continue;
		if (outcome->kernel && judge_ok(d, outcome))
			kernels = outcome;
		else if (!found || worse(d, outcome, found))
			found = outcome;
	}
	return found ? found : kernels;
}

static bool any_of(const char *id)
{
	const struct technique *technique;

	for (size_t i = 0; (technique = technique_each(i)); i++)
		if (strcmp(technique->id, id) == 0)
			return true;
	return false;
}

static const char *verdict_text(const struct outcome *outcome)
{
	return verdict_name(outcome ? verdict_of(outcome) : VERDICT_NOT_ATTEMPTED);
}

static void row_reason(const struct drive *d, const char *id, char *text, size_t size)
{
	const struct outcome *act = worst(d, id, false), *beside = worst(d, id, true);

	if (!act)
		(void)snprintf(text, size, "%s",
			       any_of(id) ? "no technique of it was run"
					  : "the drill has no technique of it");
	else if (judge_ok(d, act) && beside && !judge_ok(d, beside)) {
		(void)snprintf(text, size, "neighbour: ");
		judge_reason(d, beside, text + strlen(text), size - strlen(text));
	} else {
		(void)snprintf(text, size, "%s: ", act->technique->verb);
		judge_reason(d, act, text + strlen(text), size - strlen(text));
	}
}

/* ---- JSON */

static json_t *technique_json(const struct drive *d, const struct outcome *outcome)
{
	char reason[REASON_MAX];
	int error = outcome->error;

	if (!error && outcome->code == PROBE_DENIED)
		error = outcome->technique->error;
	judge_reason(d, outcome, reason, sizeof(reason));
	return json_pack("{s:s, s:b, s:s, s:s?, s:s, s:b, s:s, s:s?}", "technique",
			 outcome->technique->verb, "neighbour", outcome->neighbour, "verdict",
			 verdict_text(outcome), "errno", error ? strerrorname_np(error) : NULL,
			 "events", outcome->rows, "as_demanded", judge_ok(d, outcome), "reason",
			 reason, "absent", judge_absent(outcome));
}

static json_t *row_json(const struct drive *d, const struct catalogue_row *row)
{
	json_t *techniques = json_array();
	char reason[REASON_MAX];

	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->outcomes[i].technique->id, row->id) == 0)
			(void)json_array_append_new(techniques, technique_json(d, &d->outcomes[i]));
	row_reason(d, row->id, reason, sizeof(reason));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", row->id, "family",
			 catalogue_family(row), "class", row->class, "verdict",
			 verdict_text(worst(d, row->id, false)), "neighbour",
			 verdict_text(worst(d, row->id, true)), "reason", reason, "techniques",
			 techniques);
}

static void print_json(json_t *json, FILE *file, size_t flags)
{
	if (!json || json_dumpf(json, file, flags) < 0)
		fprintf(stderr, "holdfast: the report cannot be printed as JSON\n");
	json_decref(json);
	(void)fputc('\n', file);
}

static void report_json(const struct drive *d, FILE *file)
{
	const struct catalogue_row *row;
	json_t *rows = json_array();

	for (size_t i = 0; (row = catalogue_each(i)); i++)
		if (!d->options->only || strcmp(d->options->only, row->id) == 0)
			(void)json_array_append_new(rows, row_json(d, row));
	print_json(
		json_pack("{s:s, s:o}", "mode", drill_phase_name(d->options->phase), "rows", rows),
		file, JSON_INDENT(2));
}

/* ---- TAP */

static void tap(const struct drive *d, const struct outcome *outcome, FILE *file)
{
	static const char *const claims[] = {"succeeds without a guard", "is observed",
					     "is refused in enforce", "succeeds after guard down"};
	const struct technique *t = outcome->technique;
	const char *word = judge_ok(d, outcome) ? "ok" : "not ok";
	char reason[REASON_MAX];

	if (outcome->why_not) {
		fprintf(file, "# %s %s: %s\n", t->id, t->verb, outcome->why_not);
		return;
	}
	if (outcome->neighbour)
		fprintf(file, "%s - %s neighbour passes in enforce: %s (beside %s)\n", word, t->id,
			t->neighbour_what ? t->neighbour_what : "the same on a stranger's own",
			t->what);
	else if (judge_kernel(d, outcome))
		fprintf(file, "%s - %s is not this kernel's to have, %s: %s\n", word, t->id,
			strerrorname_np(judge_kernel(d, outcome)), t->what);
	else
		fprintf(file, "%s - %s %s: %s\n", word, t->id, claims[d->options->phase], t->what);
	if (judge_ok(d, outcome))
		return;
	judge_reason(d, outcome, reason, sizeof(reason));
	fprintf(file, "# %s: %s\n", t->verb, reason);
}

/* Between markers with a count: a console may swallow a line. */
static void tap_rows(const struct drive *d, FILE *file)
{
	const struct catalogue_row *row;
	size_t n = 0;

	fprintf(file, "# drill-begin %s\n", drill_phase_name(d->options->phase));
	for (size_t i = 0; (row = catalogue_each(i)); i++, n++) {
		fprintf(file, "# drill-row ");
		print_json(row_json(d, row), file, JSON_COMPACT);
	}
	fprintf(file, "# drill-end %s %zu\n", drill_phase_name(d->options->phase), n);
}

static void report_tap(const struct drive *d, FILE *file)
{
	for (size_t i = 0; i < d->n; i++)
		tap(d, &d->outcomes[i], file);
	if (d->failed)
		fprintf(file, "not ok - the last event is in the log\n");
	if (d->lost)
		fprintf(file, "Bail out! what a technique has broken could not be mended\n");
	if (d->options->format == DRILL_TAP_JSON)
		tap_rows(d, file);
}

/* ---- text */

static void report_text(const struct drive *d, FILE *file)
{
	char reason[REASON_MAX];
	size_t wrong = 0, tried = 0;

	fprintf(file, "%-5s%-24s%-19s%s\n", "row", "technique", "verdict", "what happened");
	for (size_t i = 0; i < d->n; i++) {
		const struct outcome *outcome = &d->outcomes[i];

		wrong += !judge_ok(d, outcome);
		tried += !outcome->why_not;
		judge_reason(d, outcome, reason, sizeof(reason));
		fprintf(file, "%-5s%-24s%-19s%s%s%s\n", outcome->technique->id,
			outcome->neighbour ? "  neighbour" : outcome->technique->verb,
			verdict_text(outcome), judge_ok(d, outcome) ? "" : "WRONG: ", reason,
			judge_ok(d, outcome) ? "" : " (see holdfast-drill(1))");
	}
	fprintf(file, "%s: %zu attempts, %zu not as they should be\n",
		drill_phase_name(d->options->phase), tried, wrong);
}

void report(const struct drive *d, FILE *file)
{
	switch (d->options->format) {
	case DRILL_TEXT:
		report_text(d, file);
		break;
	case DRILL_JSON:
		report_json(d, file);
		break;
	case DRILL_TAP:
	case DRILL_TAP_JSON:
		report_tap(d, file);
		break;
	}
}

/* ---- the list */

static json_t *list_technique(const struct technique *technique)
{
	const char *beside = technique->neighbour_what ? technique->neighbour_what
						       : "the same on a stranger's own";

	return json_pack("{s:s, s:s, s:s?, s:b}", "technique", technique->verb, "what",
			 technique->what, "neighbour", technique->flags & LONELY ? NULL : beside,
			 "guest_only", technique_guest_only(technique));
}

static json_t *list_row(const struct catalogue_row *row)
{
	const struct technique *technique;
	json_t *techniques = json_array();

	for (size_t i = 0; (technique = technique_each(i)); i++)
		if (strcmp(technique->id, row->id) == 0)
			(void)json_array_append_new(techniques, list_technique(technique));
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", row->id, "family",
			 catalogue_family(row), "class", row->class, "title", row->title,
			 "techniques", techniques);
}

void drill_list(FILE *file, bool json)
{
	const struct catalogue_row *row;
	const struct technique *technique;
	json_t *rows = json ? json_array() : NULL;

	for (size_t i = 0; (row = catalogue_each(i)); i++) {
		if (json) {
			(void)json_array_append_new(rows, list_row(row));
			continue;
		}
		fprintf(file, "%-4s %-3s %-8s %s%s\n", row->id, row->class, catalogue_family(row),
			row->title, any_of(row->id) ? "" : " (open)");
		for (size_t j = 0; (technique = technique_each(j)); j++)
			if (strcmp(technique->id, row->id) == 0)
				fprintf(file, "         %-20s %s%s\n", technique->verb,
					technique->what,
					technique_guest_only(technique) ? " (guest only)" : "");
	}
	if (json)
		print_json(json_pack("{s:o}", "rows", rows), file, JSON_INDENT(2));
}
