// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands: what bpf(2) is asked, seen before any object is. Decides by scalars of the kernel's
 * copy of attr only: another thread can put another file under an fd number while we look, and
 * rewrite what a user pointer points to.
 *
 *   hook   refuses with                          cost to others
 *   bpf    EPERM; ENOENT: an object by its id;
 *          ENOSPC: no label for a link           shared.bpf.c; one storage lookup
 *
 * A token, times of programs or uprobes that a policy closes are refused here, so on kernels that
 * have none as well.
 */

#include "bpf/lib/closed.h"
#include "bpf/lib/shared.h"

#define TOKEN_CREATE 36 /* enum bpf_cmd, since 6.9 */

/* enum bpf_attach_type, since 6.6 and 6.13 */
#define TRACE_UPROBE_MULTI 48
#define TRACE_UPROBE_SESSION 57

static const struct closed tokens = CLOSED(TOKENS, 'F', 14, "tokens");
static const struct closed stats = CLOSED(STATS, 'K', 18, "stats");
static const struct closed uprobes = CLOSED(UPROBES, 'P', 15, "uprobes");

/* enum bpf_attach_type, by what it attaches to: the ranges that cgroups use */
static bool attaches_to_cgroup(__u32 type)
{
	switch (type) {
	case BPF_CGROUP_INET_INGRESS ... BPF_CGROUP_SOCK_OPS:
	case BPF_CGROUP_DEVICE:
	case BPF_CGROUP_INET4_BIND ... BPF_CGROUP_UDP6_SENDMSG:
	case BPF_CGROUP_SYSCTL:
	case BPF_CGROUP_UDP4_RECVMSG ... BPF_CGROUP_SETSOCKOPT:
	case BPF_CGROUP_INET4_GETPEERNAME ... BPF_CGROUP_INET6_GETSOCKNAME:
	case BPF_CGROUP_INET_SOCK_RELEASE:
	case BPF_LSM_CGROUP:
		return true;
	}
	return false;
}

/* A domain's task attaches to some cgroup: from now on the type is that domain's to detach. */
static void attach_type_claim(__u32 type, __u32 domain)
{
	__u32 *owner;

	if (!attaches_to_cgroup(type))
		return;
	owner = bpf_map_lookup_elem(&attach_types, &type);
	if (owner && !*owner)
		*owner = domain;
}

static void claim(int command, union bpf_attr *attr, __u32 domain)
{
	if (domain == DOMAIN_SELF)
		return;
	if (command == BPF_PROG_ATTACH)
		attach_type_claim(attr->attach_type, domain);
	else if (command == BPF_LINK_CREATE)
		attach_type_claim(attr->link_create.attach_type, domain);
}

/*
 * Which cgroup is meant is an fd number and not to be known here, so the attach type decides.
 * Adding a program beside the others (ALLOW_MULTI without REPLACE) hurts nobody's and stays open.
 */
static __u32 attach_type_owner(int command, union bpf_attr *attr, __u32 *ret_row)
{
	__u32 flags = attr->attach_flags, type = attr->attach_type;
	__u32 *owner;

	if (command == BPF_PROG_ATTACH) {
		if (flags & BPF_F_ALLOW_MULTI && !(flags & BPF_F_REPLACE))
			return DOMAIN_NONE;
		*ret_row = EVENT_ROW('L', 5);
	} else {
		*ret_row = EVENT_ROW('L', 4);
	}
	owner = bpf_map_lookup_elem(&attach_types, &type);
	return owner ? *owner : DOMAIN_NONE;
}

/*
 * A link is labelled when it is there already, and cannot be refused then: so it is refused here,
 * to whoever needs a label, while there is still room for those under way.
 */
INLINE bool room_for_link(int command)
{
	struct guard_state *guard = guard_state();

	if (command != BPF_LINK_CREATE && command != BPF_RAW_TRACEPOINT_OPEN)
		return true;
	return guard && guard->links < LABELS_MAX_LINKS - LABELS_LINKS_RESERVE;
}

/*
 * An id is not an fd yet. ENOENT rather than EPERM: tools that list what is loaded pass over an id
 * that has just gone, and stop at one they may not have.
 */
INLINE int by_id(struct act *act, __u32 domain, __u32 id, __u32 hold)
{
	act->id = id;
	act->error = ENOENT;
	act->owner = id_owner(act->kind, id);
	/* What goes through is noted where the fd is made; links alone have no hook there. */
	if (act->kind != EVENT_OBJECT_LINK && !IMAGE_ENFORCES(domain_mode(act->owner)))
		return 0;
	if (!strange(domain, act->owner) || keeps(domain, act->owner, hold))
		return 0;
	if (guard_refuses(act))
		return REFUSED(ENOENT);
	return 0;
}

int commands_bpf(int command, union bpf_attr *attr)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	__u32 domain = label ? label->domain : DOMAIN_NONE;
	struct act act = {.act = EVENT_ACT_BPF, .command = command, .error = EPERM};

	if (command == BPF_LINK_DETACH || command == BPF_LINK_UPDATE) {
		act.kind = EVENT_OBJECT_LINK;
		act.row = command == BPF_LINK_DETACH ? EVENT_ROW('L', 1) : EVENT_ROW('L', 3);
		act.owner = DOMAIN_SELF;
		return self_bound(domain) && guard_refuses(&act) ? REFUSED(EPERM) : 0;
	}
	/* a load that failed is over: the next program's fd is another's */
	if (label && command != BPF_PROG_LOAD)
		label->loading = 0;
	if (domain) {
		label->command = command;
		claim(command, attr, domain);
		if (!room_for_link(command))
			return REFUSED(ENOSPC);
	}
	switch (command) {
	case TOKEN_CREATE:
		return closed_refused(&tokens, 0) ? REFUSED(EPERM) : 0;
	case BPF_ENABLE_STATS:
		return closed_refused(&stats, 0) ? REFUSED(EPERM) : 0;
	case BPF_LINK_CREATE:
		if (attr->link_create.attach_type != TRACE_UPROBE_MULTI &&
		    attr->link_create.attach_type != TRACE_UPROBE_SESSION)
			return 0;
		return closed_refused(&uprobes, 0) ? REFUSED(EPERM) : 0;
	case BPF_MAP_GET_FD_BY_ID:
		act.kind = EVENT_OBJECT_MAP;
		act.row = attr->open_flags & BPF_F_RDONLY ? EVENT_ROW('M', 12) : EVENT_ROW('M', 1);
		return by_id(&act, domain, attr->map_id,
			     attr->open_flags & BPF_F_RDONLY ? IMAGE_HOLD_MAPS : 0);
	case BPF_PROG_GET_FD_BY_ID:
		act.kind = EVENT_OBJECT_PROG;
		act.row = EVENT_ROW('P', 12);
		return by_id(&act, domain, attr->prog_id, 0);
	case BPF_LINK_GET_FD_BY_ID:
		act.kind = EVENT_OBJECT_LINK;
		act.row = EVENT_ROW('L', 2);
		return by_id(&act, domain, attr->link_id, IMAGE_HOLD_LINKS);
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
		act.id = attr->attach_type;
		act.owner = attach_type_owner(command, attr, &act.row);
		act.kind = EVENT_OBJECT_ATTACH_TYPE;
		break;
	default:
		return 0;
	}
	if (strange(domain, act.owner) && guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
