/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Netlink messages, one after another as they are sent. */

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	char bytes[8192];
	size_t length;
	struct nlmsghdr *message; /* the last one */
	int protocol; /* NETLINK_ROUTE if it is not set */
};

/* add_message() - begin another one, which asks to be answered */
void add_message(struct buffer *b, uint16_t type, const void *body, size_t size);

/* add_attribute() - to the last message. Return: borrowed, of the buffer; for who nests. */
struct nlattr *add_attribute(struct buffer *b, uint16_t type, const void *value, size_t size);

/* transact() - send all of it. Return: the first error among the answers to @n_messages, negative;
 * 0; PROBE_SETUP. */
int transact(const struct buffer *b, int n_messages);
