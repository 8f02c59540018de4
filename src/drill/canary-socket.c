// SPDX-License-Identifier: LGPL-2.1-or-later
/* The canary at sockets, and whoever asks it there: canary-socket.h. */
#include "canary-socket.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "canary.h"
#include "probe.h"

#define PATIENCE_MS 10000

static int finish(long r)
{
	int error = errno;

	if (r >= 0)
		return PROBE_ALLOWED;
	fprintf(stderr, "canary: socket: %s\n", strerror(error));
	return error == EPERM ? PROBE_DENIED : PROBE_OTHERWISE;
}

int canary_socket(const char *verb, const char *name)
{
	bool hears = strcmp(verb, "hear") == 0, tells = strcmp(verb, "tell") == 0;
	int fd = socket(AF_UNIX, (hears || tells ? SOCK_DGRAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	socklen_t length;

	length = (socklen_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
				     CANARY_SOCKET_PREFIX "%s", name) +
		 (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	if (fd < 0)
		return PROBE_IMPOSSIBLE;
	if (tells)
		return finish(sendto(fd, "", 1, 0, (struct sockaddr *)&address, length));
	if (!hears)
		return finish(connect(fd, (struct sockaddr *)&address, length));
	if (bind(fd, (struct sockaddr *)&address, length) < 0)
		return PROBE_IMPOSSIBLE;
	printf("hears\n");
	return poll(&ready, 1, PATIENCE_MS) == 1 ? PROBE_ALLOWED : PROBE_DENIED;
}
