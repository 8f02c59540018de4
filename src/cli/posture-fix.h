/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `holdfast posture fix`: what the table of verbs names. */

#include "cli/cli.h"

/* posture_fix_options - of the verb */
extern const struct cli_option posture_fix_options[];

/* posture_fix() - what it does. Return: enum cli_exit. */
int posture_fix(const struct cli_call *call);
