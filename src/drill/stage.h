/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who is attacked: the canary and its neighbour, started, mended and taken away by the drill. */

#include "probe.h"

#define STAGE_CANARY DRILL_LIBEXEC "/holdfast-canary"
#define STAGE_NEIGHBOUR DRILL_LIBEXEC "/holdfast-neighbour"

/**
 * stage_open() - interfaces, the canary and its neighbour, started anew
 * @start: command of the shell that starts a task: `COMMAND NAME EXECUTABLE`; NULL: by ourselves
 * Return: 0; -errno, with the reason on stderr.
 */
int stage_open(const char *start);

/* stage_close() - leave nothing behind */
void stage_close(void);

/* stage_load() - the state of a target, which may take a moment to answer. Return: 0 or -errno. */
int stage_load(const char *name, struct target *ret_target);

/* stage_heal() - healthy again, whatever happened to it. Return: 0 or -errno. */
int stage_heal(const char *name, const char *start);

/* pause_briefly() - between two looks at something that changes by itself */
void pause_briefly(void);

/* now() - seconds */
double now(void);
