// SPDX-License-Identifier: LGPL-2.1-or-later
/* See notify.h. */

#include "guard/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	unsigned long long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;

	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

int notify_open(struct notify *ret_notify)
{
	struct notify notify = {.fd = -EBADF, .address.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	uint64_t watchdog_us = number("WATCHDOG_USEC");
	uint64_t watchdog_pid = number("WATCHDOG_PID");
	size_t n = path ? strlen(path) : 0;

	if (n > 1 && n < sizeof(notify.address.sun_path) && (path[0] == '/' || path[0] == '@')) {
		memcpy(notify.address.sun_path, path, n);
		if (path[0] == '@')
			notify.address.sun_path[0] = '\0';
		notify.address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
		notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (notify.fd < 0)
			return -errno;

		if (watchdog_us < UINT64_MAX / 1000 &&
		    (watchdog_pid == 0 || watchdog_pid == (uint64_t)getpid()))
			notify.watchdog_ns = watchdog_us * 1000;
	}

	*ret_notify = notify;
	return 0;
}

void notify_close(struct notify *notify)
{
	closep(&notify->fd);
	notify->fd = -EBADF;
}

void notify_send(const struct notify *notify, const char *state)
{
	if (notify->fd < 0)
		return;

	(void)sendto(notify->fd, state, strlen(state), MSG_NOSIGNAL,
		     (const struct sockaddr *)&notify->address, notify->address_len);
}
