/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a service manager wants to hear, in its datagram protocol, spoken directly. Whoever reads it
 * decides nothing about the guard.
 */

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -EBADF: nobody listens */
	struct sockaddr_un address;
	socklen_t address_len;
	uint64_t watchdog_ns; /* 0: none; else the manager wants a sign of life within this time */
};

/**
 * notify_open() - take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment
 *
 * What is missing or makes no sense means that nobody listens.
 * Return: 0 or -errno.
 */
int notify_open(struct notify *ret_notify);

/* notify_close() - nobody listens any more */
void notify_close(struct notify *notify);

/* notify_send() - "READY=1", "WATCHDOG=1", "STOPPING=1"; a manager that does not read is ignored */
void notify_send(const struct notify *notify, const char *state);
