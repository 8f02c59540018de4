/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Time in nanoseconds, as one number. */

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND_NS ((uint64_t)1000000000)

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND_NS + (uint64_t)ts.tv_nsec;
}
