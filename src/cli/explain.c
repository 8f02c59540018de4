// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast guard explain`: finds the event, and the policy if one is named. */

#include "cli/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/event-explain.h"
#include "cli/event-json.h"
#include "cli/event-log.h"
#include "cli/policy-job.h"
#include "drill/drill.h"
#include "evidence/follow.h"

#define MAX_LINE ((size_t)1 << 20)

/* The event that is looked for in the log. */
struct wanted {
	json_int_t number;
	char key[40];
	char *line;
};

static int take(void *context, const struct follow_entry *entry)
{
	_cleanup_(json_freep) json_t *event = NULL;
	struct wanted *wanted = context;

	/* most are not read for it: an entry without these bytes is another one */
	if (!memmem(entry->data, entry->size, wanted->key, strlen(wanted->key)))
		return 0;
	event = event_load((const char *)entry->data, entry->size);
	if (!json_is_string(json_object_get(event, "act")) ||
	    json_integer_value(json_object_get(event, "seq")) != wanted->number)
		return 0;
	free(wanted->line); /* an older guard's, which had the same number */
	wanted->line = strndup((const char *)entry->data, entry->size);
	return wanted->line ? 0 : -ENOMEM;
}

static int find_event(const char *argument, char **ret_line)
{
	struct wanted wanted = {0};
	size_t size;
	int r;

	if (strcmp(argument, "-") == 0) {
		r = file_read_fd(STDIN_FILENO, MAX_LINE, ret_line, &size);
		return r ? cli_error("standard input: %s", r < 0 ? strerror(-r) : "too long")
			 : CLI_DONE;
	}
	if (argument[0] && argument[strspn(argument, "0123456789")] == '\0') {
		wanted.number = strtoll(argument, NULL, 10);
		(void)snprintf(wanted.key, sizeof(wanted.key), "\"seq\":%lld,",
			       (long long)wanted.number);
		r = event_log_read(&(struct event_log){.path = EVENT_LOG_DIR}, take, &wanted);
		*ret_line = wanted.line;
		if (r)
			return r;
		return *ret_line ? CLI_DONE
				 : cli_error("the log has no event %s any more, or not yet",
					     argument);
	}
	*ret_line = strdup(argument);
	return *ret_line ? CLI_DONE : cli_error("out of memory");
}

int guard_verb_explain(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {.path = cli_option(call, "policy")};
	struct explain explain = {.title = drill_title};
	_cleanup_free_ char *line = NULL;
	int r;

	r = find_event(call->args[0], &line);
	if (r)
		return r;
	if (job.path && !job_load(&job))
		return cli_error_diag(&job.diag);
	explain.policy = job.policy;
	if (event_explain(stdout, &explain, line, strlen(line)) < 0)
		return cli_error("that is no event: give its number, or its line of the log");
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}
