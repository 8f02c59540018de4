// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `guest-ctl`: asks the guest's init to start, stop or wait for children (guest.h has the
 * requests), waits for a condition, or judges a console's log (on the host, for the full guest).
 * Prints the reply's words. It is a mode of the init binary, and must never run as PID 1.
 */
#include "guest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_NANOSECONDS 20000000L

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* until SECONDS CMD...: runs CMD until it succeeds; some states of the kernel have no event */
static int ctl_until(char **argv)
{
	const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
	double deadline = now() + strtod(argv[0], NULL);
	int status;

	do {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (pid == 0) {
			execvp(argv[1], argv + 1);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) < 0)
			return 2;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return 0;
		nanosleep(&pause, NULL);
	} while (now() < deadline);

	fprintf(stderr, "guest-ctl: not within %s seconds: %s ...\n", argv[0], argv[1]);
	return 1;
}

static int ctl_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = GUEST_SOCKET};
	int fd, r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int ctl_request(int fd, int argc, char **argv)
{
	char line[GUEST_REQUEST_MAX] = "";
	size_t length = 0;

	for (int i = 0; i < argc; i++) {
		int n = snprintf(line + length, sizeof(line) - length, "%s%c", argv[i],
				 i + 1 < argc ? '\t' : '\n');

		if (strpbrk(argv[i], "\t\n") || n < 0 || (size_t)n >= sizeof(line) - length)
			return -EINVAL;
		length += (size_t)n;
	}
	return write(fd, line, length) == (ssize_t)length ? 0 : -EIO;
}

static int ctl_reply(int fd)
{
	char line[GUEST_REQUEST_MAX];
	size_t length = 0;
	ssize_t n;

	while (length < sizeof(line) - 1 &&
	       (n = read(fd, line + length, sizeof(line) - 1 - length)) > 0)
		length += (size_t)n;
	line[length] = '\0';

	if (strncmp(line, "ok", 2) == 0) {
		printf("%s", line + 2 + strspn(line + 2, " "));
		return 0;
	}
	fprintf(stderr, "guest-ctl: %s", length ? line : "no reply\n");
	return 1;
}

int ctl_main(int argc, char **argv)
{
	int fd, r;

	if (argc >= 4 && strcmp(argv[1], "until") == 0)
		return ctl_until(argv + 2);

	if (argc == 4 && strcmp(argv[1], "splats") == 0)
		return splats_console(argv[2], argv[3], stdin) != 0;

	if (argc < 3) {
		fprintf(stderr, "usage: guest-ctl spawn|service CGROUP CMD [ARG]...\n"
				"       guest-ctl stop|status CGROUP\n"
				"       guest-ctl wait PID\n"
				"       guest-ctl until SECONDS CMD [ARG]...\n"
				"       guest-ctl splats ALLOW-FILE RELEASE <LOG\n");
		return 2;
	}

	fd = ctl_connect();
	if (fd < 0) {
		fprintf(stderr, "guest-ctl: no init at " GUEST_SOCKET ": %s\n", strerror(-fd));
		return 2;
	}

	r = ctl_request(fd, argc - 1, argv + 1);
	if (r < 0) {
		fprintf(stderr, "guest-ctl: request too long, or a tab in a word\n");
		return 2;
	}
	return ctl_reply(fd);
}
