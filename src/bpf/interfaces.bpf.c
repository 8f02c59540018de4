// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interfaces: an XDP program is set, replaced and removed by a netlink message, without an fd of
 * what was there. So the message is read: one by a domain's task claims the interface, one by a
 * stranger is refused at a claimed one.
 *
 *   hook           refuses with   fails                                      cost to others
 *   netlink_send   EPERM          closed: what is too long to read whole is   two tests per message
 *                                 refused while an interface is claimed
 */

#include "bpf/lib/guard.h"
#include "bpf/lib/read.h"

#define NETLINK_ROUTE 0
#define RTM_NEWLINK 16
#define RTM_SETLINK 19
#define IFLA_XDP 43
#define IFLA_XDP_FD 1
#define NLA_TYPE_MASK 0x3fff

#define HEADER_SIZE 16 /* of struct nlmsghdr; of struct ifinfomsg as well */
#define MESSAGES_MAX 64
#define ATTRIBUTES_MAX 128

#define ALIGN4(n) (((n) + 3u) & ~3u)

struct message_walk {
	void *data; /* stays as it is: the verifier follows it from round to round */
	__u32 at; /* offset of the next message, then attribute */
	__u32 end; /* of the buffer, then message */
	__u32 netns;
	__u32 actor; /* domain of the sender */
	__u32 ifindex; /* of the request that is not the sender's to make; 0 by name */
	__u32 owner; /* of that interface */
	__u32 found; /* the message asks for XDP */
	__u32 removes;
	__u32 whole; /* all of it was read */
};

static long attribute_step(__u32 i, void *context)
{
	struct message_walk *walk = context;
	struct block block = {};
	__u32 len, type;

	if (walk->at + 4 > walk->end) {
		walk->whole = 1;
		return 1;
	}
	if (read_block(walk->data, walk->at, &block))
		return 1;
	len = block.word[0] & 0xffff;
	type = block.word[0] >> 16 & NLA_TYPE_MASK;
	if (len < 4 || len > walk->end - walk->at) {
		walk->whole = 1; /* the kernel stops here as well */
		return 1;
	}
	if (type == IFLA_XDP) {
		walk->found = 1;
		/* nested: length and type of the first attribute, then its value, an fd */
		walk->removes = (block.word[1] >> 16 & NLA_TYPE_MASK) == IFLA_XDP_FD &&
				(__s32)block.word[2] < 0;
		walk->whole = 1;
		return 1;
	}
	walk->at += ALIGN4(len);
	return 0;
}

static void interface_claim(const struct interface_key *key, __u32 domain, bool removes)
{
	struct guard_state *guard = guard_state();

	if (!guard)
		return;
	if (removes) {
		if (!bpf_map_delete_elem(&interfaces, key))
			__sync_fetch_and_add(&guard->interfaces, -1);
		return;
	}
	if (!bpf_map_update_elem(&interfaces, key, &domain, BPF_NOEXIST))
		__sync_fetch_and_add(&guard->interfaces, 1);
}

/* One request for XDP. By name (index 0) it may be any interface: nobody's to ask, then. */
static bool request_permitted(struct message_walk *walk, __u32 ifindex, bool removes)
{
	struct interface_key key = {.netns = walk->netns, .ifindex = ifindex};
	__u32 *claimed = bpf_map_lookup_elem(&interfaces, &key);
	struct guard_state *guard = guard_state();
	__u32 owner = DOMAIN_NONE;

	if (claimed)
		owner = *claimed;
	else if (!ifindex && guard && guard->interfaces)
		owner = DOMAIN_SELF;

	if (strange(walk->actor, owner)) {
		walk->owner = owner;
		walk->ifindex = ifindex;
		return false;
	}
	if (walk->actor)
		interface_claim(&key, walk->actor, removes);
	return true;
}

static long message_step(__u32 i, void *context)
{
	struct message_walk *walk = context;
	struct message_walk attributes;
	struct block header = {}, link = {};
	__u32 type;

	if (walk->at + HEADER_SIZE > walk->end) {
		walk->whole = 1;
		return 1;
	}
	if (read_block(walk->data, walk->at, &header))
		return 1;
	type = header.word[1] & 0xffff;
	if (header.word[0] < HEADER_SIZE || header.word[0] > walk->end - walk->at) {
		walk->whole = 1; /* the kernel stops here as well */
		return 1;
	}
	if (type != RTM_NEWLINK && type != RTM_SETLINK) {
		walk->at += ALIGN4(header.word[0]);
		return 0;
	}
	if (read_block(walk->data, walk->at + HEADER_SIZE, &link))
		return 1;
	attributes = *walk;
	attributes.at = walk->at + 2 * HEADER_SIZE;
	attributes.end = walk->at + header.word[0];
	attributes.whole = 0;
	attributes.found = 0;
	bpf_loop(ATTRIBUTES_MAX, attribute_step, &attributes, 0);
	if (!attributes.whole)
		return 1;
	if (attributes.found && !request_permitted(walk, link.word[1], attributes.removes))
		return 1;
	walk->at += ALIGN4(header.word[0]);
	return 0;
}

SEC("lsm/netlink_send")
int BPF_PROG(interfaces_netlink, struct sock *sk, struct sk_buff *skb)
{
	struct guard_state *guard = guard_state();
	struct message_walk walk = {};
	struct act act = {};
	__u32 domain;

	if (sk->sk_protocol != NETLINK_ROUTE || !guard)
		return 0;
	domain = current_domain();
	if (!guard->interfaces && !domain)
		return 0;
	walk.data = skb->data;
	walk.end = skb->len;
	walk.netns = sk->__sk_common.skc_net.net->ns.inum;
	walk.actor = domain;
	bpf_loop(MESSAGES_MAX, message_step, &walk, 0);
	if (!walk.owner && !walk.whole && guard->interfaces)
		walk.owner = DOMAIN_SELF;
	if (!strange(domain, walk.owner))
		return 0;
	act.owner = walk.owner;
	act.act = EVENT_ACT_NETLINK;
	act.row = EVENT_ROW('L', 8);
	act.error = EPERM;
	act.kind = EVENT_OBJECT_INTERFACE;
	act.id = walk.ifindex;
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
