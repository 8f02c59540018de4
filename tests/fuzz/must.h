/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a fuzz target asserts: also in a build without assert(). */

#include <stdlib.h>

/* must() - abort unless a promise of the code under test is kept */
static inline void must(int kept)
{
	if (!kept)
		abort();
}
