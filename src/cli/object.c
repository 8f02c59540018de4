// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast object`: its verbs, and what reads a file, loads nothing and needs no right. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/object-choice.h"
#include "cli/object-verbs.h"
#include "cli/object-view.h"

static int show(const struct cli_call *call, int (*text)(const struct object_view *view),
		int (*json)(const struct object_view *view))
{
	_cleanup_(object_choice_done) struct object_choice choice = {0};
	int r;

	r = object_choose(call, &choice);
	if (r)
		return r;
	r = cli_option(call, "json") ? json(&choice.view) : text(&choice.view);
	if (r < 0)
		return cli_error("%s: %s", call->args[0], strerror(-r));
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int inspect(const struct cli_call *call)
{
	return show(call, object_print_text, object_print_json);
}

static int advise_maps(const struct cli_call *call)
{
	if (object_means_loaded(call))
		return object_advise_loaded(call);
	if (call->n_args == 0)
		return cli_usage_error(call, "name a FILE, or what is loaded by --pid, --unit or "
					     "--all");
	return show(call, object_advise_text, object_advise_json);
}

static const struct cli_option options[] = {
	{"json", '\0', NULL, "for machines"},
	{"object", '\0', "N|PROGRAM", "which one, of a file that carries several"},
	{NULL},
};

static const struct cli_option advise_options[] = {
	{"all", '\0', NULL, "every map that the kernel has"},
	{"json", '\0', NULL, "for machines"},
	{"object", '\0', "N|PROGRAM", "which one, of a file that carries several"},
	{"pid", '\0', "PID", "the maps that a process holds"},
	{"unit", '\0', "NAME", "the maps that a unit's processes hold"},
	{NULL},
};

static const struct cli_option load_options[] = {
	{"config", '\0', "DATA", "what its maps hold, as YAML or JSON"},
	{"dry-run", '\0', NULL, "say what would be done"},
	{"object", '\0', "N|PROGRAM", "which one, of a file that carries several"},
	{"pin", '\0', "FOLDER", "pin links and maps there, of a bpffs, and end"},
	{NULL},
};

const struct cli_verb cli_object_verbs[] = {
	{"object", "inspect", "FILE", 1, 1, options, "show a BPF object's programs and maps",
	 inspect},
	{"object", "advise", "[FILE]", 0, 1, advise_options,
	 "which maps can be frozen or read-only", advise_maps},
	{"object", "load", "FILE", 1, 1, load_options, "load it, with its maps filled and sealed",
	 object_load},
	{NULL},
};
