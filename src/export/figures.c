// SPDX-License-Identifier: LGPL-2.1-or-later
/* See figures.h. */

#include "export/figures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/entry.h"

#define Z 1.959964 /* of the normal distribution, for 95 % */

struct figures {
	uint64_t *detect;
	size_t n, room;
	struct figures_coverage coverage;
};

int figures_new(struct figures **ret_figures)
{
	*ret_figures = calloc(1, sizeof(**ret_figures));
	return *ret_figures ? 0 : -ENOMEM;
}

struct figures *figures_free(struct figures *figures)
{
	if (figures)
		free(figures->detect);
	free(figures);
	return NULL;
}

static int add(struct figures *figures, uint64_t ns)
{
	if (figures->n == figures->room) {
		size_t room = figures->room ? figures->room * 2 : 1024;
		uint64_t *grown = reallocarray(figures->detect, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		figures->detect = grown;
		figures->room = room;
	}
	figures->detect[figures->n++] = ns;
	return 0;
}

static void take_loads(struct figures_coverage *coverage, const json_t *entry)
{
	uint64_t ids = entry_number(entry, "ids"), decided = entry_number(entry, "decided");

	coverage->loads += ids;
	coverage->decided += decided;
	if (!json_is_integer(json_object_get(entry, "audit")))
		return;
	coverage->audit += entry_number(entry, "audit");
	coverage->audit_ids += ids;
	coverage->audit_decided += decided;
}

int figures_take(struct figures *figures, const struct follow_entry *entry)
{
	_cleanup_(entry_json_freep) json_t *json = entry_parse(entry);
	const char *verdict = entry_string(json, "verdict");

	if (strcmp(entry_string(json, "note"), "loads") == 0)
		take_loads(&figures->coverage, json);
	/* loads that were let through in a flood have no entry of their own, and are counted */
	else if (json_object_get(json, "folded") &&
		 strcmp(entry_string(json, "of"), "prog_load") == 0)
		figures->coverage.decided += entry_number(json, "folded");
	else if (json_is_integer(json_object_get(json, "detect_ns")) &&
		 (strcmp(verdict, "refused") == 0 || strcmp(verdict, "observed") == 0))
		return add(figures, entry_number(json, "detect_ns"));
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The value of a rank from 1, or the nearest there is. */
static uint64_t ranked(const struct figures *figures, double rank)
{
	size_t i = rank < 1 ? 1 : (size_t)rank;

	return figures->detect[(i > figures->n ? figures->n : i) - 1];
}

void figures_detect(struct figures *figures, struct figures_spread *ret_spread)
{
	double n = (double)figures->n;

	*ret_spread = (struct figures_spread){.n = figures->n};
	if (!figures->n)
		return;
	qsort(figures->detect, figures->n, sizeof(*figures->detect), compare);
	ret_spread->median = ranked(figures, ceil(n / 2));
	ret_spread->p90 = ranked(figures, ceil(n * 0.9));
	ret_spread->max = figures->detect[figures->n - 1];
	/* order statistics: how many lie below the median is binomial, whatever they are */
	ret_spread->low = ranked(figures, floor(n / 2 - Z * sqrt(n) / 2));
	ret_spread->high = ranked(figures, ceil(n / 2 + Z * sqrt(n) / 2) + 1);
}

void figures_coverage(const struct figures *figures, struct figures_coverage *ret_coverage)
{
	*ret_coverage = figures->coverage;
}

void figures_wilson(uint64_t hits, uint64_t n, double *ret_low, double *ret_high)
{
	double cases = (double)n, share, middle, half;

	*ret_low = 0;
	*ret_high = 1;
	if (!n)
		return;
	share = (double)(hits < n ? hits : n) / cases;
	middle = (share + Z * Z / (2 * cases)) / (1 + Z * Z / cases);
	half = Z / (1 + Z * Z / cases) *
	       sqrt(share * (1 - share) / cases + Z * Z / (4 * cases * cases));
	*ret_low = middle - half > 0 ? middle - half : 0;
	*ret_high = middle + half < 1 ? middle + half : 1;
}
