// SPDX-License-Identifier: LGPL-2.1-or-later
/* See help.h. */

#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* "holdfast policy lock [--root DIR] POLICY.yaml" */
static void print_synopsis(const struct cli_verb *verb)
{
	(void)printf("holdfast %s", verb->object);
	if (verb->verb)
		(void)printf(" %s", verb->verb);
	for (const struct cli_option *o = verb->options; o && o->name; o++) {
		if (o->letter)
			(void)printf(" [-%c", o->letter);
		else
			(void)printf(" [--%s", o->name);
		(void)printf("%s%s]", o->value ? " " : "", o->value ? o->value : "");
	}
	if (verb->args[0])
		(void)printf(" %s", verb->args);
	(void)putchar('\n');
}

void help_verb(const struct cli_verb *verb)
{
	print_synopsis(verb);
	(void)printf("    %s\n", verb->help);
	for (const struct cli_option *o = verb->options; o && o->name; o++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "--%s%s%s", o->name, o->value ? " " : "",
			       o->value ? o->value : "");
		if (o->letter)
			(void)printf("    -%c, %-18s %s\n", o->letter, name, o->help);
		else
			(void)printf("    %-22s %s\n", name, o->help);
	}
}

void help_object(const struct cli_verb *table)
{
	for (const struct cli_verb *v = table; v->object; v++)
		help_verb(v);
}

void help_all(const struct cli_verb *const *tables)
{
	(void)puts("usage: holdfast OBJECT [VERB] [OPTION...] [ARG...]\n");
	for (size_t i = 0; tables[i]; i++) {
		for (const struct cli_verb *v = tables[i]; v->object; v++)
			(void)printf("  %-8s %-9s %s\n", v->object, v->verb ? v->verb : "",
				     v->help);
	}
	(void)puts("\n  help     [OBJECT]  this text, or all about an object\n"
		   "  version            the version of this program\n\n"
		   "Objects and verbs may be cut as long as they stay unique.\n"
		   "Exit status: 0 done, 1 refused or failed, 2 the command line is wrong.");
}

static size_t append(char *buffer, size_t size, size_t used, const char *name, const char *prefix)
{
	if (strncmp(name, prefix, strlen(prefix)) != 0 || used >= size)
		return used;
	return used + (size_t)snprintf(buffer + used, size - used, "%s%s", used ? ", " : "", name);
}

void help_verb_names(const struct cli_verb *table, const char *prefix, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (const struct cli_verb *v = table; v->object; v++)
		used = append(buffer, size, used, v->verb, prefix);
}

void help_object_names(const struct cli_verb *const *tables, const char *prefix, char *buffer,
		       size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; tables[i]; i++)
		used = append(buffer, size, used, tables[i]->object, prefix);
	used = append(buffer, size, used, "help", prefix);
	(void)append(buffer, size, used, "version", prefix);
}
