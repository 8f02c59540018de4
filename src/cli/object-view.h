/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How `holdfast object` shows what it read. */

#include <stddef.h>

struct loaded;
struct object;

/* What inspect shows. */
struct object_view {
	const struct object *object;
	const char *path; /* borrowed */
	size_t offset; /* bytes of the file before the object */
	size_t number, n; /* which of the file's objects it is, from 1 */
};

/* The kernel feature an object needs, and since when it is there. */
struct object_feature {
	const char *kind, *name, *since; /* since: NULL if unknown */
};

/**
 * object_features() - what the kernel must have
 * @ret_features: each once: program types, map types, helpers; the caller frees
 * Return: 0; -ENOMEM.
 */
int object_features(const struct object *object, struct object_feature **ret_features,
		    size_t *ret_n);

/**
 * object_print_text(), object_print_json() - write to stdout
 * Return: 0; -ENOMEM.
 */
int object_print_text(const struct object_view *view);
int object_print_json(const struct object_view *view);

/**
 * object_advise_text(), object_advise_json() - advice for each map, and a patch, to stdout
 * Return: 0; -ENOMEM.
 */
int object_advise_text(const struct object_view *view);
int object_advise_json(const struct object_view *view);

/**
 * loaded_advise_text(), loaded_advise_json() - advice for each wanted map of the kernel, to stdout
 * Return: 0; -ENOMEM.
 */
int loaded_advise_text(const struct loaded *loaded);
int loaded_advise_json(const struct loaded *loaded);
