/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A part of policy_parse(): `limits:`, of a rule of admission and of who has none. */

#include "policy/walk.h"

struct policy_limits;

/* parse_limits() - the mapping into @limits, which is empty; as walk_key.read */
int parse_limits(struct walk *walk, const struct doc_node *value, struct policy_limits *limits);

/* parse_limits_done() - free what @limits holds */
void parse_limits_done(struct policy_limits *limits);

#define PARSE_LIMITS_KEYS 6
#define PARSE_MAP_KEYS 6

extern const struct walk_key parse_limits_keys[PARSE_LIMITS_KEYS], parse_map_keys[PARSE_MAP_KEYS];
