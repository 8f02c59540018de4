// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The suites' way to the drill's techniques: one of them against the victim, or a helper.
 */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "drill/probe.h"

static int usage(void)
{
	fprintf(stderr,
		"usage: probe VERB [TARGET]            one technique; 0 allowed, 1 denied,\n"
		"                                      2 impossible, 3 failed otherwise\n"
		"       probe as HELPER [ARG]...       what the identity suite runs\n");
	return PROBE_IMPOSSIBLE;
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
	name = argc == 3 ? argv[2] : SUITE_VICTIM;
	if (argc >= 3 && strcmp(argv[1], "as") == 0)
		return identity_main(argc - 2, argv + 2);
	technique = argc == 2 || argc == 3 ? technique_find(argv[1]) : NULL;
	if (!technique)
		return usage();

	if (!(technique->flags & SELF) && target_load(name, &target) < 0) {
		fprintf(stderr, "probe: nobody answers as %s\n", name);
		return PROBE_IMPOSSIBLE;
	}
	return exit_of(technique, technique->run(&target));
}
