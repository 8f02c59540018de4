// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interfaces: a program at XDP or tc is set, replaced and removed by a netlink message, without an
 * fd of what was there, and goes with its interface. So the message is read: one by a domain's task
 * claims the interface, one by a stranger is refused at a claimed one. What a policy closes is read
 * as well: audit, the diagnosis of sockets, and of the network all that is not a question.
 *
 *   hook           refuses with   fails                                      cost to others
 *   netlink_send   EPERM          closed: what is too long to read whole is   two tests per message
 *                                 refused while an interface is claimed, or
 *                                 the family is closed
 *
 * An interface is gone with its network namespace as well, and no message says so.
 */

#include "bpf/lib/closed.h"
#include "bpf/lib/read.h"

#define NETLINK_ROUTE 0
#define NETLINK_SOCK_DIAG 4
#define NETLINK_AUDIT 9
#define NETLINK_NETFILTER 12

#define NLM_F_EXCL 0x200

#define RTM_NEWLINK 16
#define RTM_DELLINK 17
#define RTM_SETLINK 19
#define RTM_NEWQDISC 36
#define RTM_DELQDISC 37
#define RTM_NEWTFILTER 44
#define RTM_DELTFILTER 45
#define RTM_NEWCHAIN 100
#define RTM_DELCHAIN 101
#define IFLA_NET_NS_PID 19
#define IFLA_NET_NS_FD 28
#define IFLA_XDP 43
#define IFLA_TARGET_NETNSID 46
#define IFLA_XDP_FD 1
#define NLA_TYPE_MASK 0x3fff

#define TC_ROOT 0xffffffffu /* parent of the one qdisc that an interface always has */
#define TC_CLSACT 0xffffu /* upper half of all that belongs to clsact or ingress */
#define TC_BLOCK 0xffffffffu /* in place of an interface: a block that several may share */

/* Of the four that rtnetlink has of each kind: new, del, get, set. */
#define RTM_BASE 16
#define RTM_KIND 3
#define RTM_GET 2

/* Of netfilter: the part of it, in the upper half of the type; and a bit for each question. */
#define PART_CONNTRACK 1
#define CONNTRACK_QUESTIONS 0xfaull
#define PART_IPSET 6
#define IPSET_QUESTIONS 0xf983ull
#define PART_TABLES 10
#define TABLES_QUESTIONS 0x202a92492ull

#define SOCK_DESTROY 21
#define AUDIT_SET 1001
#define AUDIT_DEL_RULE 1012
#define AUDIT_STATUS_ENABLED 1u

#define HEADER_SIZE 16 /* of struct nlmsghdr; of struct ifinfomsg as well */
#define MESSAGES_MAX 64
#define ATTRIBUTES_MAX 128

#define ALIGN4(n) (((n) + 3u) & ~3u)

static const struct closed sockets = CLOSED(SOCKETS, 'A', 18, "sockets");
static const struct closed audit = CLOSED(AUDIT, 'T', 3, "audit");
static const struct closed network = CLOSED(NETWORK, 'A', 19, "network");

/* A message; what it says of one interface: struct ifinfomsg and struct tcmsg begin alike. */
struct request {
	__u32 length, type, flags; /* of its header */
	__u32 ifindex;
	__u32 handle, parent; /* of tc */
};

/* What the attributes of a request say. */
struct attributes {
	__u32 at; /* offset of the next one */
	__u32 end; /* of the message */
	__u32 found; /* the message asks for XDP */
	__u32 removes;
	__u32 moves; /* the message names another network namespace */
	__u32 whole; /* all of it was read */
};

/*
 * Handed to global functions by its address, for what lies there no verifier keeps account of: so
 * it goes through each of them once, whatever the others have found, and through the step of a
 * walk until nothing changes that it does keep account of, which is next to nothing. Before 6.7 it
 * goes through the first step only; what others leave here is as unknown to it as what was before.
 */
