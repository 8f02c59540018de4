// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line's objects, in the order of the help. Adding one is one row here. */

#include <stddef.h>

#include "base/size.h"
#include "cli/cli.h"

/* An object whose file is not built has no table; see meson.build. */
#pragma weak cli_guard_verbs
#pragma weak cli_run_verbs
#pragma weak cli_release_verbs
#pragma weak cli_events_verbs

static const struct cli_verb *const all_tables[] = {
	cli_guard_verbs, cli_run_verbs,	   cli_release_verbs, cli_policy_verbs, cli_events_verbs,
	cli_drill_verbs, cli_object_verbs, cli_posture_verbs, cli_log_verbs,	cli_export_verbs,
};

int main(int argc, char **argv)
{
	const struct cli_verb *tables[ARRAY_SIZE(all_tables) + 1] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all_tables); i++) {
		if (all_tables[i])
			tables[n++] = all_tables[i];
	}
	return cli_main(tables, argc, argv);
}
