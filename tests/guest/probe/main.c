// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The probes' command line: one technique, the list of them, or all of them under a driver.
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../victim.h"

static int usage(void)
{
	fprintf(stderr,
		"usage: probe VERB [TARGET]            one technique; 0 allowed, 1 denied,\n"
		"                                      2 impossible, 3 failed otherwise\n"
		"       probe list                     ID, verb, what\n"
		"       probe drive PHASE [PREFIX]...  none, observe, enforce, down, in TAP\n"
		"       probe as HELPER [ARG]...       what the identity suite runs\n");
	return PROBE_IMPOSSIBLE;
}

static int list(void)
{
	const struct technique *technique;

	for (size_t i = 0; (technique = technique_each(i)); i++)
		printf("%s\t%s\t%s\n", technique->id, technique->verb, technique->what);
	return 0;
}

int main(int argc, char **argv)
{
	const struct technique *technique;
	struct target target = {};
	const char *name;

	/* as a binfmt_misc interpreter we get the path of what was run first */
	if (argc > 2 && strchr(argv[1], '/')) {
		argv++;
		argc--;
	}
	name = argc == 3 ? argv[2] : VICTIM_NAME;
	if (argc >= 3 && strcmp(argv[1], "drive") == 0)
		return drive_main(argc - 2, argv + 2);
	if (argc >= 3 && strcmp(argv[1], "as") == 0)
		return identity_main(argc - 2, argv + 2);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list();
	technique = argc == 2 || argc == 3 ? technique_find(argv[1]) : NULL;
	if (!technique)
		return usage();

	if (!(technique->flags & SELF) && target_load(name, &target) < 0) {
		fprintf(stderr, "probe: nobody answers as %s\n", name);
		return PROBE_IMPOSSIBLE;
	}
	return exit_of(technique, technique->run(&target));
}
