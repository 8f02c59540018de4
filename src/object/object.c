// SPDX-License-Identifier: LGPL-2.1-or-later
/* See object.h. */

#include "object/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/internal.h"

struct object *object_free(struct object *object)
{
	if (!object)
		return NULL;
	for (size_t i = 0; object->programs && i < object->n_programs; i++) {
		free(object->programs[i].helpers);
		free(object->programs[i].kfuncs);
		free(object->programs[i].maps);
	}
	for (size_t i = 0; object->maps && i < object->n_maps; i++)
		map_done(&object->maps[i]);
	free(object->programs);
	free(object->maps);
	free(object->places);
	free(object->functions);
	free(object->license);
	btf_view_done(&object->btf);
	sections_done(&object->sections);
	free(object->data);
	free(object);
	return NULL;
}

static int read_license(struct object *object, struct diag *diag)
{
	const struct section *section = sections_find(&object->sections, "license");
	int r;

	if (!section || !section->data)
		return 0;
	r = printable_copy((const char *)section->data, section->size, &object->license);
	return r > 0 ? refuse(diag, "the license has no end, or more than %d bytes",
			      OBJECT_MAX_NAME)
		     : r;
}

static int read_btf(struct object *object, struct diag *diag)
{
	const struct section *section = sections_find(&object->sections, ".BTF");

	if (!section)
		return 0;
	object->has_btf = true;
	return btf_view_read(section, &object->btf, diag);
}

int object_read(const uint8_t *data, size_t size, struct object **ret_object,
		struct diag *reterr_diag)
{
	_cleanup_(object_freep) struct object *object = calloc(1, sizeof(*object));
	int r;

	if (!object)
		return -ENOMEM;
	object->kconfig = UINT32_MAX;
	object->size = size;
	object->data = malloc(size ? size : 1);
	if (!object->data)
		return -ENOMEM;
	memcpy(object->data, data, size);

	r = sections_read(object->data, size, &object->sections, reterr_diag);
	if (!r)
		r = sha256_buffer(object->data, size, object->digest);
	if (!r)
		r = read_license(object, reterr_diag);
	if (!r)
		r = read_btf(object, reterr_diag);
	if (!r)
		r = maps_read(object, reterr_diag);
	if (!r)
		r = functions_read(object, reterr_diag);
	if (!r)
		r = programs_read(object, reterr_diag);
	if (!r)
		r = writes_read(object);
	if (r)
		return r;
	*ret_object = TAKE_PTR(object);
	return 0;
}
