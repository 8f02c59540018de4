/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A line of the log of events as a line for people. */

#include <stddef.h>
#include <stdio.h>

/* event_text_head() - what the columns are */
void event_text_head(FILE *file);

/**
 * event_text_print() - one line of the log, with its line feed
 * @line: any bytes; control characters never reach @file
 */
void event_text_print(FILE *file, const char *line, size_t size);
