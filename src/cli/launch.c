// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting holdfastd where no service manager has: found beside this binary or where packages put
 * it, in a session of its own, listened to in a service manager's words until it is ready.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "cli/client.h"

#define READY_MS 120000

#define failed(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), CLIENT_E_FAILED)

static int find_daemon(char ret_path[PATH_MAX], struct diag *reterr_diag)
{
	/* A build tree, an installation below any prefix, a package. */
	static const char *const places[] = {"holdfastd", "../guard/holdfastd",
					     "../sbin/holdfastd"};
	char here[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	char *slash;

	if (n > 0) {
		here[n] = '\0';
		slash = strrchr(here, '/');
		if (slash)
			slash[1] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			int m = snprintf(ret_path, PATH_MAX, "%s%s", here, places[i]);

			if (m > 0 && m < PATH_MAX && access(ret_path, X_OK) == 0)
				return 0;
		}
	}
	(void)snprintf(ret_path, PATH_MAX, "/usr/sbin/holdfastd");
	if (access(ret_path, X_OK) == 0)
		return 0;
	return failed(reterr_diag,
		      "holdfastd is neither beside holdfast nor in /usr/sbin: install it");
}

/* An abstract socket that the kernel names; what arrives there is READY=1 or of no interest. */
static int open_notify(char ret_env[64])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);
	_cleanup_close_ int fd = -EBADF;
	size_t n;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0)
		return -errno;
	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	n = size - offsetof(struct sockaddr_un, sun_path);
	(void)snprintf(ret_env, 64, "NOTIFY_SOCKET=@%.*s", (int)n - 1, address.sun_path + 1);
	return TAKE_FD(fd);
}

static void exec_daemon(const char *path, char *notify, int errors)
{
	char name[] = "holdfastd", wait[] = "--wait";
	char *argv[] = {name, wait, NULL}, *env[] = {notify, NULL};
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(errors, 2) == 2)
		(void)execve(path, argv, env);
	(void)dprintf(errors, "%s cannot be started: %s\n", path, strerror(errno));
	_exit(127);
}

/* Twice, so that it is nobody's child but PID 1's. */
static int fork_daemon(const char *path, char *notify, int errors)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (setsid() < 0 || chdir("/") < 0)
			_exit(1);
		pid = fork();
		if (pid == 0)
			exec_daemon(path, notify, errors);
		_exit(pid < 0 ? 1 : 0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return 0;
}

static int elapsed_ms(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - start->tv_sec) * 1000 +
		     (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* The last line of what holdfastd said before it ended, without its own name. */
static int explain(char *said, struct diag *reterr_diag)
{
	static const char prefix[] = "holdfastd: ";
	char *line;
	size_t n = strlen(said);

	while (n > 0 && said[n - 1] == '\n')
		said[--n] = '\0';
	line = strrchr(said, '\n');
	line = line ? line + 1 : said;
	if (strncmp(line, prefix, strlen(prefix)) == 0)
		line += strlen(prefix);
	return failed(reterr_diag, "holdfastd did not start: %s", *line ? line : "it said nothing");
}

static int wait_ready(int notify, int errors, struct diag *reterr_diag)
{
	struct pollfd fds[] = {{.fd = notify, .events = POLLIN}, {.fd = errors, .events = POLLIN}};
	char said[4096] = "", word[64];
	struct timespec start;
	size_t used = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int left = READY_MS - elapsed_ms(&start);
		ssize_t n;

		if (left <= 0)
			return failed(reterr_diag,
				      "holdfastd was started and is not ready after %d s",
				      READY_MS / 1000);
		if (poll(fds, 2, left) < 0 && errno != EINTR)
			return failed(reterr_diag, "holdfastd cannot be waited for: %s",
				      strerror(errno));

		n = recv(notify, word, sizeof(word) - 1, MSG_DONTWAIT);
		if (n > 0) {
			word[n] = '\0';
			if (strncmp(word, "READY=1", 7) == 0)
				return 0;
		}
		if (!(fds[1].revents & (POLLIN | POLLHUP)))
			continue;
		if (used == sizeof(said) - 1)
			used = 0;
		n = read(errors, said + used, sizeof(said) - 1 - used);
		if (n == 0)
			return explain(said, reterr_diag);
		used += n > 0 ? (size_t)n : 0;
		said[used] = '\0';
	}
}

int client_launch(struct diag *reterr_diag)
{
	_cleanup_close_ int notify = -EBADF, reading = -EBADF, writing = -EBADF;
	char path[PATH_MAX], env[64];
	int fds[2], r;

	r = find_daemon(path, reterr_diag);
	if (r)
		return r;
	notify = open_notify(env);
	if (notify < 0)
		return failed(reterr_diag, "no socket can be made: %s", strerror(-notify));
	if (pipe2(fds, O_CLOEXEC) < 0)
		return failed(reterr_diag, "no pipe can be made: %s", strerror(errno));
	reading = fds[0];
	writing = fds[1];

	(void)fflush(stdout);
	r = fork_daemon(path, env, writing);
	if (r < 0)
		return failed(reterr_diag, "%s cannot be started: %s", path, strerror(-r));
	closep(&writing);
	writing = -EBADF;
	return wait_ready(notify, reading, reterr_diag);
}
