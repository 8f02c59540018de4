/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The drill as a storm. */

#include <stdio.h>

#include "drive.h"

/**
 * soak_run() - every technique, again and again, for options->soak seconds; TAP on @file
 *
 * What is for guests only is left out unless options->disposable. See stage.h for options->start.
 * Return: 0; DRILL_E_OTHERWISE, DRILL_E_FAILED.
 */
int soak_run(const struct drill_options *options, FILE *file);
