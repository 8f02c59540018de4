/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a helper does to the map that it is given, and to the memory. */

#include <stdbool.h>
#include <stdint.h>

struct effect {
	unsigned map_argument; /* from 1; 0: no map is known to go in */
	unsigned use; /* enum map_use, of that map */
	bool returns_value; /* it gives a pointer to a value of the map */
	bool calls_back; /* it calls a function with what it was given */
	unsigned reads; /* bit n: argument n points to memory that is only read, or there is none */
};

/* effect_of() - that of a helper by number; all zero for one that is not known */
struct effect effect_of(uint32_t helper);
