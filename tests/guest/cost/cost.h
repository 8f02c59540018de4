/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an operation costs, in instructions of the guest: the time stamp counter counts them where
 * `run.sh --icount` has booted it. An operation measures itself, so that what it needs before and
 * leaves behind is not counted.
 */

#include <errno.h>
#include <stdint.h>
#include <x86intrin.h>

struct operation {
	const char *name;
	int (*prepare)(void); /* once, before the first; NULL: nothing to prepare. 0 or -errno */
	int64_t (*once)(void); /* instructions, or -errno */
	unsigned int samples; /* how often, of a whole run */
};

extern const struct operation bpf_operations[]; /* each list ends with a name that is NULL */
extern const struct operation file_operations[];
extern const struct operation task_operations[];
extern const struct operation net_operations[];

/* counted() - what the expression takes, or -errno if it is false */
#define counted(expression)                                              \
	({                                                               \
		uint64_t begin_ = __rdtsc();                             \
		int good_ = (expression);                                \
                                                                         \
		good_ ? (int64_t)(__rdtsc() - begin_) : -(int64_t)errno; \
	})

#define SAMPLES_CHEAP 301
#define SAMPLES_DEAR 61

/* stamp_main() - what the counter is at, to a pipe. Return: 0; 1 if it cannot be written. */
int stamp_main(int fd);

/**
 * floor_main() - empty programs on hooks, as long as a command runs
 * @argv: a file with the names of the guard's programs, a line each, then the command
 *
 * Return: the command's exit code; 2 if the programs are not all attached.
 */
int floor_main(char **argv);

/**
 * bare_main() - prints what libbpf alone takes to load and attach the guard's programs
 * @argv: a file with the names of those that are attached, a line each
 *
 * Return: 0; 2 if they cannot be loaded.
 */
int bare_main(char **argv);

/**
 * run_main() - prints what a command takes, each time that it runs
 * @name: what it is called
 * @n: how often
 * @argv: the command, by its path
 *
 * Return: 0; 2 if it fails.
 */
int run_main(const char *name, unsigned int n, char **argv);

/**
 * start_main() - prints what a service takes from its start until it says that it is ready
 * @argv: the service, by its path; it runs on
 *
 * Return: 0; 2 if it does not say so.
 */
int start_main(char **argv);

/* call_main() - prints what a call takes that fails as those of events_main() do. Return: 0. */
int call_main(void);

/**
 * events_main() - prints what events at a steady rate take of who makes them and of holdfastd
 * @name: what they are called
 * @daemon: its pid
 * @what: how many a second, for how many seconds, by how many tasks
 *
 * Return: 0; 2 if not all of them were made.
 */
int events_main(const char *name, const char *daemon, const unsigned int *what);
