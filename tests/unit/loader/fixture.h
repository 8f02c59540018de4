/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An object of the tests with a text for it, on the way to a plan. */

#include <stddef.h>

#include "base/diag.h"

struct data_file;
struct loader;
struct loader_map;
struct object;

struct fixture {
	char *bytes; /* of the object */
	size_t size;
	struct object *object;
	struct data_file *contents;
	struct loader *loader;
	struct diag diag;
};

/* fixture_open() - the bytes of a compiled object, by name; release with fixture_close() */
void fixture_open(const char *name, struct fixture *ret_fixture);

void fixture_close(struct fixture *fixture);

/**
 * fixture_plan() - read the object anew, with a text or NULL, and plan
 * Return: what object_read() or loader_plan() returns, positive for both refusals; the diag is set.
 */
int fixture_plan(struct fixture *fixture, const char *text);

/* fixture_planned(), fixture_refused() - and it is so; refused in words that have this part */
void fixture_planned(struct fixture *fixture, const char *text);
void fixture_refused(struct fixture *fixture, const char *text, const char *part);

/* fixture_map() - the plan of a map, which must be there */
const struct loader_map *fixture_map(const struct fixture *fixture, const char *name);
