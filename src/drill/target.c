// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The probes' side of the canary's socket (canary.h), and what several families need. Never judges.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "canary.h"

static int target_connect(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length;
	int fd, r;

	length = (socklen_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
				     CANARY_SOCKET_PREFIX "%s", name) +
		 (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, length) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_request(int socket, const char *request, int fd)
{
	union control control = {};
	struct iovec io = {.iov_base = (void *)request, .iov_len = strlen(request)};
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int receive_reply(int socket, char *reply, size_t size, int *ret_fd)
{
	union control control = {};
	struct iovec io = {.iov_base = reply, .iov_len = size - 1};
	struct msghdr message = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	ssize_t n;

	n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	reply[n] = '\0';
	header = CMSG_FIRSTHDR(&message);
	if (ret_fd && header && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
		return 0;
	}
	if (ret_fd && message.msg_flags & MSG_CTRUNC)
		return -EPERM;
	return n ? 0 : -ECONNRESET;
}

/* One request and what comes of it. */
struct question {
	const char *request;
	int send; /* fd that goes with it, or -1 */
	char *reply;
	size_t size;
	int *ret_fd; /* NULL if none is wanted */
};

static int ask(const char *name, const struct question *question)
{
	struct timeval patience = {.tv_sec = 10};
	int fd, r;

	fd = target_connect(name);
	if (fd < 0)
		return fd;
	/* a canary that was stopped does not answer */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = send_request(fd, question->request, question->send);
	if (r == 0)
		r = receive_reply(fd, question->reply, question->size, question->ret_fd);
	close(fd);
	return r;
}

int target_ask(const char *name, const char *request, char *reply, size_t size)
{
	const struct question question = {
		.request = request,
		.send = -1,
		.reply = reply,
		.size = size,
	};

	return ask(name, &question);
}

int target_ask_fd(const char *name, const char *request, int send, int *ret_fd)
{
	char reply[64];
	const struct question question = {
		.request = request,
		.send = send,
		.reply = reply,
		.size = sizeof(reply),
		.ret_fd = ret_fd,
	};

	return ask(name, &question);
}

int target_load(const char *name, struct target *ret_target)
{
	ret_target->name = name;
	return target_ask(name, "state", ret_target->state, sizeof(ret_target->state));
}

uint64_t target_get(const struct target *target, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = target->state; p; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, key, n) == 0 && p[n] == '=')
			return strtoull(p + n + 1, NULL, 10);
	}
	return 0;
}

const char *target_pin(const struct target *target, const char *pin)
{
	char *path;

	/* a probe's memory goes with the process that it has to itself */
	if (asprintf(&path, CANARY_PIN_ROOT "/%s%s%s", target->name, *pin ? "/" : "", pin) < 0)
		return "";
	return path;
}

int target_cgroup(const struct target *target, const char *sub)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), CANARY_CGROUP_ROOT "/%s.objects%s", target->name, sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int setup_failed(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	return PROBE_SETUP;
}

void acted_by(const struct target *target, pid_t pid)
{
	if (target->by)
		*target->by = pid;
}

int result(long r)
{
	return r < 0 ? -errno : 0;
}

int exit_of(const struct technique *technique, int r)
{
	if (r == 0)
		return PROBE_ALLOWED;
	if (r > 0)
		return PROBE_IMPOSSIBLE;
	if (technique->kernel && technique->kernel() == -r)
		return PROBE_KERNEL;
	if (r == -technique->error)
		return PROBE_DENIED;
	fprintf(stderr, "probe: %s: %s, expected %s\n", technique->verb, strerror(-r),
		strerror(technique->error));
	return PROBE_OTHERWISE;
}

int private_namespace(bool shared)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	if (!shared && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}
