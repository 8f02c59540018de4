// SPDX-License-Identifier: LGPL-2.1-or-later
/* Starting the canary and its neighbour, and bringing them back after what was done to them. */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "canary.h"

#define PATIENCE_SECONDS 20
#define OWN_INTERFACE "own"

static const char *const names[] = {CANARY_NAME, CANARY_NEIGHBOUR};

void pause_briefly(void)
{
	const struct timespec pause = {.tv_nsec = 10000000L};

	nanosleep(&pause, NULL);
}

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *executable_of(const char *name)
{
	return strcmp(name, CANARY_NAME) == 0 ? STAGE_CANARY : STAGE_NEIGHBOUR;
}

static int start_by_command(const char *start, const char *name)
{
	char command[512];
	int n = snprintf(command, sizeof(command), "%s %s %s >/dev/null", start, name,
			 executable_of(name));

	if (n < 0 || (size_t)n >= sizeof(command))
		return -E2BIG;
	return system(command) == 0 ? 0 : -EIO;
}

/* A cgroup of its own: what is done to that is not done to us. */
static void enter_cgroup(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), CANARY_CGROUP_ROOT "/%s.service", name);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), CANARY_CGROUP_ROOT "/%s.service/cgroup.procs", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fprintf(stderr, "holdfast: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Not as our child: it may die at any time, and nobody is to wait for it. */
static int start_alone(const char *name)
{
	const char *path = executable_of(name);
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (setsid() < 0 || fork() != 0)
			_exit(0);
		enter_cgroup(name);
		execl(path, path, name, NULL);
		fprintf(stderr, "holdfast: %s: %s\n", path, strerror(errno));
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid ? 0 : -errno;
}

static int start_target(const char *name, const char *start)
{
	return start ? start_by_command(start, name) : start_alone(name);
}

int stage_load(const char *name, struct target *ret_target)
{
	double deadline = now() + PATIENCE_SECONDS;
	int r;

	while ((r = target_load(name, ret_target)) < 0 && now() < deadline)
		pause_briefly();
	return r;
}

/* Until the socket's name is free: who held it may be half dead. */
static void end_target(const char *name, const char *request)
{
	double deadline = now() + PATIENCE_SECONDS;
	char reply[64];

	while (target_ask(name, request, reply, sizeof(reply)) != -ECONNREFUSED && now() < deadline)
		pause_briefly();
}

static int start_anew(const char *name, const char *start)
{
	struct target target;
	int r;

	end_target(name, "quit");
	r = start_target(name, start);
	return r < 0 ? r : stage_load(name, &target);
}

int stage_heal(const char *name, const char *start)
{
	char reply[64];

	(void)interface_add(name);
	if (target_ask(name, "reset", reply, sizeof(reply)) == 0 && strcmp(reply, "0") == 0)
		return 0;
	return start_anew(name, start);
}

int stage_open(const char *start)
{
	int r;

	r = interface_add(OWN_INTERFACE);
	for (size_t i = 0; r == 0 && i < 2; i++)
		r = interface_add(names[i]);
	if (r < 0) {
		fprintf(stderr, "holdfast: no interface for the drill: %s\n", strerror(-r));
		return r;
	}
	for (size_t i = 0; i < 2; i++) {
		r = start_anew(names[i], start);
		if (r < 0) {
			fprintf(stderr, "holdfast: %s does not start: %s\n",
				executable_of(names[i]), strerror(-r));
			return r;
		}
	}
	return 0;
}

void stage_close(void)
{
	char path[128];

	for (size_t i = 0; i < 2; i++) {
		end_target(names[i], "clear");
		(void)interface_remove(names[i]);
		snprintf(path, sizeof(path), CANARY_CGROUP_ROOT "/%s.service", names[i]);
		for (int j = 0; j < 100 && rmdir(path) < 0 && errno == EBUSY; j++)
			pause_briefly();
	}
	(void)interface_remove(OWN_INTERFACE);
	(void)rmdir(CANARY_CGROUP_ROOT "/elsewhere.objects");
}
