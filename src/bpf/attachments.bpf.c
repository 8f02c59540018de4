// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attachments: what keeps a program in place. Links have no object hook of their own, so they are
 * labelled as they come to be, and a stranger's fd to one fails where its file is made. XDP over
 * netlink, which needs no fd, is interfaces.bpf.c's.
 *
 *   hook                   refuses with   if the label cannot be stored   cost to others
 *   fexit bpf_link_prime   -              an event says so                per new link
 *   fentry bpf_link_free   -              -                               per link's end
 *   fentry bpf_link_inc    -              -                               per link from a pin
 *   security_file_alloc    EPERM          -                               a storage lookup per file
 */

#include "bpf/lib/guard.h"

SEC("fexit/bpf_link_prime")
int BPF_PROG(attachments_link_new, struct bpf_link *link, struct bpf_link_primer *primer, int ret)
{
	__u32 domain = current_domain();
	struct object_label label = {.domain = domain, .kind = EVENT_OBJECT_LINK};
	struct guard_state *guard = guard_state();
	__u64 key = (__u64)link;
	struct act act = {};

	if (ret || !guard)
		return 0;
	/* the link's own id is set when it is settled, and then it has its fd */
	label.id = primer->id;
	/* set or cleared: both the address and the id may have been another's */
	if (!domain) {
		bpf_map_delete_elem(&objects, &key);
		id_label(EVENT_OBJECT_LINK, label.id, DOMAIN_NONE);
		return 0;
	}
	__sync_fetch_and_add(&guard->links, 1);
	if (!bpf_map_update_elem(&objects, &key, &label, BPF_ANY) &&
	    !id_label(EVENT_OBJECT_LINK, label.id, domain))
		return 0;
	act.act = EVENT_ACT_LINK_FD;
	act.kind = EVENT_OBJECT_LINK;
	act.id = label.id;
	act.owner = domain;
	guard_report(&act, EVENT_NOTED);
	return 0;
}

SEC("fentry/bpf_link_free")
int BPF_PROG(attachments_link_free, struct bpf_link *link)
{
	struct guard_state *guard = guard_state();
	struct object_label *label = object_label(link);
	__u64 key = (__u64)link;

	if (!guard || !label)
		return 0;
	__sync_fetch_and_add(&guard->links, -1);
	bpf_map_delete_elem(&objects, &key);
	id_label(EVENT_OBJECT_LINK, label->id, DOMAIN_NONE);
	return 0;
}

/* BPF_OBJ_GET takes its reference here; the file is made next, by the same task. */
SEC("fentry/bpf_link_inc")
int BPF_PROG(attachments_link_get, struct bpf_link *link)
{
	struct object_label *owner = object_label(link);
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_label *label;

	if (!owner || !strange(task_domain(task), owner->domain))
		return 0;
	label = task_label_make(task);
	if (label)
		label->link = (__u64)link;
	return 0;
}

/*
 * Not as an LSM program: 7.3 lists file_alloc_security among the hooks that BPF may not use. The
 * function around the hook takes this everywhere; whoever refuses first has the say (P04).
 */
SEC("fmod_ret/security_file_alloc")
int BPF_PROG(attachments_file_alloc, struct file *file)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct object_label *owner;
	struct act act = {};
	__u64 key;

	if (!label || !label->link)
		return 0;
	key = label->link;
	label->link = 0;
	owner = bpf_map_lookup_elem(&objects, &key);
	if (!owner || !strange(label->domain, owner->domain))
		return 0;
	act.act = EVENT_ACT_LINK_FD;
	act.row = EVENT_ROW('L', 3);
	act.error = EPERM;
	act.kind = EVENT_OBJECT_LINK;
	act.id = owner->id;
	act.owner = owner->domain;
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
