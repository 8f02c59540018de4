// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Measures what operations cost whoever runs it, stands in for the guard (empty programs, the same
 * programs without a guard around them), or makes objects for the guard to protect. Judges nothing:
 * tests/bench/cost.py does.
 *
 * usage: cost list                   the operations' names
 *        cost ops STATE WHO [PART]   each operation; PART: with that part of the samples, one in N
 *        cost floor NAMES CMD...     CMD beside empty programs on the hooks of those programs
 *        cost bare NAMES             loads and attaches those programs, by libbpf alone
 *        cost objects N FILE         makes N maps, then FILE, and keeps the maps
 *        cost run NAME N CMD...      CMD, N times
 *        cost start CMD...           CMD, until it tells systemd that it is ready
 *        cost call                   one that fails, without a guard to refuse it
 *        cost events NAME PID RATE SECONDS TASKS   events, and what holdfastd does of them
 */
#include "cost.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WARM_UP 5
#define SAMPLES_MAX SAMPLES_CHEAP
#define LONG 5000000 /* instructions: what takes so many is done a fifth as often */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The median: ticks and what they start fall on some of the samples. */
static int measure(const struct operation *operation, const char *state, const char *who,
		   unsigned int part)
{
	int64_t samples[SAMPLES_MAX];
	unsigned int n = operation->samples / part | 1, warm_up = WARM_UP;
	int r = operation->prepare ? operation->prepare() : 0;

	for (unsigned int i = 0; !r && i < warm_up + n; i++) {
		int64_t cost = operation->once();

		if (cost < 0) {
			r = (int)cost;
		} else if (i >= warm_up) {
			samples[i - warm_up] = cost;
		} else if (i == 0 && cost > LONG) {
			n = n / 5 | 1;
			warm_up = 1;
		}
	}
	if (r) {
		fprintf(stderr, "cost: %s, %s: %s: %s\n", state, who, operation->name,
			strerror(-r));
		return 1;
	}
	qsort(samples, n, sizeof(samples[0]), compare);
	printf("# cost %s %s %s %jd %jd %u\n", state, who, operation->name,
	       (intmax_t)samples[n / 2], (intmax_t)samples[0], n);
	return 0;
}

static const struct operation *const lists[] = {
	bpf_operations,
	file_operations,
	task_operations,
	net_operations,
};

#define N_LISTS (sizeof(lists) / sizeof(lists[0]))

static int list_main(void)
{
	for (unsigned int i = 0; i < N_LISTS; i++) {
		for (const struct operation *o = lists[i]; o->name; o++)
			puts(o->name);
	}
	return 0;
}

static int ops_main(const char *state, const char *who, unsigned int part)
{
	int failed = 0;

	for (unsigned int i = 0; i < N_LISTS; i++) {
		for (const struct operation *o = lists[i]; o->name; o++)
			failed |= measure(o, state, who, part ? part : 1);
	}
	return failed;
}

static int objects_main(unsigned int n, const char *ready)
{
	const struct rlimit files = {.rlim_cur = n + 64, .rlim_max = n + 64};

	if (setrlimit(RLIMIT_NOFILE, &files))
		return 2;
	for (unsigned int i = 0; i < n; i++) {
		if (bpf_map_create(BPF_MAP_TYPE_ARRAY, "cost", 4, 8, 1, NULL) < 0) {
			fprintf(stderr, "cost: map %u of %u: %s\n", i, n, strerror(errno));
			return 2;
		}
	}
	if (close(open(ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
		return 2;
	(void)pause();
	return 0;
}

static int events(char **argv)
{
	const unsigned int what[] = {(unsigned int)atoi(argv[2]), (unsigned int)atoi(argv[3]),
				     (unsigned int)atoi(argv[4])};

	return events_main(argv[0], argv[1], what);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (argc == 3 && !strcmp(argv[1], "stamp"))
		return stamp_main(atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list_main();
	if (argc == 2 && !strcmp(argv[1], "call"))
		return call_main();
	if (argc >= 4 && !strcmp(argv[1], "ops"))
		return ops_main(argv[2], argv[3], argc > 4 ? (unsigned int)atoi(argv[4]) : 1);
	if (argc >= 4 && !strcmp(argv[1], "floor"))
		return floor_main(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "bare"))
		return bare_main(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "objects"))
		return objects_main((unsigned int)atoi(argv[2]), argv[3]);
	if (argc >= 5 && !strcmp(argv[1], "run"))
		return run_main(argv[2], (unsigned int)atoi(argv[3]), argv + 4);
	if (argc >= 3 && !strcmp(argv[1], "start"))
		return start_main(argv + 2);
	if (argc == 7 && !strcmp(argv[1], "events"))
		return events(argv + 2);
	fprintf(stderr, "cost: list | ops STATE WHO [PART] | floor NAMES CMD... | bare NAMES | "
			"objects N FILE | run NAME N CMD... | start CMD... | "
			"call | events NAME PID RATE SECONDS TASKS\n");
	return 2;
}
