/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs of `holdfast policy` that have a file of their own. */

struct cli_call;

/**
 * policy_learn() - a policy for an agent that runs
 * Return: enum cli_exit.
 */
int policy_learn(const struct cli_call *call);
