/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The keys of `events`; their object is a struct policy. */

#include "policy/walk.h"

#define PARSE_EVENTS_KEYS 1

extern const struct walk_key parse_events_keys[PARSE_EVENTS_KEYS];
