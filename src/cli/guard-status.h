/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `guard status` prints. Pure: a state and an image in, text out. */

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct protocol_state;

/* What is known. */
struct guard_picture {
	bool pinned; /* a guard is in the kernel */
	const struct protocol_state *state; /* NULL: no holdfastd runs */
	const void *image; /* in force, checked; NULL: unknown */
};

/* guard_picture_print() - for people */
void guard_picture_print(FILE *file, const struct guard_picture *picture);

/* guard_picture_json() - for programs. Return: a new reference; NULL if memory ran out. */
json_t *guard_picture_json(const struct guard_picture *picture);

/* guard_picture_ok() - whether a guard is up, armed, and holdfastd with it */
bool guard_picture_ok(const struct guard_picture *picture);
