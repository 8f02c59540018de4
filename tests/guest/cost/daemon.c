// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is not one operation: a command from its start to its end, holdfastd from its start to a
 * guard that is up, and events at a steady rate. The clock counts instructions as nanoseconds, and
 * so does the kernel what a process has run for.
 */
#include "cost.h"

#include <bpf/bpf.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define SETTLE_S 3 /* holdfastd signs what it has within a second */

/* Return: a child that runs the command; -1 */
static pid_t start(char **argv, const char *output)
{
	pid_t pid = vfork();

	if (pid == 0) {
		if (!output || freopen(output, "w", stdout))
			execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

int run_main(const char *name, unsigned int n, char **argv)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t begin = __rdtsc();
		pid_t pid = start(argv, "/dev/null");
		int status;

		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "cost: %s has failed\n", argv[0]);
			return 2;
		}
		printf("# cost-run %s %ju\n", name, (uintmax_t)(__rdtsc() - begin));
	}
	return 0;
}

/* What systemd would hear: READY=1, when the guard is up. Nobody else knows of the address. */
static int ready_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/cost-notify"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unlink(address.sun_path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    setenv("NOTIFY_SOCKET", address.sun_path, 1))
		return -1;
	return fd;
}

static bool ready_heard(int fd)
{
	const struct timeval patience = {.tv_sec = 300};
	char text[256];
	ssize_t n;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return false;
	for (;;) {
		n = recv(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return false;
		text[n] = '\0';
		if (strstr(text, "READY=1"))
			return true;
	}
}

int start_main(char **argv)
{
	int fd = ready_listen();
	uint64_t begin, cost;

	if (fd < 0) {
		fprintf(stderr, "cost: /run/cost-notify: %s\n", strerror(errno));
		return 2;
	}
	begin = __rdtsc();
	if (start(argv, NULL) < 0 || !ready_heard(fd)) {
		fprintf(stderr, "cost: %s does not say that it is ready\n", argv[0]);
		return 2;
	}
	cost = __rdtsc() - begin;
	printf("# cost-start %ju\n", (uintmax_t)cost);
	return 0;
}

/* ---- events */

struct flood {
	atomic_ulong made, wrong;
	uint64_t start_ns;
	uint32_t samples[]; /* instructions of a call */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec until = {.tv_sec = (time_t)(ns / SECOND_NS),
				       .tv_nsec = (long)(ns % SECOND_NS)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* What a process has run for, its part of the kernel's work with it. Return: ns; 0: unknown */
static uint64_t ran_ns(const char *pid)
{
	char path[64];
	uint64_t ns = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/schedstat", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%ju", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return ns;
}

/* Return: the id of a map that nobody else is given: the guard's; 0: there is none */
static uint32_t refused_find(void)
{
	uint32_t id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			return id;
		(void)close(fd);
	}
	return 0;
}

static void make_events(struct flood *flood, uint32_t id, unsigned int n, uint64_t every_ns,
			uint64_t first_ns)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t begin;
		int fd;

		sleep_until(first_ns + i * every_ns);
		begin = __rdtsc();
		fd = bpf_map_get_fd_by_id(id);
		flood->samples[atomic_fetch_add(&flood->made, 1)] = (uint32_t)(__rdtsc() - begin);
		if (fd >= 0)
			atomic_fetch_add(&flood->wrong, 1);
	}
}

/* Return: whether all of them made what they should */
static bool flood_run(struct flood *flood, uint32_t id, unsigned int rate, unsigned int seconds,
		      unsigned int tasks)
{
	uint64_t every_ns = SECOND_NS * tasks / rate;
	unsigned int each = rate / tasks * seconds;
	int status;
	bool good = true;

	/* all of them are there before the first begins */
	flood->start_ns = now_ns() + SECOND_NS;
	for (unsigned int i = 0; i < tasks; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			make_events(flood, id, each, every_ns,
				    flood->start_ns + i * (SECOND_NS / rate));
			_exit(0);
		}
		good = good && pid > 0;
	}
	while (wait(&status) > 0)
		good = good && !status;
	return good && flood->made == (unsigned long)each * tasks && !flood->wrong;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int call_main(void)
{
	uint32_t samples[SAMPLES_CHEAP];

	for (unsigned int i = 0; i < SAMPLES_CHEAP; i++) {
		uint64_t begin = __rdtsc();

		(void)bpf_map_get_fd_by_id(UINT32_MAX);
		samples[i] = (uint32_t)(__rdtsc() - begin);
	}
	qsort(samples, SAMPLES_CHEAP, sizeof(samples[0]), compare);
	printf("# cost-call %u\n", samples[SAMPLES_CHEAP / 2]);
	return 0;
}

int events_main(const char *name, const char *daemon, const unsigned int *what)
{
	unsigned int rate = what[0], seconds = what[1], tasks = what[2];
	size_t size = sizeof(struct flood) + (size_t)rate * seconds * sizeof(uint32_t);
	struct flood *flood =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t id = refused_find();
	uint64_t idle, before, took;

	if (!id || flood == MAP_FAILED || !tasks || tasks > rate) {
		fprintf(stderr, "cost: there is nothing to ask for in vain\n");
		return 2;
	}
	/* what it does anyway in as many seconds: the fourth is the one that tasks start in */
	before = ran_ns(daemon);
	sleep_until(now_ns() + (seconds + SETTLE_S + 1) * SECOND_NS);
	idle = ran_ns(daemon) - before;
	before = ran_ns(daemon);
	if (!flood_run(flood, id, rate, seconds, tasks)) {
		fprintf(stderr, "cost: %lu events, %lu of them not refused\n", flood->made,
			flood->wrong);
		return 2;
	}
	took = now_ns() - flood->start_ns;
	sleep_until(flood->start_ns + (seconds + SETTLE_S) * SECOND_NS);
	qsort(flood->samples, flood->made, sizeof(flood->samples[0]), compare);
	printf("# cost-events %s-made %lu\n# cost-events %s-ms %ju\n", name, flood->made, name,
	       (uintmax_t)(took / 1000000));
	printf("# cost-events %s-call %u\n", name, flood->samples[flood->made / 2]);
	printf("# cost-events %s-daemon %ju\n# cost-events %s-idle %ju\n", name,
	       (uintmax_t)(ran_ns(daemon) - before), name, (uintmax_t)idle);
	return before ? 0 : 2;
}
