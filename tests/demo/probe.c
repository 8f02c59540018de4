// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Asks the victims how they are: does this packet pass, is this exec reported? Says what it saw in
 * one word and waits for proof, not for time: a packet that is sure to arrive follows the one in
 * question on the same way, and an exec is awaited until it is reported or nobody is left to do so.
 *
 *   probe packet SOURCE PORT                passed | dropped | broken: REASON
 *   probe exec NAME LOG PID SECONDS         reported | silent | broken: REASON
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FENCE_MS 5000
#define POLL_NANOSECONDS 5000000L
#define TAIL_SIZE 65536

static int broken(const char *what)
{
	printf("broken: %s: %s\n", what, strerror(errno));
	return 2;
}

/* A UDP socket at this address; port 0 is any. The address is completed. */
static int socket_at(const char *host, unsigned int port, struct sockaddr_in *ret_address)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t size = sizeof(address);
	int fd;

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		close(fd);
		return -1;
	}
	*ret_address = address;
	return fd;
}

static ssize_t send_byte(int fd, const struct sockaddr_in *to)
{
	return sendto(fd, "?", 1, 0, (const struct sockaddr *)to, sizeof(*to));
}

static int probe_packet(const char *source, const char *port)
{
	struct sockaddr_in target, fence, from;
	int target_fd = socket_at("127.0.0.1", (unsigned int)strtoul(port, NULL, 10), &target);
	int fence_fd = socket_at("127.0.0.1", 0, &fence);
	int from_fd = socket_at(source, 0, &from);
	struct pollfd arrival = {.fd = fence_fd, .events = POLLIN};
	char byte;

	if (target_fd < 0 || fence_fd < 0 || from_fd < 0)
		return broken("socket");

	/* EPERM is a drop as well: by a program at the sender's control group */
	if (send_byte(from_fd, &target) < 0 && errno != EPERM)
		return broken("send");
	if (send_byte(fence_fd, &fence) < 0)
		return broken("send to itself");
	errno = ETIMEDOUT;
	if (poll(&arrival, 1, FENCE_MS) != 1)
		return broken("no packet passes at all");

	puts(recv(target_fd, &byte, 1, MSG_DONTWAIT) == 1 ? "passed" : "dropped");
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Can this process still report anything? */
static bool alive(const char *pid)
{
	char path[64], text[256], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	state = strrchr(text, ')');
	return state && strlen(state) > 2 && !strchr("TZX", state[2]);
}

/* The log grows by a few lines while we look; all of what is new is searched. */
static bool reported(int log, off_t from, const char *name)
{
	static char text[TAIL_SIZE];
	ssize_t n = pread(log, text, sizeof(text) - 1, from);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, name) != NULL;
}

static int run(const char *name)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/true", "/bin/true", name, (char *)NULL);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 ? -1 : 0;
}

static int probe_exec(const char *name, const char *path, const char *pid, const char *seconds)
{
	const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
	int log = open(path, O_RDONLY | O_CLOEXEC);
	double deadline;
	off_t from;
	bool last;

	if (log < 0)
		return broken(path);
	from = lseek(log, 0, SEEK_END);
	if (run(name) < 0)
		return broken("fork");

	deadline = now() + strtod(seconds, NULL);
	do {
		/* asked before the log is read: what a process wrote it wrote before it ended */
		last = !alive(pid) || now() >= deadline;
		if (reported(log, from, name)) {
			puts("reported");
			return 0;
		}
		nanosleep(&pause, NULL);
	} while (!last);
	puts("silent");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "packet") == 0)
		return probe_packet(argv[2], argv[3]);
	if (argc == 6 && strcmp(argv[1], "exec") == 0)
		return probe_exec(argv[2], argv[3], argv[4], argv[5]);
	fprintf(stderr, "usage: probe packet SOURCE PORT | probe exec NAME LOG PID SECONDS\n");
	return 2;
}
