/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

/**
 * guard_load() - bring a guard up that lives by its pins alone
 * @image: checked; @size in bytes
 * @ret_adoption: what became of the agents that were there before
 *
 * Return: as guard_up().
 */
int guard_load(const void *image, size_t size, struct guard_adoption *ret_adoption,
	       struct diag *reterr_diag);
