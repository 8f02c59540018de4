/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

/**
 * guard_load() - bring a guard up that lives by its pins alone
 * @ret_adoption: what became of the agents that were there before
 *
 * Return: as guard_up().
 */
int guard_load(const struct guard_policy *policy, struct guard_adoption *ret_adoption,
	       struct diag *reterr_diag);

struct former;

/**
 * guard_load_beside() - load another guard beside one that is in force, up to where their pins are
 * exchanged
 *
 * It has the labels of the other, and has proven itself; it takes over when its control program is
 * told so. On any failure nothing of it is left.
 * Return: as guard_load(), and GUARD_E_ABI.
 */
int guard_load_beside(const struct former *former, struct diag *reterr_diag);
