// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The network: what the canary exports is cut off without touching it. A route and a rule of the
 * firewall are meant for its collector; what has no such harm asks for what there is not.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "canary.h"
#include "netlink.h"

#define IPT_SO_SET_REPLACE 64
#define TABLE "holdfast-drill"

/* ---- routes */

/* In the table that is asked first: nothing more precise is anywhere. */
static void add_blackhole(struct buffer *b, uint16_t type)
{
	const struct rtmsg route = {
		.rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_BLACKHOLE,
	};
	uint32_t collector = htonl(CANARY_COLLECTOR);

	add_message(b, type, &route, sizeof(route));
	b->message->nlmsg_flags |= type == RTM_NEWROUTE ? NLM_F_CREATE : 0;
	add_attribute(b, RTA_DST, &collector, sizeof(collector));
}

static int route_behind(int n_others)
{
	uint32_t nothing = 0;
	struct buffer b = {};

	for (int i = 0; i < n_others; i++)
		add_message(&b, NLMSG_NOOP, &nothing, sizeof(nothing));
	add_blackhole(&b, RTM_NEWROUTE);
	return transact(&b, n_others + 1);
}

static int route_cut(const struct target *target)
{
	return route_behind(0);
}

static int route_second(const struct target *target)
{
	return route_behind(1);
}

/* Behind more messages than anybody reads. */
static int route_late(const struct target *target)
{
	return route_behind(200);
}

static int route_look(const struct target *target)
{
	const struct rtmsg route = {.rtm_family = AF_INET, .rtm_dst_len = 32};
	uint32_t collector = htonl(CANARY_COLLECTOR);
	struct buffer b = {};

	add_message(&b, RTM_GETROUTE, &route, sizeof(route));
	add_attribute(&b, RTA_DST, &collector, sizeof(collector));
	return transact(&b, 1);
}

/* What the kernel says of what there is not. */
static int asked(int r)
{
	return r == -EPERM || r > 0 ? r : 0;
}

static int address_remove(const struct target *target)
{
	const struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = 32};
	uint32_t collector = htonl(CANARY_COLLECTOR);
	struct buffer b = {};

	add_message(&b, RTM_DELADDR, &address, sizeof(address));
	add_attribute(&b, IFA_LOCAL, &collector, sizeof(collector));
	return asked(transact(&b, 1));
}

static int rule_remove(const struct target *target)
{
	const struct fib_rule_hdr rule = {.family = AF_INET, .action = FR_ACT_BLACKHOLE};
	struct buffer b = {};

	add_message(&b, RTM_DELRULE, &rule, sizeof(rule));
	return asked(transact(&b, 1));
}

/* ---- the firewall */

static void add_netfilter(struct buffer *b, uint16_t type, uint16_t resource)
{
	const struct nfgenmsg message = {
		.nfgen_family = NFPROTO_IPV4,
		.res_id = htons(resource),
	};

	b->protocol = NETLINK_NETFILTER;
	add_message(b, type, &message, sizeof(message));
}

