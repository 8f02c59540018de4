// SPDX-License-Identifier: LGPL-2.1-or-later
/* `switches` of a policy: which of the kernel's control files and switches strangers may use. */

#include "policy/parse-switches.h"

#include <stdio.h>
#include <string.h>

#include "policy/image-check.h"
#include "policy/tree.h"

#define N_OPEN 4
#define N_CLOSE (IMAGE_SWITCH_GROUPS - N_OPEN)

/* One of the groups of image_switches from @first on, @n of them. */
static int read_group(struct walk *walk, const struct doc_node *item, struct policy *policy,
		      const struct image_switch *first, size_t n)
{
	char what[192] = "";
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(what + used, sizeof(what) - used, "%s\"%s\"",
					 !i	      ? ""
					 : i + 1 == n ? " or "
						      : ", ",
					 first[i].name);
		if (!doc_is_string(item) || strcmp(item->text, first[i].name) != 0)
			continue;
		if (policy->switches & first[i].group)
			return walk_refuse(walk, item, "\"%s\" is there twice", item->text);
		policy->switches |= first[i].group;
		return 0;
	}
	return walk_expected(walk, item, what);
}

static int read_open(struct walk *walk, const struct doc_node *item, void *object)
{
	return read_group(walk, item, object, image_switches, N_OPEN);
}

static int read_close(struct walk *walk, const struct doc_node *item, void *object)
{
	return read_group(walk, item, object, image_switches + N_OPEN, N_CLOSE);
}

static int switches_open(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"groups", 0, N_OPEN, read_open};
	struct policy *policy = object;

	policy->switches &= ~IMAGE_SWITCHES_ALL;
	return walk_list(walk, &items, value, object);
}

static int switches_close(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"groups", 0, N_CLOSE, read_close};

	return walk_list(walk, &items, value, object);
}

const struct walk_key parse_switches_keys[PARSE_SWITCHES_KEYS] = {
	{.name = "open", .required = true, .read = switches_open},
	{.name = "close", .read = switches_close},
};
