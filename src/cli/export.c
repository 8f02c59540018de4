// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast export`: the log to where others look. Needs no right but to read it. */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/event-log.h"
#include "cli/key.h"
#include "evidence/follow.h"
#include "export/deliver.h"
#include "export/scrape.h"

#define HOST_LEN 256
#define PROGRAM "holdfast-metrics"

/* HOST:PORT, or [ADDRESS]:PORT. */
struct place {
	char host[HOST_LEN];
	const char *port;
};

static const char *log_of(const struct cli_call *call)
{
	const char *path = cli_option(call, "log");

	return path ? path : EVENT_LOG_DIR;
}

static int place_of(const struct cli_call *call, const char *option, struct place *ret_place)
{
	const char *text = cli_option(call, option), *colon = strrchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : 0;
	bool quoted = size > 2 && text[0] == '[' && text[size - 1] == ']';

	if (quoted) {
		text++;
		size -= 2;
	}
	if (size == 0 || size >= HOST_LEN || !colon[1] || (!quoted && memchr(text, ':', size)))
		return cli_usage_error(call, "--%s: '%s' is not HOST:PORT or [ADDRESS]:PORT",
				       option, cli_option(call, option));
	memcpy(ret_place->host, text, size);
	ret_place->host[size] = '\0';
	ret_place->port = colon + 1;
	return CLI_DONE;
}

/* What has gone wrong with a log. */
static int log_error(const struct cli_call *call, int r, const struct diag *diag)
{
	char text[DIAG_TEXT_LEN + 64];

	if (!diag->text[0])
		return cli_error("%s: %s", log_of(call), strerror(r < 0 ? -r : EIO));
	return cli_error("%s: %s", log_of(call), diag_format(diag, text, sizeof(text)));
}

static void warn(const char *text)
{
	(void)cli_error("%s", text);
}

static int syslog_verb(const struct cli_call *call)
{
	_cleanup_(follow_freep) struct follow *follow = NULL;
	struct follow_options options = {.path = log_of(call)};
	struct diag diag = {0};
	struct place place;
	struct note_key key;
	int r;

	if (!cli_option(call, "to"))
		return cli_usage_error(call, "name the receiver: --to HOST:PORT");
	r = place_of(call, "to", &place);
	if (r == CLI_DONE && cli_option(call, "key")) {
		options.keys = &key;
		options.n_keys = 1;
		r = key_option(call, &key);
	}
	if (r)
		return r;
	r = follow_new(&options, &follow);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	r = deliver_run(&(struct deliver_options){.follow = follow,
						  .host = place.host,
						  .port = place.port,
						  .state = cli_option(call, "state"),
						  .once = cli_option(call, "once") != NULL,
						  .warn = warn},
			&diag);
	return r ? log_error(call, r, &diag) : CLI_DONE;
}

/* Beside us in a build, below src; or where it was installed. */
static int become_server(const struct cli_call *call)
{
	char path[PATH_MAX] = "", here[PATH_MAX];
	const char *key = cli_option(call, "key");
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	struct place place;
	int r;

	r = place_of(call, "listen", &place);
	if (r)
		return r;
	if (n > 0) {
		char *slash;

		here[n] = '\0';
		slash = strrchr(here, '/');
		if (slash)
			*slash = '\0';
		(void)snprintf(path, sizeof(path), "%.*s/src/export/" PROGRAM, PATH_MAX - 40, here);
	}
	if (access(path, X_OK) != 0)
		(void)snprintf(path, sizeof(path), EXPORT_LIBEXEC "/" PROGRAM);
	(void)execl(path, PROGRAM, log_of(call), place.host, place.port, key, (char *)NULL);
	return cli_error("%s: %s", path, strerror(errno));
}

static int print_metrics(const struct cli_call *call, const struct scrape *scrape)
{
	const char *output = cli_option(call, "output");
	_cleanup_free_ char *text = NULL;
	int r;

	r = scrape_text(scrape,
			cli_option(call, "openmetrics") ? COUNTERS_OPENMETRICS
							: COUNTERS_PROMETHEUS,
			&text);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	if (!output)
		return fputs(text, stdout) < 0 || fflush(stdout) != 0
			       ? cli_error("cannot write: %s", strerror(errno))
			       : CLI_DONE;
	r = file_write_atomic(output, text, strlen(text), 0644);
	if (r)
		return cli_error("%s: %s", output, r < 0 ? strerror(-r) : "it is no regular file");
	return CLI_DONE;
}

static int metrics(const struct cli_call *call)
{
	_cleanup_(scrape_freep) struct scrape *scrape = NULL;
	struct diag diag = {0};
	struct note_key key;
	int r;

	if (cli_option(call, "key")) {
		r = key_option(call, &key);
		if (r)
			return r;
	}
	if (cli_option(call, "listen") &&
	    (cli_option(call, "output") || cli_option(call, "openmetrics")))
		return cli_usage_error(call, "--listen gives whoever asks the form that he wants: "
					     "leave out --output and --openmetrics");
	if (cli_option(call, "listen"))
		return become_server(call);
	r = scrape_new(log_of(call), cli_option(call, "key"), &scrape, &diag);
	if (r == 0)
		r = scrape_count(scrape, UINT64_MAX, &diag);
	return r ? log_error(call, r, &diag) : print_metrics(call, scrape);
}

static const struct cli_option syslog_options[] = {
	{"key", '\0', "VKEY", "send only what this key has signed"},
	{"log", '\0', "DIR", "read the log there"},
	{"once", '\0', NULL, "end when all that is there has been taken"},
	{"state", '\0', "FILE", "where it is kept how much has been taken"},
	{"to", '\0', "HOST:PORT", "who takes RFC 5424 messages over TCP"},
	{NULL},
};

static const struct cli_option metrics_options[] = {
	{"key", '\0', "VKEY", "count only what this key has signed"},
	{"listen", '\0', "ADDR:PORT", "answer GET /metrics there"},
	{"log", '\0', "DIR", "read the log there"},
	{"openmetrics", '\0', NULL, "print OpenMetrics 1.0 instead of Prometheus text 0.0.4"},
	{"output", '\0', "FILE", "write it there, for a collector of text files"},
	{NULL},
};

const struct cli_verb cli_export_verbs[] = {
	{"export", "syslog", "", 0, 0, syslog_options,
	 "send the log to a syslog receiver, at least once", syslog_verb},
	{"export", "metrics", "", 0, 0, metrics_options,
	 "count what is in the log, for Prometheus and OpenMetrics", metrics},
	{NULL},
};
