/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What most hosts need strangers for, and a policy may close to them: IMAGE_CLOSED_*. Agents are
 * not held to it.
 */

#include "bpf/lib/guard.h"

/*
 * closed_to() - does the policy in force close the group, and to the task of this label? The
 * guard's own proof is refused whatever the policy says.
 */
INLINE bool closed_to(const struct task_label *label, const struct guard_state *guard, __u32 group)
{
	struct image_header *image = guard ? policy_bank(guard->bank & 1) : NULL;

	if (label && label->domain != DOMAIN_NONE && label->domain != DOMAIN_CANARY)
		return false;
	return (image && image->switches & group) || (label && label->canary);
}

/* closed_to_current() - the same, of the task that runs */
INLINE bool closed_to_current(__u32 group)
{
	return closed_to(task_label(bpf_get_current_task_btf()), guard_state(), group);
}

struct closed {
	__u32 group; /* IMAGE_CLOSED_* */
	__u32 row; /* of the threat catalogue */
	char name[16]; /* as in a policy */
};

#define CLOSED(what, letter, number, text)                                                    \
	{                                                                                     \
		.group = IMAGE_CLOSED_##what, .row = EVENT_ROW(letter, number), .name = text, \
	}

/* closed_refused() - the same, of an act upon nothing that is anybody's */
INLINE bool closed_refused(const struct closed *closed, __u32 command)
{
	struct act act = {
		.act = EVENT_ACT_SWITCH,
		.command = command,
		.row = closed->row,
		.error = EPERM,
		.kind = EVENT_OBJECT_SWITCH,
		.owner = DOMAIN_SELF,
	};

	if (!closed_to_current(closed->group))
		return false;
	copy_name(act.name, closed->name);
	return guard_refuses(&act);
}
