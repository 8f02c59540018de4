/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The drill as a storm. */

#include <stdio.h>

#include "drive.h"

/**
 * soak_run() - every technique that spares the host, again and again, for so many seconds; TAP
 * @start: see stage.h
 * Return: 0; DRILL_E_OTHERWISE, DRILL_E_FAILED.
 */
int soak_run(unsigned int seconds, const char *start, FILE *file);
