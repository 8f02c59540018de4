/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Policies that are valid and would lock out who keeps the host, or the guard, alive: told before
 * they are in force, unless they are meant.
 */

#include "policy/tree.h"

#define POLICY_LOCKOUT_PID1 1u /* process 1 may not load what it loads for its units */
#define POLICY_LOCKOUT_SELF 2u /* a domain has the program of holdfastd, or that of process 1 */
#define POLICY_LOCKOUT_ALL 3u

/* policy_lockout_bit() - of "pid1" or "self"; 0 for any other word */
unsigned int policy_lockout_bit(const char *word);

/**
 * policy_lockout() - would this policy lock somebody out?
 * @forced:      POLICY_LOCKOUT_*: what is meant to be so
 * @reterr_diag: the place, who it is, what to write instead
 *
 * Goes by the paths that service managers and holdfastd are installed at; a rule that names a
 * digest may be anybody's and is believed.
 * Return: 0; POLICY_E_INVALID.
 */
int policy_lockout(const struct policy *policy, unsigned int forced, struct diag *reterr_diag);
