// SPDX-License-Identifier: LGPL-2.1-or-later
/* See compile-limits.h. */

#include "policy/compile-limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "policy/image-check.h"
#include "policy/tree.h"

void limits_tables_done(struct limits_tables *t)
{
	free(t->limits);
	free(t->names);
	free(t->maps);
	free(t->digests);
}

static bool same_rows(const void *a, const void *b, size_t n, size_t size)
{
	return n == 0 || memcmp(a, b, n * size) == 0;
}

static bool is_same(const struct limits_tables *t, const struct image_limits *row,
		    const struct policy_limits *l)
{
	return row->given == l->given && row->attach == l->attach &&
	       memcmp(row->helpers, l->helpers, sizeof(row->helpers)) == 0 &&
	       row->n_targets == l->n_targets && row->n_maps == l->n_maps &&
	       row->n_digests == l->n_digests && row->n_kfuncs == l->n_kfuncs &&
	       same_rows(t->names + row->targets, l->targets, l->n_targets, sizeof(*t->names)) &&
	       same_rows(t->names + row->kfuncs, l->kfuncs, l->n_kfuncs, sizeof(*t->names)) &&
	       same_rows(t->maps + row->maps, l->maps, l->n_maps, sizeof(*t->maps)) &&
	       same_rows(t->digests + row->digests, l->digests, l->n_digests, sizeof(*t->digests));
}

#define ADD_ROWS(table, n_table, from, n_from)                                      \
	({                                                                          \
		int failed = 0;                                                     \
                                                                                    \
		for (size_t k = 0; k < (n_from) && !failed; k++) {                  \
			failed = array_grow(&(table), (n_table), sizeof(*(table))); \
			if (!failed)                                                \
				(table)[(n_table)++] = (from)[k];                   \
		}                                                                   \
		failed;                                                             \
	})

static int add_parts(struct limits_tables *t, const struct policy_limits *l)
{
	int r;

	r = ADD_ROWS(t->names, t->n_names, l->targets, l->n_targets);
	if (!r)
		r = ADD_ROWS(t->names, t->n_names, l->kfuncs, l->n_kfuncs);
	if (!r)
		r = ADD_ROWS(t->maps, t->n_maps, l->maps, l->n_maps);
	return r ? r : ADD_ROWS(t->digests, t->n_digests, l->digests, l->n_digests);
}

int limits_add(struct limits_tables *t, const struct policy_limits *l, uint32_t *ret_place)
{
	struct image_limits *row;
	int r;

	*ret_place = 0;
	if (!l->given)
		return 0;
	for (size_t i = 0; i < t->n_limits; i++) {
		*ret_place = (uint32_t)i + 1;
		if (is_same(t, &t->limits[i], l))
			return 0;
	}
	r = array_grow(&t->limits, t->n_limits, sizeof(*t->limits));
	if (r < 0)
		return r;
	row = &t->limits[t->n_limits++];
	*row = (struct image_limits){
		.given = l->given,
		.targets = l->given & IMAGE_LIMIT_TARGETS ? (uint32_t)t->n_names : 0,
		.n_targets = (uint32_t)l->n_targets,
		.maps = l->given & IMAGE_LIMIT_MAPS ? (uint32_t)t->n_maps : 0,
		.n_maps = (uint32_t)l->n_maps,
		.digests = l->given & IMAGE_LIMIT_DIGESTS ? (uint32_t)t->n_digests : 0,
		.n_digests = (uint32_t)l->n_digests,
		.attach = l->attach,
		.kfuncs = l->given & IMAGE_LIMIT_KFUNCS ? (uint32_t)(t->n_names + l->n_targets) : 0,
		.n_kfuncs = (uint32_t)l->n_kfuncs,
	};
	memcpy(row->helpers, l->helpers, sizeof(row->helpers));
	*ret_place = (uint32_t)t->n_limits;
	return add_parts(t, l);
}

int limits_require(struct limits_tables *t, const struct policy_kernel *kernel)
{
	return ADD_ROWS(t->names, t->n_names, kernel->required, kernel->n_required);
}

const char *limits_excess(const struct limits_tables *t)
{
	if (t->n_limits > IMAGE_MAX_LIMITS)
		return "different limits";
	if (t->n_names > IMAGE_MAX_NAMES)
		return "targets, kfuncs and checks";
	if (t->n_maps > IMAGE_MAX_MAPS)
		return "maps";
	return t->n_digests > IMAGE_MAX_DIGESTS ? "digests of programs" : NULL;
}

static void put_rows(void *to, const void *rows, size_t n, size_t size)
{
	if (n > 0)
		memcpy(to, rows, n * size);
}

void limits_lay_out(const struct limits_tables *t, void *image)
{
	put_rows((void *)image_limits(image), t->limits, t->n_limits, sizeof(*t->limits));
	put_rows((void *)image_names(image), t->names, t->n_names, sizeof(*t->names));
	put_rows((void *)image_maps(image), t->maps, t->n_maps, sizeof(*t->maps));
	put_rows((void *)image_digests(image), t->digests, t->n_digests, sizeof(*t->digests));
}
