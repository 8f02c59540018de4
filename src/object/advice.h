/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What can be done so that a map is written by nobody who need not: freezing it, which ends writes
 * by system calls, and BPF_F_RDONLY_PROG, which refuses programs that would write it.
 */

#include <stdbool.h>
#include <stddef.h>

struct object;
struct object_map;

#define ADVICE_WHY 320 /* bytes of a reason, with its NUL */

enum advice_verdict {
	ADVICE_NO,
	ADVICE_YES,
	ADVICE_ALREADY, /* the object, or libbpf, does it */
};

struct advice {
	enum advice_verdict freeze, read_only; /* read_only: BPF_F_RDONLY_PROG */
	char freeze_why[ADVICE_WHY], read_only_why[ADVICE_WHY]; /* one sentence each */
};

/* advise() - what can be done for a map of the object */
void advise(const struct object *object, const struct object_map *map, struct advice *ret_advice);

/* advice_writers() - who writes a map: "user", "program", "both" or "nobody" */
const char *advice_writers(const struct object_map *map);

/**
 * advice_special() - a field that only programs may touch: a lock, a timer, a list, a kptr
 * Return: its type's name; NULL if the value has none.
 */
const char *advice_special(const struct object *object, const struct object_map *map);

/**
 * advice_patch() - the changes in an agent that uses libbpf
 * @ret_text: "" if there is nothing to change; the caller frees
 * Return: 0; -ENOMEM.
 */
int advice_patch(const struct object *object, char **ret_text);
