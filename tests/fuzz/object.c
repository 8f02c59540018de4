// SPDX-License-Identifier: LGPL-2.1-or-later
/* A BPF object, or a program that carries some. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "must.h"
#include "object/advice.h"
#include "object/carried.h"
#include "object/ctype.h"
#include "object/object.h"

static void declare(const struct object *object)
{
	uint32_t n = object->btf.n < 256 ? object->btf.n : 256;

	for (uint32_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = NULL;

		must(ctype_write(&object->btf, i, "x", &text) == 0 && strlen(text) < CTYPE_MAX);
	}
}

static void advise_all(const struct object *object)
{
	_cleanup_free_ char *patch = NULL;

	for (size_t i = 0; i < object->n_maps; i++) {
		const struct object_map *map = &object->maps[i];
		struct advice advice;

		advise(object, map, &advice);
		must(advice.freeze_why[0] && advice.read_only_why[0]);
		must(map->n_writers <= MAP_MAX_WRITERS &&
		     !map->n_writers == !(map->uses & USE_WRITES));
		must(advice.read_only != ADVICE_YES || !map->n_writers);
	}
	must(advice_patch(object, &patch) == 0 && patch);
}

static void check(const struct object *object)
{
	for (size_t i = 0; i < object->n_programs; i++) {
		const struct object_program *p = &object->programs[i];

		must(p->function->size > 0 && p->function->size % 8 == 0);
		for (size_t k = 0; k < p->n_maps; k++)
			must(p->maps[k] < object->n_maps &&
			     (k == 0 || p->maps[k - 1] < p->maps[k]));
	}
	for (size_t i = 0; i < object->n_maps; i++) {
		const char *name = object->maps[i].name;

		for (size_t k = 0; name[k]; k++)
			must(name[k] >= ' ' && name[k] < 0x7f);
	}
	declare(object);
	advise_all(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct carried items[CARRIED_MAX];
	size_t n = carried_find(data, size, items);

	must(n <= CARRIED_MAX);
	for (size_t i = 0; i < n; i++)
		must(items[i].offset <= size && items[i].size <= size - items[i].offset);
	{
		_cleanup_(object_freep) struct object *object = NULL;
		int r = object_read(data, size, &object, NULL);

		must((r == 0 || r == OBJECT_E_REFUSED) && !object == !!r);
		if (object)
			check(object);
	}
	return 0;
}
