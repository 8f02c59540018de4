/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs of `holdfast object` that have a file of their own. */

struct cli_call;

/* object_load() - `holdfast object load`. Return: enum cli_exit. */
int object_load(const struct cli_call *call);
