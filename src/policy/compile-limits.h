/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A part of compile_policy(): the tables of what callers are held to, each content there once. */

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/image.h"

struct policy_kernel;
struct policy_limits;

struct limits_tables {
	struct image_limits *limits;
	struct image_name *names;
	struct image_map *maps;
	struct image_program *digests;
	size_t n_limits, n_names, n_maps, n_digests;
};

/* limits_tables_done() - free the tables */
void limits_tables_done(struct limits_tables *t);

/**
 * limits_add() - what stands in a rule for these limits
 * @ret_place: 1 + their place in the table; 0 if nothing is given
 * Return: 0; -ENOMEM.
 */
int limits_add(struct limits_tables *t, const struct policy_limits *limits, uint32_t *ret_place);

/**
 * limits_require() - the host's required checks, after all limits: they are the last names
 * Return: 0; -ENOMEM.
 */
int limits_require(struct limits_tables *t, const struct policy_kernel *kernel);

/* limits_excess() - the name of a table that is longer than an image has it; NULL if none is */
const char *limits_excess(const struct limits_tables *t);

/* limits_lay_out() - into an image whose header has the tables' counts */
void limits_lay_out(const struct limits_tables *t, void *image);
