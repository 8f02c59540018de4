// SPDX-License-Identifier: LGPL-2.1-or-later
/* The families of techniques, in the order in which they run. Adding one is one row here. */
#include "probe.h"

#include <string.h>

/* Mounts come last: what is done to them may be past putting right. */
static const struct technique *const families[] = {
	maps_techniques,     programs_techniques,  links_techniques,	netlink_techniques,
	pins_techniques,     files_techniques,	   tasks_techniques,	guard_techniques,
	identity_techniques, admission_techniques, switches_techniques, kernel_techniques,
	objects_techniques,  taking_techniques,	   ways_techniques,	strict_techniques,
	closed_techniques,   network_techniques,   uprobes_techniques,	storage_techniques,
	conf_techniques,     mounts_techniques,
};

const struct technique *technique_each(size_t i)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct technique *t = families[f]; t->verb; t++)
			if (i-- == 0)
				return t;
	return NULL;
}

const struct technique *technique_find(const char *verb)
{
	const struct technique *technique;

	for (size_t i = 0; (technique = technique_each(i)); i++)
		if (strcmp(technique->verb, verb) == 0)
			return technique;
	return NULL;
}
