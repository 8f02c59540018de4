// SPDX-License-Identifier: LGPL-2.1-or-later
/* See duration.h. */

#include "cli/duration.h"

#include <errno.h>
#include <limits.h>

static uint32_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	default:
		return 0;
	}
}

int duration_parse(const char *text, uint32_t *ret_seconds)
{
	uint64_t n = 0;
	uint32_t unit;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > INT_MAX)
			return -ERANGE;
	}
	unit = unit_seconds(*text);
	if (!unit || text[1])
		return -EINVAL;
	if (n * unit > INT_MAX)
		return -ERANGE;
	*ret_seconds = (uint32_t)(n * unit);
	return 0;
}
