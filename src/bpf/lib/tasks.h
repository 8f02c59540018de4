/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Labelled tasks, for whoever has less than the task: its address, or its control group. The label
 * itself is in the task's storage; here it is kept a second time by the task's address, and every
 * control group that holds or held a labelled task is known with all its ancestors.
 */

#include "bpf/lib/guard.h"

/* Deeper ones are possible: then every group counts as one that holds a labelled task. */
#define CGROUP_DEPTH_MAX 48

INLINE struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___hidden *hidden = (void *)node;

	if (bpf_core_field_exists(node->parent))
		return node->parent;
	return hidden->__parent;
}

/* The address is that of its folder's node in the hierarchy's tree, on every mount of it. */
INLINE void cgroup_claim(struct guard_state *guard, __u64 node, __u32 domain)
{
	__u32 *owner = bpf_map_lookup_elem(&cgroups, &node);
	__u32 self = DOMAIN_SELF;

	if (owner) {
		/* two domains' tasks are below it: neither may harm the other */
		if (*owner != domain)
			*owner = self;
		return;
	}
	if (bpf_map_update_elem(&cgroups, &node, &domain, BPF_ANY))
		guard->all_cgroups = 1;
}

/* The root is in no map: it has no file that kills or freezes. */
static __noinline void cgroup_protect(struct cgroup *cgroup, __u32 domain)
{
	struct guard_state *guard = guard_state();
	struct kernfs_node *node = cgroup->kn, *parent;

	if (!guard)
		return;
	for (int i = 0; i < CGROUP_DEPTH_MAX; i++) {
		parent = kernfs_parent(node);
		if (!parent)
			return;
		cgroup_claim(guard, (__u64)node, domain);
		node = parent;
	}
	guard->all_cgroups = 1;
}

/* Its group in the one hierarchy, and where there is one of version 1 that freezes, in that too. */
INLINE void task_cgroups_protect(struct task_struct *task, __u32 domain)
{
	struct css_set *set = task->cgroups;

	cgroup_protect(set->dfl_cgrp, domain);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, freezer_cgrp_id)) {
		__u32 freezer = bpf_core_enum_value(enum cgroup_subsys_id, freezer_cgrp_id);

		cgroup_protect(set->subsys[freezer & 15]->cgroup, domain);
	}
}

/* Whose is the task at that address? */
INLINE __u32 address_domain(__u64 task)
{
	__u32 *domain = bpf_map_lookup_elem(&tasks, &task);

	return domain ? *domain : DOMAIN_NONE;
}

/* task_note() - keep a label, or its end, by the task's address. Return: 0 if there is room. */
INLINE long task_note(struct task_struct *task, __u32 domain)
{
	__u64 key = (__u64)task;

	if (domain)
		return bpf_map_update_elem(&tasks, &key, &domain, BPF_ANY);
	/* every task that ends comes here: looking takes no lock */
	if (bpf_map_lookup_elem(&tasks, &key))
		bpf_map_delete_elem(&tasks, &key);
	return 0;
}