struct message_walk {
	void *data; /* of the buffer */
	__u32 at; /* offset of the next message */
	__u32 end; /* of the buffer */
	__u32 netns;
	__u32 actor; /* domain of the sender */
	__u32 ifindex; /* of the request that is not the sender's to make; 0 by name */
	__u32 owner; /* of that interface */
	__u32 row; /* of that request */
	__u32 whole; /* all of it was read */
	__u32 protocol; /* what the socket is for: whose types these are */
	struct request request; /* at hand, or at which the walk has ended */
	struct attributes attributes; /* of that request */
	__u32 pad0;
};

_Static_assert(sizeof(struct message_walk) == 96, "message_walk without holes");

int link_permitted(struct message_walk *walk);
int tc_permitted(struct message_walk *walk);
int route_walk(struct message_walk *walk);
int family_walk(struct message_walk *walk, const struct closed *closed);

/* What is a loop's context must be on the stack: of the walk that is its address alone. */
INLINE struct message_walk *walk_of(void *context)
{
	return *(struct message_walk **)context;
}

static long attribute_step(__u32 i, void *context)
{
	struct message_walk *walk = walk_of(context);
	struct attributes *attributes = &walk->attributes;
	struct block block = {};
	__u32 len, type;

	if (attributes->at + 4 > attributes->end) {
		attributes->whole = 1;
		return 1;
	}
	if (read_block(walk->data, attributes->at, &block))
		return 1;
	len = block.word[0] & 0xffff;
	type = block.word[0] >> 16 & NLA_TYPE_MASK;
	if (len < 4 || len > attributes->end - attributes->at) {
		attributes->whole = 1; /* the kernel stops here as well */
		return 1;
	}
	if (type == IFLA_XDP) {
		attributes->found = 1;
		/* nested: length and type of the first attribute, then its value, an fd */
		attributes->removes = (block.word[1] >> 16 & NLA_TYPE_MASK) == IFLA_XDP_FD &&
				      (__s32)block.word[2] < 0;
	}
	if (type == IFLA_NET_NS_PID || type == IFLA_NET_NS_FD || type == IFLA_TARGET_NETNSID)
		attributes->moves = 1;
	attributes->at += ALIGN4(len);
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

/* Whose is what hangs there? What may be any interface is nobody's to ask about. */
INLINE __u32 interface_owner(const struct interface_key *key, bool any)
{
	__u32 *claimed = bpf_map_lookup_elem(&interfaces, key);
	struct guard_state *guard = guard_state();

	if (claimed)
		return *claimed;
	return any && guard && guard->interfaces ? DOMAIN_SELF : DOMAIN_NONE;
}

/* Return: whether the sender may; if not, the walk says whose it is. */
INLINE bool judged(struct message_walk *walk, __u32 owner, __u32 ifindex, __u32 row)
{
	if (!strange(walk->actor, owner))
		return true;
	walk->owner = owner;
	walk->ifindex = ifindex;
	walk->row = row;
	return false;
}

/* One request for XDP. By name (index 0) it may be any interface: nobody's to ask, then. */
static bool xdp_permitted(struct message_walk *walk, __u32 ifindex, bool removes)
{
	struct interface_key key = {.netns = walk->netns, .ifindex = ifindex};

	if (!judged(walk, interface_owner(&key, !ifindex), ifindex, EVENT_ROW('L', 8)))
		return false;
	if (walk->actor)
		interface_claim(&key, walk->actor, removes);
	return true;
}

/* The interface goes, or goes elsewhere, with all that hangs on it. */
static bool end_permitted(struct message_walk *walk, __u32 ifindex, bool any)
{
	struct interface_key key = {.netns = walk->netns, .ifindex = ifindex};
	__u32 owner = interface_owner(&key, any || !ifindex);

	if (!owner) {
		key.ifindex |= INTERFACE_TC;
		owner = interface_owner(&key, false);
	}
	return judged(walk, owner, ifindex, EVENT_ROW('L', 9));
}

/*
 * A filter or qdisc at clsact or ingress, where programs of agents are: a qdisc is meant by its
 * handle if it names no parent. Another domain may add what replaces nothing: more than one agent
 * watches an interface.
 */
GLOBAL int tc_permitted(struct message_walk *walk)
{
	struct interface_key key;
	struct request *request;
	bool adds, fresh, block;
	__u32 place;

	if (!walk)
		return false;
	request = &walk->request;
	key.netns = walk->netns;
	key.ifindex = request->ifindex | INTERFACE_TC;
	place = request->parent ? request->parent : request->handle;
	adds = request->type == RTM_NEWTFILTER || request->type == RTM_NEWQDISC ||
	       request->type == RTM_NEWCHAIN;
	fresh = adds && request->flags & NLM_F_EXCL;
	block = request->ifindex == TC_BLOCK;
	if (!block && (place >> 16 != TC_CLSACT || place == TC_ROOT))
		return true;
	if (!(fresh && walk->actor) && !judged(walk, interface_owner(&key, block), request->ifindex,
					       fresh ? EVENT_ROW('L', 11) : EVENT_ROW('L', 10)))
		return false;
	if (walk->actor && !block && (adds || request->type == RTM_DELQDISC))
		interface_claim(&key, walk->actor, !adds);
	return true;
}

INLINE bool is_tc(__u32 type)
{
	return type == RTM_NEWQDISC || type == RTM_DELQDISC || type == RTM_NEWTFILTER ||
	       type == RTM_DELTFILTER || type == RTM_NEWCHAIN || type == RTM_DELCHAIN;
}

/* Return: whether all of the message was read, and the sender may. */
GLOBAL int link_permitted(struct message_walk *walk)
{
	struct attributes *attributes;
	struct request *request;
	bool creates;

	if (!walk)
		return false;
	request = &walk->request;
	attributes = &walk->attributes;
	creates = request->type == RTM_NEWLINK && !request->ifindex && request->flags & NLM_F_EXCL;
	*attributes = (struct attributes){.at = walk->at + 2 * HEADER_SIZE,
					  .end = walk->at + request->length};
	bpf_loop(ATTRIBUTES_MAX, attribute_step, &walk, 0);
	if (!attributes->whole)
		return false;
	if (request->type == RTM_DELLINK)
		return end_permitted(walk, request->ifindex, attributes->moves);
	if (attributes->found && !xdp_permitted(walk, request->ifindex, attributes->removes))
		return false;
	/* a new interface may be born elsewhere */
	return !attributes->moves || creates || end_permitted(walk, request->ifindex, false);
}

/* Return: whether there is another message. The walk is whole where the kernel stops as well. */
INLINE bool message_begin(struct message_walk *walk)
{
	struct block header = {};

	if (walk->at + HEADER_SIZE > walk->end) {
		walk->whole = 1;
		return false;
	}
	if (read_block(walk->data, walk->at, &header))
		return false;
	walk->request.length = header.word[0];
	walk->request.type = header.word[1] & 0xffff;
	walk->request.flags = header.word[1] >> 16;
	if (header.word[0] >= HEADER_SIZE && header.word[0] <= walk->end - walk->at)
		return true;
	walk->whole = 1;
	return false;
}

static long message_step(__u32 i, void *context)
{
	struct message_walk *walk = walk_of(context);
	struct request *request = &walk->request;
	struct block body = {};

	if (!message_begin(walk))
		return 1;
	if (request->type == RTM_NEWLINK || request->type == RTM_SETLINK ||
	    request->type == RTM_DELLINK || is_tc(request->type)) {
		if (read_block(walk->data, walk->at + HEADER_SIZE, &body))
			return 1;
		request->ifindex = body.word[1];
		request->handle = body.word[2];
		request->parent = body.word[3];
		if (is_tc(request->type) ? !tc_permitted(walk) : !link_permitted(walk))
			return 1;
	}
	walk->at += ALIGN4(request->length);
	return 0;
}

GLOBAL int route_walk(struct message_walk *walk)
{
	struct guard_state *guard = guard_state();
	struct act act = {};

	if (!walk || !guard)
		return false;
	bpf_loop(MESSAGES_MAX, message_step, &walk, 0);
	if (!walk->owner && !walk->whole && guard->interfaces)
		walk->owner = DOMAIN_SELF;
	if (!strange(walk->actor, walk->owner))
		return false;
	act.owner = walk->owner;
	act.act = EVENT_ACT_NETLINK;
	act.row = walk->row;
	act.error = EPERM;
	act.kind = EVENT_OBJECT_INTERFACE;
	act.id = walk->ifindex;
	return guard_refuses(&act);
}

/*
 * Is it what the policy's group keeps? Of netfilter what drops packets, or what tells it which; who
 * asks, or is handed packets by a rule (queue, log), goes on. A kind of message that is too new to
 * be known here is taken for no question.
 */
static bool is_closed(__u32 protocol, __u32 type)
{
	__u64 questions;

	switch (protocol) {
	case NETLINK_SOCK_DIAG:
		return type == SOCK_DESTROY;
	case NETLINK_AUDIT:
		return type == AUDIT_DEL_RULE;
	case NETLINK_ROUTE:
		return type >= RTM_BASE && (type & RTM_KIND) != RTM_GET;
	}
	switch (type >> 8) {
	case PART_CONNTRACK:
		questions = CONNTRACK_QUESTIONS;
		break;
	case PART_IPSET:
		questions = IPSET_QUESTIONS;
		break;
	case PART_TABLES:
		questions = TABLES_QUESTIONS;
		break;
	default:
		return false;
	}
	type &= 0xff;
	return type > 63 || !(questions >> type & 1);
}

/* Of AUDIT_SET those messages that switch it off. */
static long closed_step(__u32 i, void *context)
{
	struct message_walk *walk = walk_of(context);
	struct request *request = &walk->request;
	struct block body = {};

	if (!message_begin(walk))
		return 1;
	if (is_closed(walk->protocol, request->type))
		return 1;
	if (walk->protocol == NETLINK_AUDIT && request->type == AUDIT_SET) {
		if (read_block(walk->data, walk->at + HEADER_SIZE, &body) ||
		    (body.word[0] & AUDIT_STATUS_ENABLED && !body.word[1]))
			return 1;
	}
	walk->at += ALIGN4(request->length);
	return 0;
}

/* What ends the walk before its end is what must not be, or more than can be read. */
GLOBAL int family_walk(struct message_walk *walk, const struct closed *closed)
{
	if (!walk || !closed)
		return false;
	bpf_loop(MESSAGES_MAX, closed_step, &walk, 0);
	return !walk->whole && closed_refused(closed, walk->request.type);
}

/* The verifier takes what is handed over for written as well: so it is no constant, but a copy. */
static __noinline int family_read(struct sk_buff *skb, const struct closed *group, __u32 protocol)
{
	struct message_walk walk = {.data = skb->data, .end = skb->len, .protocol = protocol};
	struct closed closed = *group;

	return family_walk(&walk, &closed);
}

/* Apart from the walk, for most policies close none of it. */
INLINE bool family_refused(struct sk_buff *skb, const struct closed *closed, __u32 protocol)
{
	return closed_to_current(closed->group) && family_read(skb, closed, protocol);
}

/* The same: where nobody has claimed an interface, no stranger's message is about one. */
INLINE bool routing_refused(struct sock *sk, struct sk_buff *skb)
{
	struct message_walk walk;
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct guard_state *guard = guard_state();
	__u32 actor = label ? label->domain : DOMAIN_NONE;

	if (guard && (guard->interfaces || actor)) {
		walk = (struct message_walk){
			.data = skb->data,
			.end = skb->len,
			.netns = sk->__sk_common.skc_net.net->ns.inum,
			.actor = actor,
			.row = EVENT_ROW('L', 8),
		};
		if (route_walk(&walk))
			return true;
	}
	/* the proof's canary has an interface, and loses it again */
	return actor != DOMAIN_CANARY && closed_to(label, guard, network.group) &&
	       family_read(skb, &network, NETLINK_ROUTE);
}

SEC("lsm/netlink_send")
int BPF_PROG(interfaces_netlink, struct sock *sk, struct sk_buff *skb)
{
	__u32 protocol = sk->sk_protocol;
	int refused = 0;

	if (protocol == NETLINK_ROUTE)
		refused = routing_refused(sk, skb);
	else if (protocol == NETLINK_NETFILTER)
		refused = family_refused(skb, &network, protocol);
	else if (protocol == NETLINK_SOCK_DIAG)
		refused = family_refused(skb, &sockets, protocol);
	else if (protocol == NETLINK_AUDIT)
		refused = family_refused(skb, &audit, protocol);
	if (refused)
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
