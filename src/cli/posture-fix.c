// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast posture fix`: its verb; what is done, and taken back, is in src/mend. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/posture-fix.h"
#include "mend/mend.h"
#include "posture/posture.h"

static void print_line(const struct mend_result *result)
{
	(void)printf("%-8s %-18s", mend_outcome_name(result->outcome), result->check->id);
	if (result->now[0])
		(void)printf(" now: %s%s", result->now,
			     result->later[0] || result->why[0] ? ";" : "");
	if (result->later[0])
		(void)printf(" later: %s%s", result->later, result->why[0] ? ";" : "");
	(void)printf("%s%s\n", result->why[0] ? " " : "", result->why);
}

static size_t count(const struct mend_report *report, enum mend_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->results[i].outcome == outcome;
	return n;
}

static void print_text(const struct mend_report *report, bool undo)
{
	for (size_t i = 0; i < report->n; i++)
		print_line(&report->results[i]);
	if (!report->n)
		(void)printf("nothing to %s\n", undo ? "take back" : "mend");
	if (count(report, MENDED_PLANNED))
		(void)printf("nothing was changed: --yes does it\n");
	if (count(report, MENDED_REBOOT))
		(void)printf("what is marked reboot counts from the next boot\n");
}

static json_t *string_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static int print_json(const struct mend_report *report)
{
	json_t *json, *checks = json_array();
	int r;

	for (size_t i = 0; i < report->n; i++) {
		const struct mend_result *result = &report->results[i];

		(void)json_array_append_new(
			checks,
			json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "id", result->check->id,
				  "outcome", mend_outcome_name(result->outcome), "one_way",
				  result->check->mend.one_way, "now", string_or_null(result->now),
				  "later", string_or_null(result->later), "why",
				  string_or_null(result->why)));
	}
	json = json_pack("{s:o}", "checks", checks);
	if (!json)
		return cli_error("%s", strerror(ENOMEM));
	r = json_dumpf(json, stdout, JSON_INDENT(2));
	json_decref(json);
	(void)putchar('\n');
	return r < 0 ? cli_error("cannot write") : CLI_DONE;
}

static int check_ids(const struct cli_call *call)
{
	const struct posture_check *check;

	for (size_t i = 0; i < call->n_args; i++) {
		size_t j = 0;

		while ((check = posture_check_each(j)) && strcmp(check->id, call->args[i]) != 0)
			j++;
		if (!check)
			return cli_usage_error(call, "there is no check '%s'", call->args[i]);
	}
	return CLI_DONE;
}

static int fix(const struct mend_options *options, struct mend_report *report, struct diag *diag)
{
	struct posture_options what = {.root = options->root};
	_cleanup_(posture_freep) struct posture *posture = NULL;
	int r;

	r = posture_read(&what, &posture);
	if (!r)
		return mend_fix(options, posture, report, diag);
	diag_set(diag, NULL, 0, 0, "%s: %s", options->root ?: "/", strerror(-r));
	return r;
}

static int say_failed(const struct mend_report *report)
{
	char names[512];
	size_t used = 0, n = count(report, MENDED_FAILED);

	for (size_t i = 0; i < report->n && used < sizeof(names); i++) {
		if (report->results[i].outcome == MENDED_FAILED)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", report->results[i].check->id);
	}
	if (!n)
		return CLI_DONE;
	return cli_error("%zu check%s failed: %s", n, n == 1 ? " has" : "s have", names);
}

int posture_fix(const struct cli_call *call)
{
	_cleanup_free_ struct mend_report *report = calloc(1, sizeof(*report));
	bool undo = cli_option(call, "undo");
	struct mend_options options = {
		.root = cli_option(call, "root"),
		.acts = cli_option(call, "root") ? NULL : &mend_acts_host,
		.ids = call->args,
		.n_ids = call->n_args,
		.dry = !cli_option(call, "yes") && !undo,
	};
	struct diag diag = {0};
	int r;

	if (!report)
		return cli_error("%s", strerror(ENOMEM));
	r = check_ids(call);
	if (r)
		return r;
	if (fflush(stdout) != 0)
		return cli_error("cannot write: %s", strerror(errno));
	r = undo ? mend_undo(&options, report, &diag) : fix(&options, report, &diag);
	if (r < 0)
		return cli_error("%s", diag.text[0] ? diag.text : strerror(-r));
	if (cli_option(call, "json"))
		r = print_json(report);
	else
		print_text(report, undo);
	if (!r && fflush(stdout) != 0)
		return cli_error("cannot write: %s", strerror(errno));
	return r ?: say_failed(report);
}

const struct cli_option posture_fix_options[] = {
	{"json", '\0', NULL, "for machines"},
	{"root", '\0', "DIR", "change files below it alone, and nothing that runs"},
	{"undo", '\0', NULL, "take back what was done, at once"},
	{"yes", '\0', NULL, "do it; else only say what would be done"},
	{NULL},
};
