/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The object that a verb's FILE and --object mean. */

#include <stddef.h>

#include "cli/object-view.h"
#include "object/carried.h"

struct cli_call;
struct object;

/* A file, and the object of it that was asked for. */
struct object_choice {
	char *data;
	size_t size;
	struct carried carried[CARRIED_MAX];
	size_t n;
	struct object *object;
	struct object_view view;
};

/**
 * object_choose() - read the object that a call means
 * @choice: all zero; release with object_choice_done()
 * Return: CLI_DONE; CLI_FAILED, and why is said.
 */
int object_choose(const struct cli_call *call, struct object_choice *choice);

/* object_choice_done() - release it; what is all zero is accepted */
void object_choice_done(struct object_choice *choice);
