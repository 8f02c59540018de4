/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The threat catalogue: every row, whether a technique of it is here or not. */

#include <stddef.h>

struct catalogue_row {
	const char *id;
	const char *class; /* S, S*: the guard can refuse it; T, D, X, -: see holdfast-drill(1) */
	const char *title;
};

/* catalogue_each() - the @i-th row; NULL at the end. */
const struct catalogue_row *catalogue_each(size_t i);

/* catalogue_find() - by id; NULL if there is none. */
const struct catalogue_row *catalogue_find(const char *id);

/* catalogue_family() - "maps" and so on, by the letter of the id. */
const char *catalogue_family(const struct catalogue_row *row);
