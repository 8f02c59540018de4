// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XDP, tc and the interface itself by netlink: a message is all it takes, and there are many ways
 * to write it.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"
#include "insn.h"
#include "netlink.h"

/* A stranger's interface, which the drill has made. */
#define OWN_INTERFACE "own"

void add_message(struct buffer *b, uint16_t type, const void *body, size_t size)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)(b->bytes + b->length);

	*header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};
	memcpy(NLMSG_DATA(header), body, size);
	b->message = header;
	b->length += NLMSG_ALIGN(header->nlmsg_len);
}

struct nlattr *add_attribute(struct buffer *b, uint16_t type, const void *value, size_t size)
{
	struct nlattr *attribute = (struct nlattr *)(void *)(b->bytes + b->length);
	size_t aligned = NLA_ALIGN(NLA_HDRLEN + size);

	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	attribute->nla_type = type;
	if (size)
		memcpy((char *)attribute + NLA_HDRLEN, value, size);
	b->length += aligned;
	b->message->nlmsg_len += (uint32_t)aligned;
	return attribute;
}

static void add_xdp(struct buffer *b, int fd)
{
	uint32_t flags = XDP_FLAGS_SKB_MODE;
	struct nlattr *nest = add_attribute(b, IFLA_XDP | NLA_F_NESTED, NULL, 0);

	add_attribute(b, IFLA_XDP_FD, &fd, sizeof(fd));
	add_attribute(b, IFLA_XDP_FLAGS, &flags, sizeof(flags));
	nest->nla_len = (uint16_t)(b->bytes + b->length - (char *)nest);
}

static void add_request(struct buffer *b, uint16_t type, uint32_t ifindex)
{
	struct ifinfomsg link = {.ifi_index = (int)ifindex};

	add_message(b, type, &link, sizeof(link));
}

int transact(const struct buffer *b, int n_messages)
{
	struct timeval patience = {.tv_sec = 5};
	char answer[8192];
	int fd, r = 0;
	ssize_t n;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, b->protocol);
	if (fd < 0)
		return setup_failed("netlink");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, b->bytes, b->length, 0) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	while (n_messages > 0 && (n = recv(fd, answer, sizeof(answer), 0)) > 0) {
		for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)answer; NLMSG_OK(h, n);
		     h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			n_messages--;
			if (r == 0)
				r = ((struct nlmsgerr *)NLMSG_DATA(h))->error;
		}
	}
	close(fd);
	return n_messages ? setup_failed("netlink answers") : r;
}

static int xdp_program(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 2), EXIT()};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "ours", "GPL", insns, 2, NULL);
}

static int off(const struct target *target)
{
	struct buffer b = {};

	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_xdp(&b, -1);
	return transact(&b, 1);
}

static int replace(const struct target *target)
{
	struct buffer b = {};
	int ours = xdp_program();

	if (ours < 0)
		return setup_failed("XDP program");
	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_xdp(&b, ours);
	return transact(&b, 1);
}

static int by_newlink(const struct target *target)
{
	struct buffer b = {};

	add_request(&b, RTM_NEWLINK, (uint32_t)target_get(target, "ifindex"));
	add_xdp(&b, -1);
	return transact(&b, 1);
}

static const char *interface_name(const struct target *target, char name[IF_NAMESIZE])
{
	return if_indextoname((unsigned int)target_get(target, "ifindex"), name);
}

static int by_name(const struct target *target)
{
	struct buffer b = {};
	char name[IF_NAMESIZE];

	if (!interface_name(target, name))
		return setup_failed("interface");
	add_request(&b, RTM_SETLINK, 0);
	add_attribute(&b, IFLA_IFNAME, name, strlen(name) + 1);
	add_xdp(&b, -1);
	return transact(&b, 1);
}

static int second(const struct target *target)
{
	struct buffer b = {};
	uint32_t nothing = 0;

	add_message(&b, NLMSG_NOOP, &nothing, sizeof(nothing));
	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_xdp(&b, -1);
	return transact(&b, 2);
}

