// SPDX-License-Identifier: LGPL-2.1-or-later
/* `switches` of a policy: which of the kernel's control files strangers may write. */

#include "policy/parse-switches.h"

#include <string.h>

#include "base/size.h"
#include "policy/tree.h"

static int read_switch(struct walk *walk, const struct doc_node *item, void *object)
{
	static const struct {
		const char *name;
		uint32_t group;
	} groups[] = {
		{"hotplug", IMAGE_SWITCH_HOTPLUG},
		{"mac", IMAGE_SWITCH_MAC},
		{"suspend", IMAGE_SWITCH_SUSPEND},
		{"helpers", IMAGE_SWITCH_HELPERS},
	};
	struct policy *policy = object;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!doc_is_string(item) || strcmp(item->text, groups[i].name) != 0)
			continue;
		if (policy->switches & groups[i].group)
			return walk_refuse(walk, item, "\"%s\" is there twice", item->text);
		policy->switches |= groups[i].group;
		return 0;
	}
	return walk_expected(walk, item, "\"hotplug\", \"mac\", \"suspend\" or \"helpers\"");
}

static int switches_open(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"groups", 0, 4, read_switch};
	struct policy *policy = object;

	policy->switches = 0;
	return walk_list(walk, &items, value, object);
}

const struct walk_key parse_switches_keys[PARSE_SWITCHES_KEYS] = {
	{.name = "open", .required = true, .read = switches_open},
};
