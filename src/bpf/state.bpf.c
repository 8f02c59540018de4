// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Defines the guard's maps, and nothing else: a room that is left out of the build takes no map
 * with it.
 */

#define MAPS_DEFINE
#include "bpf/lib/maps.h"

char LICENSE[] SEC("license") = "GPL";
