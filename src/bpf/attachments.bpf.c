// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attachments: what keeps a program in place. Links have no object hook of their own, so they are
 * labelled as they come to be, and a stranger gets none from a pin. By id: commands.bpf.c. XDP over
 * netlink, which needs no fd, is interfaces.bpf.c's.
 *
 *   hook                   refuses with   if the label cannot be stored   cost to others
 *   fexit bpf_link_prime   -              an event says so                per new link
 *   fentry bpf_link_free   -              -                               per link's end
 *   inode_permission       EPERM          -                               shared.bpf.c
 *
 * The first two can be passed over (P17): a link without a label takes its program's within a
 * second, when holdfastd runs attachments_late.
 */

#include "bpf/lib/inodes.h"
#include "bpf/lib/shared.h"

static void link_label(struct guard_state *guard, const struct bpf_link *link, __u32 id,
		       __u32 domain)
{
	struct object_label label = {.domain = domain, .kind = EVENT_OBJECT_LINK, .id = id};
	__u64 key = (__u64)link;
	struct act act = {};

	__sync_fetch_and_add(&guard->links, 1);
	act.act = EVENT_ACT_LINK_FD;
	if (!bpf_map_update_elem(&objects, &key, &label, BPF_ANY) &&
	    !id_label(EVENT_OBJECT_LINK, id, domain)) {
		if (!domain_holds(domain, IMAGE_HOLD_LINKS))
			return;
		act.act = EVENT_ACT_MADE;
	}
	act.kind = EVENT_OBJECT_LINK;
	act.id = id;
	act.owner = domain;
	guard_report(&act, EVENT_NOTED);
}

SEC("fexit/bpf_link_prime")
int BPF_PROG(attachments_link_new, struct bpf_link *link, struct bpf_link_primer *primer, int ret)
{
	struct guard_state *guard = guard_state();
	__u32 domain = current_domain();
	__u64 key = (__u64)link;

	if (ret || !guard)
		return 0;
	/* the link's own id is set when it is settled, and then it has its fd */
	if (domain) {
		link_label(guard, link, primer->id, domain);
		return 0;
	}
	/* both the address and the id may have been another's */
	bpf_map_delete_elem(&objects, &key);
	id_label(EVENT_OBJECT_LINK, primer->id, DOMAIN_NONE);
	return 0;
}

/* Nobody but its domain has an fd of a program, so whoever made a link of it is of that domain. */
SEC("iter/bpf_link")
int attachments_late(struct bpf_iter__bpf_link *context)
{
	struct guard_state *guard = guard_state();
	struct bpf_link *link = context->link;
	struct object_label *owner;
	struct act act = {};

	/* without an id it is not settled: the next look finds it */
	if (!link || !guard || !link->id || object_label(link) || !link->prog)
		return 0;
	owner = object_label(link->prog->aux);
	if (!owner || !owner->domain)
		return 0;
	link_label(guard, link, link->id, owner->domain);
	act.act = EVENT_ACT_LINK_FD;
	act.row = EVENT_ROW('P', 17);
	act.kind = EVENT_OBJECT_LINK;
	act.id = link->id;
	act.owner = owner->domain;
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

/*
 * BPF_OBJ_GET of a link asks for nothing but to read and write its pin. An LSM program, as the
 * others that decide: the kernel passes over one of another kind while it is preempted (P17).
 */
int attachments_pin_open(struct inode *inode)
{
	struct object_label *owner = object_label(inode->i_private);
	struct act act = {};

	if (!owner || owner->kind != EVENT_OBJECT_LINK ||
	    !strange(current_domain(), owner->domain) ||
	    keeps(current_domain(), owner->domain, IMAGE_HOLD_LINKS))
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
