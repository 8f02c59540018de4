// SPDX-License-Identifier: LGPL-2.1-or-later
/* The self-proof's part that is about sockets: what the canary sends, and two that it binds. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/proof.h"

#define NAME_DIGITS 5 /* of a name that the kernel gives, after the NUL */

static int socket_make(int type, uint32_t *ret_name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(address);

	/* a name of our own choice could be somebody's already */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) ||
	    (type == SOCK_STREAM && listen(fd, 1)) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return -errno;
	address.sun_path[1 + NAME_DIGITS] = '\0';
	*ret_name = (uint32_t)strtoul(address.sun_path + 1, NULL, 16);
	(void)TAKE_FD(fd); /* open until the canary ends */
	return 0;
}

int proof_sockets_make(struct proof *proof)
{
	int r = socket_make(SOCK_STREAM, &proof->stream);

	return r ?: socket_make(SOCK_DGRAM, &proof->datagram);
}

static int reach(int type, uint32_t name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)snprintf(address.sun_path + 1, 1 + NAME_DIGITS, "%05x", name);
	return connect(fd, (struct sockaddr *)&address,
		       offsetof(struct sockaddr_un, sun_path) + 1 + NAME_DIGITS)
		       ? -errno
		       : 0;
}

int proof_connect(const struct proof *proof)
{
	return reach(SOCK_STREAM, proof->stream);
}

/* A connection of datagrams asks what each of them would. */
int proof_send(const struct proof *proof)
{
	return reach(SOCK_DGRAM, proof->datagram);
}

int proof_canary_send(const struct proof *proof)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS,
			   .cmsg_len = CMSG_LEN(sizeof(int))},
	};
	struct iovec vector = {.iov_base = (char[]){0}, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &proof->map_fd, sizeof(int));
	return sendmsg(proof->peer, &message, 0) == 1 ? 0 : -errno;
}
