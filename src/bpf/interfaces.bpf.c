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

struct message_walk {
	void *data; /* stays as it is: the verifier follows it from round to round */
	__u32 at; /* offset of the next message, then attribute */
	__u32 end; /* of the buffer, then message */
	__u32 netns;
	__u32 actor; /* domain of the sender */
	__u32 ifindex; /* of the request that is not the sender's to make; 0 by name */
	__u32 owner; /* of that interface */
	__u32 row; /* of that request */
	__u32 found; /* the message asks for XDP */
	__u32 removes;
	__u32 moves; /* the message names another network namespace */
	__u32 whole; /* all of it was read */
	__u32 protocol; /* what the socket is for: whose types these are */
	__u32 type; /* of the message at which the walk has ended */
	__u32 nothing; /* 0, and no verifier knows that; see link_permitted() */
};

/* A message about one interface; struct ifinfomsg and struct tcmsg begin alike. */
struct request {
	__u32 type, flags;
	__u32 ifindex;
	__u32 handle, parent; /* of tc */
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
	}
	if (type == IFLA_NET_NS_PID || type == IFLA_NET_NS_FD || type == IFLA_TARGET_NETNSID)
		walk->moves = 1;
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
static bool tc_permitted(struct message_walk *walk, const struct request *request)
{
	struct interface_key key = {.netns = walk->netns,
				    .ifindex = request->ifindex | INTERFACE_TC};
	__u32 place = request->parent ? request->parent : request->handle;
	bool adds = request->type == RTM_NEWTFILTER || request->type == RTM_NEWQDISC ||
		    request->type == RTM_NEWCHAIN;
	bool fresh = adds && request->flags & NLM_F_EXCL;
	bool block = request->ifindex == TC_BLOCK;

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

/*
 * Verifiers before 6.7 follow the first step only: one that ends the walk finds what was there
 * before, and if they knew that as 0, they would drop all that is done about what others found.
 *
 * Return: whether all of the message was read, and the sender may.
 */
static bool link_permitted(struct message_walk *walk, const struct request *request, __u32 end)
{
	struct message_walk attributes = *walk;
	bool creates = request->type == RTM_NEWLINK && !request->ifindex &&
		       request->flags & NLM_F_EXCL;

	attributes.at = walk->at + 2 * HEADER_SIZE;
	attributes.end = end;
	attributes.whole = 0;
	attributes.found = walk->nothing;
	attributes.moves = walk->nothing;
	attributes.removes = walk->nothing;
	bpf_loop(ATTRIBUTES_MAX, attribute_step, &attributes, 0);
	if (!attributes.whole)
		return false;
	if (request->type == RTM_DELLINK)
		return end_permitted(walk, request->ifindex, attributes.moves);
	if (attributes.found && !xdp_permitted(walk, request->ifindex, attributes.removes))
		return false;
	/* a new interface may be born elsewhere */
	return !attributes.moves || creates || end_permitted(walk, request->ifindex, false);
}

/* Return: whether there is another message. The walk is whole where the kernel stops as well. */
INLINE bool message_begin(struct message_walk *walk, struct block *ret_header)
{
	if (walk->at + HEADER_SIZE > walk->end) {
		walk->whole = 1;
		return false;
	}
	if (read_block(walk->data, walk->at, ret_header))
		return false;
	if (ret_header->word[0] >= HEADER_SIZE && ret_header->word[0] <= walk->end - walk->at)
		return true;
	walk->whole = 1;
	return false;
}

static long message_step(__u32 i, void *context)
{
	struct message_walk *walk = context;
	struct block header = {}, body = {};
	struct request request;

	if (!message_begin(walk, &header))
		return 1;
	request.type = header.word[1] & 0xffff;
	request.flags = header.word[1] >> 16;
	if (request.type == RTM_NEWLINK || request.type == RTM_SETLINK ||
	    request.type == RTM_DELLINK || is_tc(request.type)) {
		if (read_block(walk->data, walk->at + HEADER_SIZE, &body))
			return 1;
		request.ifindex = body.word[1];
		request.handle = body.word[2];
		request.parent = body.word[3];
		if (is_tc(request.type)
			    ? !tc_permitted(walk, &request)
			    : !link_permitted(walk, &request, walk->at + header.word[0]))
			return 1;
	}
	walk->at += ALIGN4(header.word[0]);
	return 0;
}

static __noinline int route_refused(struct sock *sk, struct sk_buff *skb, __u32 actor)
{
	struct guard_state *guard = guard_state();
	struct message_walk walk = {.row = EVENT_ROW('L', 8), .actor = actor};
	struct act act = {};

	if (!guard)
		return 0;
	walk.nothing = guard->armed >> 31;
	walk.data = skb->data;
	walk.end = skb->len;
	walk.netns = sk->__sk_common.skc_net.net->ns.inum;
	bpf_loop(MESSAGES_MAX, message_step, &walk, 0);
	if (!walk.owner && !walk.whole && guard->interfaces)
		walk.owner = DOMAIN_SELF;
	if (!strange(walk.actor, walk.owner))
		return 0;
	act.owner = walk.owner;
	act.act = EVENT_ACT_NETLINK;
	act.row = walk.row;
	act.error = EPERM;
	act.kind = EVENT_OBJECT_INTERFACE;
	act.id = walk.ifindex;
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
	struct message_walk *walk = context;
	struct block header = {}, body = {};

	if (!message_begin(walk, &header))
		return 1;
	walk->type = header.word[1] & 0xffff;
	if (is_closed(walk->protocol, walk->type))
		return 1;
	if (walk->protocol == NETLINK_AUDIT && walk->type == AUDIT_SET) {
		if (read_block(walk->data, walk->at + HEADER_SIZE, &body) ||
		    (body.word[0] & AUDIT_STATUS_ENABLED && !body.word[1]))
			return 1;
	}
	walk->at += ALIGN4(header.word[0]);
	return 0;
}

/* What ends the walk before its end is what must not be, or more than can be read. */
static __noinline int family_walk(struct sk_buff *skb, const struct closed *closed, __u32 protocol)
{
	struct message_walk walk = {.protocol = protocol, .data = skb->data, .end = skb->len};

	bpf_loop(MESSAGES_MAX, closed_step, &walk, 0);
	return !walk.whole && closed_refused(closed, walk.type);
}

/* Apart from the walk, for most policies close none of it. */
INLINE bool family_refused(struct sk_buff *skb, const struct closed *closed, __u32 protocol)
{
	return closed_to_current(closed->group) && family_walk(skb, closed, protocol);
}

/* The same: where nobody has claimed an interface, no stranger's message is about one. */
INLINE bool routing_refused(struct sock *sk, struct sk_buff *skb)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct guard_state *guard = guard_state();
	__u32 actor = label ? label->domain : DOMAIN_NONE;

	if (guard && (guard->interfaces || actor) && route_refused(sk, skb, actor))
		return true;
	/* the proof's canary has an interface, and loses it again */
	return actor != DOMAIN_CANARY && closed_to(label, guard, network.group) &&
	       family_walk(skb, &network, NETLINK_ROUTE);
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
