// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast guard explain`: finds the event, and the policy if one is named. */

#include "cli/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/event-explain.h"
#include "cli/policy-job.h"
#include "drill/drill.h"
#include "guard/protocol.h"

#define MAX_LINE ((size_t)1 << 20)
#define MAX_LOG ((size_t)256 << 20) /* of one file of the log */
#define MAX_ROTATED 9

/* The line with that number in a text; NULL if it has none. */
static char *find_line(const char *log, const char *sequence)
{
	_cleanup_free_ char *key = NULL;

	if (asprintf(&key, "\"seq\":%s,", sequence) < 0) {
		key = NULL;
		return NULL;
	}
	for (const char *p = log; *p;) {
		size_t length = strcspn(p, "\n");
		/* near the beginning, before any name that somebody else has chosen */
		const char *found = memmem(p, length < 64 ? length : 64, key, strlen(key));

		if (found)
			return strndup(p, length);
		p += length + (p[length] == '\n');
	}
	return NULL;
}

static char *from_log(const char *sequence)
{
	for (int i = 0; i <= MAX_ROTATED; i++) {
		_cleanup_free_ char *log = NULL;
		char path[128], *line;
		size_t size;

		(void)snprintf(path, sizeof(path), i ? "%s/%s.%d" : "%s/%s", PROTOCOL_STATE_DIR,
			       PROTOCOL_LOG_NAME, i);
		if (file_read(AT_FDCWD, path, MAX_LOG, &log, &size) != 0)
			continue;
		line = find_line(log, sequence);
		if (line)
			return line;
	}
	return NULL;
}

static int find_event(const char *argument, char **ret_line)
{
	size_t size;
	int r;

	if (strcmp(argument, "-") == 0) {
		r = file_read_fd(STDIN_FILENO, MAX_LINE, ret_line, &size);
		return r ? cli_error("standard input: %s", r < 0 ? strerror(-r) : "too long")
			 : CLI_DONE;
	}
	if (argument[0] && argument[strspn(argument, "0123456789")] == '\0') {
		*ret_line = from_log(argument);
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
