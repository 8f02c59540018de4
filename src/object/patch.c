// SPDX-License-Identifier: LGPL-2.1-or-later
/* The changes that advice asks for, as a patch that a person fits into their agent. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "object/advice.h"
#include "object/flags.h"
#include "object/object.h"

static void add_flag(FILE *file, const struct object_map *map, bool *first)
{
	char flags[FLAGS_MAX];

	if (*first)
		(void)fprintf(file, "--- a/AGENT.bpf.c\n+++ b/AGENT.bpf.c\n");
	*first = false;
	(void)fprintf(file, "@@ %s @@\n struct {\n", map->name);
	if (map->flags)
		(void)fprintf(file, "-\t__uint(map_flags, %s);\n", flags_text(map->flags, flags));
	(void)fprintf(file, "+\t__uint(map_flags, %s);\n } %s SEC(\".maps\");\n",
		      flags_text(map->flags | BPF_F_RDONLY_PROG, flags), map->name);
}

static void add_freeze(FILE *file, const struct object_map *map, bool *first)
{
	if (*first)
		(void)fprintf(file, "--- a/AGENT.c\n+++ b/AGENT.c\n"
				    "@@ after loading, and after the maps are filled @@\n");
	*first = false;
	(void)fprintf(file,
		      "+\tif (bpf_map_freeze(bpf_map__fd(skel->maps.%s)))\n"
		      "+\t\treturn -errno;\n",
		      map->name);
}

int advice_patch(const struct object *object, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	bool first = true;
	size_t size;
	FILE *file;

	file = open_memstream(&text, &size);
	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < object->n_maps; i++) {
		struct advice advice;

		advise(object, &object->maps[i], &advice);
		if (object->maps[i].origin == MAP_DEFINED && advice.read_only == ADVICE_YES)
			add_flag(file, &object->maps[i], &first);
	}
	first = true;
	for (size_t i = 0; i < object->n_maps; i++) {
		struct advice advice;

		advise(object, &object->maps[i], &advice);
		if (advice.freeze == ADVICE_YES)
			add_freeze(file, &object->maps[i], &first);
	}
	if (fclose(file) != 0)
		return -ENOMEM;
	*ret_text = TAKE_PTR(text);
	return 0;
}
