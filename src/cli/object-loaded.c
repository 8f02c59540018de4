// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast object advise` on what the kernel has loaded. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/object-verbs.h"
#include "cli/object-view.h"
#include "loaded/loaded.h"
#include "policy/image-check.h"

static const char suffix[] = ".service";

bool object_means_loaded(const struct cli_call *call)
{
	return cli_option(call, "pid") || cli_option(call, "unit") || cli_option(call, "all");
}

/* "x" is short for x.service. */
static int read_unit(const struct cli_call *call, const char *name, char **ret_unit)
{
	size_t length = strlen(name), end = sizeof(suffix) - 1;
	bool has = length > end && strcmp(name + length - end, suffix) == 0;
	_cleanup_free_ char *unit = NULL;

	if (asprintf(&unit, "%s%s", name, has ? "" : suffix) < 0) {
		unit = NULL;
		return cli_error("%s", strerror(ENOMEM));
	}
	if (!image_unit_name_valid(unit))
		return cli_usage_error(call, "\"%s\" is no unit: as x.service, or x@i.service",
				       name);
	*ret_unit = TAKE_PTR(unit);
	return CLI_DONE;
}

static int read_pid(const struct cli_call *call, const char *text, pid_t *ret_pid)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || number < 1 || number > INT32_MAX || *end)
		return cli_usage_error(call, "\"%s\" is no process's number", text);
	*ret_pid = (pid_t)number;
	return CLI_DONE;
}

int object_advise_loaded(const struct cli_call *call)
{
	const char *pid = cli_option(call, "pid"), *name = cli_option(call, "unit");
	_cleanup_(loaded_freep) struct loaded *loaded = NULL;
	struct loaded_request request = {0};
	_cleanup_free_ char *unit = NULL;
	struct diag diag = {0};
	int r = CLI_DONE;

	if (!!pid + !!name + !!cli_option(call, "all") + (int)call->n_args > 1)
		return cli_usage_error(call, "name one of FILE, --pid, --unit and --all");
	if (cli_option(call, "object"))
		return cli_usage_error(call, "--object is of a FILE");
	if (pid)
		r = read_pid(call, pid, &request.pid);
	else if (name)
		r = read_unit(call, name, &unit);
	if (r)
		return r;
	request.unit = unit;
	r = loaded_read(&request, &loaded, &diag);
	if (r > 0)
		return cli_error_diag(&diag);
	if (!r)
		r = cli_option(call, "json") ? loaded_advise_json(loaded)
					     : loaded_advise_text(loaded);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}
