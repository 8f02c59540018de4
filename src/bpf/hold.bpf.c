// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hold: what a domain's task lets go of, so that holdfastd knows whether it did so itself, or
 * ended. holdfastd keeps the links and maps of a domain that holds them; here nothing is refused.
 *
 *   hook                      refuses with   cost to others
 *   fentry bpf_link_release   -              one hash lookup per fd of a link
 *   fentry bpf_map_release    -              one hash lookup per fd of a map
 */

#include "bpf/lib/guard.h"

#define PF_EXITING 4

INLINE int closed(struct file *file, __u32 what)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct object_label *label = object_label(file->private_data);
	struct act act = {.act = EVENT_ACT_CLOSED};

	if (!label || label->domain != task_domain(task) || !domain_holds(label->domain, what))
		return 0;
	act.command = (task->flags & PF_EXITING) != 0;
	act.kind = label->kind;
	act.id = label->id;
	act.owner = label->domain;
	guard_report(&act, EVENT_NOTED);
	return 0;
}

SEC("fentry/bpf_link_release")
int BPF_PROG(hold_link_closed, struct inode *inode, struct file *file)
{
	return closed(file, IMAGE_HOLD_LINKS);
}

SEC("fentry/bpf_map_release")
int BPF_PROG(hold_map_closed, struct inode *inode, struct file *file)
{
	return closed(file, IMAGE_HOLD_MAPS);
}

char LICENSE[] SEC("license") = "GPL";
