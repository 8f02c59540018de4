// SPDX-License-Identifier: LGPL-2.1-or-later
/* What sockets cost: a connection, a file that is passed on, what netlink is asked. */
#include "cost.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INTERFACE "cost0" /* a dummy, which the suite has made */

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1, pair[2] = {-1, -1}, netlink = -1;
static unsigned int interface;

static int listener_make(void)
{
	/* the kernel finds an abstract name for it */
	socklen_t size = sizeof(sa_family_t);

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) ||
	    listen(listener, 4))
		return -errno;
	size = sizeof(address);
	return getsockname(listener, (struct sockaddr *)&address, &size) ? -errno : 0;
}

static int64_t unix_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	/* the kernel's own abstract names have five digits */
	socklen_t size = sizeof(sa_family_t) + 6;
	int64_t cost = counted(!connect(fd, (struct sockaddr *)&address, size));

	peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (cost > 0 && peer < 0)
		cost = -errno;
	close(peer);
	close(fd);
	return cost;
}

static int pair_make(void)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
}

static int pass(struct msghdr *message)
{
	return sendmsg(pair[0], message, 0) == 1 &&
	       recvmsg(pair[1], message, MSG_CMSG_CLOEXEC) == 1;
}

/* The file is the program's own: what is passed is no object of BPF. */
static int64_t pass_file(void)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int64_t cost;
	int fd = pair[0];

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	cost = counted(pass(&message));
	if (cost <= 0)
		return cost;
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	close(fd);
	return cost;
}

static int netlink_make(void)
{
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	interface = if_nametoindex(INTERFACE);
	return netlink < 0 || !interface ? -errno : 0;
}

/* The answer is another system call, and not counted. */
static int64_t ask(uint16_t type, uint16_t flags)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | flags},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)interface},
	};
	char answer[8192];
	const struct nlmsghdr *first = (const struct nlmsghdr *)(const void *)answer;
	const struct nlmsgerr *error;
	int64_t cost = counted(send(netlink, &request, sizeof(request), 0) == sizeof(request));

	if (cost > 0 && recv(netlink, answer, sizeof(answer), 0) < (ssize_t)sizeof(*first))
		return -errno;
	if (cost > 0 && first->nlmsg_type == NLMSG_ERROR) {
		error = NLMSG_DATA(first);
		return error->error ? error->error : cost;
	}
	return cost;
}

static int64_t get_link(void)
{
	return ask(RTM_GETLINK, 0);
}

static int64_t set_link(void)
{
	return ask(RTM_SETLINK, NLM_F_ACK);
}

const struct operation net_operations[] = {
	{"unix_connect", listener_make, unix_connect, SAMPLES_CHEAP},
	{"pass_file", pair_make, pass_file, SAMPLES_CHEAP},
	{"netlink_get", netlink_make, get_link, SAMPLES_CHEAP},
	{"netlink_set", NULL, set_link, SAMPLES_CHEAP},
	{NULL, NULL, NULL, 0},
};
