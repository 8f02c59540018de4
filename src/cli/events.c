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
#include "cli/key.h"
#include "cli/policy-job.h"
#include "evidence/follow.h"
#include "export/line.h"
#include "export/ocsf.h"

static int print_json(void *context, const struct follow_entry *entry)
{
	_cleanup_free_ char *line = NULL;
	size_t size;
	int r;

	r = line_format(entry, &line, &size);
	if (r < 0)
		return r;
	(void)fwrite(line, 1, size, stdout);
	return ferror(stdout) ? -EPIPE : 0;
}

static int print_ocsf(void *context, const struct follow_entry *entry)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = ocsf_format(entry, &text);
	if (r < 0)
		return r;
	(void)puts(text);
	return ferror(stdout) ? -EPIPE : 0;
}

static int print_text(void *context, const struct follow_entry *entry)
{
	event_text_print(stdout, (const char *)entry->data, entry->size);
	return ferror(stdout) ? -EPIPE : 0;
}

static int take_for_replay(void *context, const struct follow_entry *entry)
{
	return event_replay_take(context, (const char *)entry->data, entry->size);
}

static int done(int r)
{
	if (r)
		return r;
	return fflush(stdout) == 0 || errno == EPIPE
		       ? CLI_DONE
		       : cli_error("cannot write: %s", strerror(errno));
}

static int replay(const struct cli_call *call, const struct event_log *log, const char *path)
{
	_cleanup_(event_replay_freep) struct event_replay *replay = NULL;
	_cleanup_(job_done) struct job job = {.path = path};
	int r;

	if (log->follow)
		return cli_error("--replay looks at what is there: leave out --follow");
	if (!job_load(&job))
		return cli_error_diag(&job.diag);
	r = event_replay_new(job.policy, &replay);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	r = event_log_read(log, take_for_replay, replay);
	if (r)
		return r;
	if (!cli_option(call, "json"))
		event_replay_print(replay, stdout);
	else if (event_replay_print_json(replay, stdout) < 0)
		return cli_error("%s", strerror(ENOMEM));
	return done(0);
}

static int show(const struct cli_call *call)
{
	const char *path = cli_option(call, "log"), *policy = cli_option(call, "replay");
	struct event_log log = {
		.path = path ? path : EVENT_LOG_DIR,
		.from_given = cli_option(call, "from") != NULL,
		.follow = cli_option(call, "follow") != NULL,
	};
	event_log_each *each = print_text;
	struct note_key key;
	int r;

	if (cli_option(call, "json") && cli_option(call, "ocsf"))
		return cli_usage_error(call, "--json and --ocsf are two forms: name one");
	r = index_option(call, "from", &log.from);
	if (r == CLI_DONE && cli_option(call, "key")) {
		log.key = &key;
		r = key_option(call, &key);
	}
	if (r)
		return r;
	if (policy)
		return replay(call, &log, policy);
	if (cli_option(call, "json"))
		each = print_json;
	else if (cli_option(call, "ocsf"))
		each = print_ocsf;
	else
		event_text_head(stdout);
	return done(event_log_read(&log, each, NULL));
}

static const struct cli_option events_options[] = {
	{.name = "follow",
	 .letter = 'f',
	 .help = "show the last events, and new ones as they come"},
	{.name = "from", .value = "INDEX", .help = "begin with that entry of the log"},
	{.name = "json",
	 .help = "print entries with their places in the log: one JSON object each"},
	{.name = "key", .value = "VKEY", .help = "show only what this key has signed"},
	{.name = "log", .value = "DIR", .help = "read the log there"},
	{.name = "ocsf", .help = "print events of OCSF: one JSON object each"},
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
