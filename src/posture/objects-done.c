// SPDX-License-Identifier: LGPL-2.1-or-later
/* Apart from objects.c, for who reads no objects. */

#include <stdlib.h>

#include "posture/objects.h"

void objects_done(struct objects *objects)
{
	for (size_t i = 0; i < objects->n_unfrozen; i++)
		free(objects->unfrozen[i]);
	free(objects->unfrozen);
	free(objects->items);
}
