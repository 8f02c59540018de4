// SPDX-License-Identifier: LGPL-2.1-or-later
/* See parse-events.h. */

#include "policy/parse-events.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "policy/doc.h"
#include "policy/tree.h"

static int events_ring(struct walk *walk, const struct doc_node *value, void *object)
{
	static const char what[] = "a power of two from \"64KiB\" to \"64MiB\"";
	struct policy *policy = object;
	unsigned long kib;
	char *end;

	if (!doc_is_string(value) || value->text[0] < '1' || value->text[0] > '9')
		return walk_expected(walk, value, what);

	errno = 0;
	kib = strtoul(value->text, &end, 10);
	if (errno || kib > IMAGE_RING_MAX_KIB)
		return walk_expected(walk, value, what);
	if (strcmp(end, "MiB") == 0)
		kib *= 1024;
	else if (strcmp(end, "KiB") != 0)
		return walk_expected(walk, value, what);
	if (kib < IMAGE_RING_MIN_KIB || kib > IMAGE_RING_MAX_KIB || (kib & (kib - 1)))
		return walk_expected(walk, value, what);

	policy->ring_kib = (uint32_t)kib;
	return 0;
}

const struct walk_key parse_events_keys[PARSE_EVENTS_KEYS] = {
	{.name = "ring", .read = events_ring},
};
