// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps that could be frozen, by what `holdfast object advise` makes of what is loaded. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "loaded/loaded.h"
#include "object/advice.h"
#include "object/object.h"
#include "posture/objects.h"

static int add(struct objects *objects, const char *name)
{
	char *copy = strdup(name);
	int r;

	if (!copy)
		return -ENOMEM;
	r = array_grow(&objects->unfrozen, objects->n_unfrozen, sizeof(*objects->unfrozen));
	if (r < 0) {
		free(copy);
		return r;
	}
	objects->unfrozen[objects->n_unfrozen++] = copy;
	return 0;
}

int objects_read_unfrozen(struct objects *objects)
{
	_cleanup_(loaded_freep) struct loaded *loaded = NULL;
	struct loaded_request all = {0};
	int r;

	r = loaded_read(&all, &loaded, NULL);
	if (r > 0)
		return -EPERM;
	for (size_t i = 0; !r && i < loaded->object.n_maps; i++) {
		const struct object_map *map = &loaded->object.maps[i];
		struct advice advice;

		advise(&loaded->object, map, &advice);
		if (advice.freeze == ADVICE_YES)
			r = add(objects, map->name);
	}
	return r;
}
