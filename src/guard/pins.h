/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

/* The guard's own pins below GUARD_PIN_DIR. */

extern const char *const guard_map_names[_GUARD_MAP_MAX];

/* pins_absent() - Return: 0 if no guard is pinned; GUARD_E_EXISTS. */
int pins_absent(struct diag *reterr_diag);

/* pins_make() - make the folders. Return: 0 or negative errno. */
int pins_make(void);

/*
 * pins_remove() - links first, so that the hooks go before what they use. Return: 0 or negative
 * errno.
 */
int pins_remove(void);
