/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which maps a text can fill, and how; and of the others, why not. */

#include "mapdata/entries.h"

struct object_map;

/**
 * shape_find() - how text fills a map
 * @ret_shape: set if it does
 * Return: NULL; or why text cannot fill the map, a constant, of one line.
 */
const char *shape_find(const struct object_map *map, enum data_shape *ret_shape);
