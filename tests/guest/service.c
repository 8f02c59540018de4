// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The service manager's side of PID 1: starts children in a control group on request, restarts
 * those that are services, tells who waits for them. Owns the control socket. It must never block
 * on a client for long: PID 1 also keeps the deadline.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct service {
	bool used;
	bool restart;
	bool running;
	pid_t pid;
	int status;
	unsigned int restarts;
	/* the request's words, cut apart in place: argv[0] is the cgroup, argv[1] the command */
	char words[GUEST_REQUEST_MAX];
	char *argv[GUEST_ARGS_MAX + 1];
};

struct waiter {
	int fd;
	pid_t pid;
};

static struct service services[GUEST_SERVICES_MAX];
static struct waiter waiters[GUEST_WAITERS_MAX];
static unsigned int n_waiters;

__attribute__((format(printf, 2, 3))) static void reply(int fd, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(fd, format, args);
	va_end(args);
}

int status_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int services_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = GUEST_SOCKET};
	int fd, r;

	if (mkdir(GUEST_LOG_DIR, 0755) < 0 && errno != EEXIST)
		return -errno;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int make_dirs(char *path)
{
	for (char *slash = path + 1;; *slash++ = '/') {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
	}
}

static int enter_cgroup(const char *cgroup)
{
	char path[GUEST_REQUEST_MAX + 64];
	int fd, r;

	if (snprintf(path, sizeof(path), GUEST_CGROUP_ROOT "/%s", cgroup) >= (int)sizeof(path))
		return -ENAMETOOLONG;

	r = make_dirs(path);
	if (r < 0)
		return r;

	strcat(path, "/cgroup.procs");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	r = write(fd, "0", 1) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static void redirect_output(const char *cgroup)
{
	const char *unit = strrchr(cgroup, '/');
	char path[512];
	int fd;

	snprintf(path, sizeof(path), GUEST_LOG_DIR "/%s.log", unit ? unit + 1 : cgroup);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void service_exec(const struct service *service)
{
	sigset_t none;
	int fd, r;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	redirect_output(service->argv[0]);

	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDIN_FILENO);

	r = enter_cgroup(service->argv[0]);
	if (r < 0) {
		dprintf(STDERR_FILENO, "guest-init: cgroup %s: %s\n", service->argv[0],
			strerror(-r));
		_exit(126);
	}

	execvp(service->argv[1], service->argv + 1);
	dprintf(STDERR_FILENO, "guest-init: exec %s: %s\n", service->argv[1], strerror(errno));
	_exit(127);
}

static int service_start(struct service *service)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		service_exec(service);

	service->pid = pid;
	service->running = true;
	return 0;
}

static struct service *service_find(const char *cgroup)
{
	struct service *found = NULL;

	for (size_t i = 0; i < GUEST_SERVICES_MAX; i++) {
		struct service *service = &services[i];

		if (!service->used || strcmp(service->argv[0], cgroup) != 0)
			continue;
		/* several commands may have run in one cgroup: the live one is the unit */
		if (!found || service->running)
			found = service;
	}
	return found;
}

static struct service *service_slot(const char *cgroup)
{
	struct service *done = NULL;

	for (size_t i = 0; i < GUEST_SERVICES_MAX; i++) {
		struct service *service = &services[i];

		if (!service->used)
			return service;
		if (!service->running && (!done || strcmp(service->argv[0], cgroup) == 0))
			done = service;
	}
	return done;
}

/* Cuts the line at its tabs. Returns the number of words, 0 if there are too many. */
static size_t split_words(char *line, char **ret_words, size_t max)
{
	size_t n = 0;

	for (char *word; (word = strsep(&line, "\t"));) {
		if (n == max)
			return 0;
		ret_words[n++] = word;
	}
	ret_words[n] = NULL;
	return n;
}

/* @words is `CGROUP\tCMD...`, still in one piece. */
static void request_spawn(int fd, const char *words, bool restart)
{
	char cgroup[GUEST_REQUEST_MAX];
	struct service *service;
	int r;

	snprintf(cgroup, sizeof(cgroup), "%.*s", (int)strcspn(words, "\t"), words);
	service = service_find(cgroup);
	if (restart && service && service->running && service->restart) {
		reply(fd, "error service %s runs already, pid %d\n", cgroup, service->pid);
		return;
	}

	service = service_slot(cgroup);
	if (!service) {
		reply(fd, "error more than %d children\n", GUEST_SERVICES_MAX);
		return;
	}

	memset(service, 0, sizeof(*service));
	snprintf(service->words, sizeof(service->words), "%s", words);
	if (split_words(service->words, service->argv, GUEST_ARGS_MAX) < 2) {
		reply(fd, "error usage: spawn|service CGROUP CMD [ARG]...\n");
		return;
	}

	service->restart = restart;
	r = service_start(service);
	if (r < 0) {
		reply(fd, "error fork: %s\n", strerror(-r));
		return;
	}
	service->used = true;
	reply(fd, "ok %d\n", service->pid);
}