static void add_tables(struct buffer *b, uint16_t type)
{
	add_netfilter(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
}

/* Newer kernels answer to the ends of a batch as well, if asked to. */
static void add_end(struct buffer *b, uint16_t type)
{
	add_netfilter(b, type, NFNL_SUBSYS_NFTABLES);
	b->message->nlmsg_flags = NLM_F_REQUEST;
}

static void add_chain(struct buffer *b)
{
	uint32_t output = htonl(NF_INET_LOCAL_OUT), first = 0, drop = htonl(NF_DROP);
	struct nlattr *hook;

	add_tables(b, NFT_MSG_NEWCHAIN);
	b->message->nlmsg_flags |= NLM_F_CREATE;
	add_attribute(b, NFTA_CHAIN_TABLE, TABLE, sizeof(TABLE));
	add_attribute(b, NFTA_CHAIN_NAME, "output", sizeof("output"));
	hook = add_attribute(b, NFTA_CHAIN_HOOK | NLA_F_NESTED, NULL, 0);
	add_attribute(b, NFTA_HOOK_HOOKNUM, &output, sizeof(output));
	add_attribute(b, NFTA_HOOK_PRIORITY, &first, sizeof(first));
	hook->nla_len = (uint16_t)(b->bytes + b->length - (char *)hook);
	add_attribute(b, NFTA_CHAIN_TYPE, "filter", sizeof("filter"));
	add_attribute(b, NFTA_CHAIN_POLICY, &drop, sizeof(drop));
}

/* All that leaves this host by IPv4 is dropped. */
static int firewall_drop(const struct target *target)
{
	struct buffer b = {};

	add_end(&b, NFNL_MSG_BATCH_BEGIN);
	add_tables(&b, NFT_MSG_NEWTABLE);
	b.message->nlmsg_flags |= NLM_F_CREATE;
	add_attribute(&b, NFTA_TABLE_NAME, TABLE, sizeof(TABLE));
	add_chain(&b);
	add_end(&b, NFNL_MSG_BATCH_END);
	return transact(&b, 2);
}

static int firewall_look(const struct target *target)
{
	struct buffer b = {};

	add_tables(&b, NFT_MSG_GETGEN);
	return transact(&b, 1);
}

/* Asked of the part that is wanted: the kernel tells of one that it has not by another errno. */
static int no_firewall(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return ENOENT;
	close(fd);
	return firewall_look(NULL) == 0 ? 0 : ENOENT;
}

void network_mend(void)
{
	struct buffer route = {}, firewall = {};

	add_blackhole(&route, RTM_DELROUTE);
	(void)transact(&route, 1);
	if (no_firewall())
		return;
	add_end(&firewall, NFNL_MSG_BATCH_BEGIN);
	add_tables(&firewall, NFT_MSG_DELTABLE);
	add_attribute(&firewall, NFTA_TABLE_NAME, TABLE, sizeof(TABLE));
	add_end(&firewall, NFNL_MSG_BATCH_END);
	(void)transact(&firewall, 1);
}

/* ---- without netlink */

static int with_socket(int (*act)(int fd))
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return setup_failed("socket");
	r = act(fd);
	close(fd);
	return r;
}

/* Too short to be a table. */
static int replace(int fd)
{
	return asked(result(setsockopt(fd, SOL_IP, IPT_SO_SET_REPLACE, "", 1)));
}

static int set_lifetime(int fd)
{
	int hops = 3;

	return result(setsockopt(fd, SOL_IP, IP_TTL, &hops, sizeof(hops)));
}

static int tables_replace(const struct target *target)
{
	return with_socket(replace);
}

static int other_option(const struct target *target)
{
	return with_socket(set_lifetime);
}

/* To an address of the documentation's, and gone again. */
static int reject(int fd)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_HOST | RTF_REJECT};
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc000024d)};
	int r;

	memcpy(&route.rt_dst, &to, sizeof(to));
	r = result(ioctl(fd, SIOCADDRT, &route));
	if (r == 0)
		(void)ioctl(fd, SIOCDELRT, &route);
	return r;
}

static int look_at_flags(int fd)
{
	struct ifreq request = {.ifr_name = "lo"};

	return result(ioctl(fd, SIOCGIFFLAGS, &request));
}

static int route_ioctl(const struct target *target)
{
	return with_socket(reject);
}

static int other_ioctl(const struct target *target)
{
	return with_socket(look_at_flags);
}

#define CUTS (GUEST_ONLY | NETWORK)
#define QUIET (CUTS | SILENT)
#define NO_FIREWALL "no answer from nf_tables by netlink"

const struct technique network_techniques[] = {
	{"A19", "net-route-cut", "a route into nothing for what it exports", EPERM, "A19", NULL,
	 CUTS, route_cut, route_look, "to ask for the route"},
	{"A19", "net-route-second", "the same behind another message", EPERM, "A19", NULL, CUTS,
	 route_second, route_look, "to ask for the route"},
	{"A19", "net-route-late", "the same behind 200 others", EPERM, "A19|L08", "*", CUTS,
	 route_late, route_look, "to ask for the route"},
	{"A19", "net-firewall-drop", "all that leaves the host dropped, by nf_tables", EPERM, "A19",
	 NULL, CUTS, firewall_drop, firewall_look, "to ask for the generation", no_firewall,
	 NO_FIREWALL},
	{"A19", "net-address-remove", "an address removed", EPERM, "A19", NULL, QUIET,
	 address_remove, route_look, "to ask for a route"},
	{"A19", "net-rule-remove", "a rule of routing removed", EPERM, "A19", NULL, QUIET,
	 rule_remove, route_look, "to ask for a route"},
	{"A19", "net-tables-replace", "iptables's table replaced", EPERM, "A19", NULL, QUIET,
	 tables_replace, other_option, "another option at that level"},
	{"A19", "net-route-ioctl", "a route by ioctl", EPERM, "A19", "A19 A19", QUIET, route_ioctl,
	 other_ioctl, "to look at an interface"},
	{},
};
