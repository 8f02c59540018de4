/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <bpf/libbpf.h>

#include "guard/former.h"

/* succession_program() - is it one that serves a take-over, and nothing else? */
bool succession_program(const char *name);

/* succession_map() - is it one of the guard before? */
bool succession_map(const struct former *former, const struct bpf_map *map);

/**
 * succession_choose() - put the maps of @former in place before the object is loaded; without one,
 * leave away what serves a take-over only
 *
 * Return: 0 or negative errno.
 */
int succession_choose(struct bpf_object *object, const struct former *former);

/**
 * succession_take() - take over all labels
 * @object: attached, the guard's own objects have their labels
 *
 * Return: 0; -ENOSPC if there is not room for all; negative errno.
 */
int succession_take(const struct former *former, struct bpf_object *object, int control);

/* succession_tasks() - those of the tasks alone, until nothing changes. Return: 0 or -errno. */
int succession_tasks(struct bpf_object *object);

/**
 * succession_begin() - let a guard of this build take over from the one that is pinned
 *
 * Return: 0: the pins are those of this build's; GUARD_E_ABI and what guard_load() says, then the
 * guard before is in force as it was; negative errno.
 */
int succession_begin(struct diag *reterr_diag);

/**
 * succession_finish() - end what is pinned beside the guard, after it has taken over, or because
 * it will not
 * @guard: of this build
 *
 * Return: 0 or negative errno.
 */
int succession_finish(struct guard *guard);
