/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Objects that the build compiled for the tests. */

#include <stddef.h>

struct object;
struct object_map;
struct object_program;

/* fixture_data() - a compiled object's bytes; the caller frees */
char *fixture_data(const char *name, size_t *ret_size);

/* fixture_object() - the same, read; the caller releases it */
struct object *fixture_object(const char *name);

/* fixture_map(), fixture_program() - one of them by name, which must be there */
struct object_map *fixture_map(const struct object *object, const char *name);
struct object_program *fixture_program(const struct object *object, const char *name);