/* Behind a request about the stranger's own interface, which is allowed. */
static int behind_own(const struct target *target)
{
	struct buffer b = {};
	unsigned int own = if_nametoindex(OWN_INTERFACE);

	if (!own)
		return setup_failed("interface " OWN_INTERFACE);
	add_request(&b, RTM_SETLINK, own);
	add_xdp(&b, -1);
	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_xdp(&b, -1);
	return transact(&b, 2);
}

/* Behind more attributes than anybody reads. */
static int behind_attributes(const struct target *target)
{
	struct buffer b = {};
	uint32_t group = 0;

	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	for (int i = 0; i < 300; i++)
		add_attribute(&b, IFLA_GROUP, &group, sizeof(group));
	add_xdp(&b, -1);
	return transact(&b, 1);
}

/* The kernel takes the last of two: the first names an attribute that is none of an XDP request. */
static int twice(const struct target *target)
{
	struct buffer b = {};

	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_attribute(&b, IFLA_XDP | NLA_F_NESTED, NULL, 0);
	add_xdp(&b, -1);
	return transact(&b, 1);
}

/* What has nothing to do with XDP passes at the protected interface as well. */
static int other_attribute(const struct target *target)
{
	struct buffer b = {};
	uint32_t group = 0;

	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_attribute(&b, IFLA_GROUP, &group, sizeof(group));
	return transact(&b, 1);
}

/* ---- the interface itself */

static int remove_interface(const struct target *target)
{
	struct buffer b = {};

	add_request(&b, RTM_DELLINK, (uint32_t)target_get(target, "ifindex"));
	return transact(&b, 1);
}

static int remove_by_name(const struct target *target)
{
	struct buffer b = {};
	char name[IF_NAMESIZE];

	if (!interface_name(target, name))
		return setup_failed("interface");
	add_request(&b, RTM_DELLINK, 0);
	add_attribute(&b, IFLA_IFNAME, name, strlen(name) + 1);
	return transact(&b, 1);
}

/* Into a network namespace that ends with a child of ours. */
static int move_interface(const struct target *target)
{
	struct buffer b = {};
	int ends[2], r;
	char byte = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return setup_failed("pipe");
	child = fork();
	if (child == 0) {
		byte = unshare(CLONE_NEWNET) < 0;
		(void)!write(ends[1], &byte, 1);
		pause();
		_exit(0);
	}
	if (child < 0 || read(ends[0], &byte, 1) != 1 || byte)
		return setup_failed("network namespace");
	add_request(&b, RTM_SETLINK, (uint32_t)target_get(target, "ifindex"));
	add_attribute(&b, IFLA_NET_NS_PID, &child, sizeof(child));
	r = transact(&b, 1);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return r;
}

/* Made and taken away again while others are protected. */
static int own_interface(const struct target *target)
{
	int r = interface_add("own-too");

	return r < 0 ? r : interface_remove("own-too");
}

/* ---- tc */

static struct bpf_tc_hook ingress_of(const struct target *target)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)target_get(target, "ifindex"),
		    .attach_point = BPF_TC_INGRESS);

	return hook;
}

static bool has_tc(const struct target *target)
{
	return target_get(target, "tc") != 2;
}

/* As the canary has found out, and said. */
static int no_tc(void)
{
	struct target target;

	return target_load(CANARY_NAME, &target) == 0 && !has_tc(&target) ? ENOENT : 0;
}

static int filter_delete(const struct target *target)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CANARY_TC_HANDLE, .priority = CANARY_TC_PRIORITY);
	struct bpf_tc_hook hook = ingress_of(target);

	return has_tc(target) ? bpf_tc_detach(&hook, &opts) : -ENOENT;
}

static int qdisc_delete(const struct target *target)
{
	struct bpf_tc_hook hook = ingress_of(target);

	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	return has_tc(target) ? bpf_tc_hook_destroy(&hook) : -ENOENT;
}

static int tc_program(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ours", "GPL", insns, 2, NULL);
}

static int filter_replace(const struct target *target)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CANARY_TC_HANDLE, .priority = CANARY_TC_PRIORITY,
		    .flags = BPF_TC_F_REPLACE, .prog_fd = tc_program());
	struct bpf_tc_hook hook = ingress_of(target);

	if (opts.prog_fd < 0)
		return setup_failed("tc program");
	return has_tc(target) ? bpf_tc_attach(&hook, &opts) : -ENOENT;
}

