// SPDX-License-Identifier: LGPL-2.1-or-later
/* See loads.h, docs/decisions/0036-ledger.md. */

#include "guard/loads.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define AUDIT_BPF_TYPE 1334 /* of linux/audit.h, since 5.5 */
#define ID_DIGITS 10
#define AUDIT_BUFFER (1 << 20)

void loads_start(struct loads *loads, uint32_t high)
{
	*loads = (struct loads){.high = high};
}

static void add(struct loads_ids *ids, uint32_t id)
{
	if (ids->n < LOADS_IDS)
		ids->at[ids->n++] = id;
	else
		ids->more++;
}

void loads_decided(struct loads *loads, uint32_t id)
{
	if (id > loads->high)
		add(&loads->decided, id);
}

void loads_audited(struct loads *loads, uint32_t id)
{
	if (id > loads->high)
		add(&loads->audit, id);
}

/* What is up to an id is counted, what is above waits for the next look. */
static uint64_t take(struct loads_ids *ids, uint32_t high)
{
	uint64_t n = ids->more;
	size_t left = 0;

	for (size_t i = 0; i < ids->n; i++) {
		if (ids->at[i] <= high)
			n++;
		else
			ids->at[left++] = ids->at[i];
	}
	ids->n = left;
	ids->more = 0;
	return n;
}

void loads_look(struct loads *loads, uint32_t high, struct loads_count *ret_count)
{
	/* the numbers began anew: 2^31 programs, or another kernel's */
	if (high < loads->high) {
		bool audited = loads->audited;

		loads_start(loads, high);
		loads->audited = audited;
	}
	ret_count->ids = high - loads->high;
	ret_count->decided = take(&loads->decided, high);
	ret_count->audit = take(&loads->audit, high);
	ret_count->audited = loads->audited;
	loads->high = high;
}

uint32_t loads_parse(const char *text, size_t size)
{
	static const char key[] = "prog-id=", op[] = " op=LOAD";
	const char *end = text + size, *at = memmem(text, size, key, sizeof(key) - 1);
	uint64_t id = 0;
	int digits = 0;

	if (!at)
		return 0;
	for (at += sizeof(key) - 1; at < end && *at >= '0' && *at <= '9'; at++) {
		if (++digits > ID_DIGITS)
			return 0;
		id = id * 10 + (uint64_t)(*at - '0');
	}
	if ((size_t)(end - at) < sizeof(op) - 1 || memcmp(at, op, sizeof(op) - 1) != 0)
		return 0;
	return id <= UINT32_MAX ? (uint32_t)id : 0;
}

int loads_audit_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK,
				      .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1)};
	_cleanup_close_ int fd = -EBADF;
	int size = AUDIT_BUFFER;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int loads_audit_read(int fd, struct loads *loads)
{
	/* one record each; what is longer is none of the kind */
	union {
		struct nlmsghdr header;
		char bytes[2048];
	} message;

	for (;;) {
		ssize_t n = recv(fd, &message, sizeof(message), 0);
		uint32_t id;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		/* the length that the header says may be of the text alone: it is the rest */
		if ((size_t)n <= NLMSG_HDRLEN || message.header.nlmsg_type != AUDIT_BPF_TYPE ||
		    message.header.nlmsg_pid != 0)
			continue;
		id = loads_parse(message.bytes + NLMSG_HDRLEN, (size_t)n - NLMSG_HDRLEN);
		if (id)
			loads_audited(loads, id);
	}
}
