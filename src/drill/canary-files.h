/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an agent reads at its start: one file, in a folder that is there before the canary is, or
 * none, and then it has none. A policy may list the folder for it.
 */

#include <stdint.h>

#define CANARY_FILES "/etc/holdfast-%s/conf.d" /* the name of the canary, or its neighbour */
#define CANARY_FILE "agent.conf"

/* canary_files_make() - the file anew, if there is a folder for it */
void canary_files_make(const char *name);

/* canary_files_drop() - all that is in the folder */
void canary_files_drop(const char *name);

/* canary_files_state() - a number that stands for names, modes, links and text; 0: no folder */
uint64_t canary_files_state(const char *name);
