/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs of `holdfast object` that have a file of their own. */

#include <stdbool.h>

struct cli_call;

/* object_load() - `holdfast object load`. Return: enum cli_exit. */
int object_load(const struct cli_call *call);

/* object_means_loaded() - whether `holdfast object advise` was asked about what is loaded */
bool object_means_loaded(const struct cli_call *call);

/* object_advise_loaded() - the same with --pid, --unit or --all. Return: enum cli_exit. */
int object_advise_loaded(const struct cli_call *call);
