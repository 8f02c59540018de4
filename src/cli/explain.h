/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A verb of `holdfast guard` that has a file of its own. */

struct cli_call;

/**
 * guard_verb_explain() - an event in sentences
 * Return: enum cli_exit.
 */
int guard_verb_explain(const struct cli_call *call);
