/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A length of time as a person writes it. */

#include <stdint.h>

/**
 * duration_parse() - "90s", "10m", "2h", "1d": a whole number and its unit
 * Return: 0; -EINVAL if it is nothing of that kind; -ERANGE if it is more than an int of seconds.
 */
int duration_parse(const char *text, uint32_t *ret_seconds);
