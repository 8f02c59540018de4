// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast events`: shows the log, or what a policy would have made of it. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/event-log.h"
#include "cli/event-replay.h"
#include "cli/event-text.h"
#include "cli/policy-job.h"
#include "guard/protocol.h"

static const char dir[] = PROTOCOL_STATE_DIR;

static int print_json(void *context, const char *line, size_t size)
{
	(void)context;
	(void)fwrite(line, 1, size, stdout);
	(void)putchar('\n');
	return ferror(stdout) ? -EPIPE : 0;
}

static int print_text(void *context, const char *line, size_t size)
{
	(void)context;
	event_text_print(stdout, line, size);
	return ferror(stdout) ? -EPIPE : 0;
}

static int done(int r)
{
	if (r == -EPIPE)
		return CLI_DONE;
	if (r == -ENOENT)
		return cli_error("%s: %s: no guard was ever up on this host", dir, strerror(-r));
	if (r < 0)
		return cli_error("%s: %s", dir, strerror(-r));
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int replay(const struct cli_call *call, const char *path, bool json)
{
	_cleanup_(event_replay_freep) struct event_replay *replay = NULL;
	_cleanup_(job_done) struct job job = {.path = path};
	int r;

	if (cli_option(call, "follow"))
		return cli_error("--replay looks at what is there: leave out --follow");
	if (!job_load(&job))
		return cli_error_diag(&job.diag);
	r = event_replay_new(job.policy, &replay);
	if (r == 0)
		r = event_log_read(dir, event_replay_take, replay);
	if (r == 0 && json)
		r = event_replay_print_json(replay, stdout);
	else if (r == 0)
		event_replay_print(replay, stdout);
	return done(r);
}

static int show(const struct cli_call *call)
{
	const char *path = cli_option(call, "replay");
	bool json = cli_option(call, "json") != NULL;

	if (path)
		return replay(call, path, json);
	if (!json)
		event_text_head(stdout);
	return done((cli_option(call, "follow") ? event_log_follow : event_log_read)(
		dir, json ? print_json : print_text, NULL));
}

static const struct cli_option events_options[] = {
	{.name = "follow",
	 .letter = 'f',
	 .help = "show the last events, and new ones as they come"},
	{.name = "json", .help = "print the log's own lines: one JSON object each"},
	{.name = "replay",
	 .value = "POLICY.yaml",
	 .help = "say what this policy would do about what was refused or observed, and why"},
	{0},
};

const struct cli_verb cli_events_verbs[] = {
	{
		.object = "events",
		.args = "",
		.options = events_options,
		.help = "show what was refused, observed and noted, oldest first",
		.run = show,
	},
	{0},
};
