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
