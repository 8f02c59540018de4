/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One look at one process: what it executes, maps, holds. Reads /proc; changes nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "learn/proc-text.h"

struct seen;

#define LOOK_PATH_LEN 4096

/**
 * look_text() - a file of a process
 * @name: "stat", "fdinfo/3"
 * Return: the caller frees; NULL if it cannot be read, or the process is gone.
 */
char *look_text(pid_t pid, const char *name);

/**
 * look_program() - what a process executes now
 * @ret_path: LOOK_PATH_LEN bytes: the path that stands for it in @seen
 * Return: true; false if there is none: it is gone, or a thread of the kernel.
 */
bool look_program(struct seen *seen, pid_t pid, char *ret_path);

/**
 * look_mappings() - libraries, and executable memory that is no file's
 */
void look_mappings(struct seen *seen, pid_t pid);

/**
 * look_fds() - BPF objects and files that a process holds
 * Return: true if it holds any object.
 */
bool look_fds(struct seen *seen, pid_t pid);

/**
 * look_fds_of_other() - whether somebody else holds an object of the agent's
 */
void look_fds_of_other(struct seen *seen, pid_t pid);
