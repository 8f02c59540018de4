/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The keys of `kernel`; their object is a struct policy_kernel. */

#include "policy/walk.h"

#define PARSE_KERNEL_KEYS 6

extern const struct walk_key parse_kernel_keys[PARSE_KERNEL_KEYS];
