/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

/* The guard's own pins below GUARD_PIN_DIR. */

extern const char *const guard_map_names[_GUARD_MAP_MAX];

/* pins_absent() - Return: 0 if no guard is pinned; GUARD_E_EXISTS. */
int pins_absent(struct diag *reterr_diag);

/*
 * pins_make() - make the folders of a guard: GUARD_PIN_DIR or GUARD_PIN_NEXT. Return: 0 or negative
 * errno.
 */
int pins_make(const char *guard);

/*
 * pins_exchange() - GUARD_PIN_NEXT becomes the guard's own, and what was that is over: at once.
 * Return: 0 or negative errno.
 */
int pins_exchange(void);

/*
 * pins_remove() - links first, so that the hooks go before what they use. Return: 0 or negative
 * errno.
 */
int pins_remove(const char *guard);
