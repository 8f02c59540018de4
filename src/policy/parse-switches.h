/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The keys of `switches`; their object is a struct policy. */

#include "policy/walk.h"

#define PARSE_SWITCHES_KEYS 2

extern const struct walk_key parse_switches_keys[PARSE_SWITCHES_KEYS];
