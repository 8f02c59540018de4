// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast policy learn`: a policy for an agent that runs. Reads /proc and bpffs, as root. */

#include "cli/policy-verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "cli/cli.h"
#include "learn/follow.h"
#include "learn/libraries.h"
#include "learn/seen.h"
#include "learn/stanza.h"
#include "policy/image-check.h"

#define MAX_SECONDS ((uint64_t)7 * 24 * 3600)

/* "10m", "30s", "2h", "45": seconds. */
static int read_time(const char *text, uint64_t *ret_milliseconds)
{
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	unsigned long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units) && !errno && number <= MAX_SECONDS; i++) {
		if (strcmp(end, units[i].unit) == 0 && number * units[i].seconds <= MAX_SECONDS) {
			*ret_milliseconds = number * units[i].seconds * 1000;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_options(const struct cli_call *call, struct follow_options *options)
{
	const char *pid = cli_option(call, "pid"), *time = cli_option(call, "for");
	char *end;
	long number;

	options->unit = cli_option(call, "unit");
	if (!options->unit == !pid)
		return cli_usage_error(call, "name either a --unit or a --pid");
	if (options->unit && !image_unit_name_valid(options->unit))
		return cli_usage_error(call,
				       "\"%s\" is no unit that a policy can name: "
				       "as x.service, or x@i.service",
				       options->unit);
	if (pid) {
		number = strtol(pid, &end, 10);
		if (number <= 1 || number > INT32_MAX || *end)
			return cli_usage_error(call, "\"%s\" is no process's number", pid);
		options->pid = (pid_t)number;
	}
	if (time && read_time(time, &options->milliseconds) < 0)
		return cli_usage_error(call, "\"%s\" is no time: as 30s, 10m or 2h, up to a week",
				       time);
	return CLI_DONE;
}

static int name_domain(const struct follow_options *options, struct seen *seen)
{
	const char *name = options->unit;

	for (size_t i = 0; i < seen->n_programs && !name; i++) {
		if (stanza_names(seen, &seen->programs[i]) &&
		    seen->programs[i].launch == SEEN_OTHER)
			name = seen->programs[i].path;
	}
	if (options->unit) {
		seen->unit = strdup(options->unit);
		if (!seen->unit)
			return -ENOMEM;
	}
	return stanza_domain(name ? name : "agent", &seen->domain);
}

/* 0, or enum cli_exit after it has said why. */
static int learn(const struct follow_options *options, struct seen *seen, char **ret_text,
		 size_t *ret_size)
{
	struct diag diag = {0};
	int r;

	r = follow(options, seen, &diag);
	if (r == 0) {
		seen_sort(seen);
		r = libraries_reduce(seen, &diag);
	}
	if (r > 0)
		return cli_error_diag(&diag);
	if (r == 0)
		r = name_domain(options, seen);
	if (r == 0)
		r = stanza_write(seen, ret_text, ret_size);
	return r < 0 ? cli_error("cannot learn: %s", strerror(-r)) : CLI_DONE;
}

int policy_learn(const struct cli_call *call)
{
	_cleanup_(seen_done) struct seen seen = {0};
	_cleanup_free_ char *text = NULL;
	struct follow_options options = {0};
	const char *path = cli_option(call, "output");
	size_t size = 0;
	int r;

	r = read_options(call, &options);
	if (r)
		return r;
	if (geteuid() != 0)
		return cli_error("only root can see what an agent holds");
	r = learn(&options, &seen, &text, &size);
	if (r)
		return r;

	if (!path)
		return fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0
			       ? CLI_DONE
			       : cli_error("cannot write: %s", strerror(errno));
	r = file_write_atomic(path, text, size, 0644);
	if (r)
		return cli_error("%s: %s", path,
				 r < 0 ? strerror(-r) : "not a regular file, name another one");
	for (size_t i = 0; i < seen.notes.n; i++)
		(void)fprintf(stderr, "holdfast: note: %s\n", seen.notes.items[i]);
	(void)printf("%s: domain %s; read it, then `holdfast policy lock %s`\n", path, seen.domain,
		     path);
	return CLI_DONE;
}
