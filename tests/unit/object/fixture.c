// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "object/object.h"
#include "test.h"

char *fixture_data(const char *name, size_t *ret_size)
{
	char path[4096];
	char *data;

	(void)snprintf(path, sizeof(path), FIXTURES "/%s.test.bpf.o", name);
	assert_int_equal(file_read(AT_FDCWD, path, OBJECT_MAX_SIZE, &data, ret_size), 0);
	return data;
}

struct object *fixture_object(const char *name)
{
	struct object *object;
	struct diag diag = {0};
	size_t size;
	_cleanup_free_ char *data = fixture_data(name, &size);

	if (object_read((const uint8_t *)data, size, &object, &diag) != 0)
		fail_msg("%s: %s", name, diag.text);
	return object;
}

struct object_map *fixture_map(const struct object *object, const char *name)
{
	for (size_t i = 0; i < object->n_maps; i++) {
		if (strcmp(object->maps[i].name, name) == 0)
			return &object->maps[i];
	}
	fail_msg("no map %s", name);
	return NULL;
}

struct object_program *fixture_program(const struct object *object, const char *name)
{
	for (size_t i = 0; i < object->n_programs; i++) {
		if (strcmp(object->programs[i].function->name, name) == 0)
			return &object->programs[i];
	}
	fail_msg("no program %s", name);
	return NULL;
}