static void request_stop(int fd, const char *cgroup)
{
	struct service *service = service_find(cgroup);

	if (!service) {
		reply(fd, "error no child in cgroup %s\n", cgroup);
		return;
	}
	service->restart = false;
	if (service->running && kill(service->pid, SIGTERM) < 0)
		reply(fd, "error kill %d: %s\n", service->pid, strerror(errno));
	else
		reply(fd, "ok %d\n", service->pid);
}

static void request_status(int fd, const char *cgroup)
{
	const struct service *service = service_find(cgroup);

	if (!service)
		reply(fd, "error no child in cgroup %s\n", cgroup);
	else if (service->running)
		reply(fd, "ok running %d %u\n", service->pid, service->restarts);
	else
		reply(fd, "ok exited %d %u\n", status_code(service->status), service->restarts);
}

/* Returns true if the connection is kept until the child ends. */
static bool request_wait(int fd, const char *text)
{
	pid_t pid = (pid_t)strtol(text, NULL, 10);

	for (size_t i = 0; i < GUEST_SERVICES_MAX; i++) {
		const struct service *service = &services[i];

		if (!service->used || service->pid != pid)
			continue;
		if (!service->running) {
			reply(fd, "ok %d\n", status_code(service->status));
			return false;
		}
		if (n_waiters == GUEST_WAITERS_MAX)
			break;
		waiters[n_waiters++] = (struct waiter){.fd = fd, .pid = pid};
		return true;
	}
	reply(fd, "error no child with pid %s, or too many waiters\n", text);
	return false;
}

static bool request_run(int fd, char *line)
{
	char *rest = strchr(line, '\t');

	if (!rest) {
		reply(fd, "error a request has at least two words\n");
		return false;
	}
	*rest++ = '\0';

	if (strcmp(line, "spawn") == 0)
		request_spawn(fd, rest, false);
	else if (strcmp(line, "service") == 0)
		request_spawn(fd, rest, true);
	else if (strcmp(line, "stop") == 0)
		request_stop(fd, rest);
	else if (strcmp(line, "status") == 0)
		request_status(fd, rest);
	else if (strcmp(line, "wait") == 0)
		return request_wait(fd, rest);
	else
		reply(fd, "error unknown request %s\n", line);
	return false;
}

void services_request(int listen_fd)
{
	const struct timeval patience = {.tv_sec = 1};
	char line[GUEST_REQUEST_MAX];
	size_t length = 0;
	int fd;

	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		ssize_t n = read(fd, line + length, sizeof(line) - 1 - length);

		if (n <= 0)
			break;
		length += (size_t)n;
		line[length] = '\0';
		if (strchr(line, '\n')) {
			line[strcspn(line, "\n")] = '\0';
			if (request_run(fd, line))
				return;
			break;
		}
	}
	close(fd);
}

static void waiters_tell(pid_t pid, int status)
{
	for (unsigned int i = 0; i < n_waiters;) {
		if (waiters[i].pid != pid) {
			i++;
			continue;
		}
		reply(waiters[i].fd, "ok %d\n", status_code(status));
		close(waiters[i].fd);
		waiters[i] = waiters[--n_waiters];
	}
}

void services_reaped(pid_t pid, int status)
{
	for (size_t i = 0; i < GUEST_SERVICES_MAX; i++) {
		struct service *service = &services[i];

		if (!service->used || !service->running || service->pid != pid)
			continue;
		service->running = false;
		service->status = status;
		waiters_tell(pid, status);
		if (service->restart) {
			service->restarts++;
			service_start(service);
		}
	}
}

void services_dump(void)
{
	for (size_t i = 0; i < GUEST_SERVICES_MAX; i++) {
		const char *unit;
		char path[512], line[512];
		FILE *file;

		if (!services[i].used)
			continue;
		unit = strrchr(services[i].argv[0], '/');
		unit = unit ? unit + 1 : services[i].argv[0];
		snprintf(path, sizeof(path), GUEST_LOG_DIR "/%s.log", unit);
		file = fopen(path, "re");
		if (!file)
			continue;
		while (fgets(line, sizeof(line), file))
			printf("# %s: %s", unit, line);
		fclose(file);
		/* several commands of one unit share the log: print it once */
		unlink(path);
	}
}