/* The lower number comes first, and has the word; taken away again. */
static int filter_before(const struct target *target)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = CANARY_TC_PRIORITY - 1,
		    .prog_fd = tc_program());
	struct bpf_tc_hook hook = ingress_of(target);
	int r;

	if (opts.prog_fd < 0)
		return setup_failed("tc program");
	r = has_tc(target) ? bpf_tc_attach(&hook, &opts) : -ENOENT;
	if (r < 0)
		return r;
	opts.flags = 0;
	opts.prog_fd = 0;
	opts.prog_id = 0;
	return bpf_tc_detach(&hook, &opts);
}

/* ---- the drill's own interfaces */

int interface_add(const char *name)
{
	static const char kind[] = "dummy";
	struct buffer b = {};
	struct nlattr *nest;
	int r;

	if (if_nametoindex(name))
		return 0;
	add_request(&b, RTM_NEWLINK, 0);
	b.message->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	add_attribute(&b, IFLA_IFNAME, name, strlen(name) + 1);
	nest = add_attribute(&b, IFLA_LINKINFO | NLA_F_NESTED, NULL, 0);
	add_attribute(&b, IFLA_INFO_KIND, kind, sizeof(kind) - 1);
	nest->nla_len = (uint16_t)(b.bytes + b.length - (char *)nest);
	r = transact(&b, 1);
	return r > 0 ? -EIO : r;
}

int interface_remove(const char *name)
{
	struct buffer b = {};
	int r;

	add_request(&b, RTM_DELLINK, if_nametoindex(name));
	r = transact(&b, 1);
	return r > 0 ? -EIO : r;
}

#define NO_TC "no qdisc clsact with a BPF filter, which the canary tried"

const struct technique netlink_techniques[] = {
	{"L08", "xdp-off", "XDP off by netlink", EPERM, "L08", NULL, 0, off},
	{"L08", "xdp-replace", "XDP replaced by netlink", EPERM, "L08", NULL, 0, replace},
	{"L08", "xdp-newlink", "XDP off by RTM_NEWLINK", EPERM, "L08", NULL, 0, by_newlink},
	{"L08", "xdp-name", "XDP off, the interface by name", EPERM, "L08", NULL, 0, by_name,
	 other_attribute, "another attribute of the protected interface"},
	{"L08", "xdp-second", "XDP off in the second message", EPERM, "L08", NULL, 0, second},
	{"L08", "xdp-behind-own", "XDP off behind a request of its own", EPERM, "L08", NULL, 0,
	 behind_own},
	{"L08", "xdp-attributes", "XDP off behind 300 attributes", EPERM, "L08", NULL, 0,
	 behind_attributes, other_attribute, "another attribute of the protected interface"},
	{"L09", "link-delete", "its interface removed", EPERM, "L09", NULL, 0, remove_interface},
	{"L09", "link-delete-name", "its interface removed by its name", EPERM, "L09", NULL, 0,
	 remove_by_name, own_interface, "an interface made and removed"},
	{"L09", "link-move", "its interface moved to a network namespace that ends", EPERM, "L09",
	 NULL, 0, move_interface},
	{"L10", "tc-filter", "its tc filter deleted", EPERM, "L10", NULL, 0, filter_delete, NULL,
	 NULL, no_tc, NO_TC},
	{"L10", "tc-qdisc", "the qdisc of its tc filter deleted", EPERM, "L10", NULL, 0,
	 qdisc_delete, NULL, NULL, no_tc, NO_TC},
	{"L10", "tc-replace", "its tc filter replaced", EPERM, "L10", NULL, 0, filter_replace, NULL,
	 NULL, no_tc, NO_TC},
	{"L11", "tc-before", "a tc filter put before its own", EPERM, "L11", "L11 L10", SILENT,
	 filter_before, NULL, NULL, no_tc, NO_TC},
	{"L08", "xdp-twice", "XDP off in the second of two IFLA_XDP", EPERM, "L08", NULL, 0, twice},
	{},
};
