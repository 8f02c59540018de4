/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What was seen of an agent, in sets that are sorted: two looks at the same are the same text.
 * Texts that others have chosen (names, paths) keep no byte that a terminal or a comment would
 * obey.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "learn/proc-text.h"

#define SEEN_MAX 4096 /* of one set; what is more is counted in seen.dropped */

struct seen_set {
	char **items;
	size_t n;
};

enum seen_launch {
	SEEN_OTHER, /* by somebody else */
	SEEN_PARENT, /* by a task of the agent */
	SEEN_UNIT, /* by PID 1, in the cgroup of the unit, in system.slice */
};

/* A file that a task executes. */
struct seen_program {
	char *path; /* the real one; for the reader alone if known by its digest */
	bool by_digest; /* another file, or none, has that path here */
	uint8_t digest[SHA256_LEN]; /* only by digest */
	uint64_t size; /* in bytes; only by digest */
	enum seen_launch launch;
	struct seen_set launchers; /* paths of what executed it, or forked who did */
	bool has_objects;
};

/* A file that is mapped executable, and no program. */
struct seen_library {
	char *path;
	bool by_digest;
	uint8_t digest[SHA256_LEN];
};

struct seen_id {
	enum proc_kind kind;
	uint32_t id;
};

struct seen_pin {
	char *path;
	char *mount; /* of the bpffs that it is in */
	struct seen_id object;
	uint32_t prog_id; /* of a link: the program it runs; else 0 */
};

struct seen {
	char *domain;
	char *unit; /* NULL if a process was asked for */
	char *started_by; /* of a process: who started it, in words; NULL if PID 1 did */
	struct seen_program *programs;
	size_t n_programs;
	struct seen_library *libraries;
	size_t n_libraries;
	struct seen_id *ids;
	size_t n_ids;
	struct seen_pin *pins; /* all that there are, whoever's the object is */
	size_t n_pins;
	struct seen_set objects; /* in words */
	struct seen_set holders; /* of its objects, who are not the agent */
	struct seen_set files; /* that it holds open */
	struct seen_set notes; /* what could not be seen, or will be refused */
	bool out_of_memory; /* something is missing, and nothing may be written */
	uint64_t dropped;
};

/**
 * seen_done() - release all of it
 */
void seen_done(struct seen *seen);

/**
 * seen_say() - a line of text into one of the sets
 *
 * Control characters and what is no UTF-8 become '?'. Failures are kept in @seen.
 */
void seen_say(struct seen *seen, struct seen_set *set, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * seen_program() - the program of that file; a new one if it is the first time
 * @path:   copied
 * @digest: if it is known by its digest; else NULL
 * Return: borrowed from @seen, until the next one is added; NULL if there is no room.
 */
struct seen_program *seen_program(struct seen *seen, const char *path, const uint8_t *digest);

/**
 * seen_library() - a file that was mapped executable
 * @digest: if it is known by its digest; else NULL
 */
void seen_library(struct seen *seen, const char *path, const uint8_t *digest);

/**
 * seen_id() - an object of the agent's
 * Return: true if it was not known yet.
 */
bool seen_id(struct seen *seen, enum proc_kind kind, uint32_t id);

/**
 * seen_has_id() - whether an object is the agent's
 */
bool seen_has_id(const struct seen *seen, enum proc_kind kind, uint32_t id);

/**
 * seen_pin() - a pin, once for each path
 * @object: what is pinned there now
 */
void seen_pin(struct seen *seen, const char *mount, const char *path,
	      const struct proc_object *object);

/**
 * seen_own_pin() - whether what is pinned is the agent's: seen with it, or a link of its program
 */
bool seen_own_pin(const struct seen *seen, const struct seen_pin *pin);

/**
 * seen_sort() - programs, libraries and pins in the order of their paths
 */
void seen_sort(struct seen *seen);
