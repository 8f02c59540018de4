/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The log that holdfastd writes, read line by line through its rotations. Asks nobody. */

#include <stddef.h>

/**
 * event_log_line - takes one line
 * @line: borrowed, @size bytes without the newline, at least one; any bytes
 * Return: 0 to go on; anything else ends the reading, which returns it.
 */
typedef int event_log_line(void *context, const char *line, size_t size);

/**
 * event_log_read() - what there is, oldest first
 * @dir: the folder of the log
 * Return: 0; what @each returned; -errno, -ENOENT if there is no such folder.
 */
int event_log_read(const char *dir, event_log_line *each, void *context);

/**
 * event_log_follow() - the last ten lines, then new ones as they come
 * Return: what @each returned; -errno, -EPIPE if nobody reads standard output any more.
 */
int event_log_follow(const char *dir, event_log_line *each, void *context);
