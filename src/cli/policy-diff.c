// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast policy diff`. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/policy-verbs.h"
#include "guard/protocol.h"
#include "policy/diff.h"

#define TROUBLE 2 /* as diff(1) */

static int running_image(void **ret_image)
{
	_cleanup_free_ struct protocol_message *message = calloc(1, sizeof(*message));
	struct diag diag = {0};

	if (!message)
		return cli_error("out of memory");
	if (client_state(message, ret_image, &diag) != 0)
		return cli_error("%s", diag.text);
	protocol_message_done(message);
	return *ret_image ? CLI_DONE : cli_error("no guard is up: there is no policy in force");
}

static const char *asks(const struct diff *diff)
{
	if (diff->change == IMAGE_CHANGE_ROLLBACK)
		return "a guard that enforces the first refuses the second: its version is lower";
	if (diff->secret)
		return "a reload from the first to the second asks for the operator's secret";
	return "a reload from the first to the second asks for no secret";
}

static void print_text(const struct diff *diff)
{
	for (size_t i = 0; i < diff->n_lines; i++) {
		const struct diff_line *line = &diff->lines[i];

		(void)printf("%s %s", line->weakens ? "weakens" : "       ", line->text);
		if (line->times > 1)
			(void)printf(" (%u times)", line->times);
		(void)putchar('\n');
	}
	if (diff->n_lines > 0)
		(void)printf("%s\n", asks(diff));
}

static int print_json(const struct diff *diff)
{
	json_t *changes = json_array(), *all;
	int r;

	for (size_t i = 0; i < diff->n_lines; i++)
		(void)json_array_append_new(changes, json_pack("{s:b, s:s, s:I}", "weakens",
							       diff->lines[i].weakens, "text",
							       diff->lines[i].text, "times",
							       (json_int_t)diff->lines[i].times));
	all = json_pack("{s:b, s:b, s:b, s:b, s:o}", "same", diff->n_lines == 0, "weakens",
			diff->change == IMAGE_CHANGE_WEAKENS, "rollback",
			diff->change == IMAGE_CHANGE_ROLLBACK, "secret", diff->secret, "changes",
			changes);
	r = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
	json_decref(all);
	(void)putchar('\n');
	return r;
}

int policy_diff(const struct cli_call *call)
{
	_cleanup_(diff_done) struct diff diff = {0};
	_cleanup_free_ void *old = NULL, *new = NULL;
	bool running = cli_option(call, "running") != NULL;
	size_t size;

	if (call->n_args != (running ? 1 : 2))
		return cli_usage_error(call, "name two policies, or one and --running");
	if ((running ? running_image(&old) : policy_image(call->args[0], &old, &size)) ||
	    policy_image(call->args[running ? 0 : 1], &new, &size))
		return TROUBLE;
	if (diff_images(old, new, &diff) < 0) {
		(void)cli_error("out of memory");
		return TROUBLE;
	}

	if (!cli_option(call, "json"))
		print_text(&diff);
	else if (print_json(&diff) < 0)
		(void)cli_error("cannot write JSON: a name is not UTF-8, or memory ran out");
	if (fflush(stdout) != 0) {
		(void)cli_error("cannot write: %s", strerror(errno));
		return TROUBLE;
	}
	return diff.n_lines > 0;
}
