/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The log that holdfastd writes, read entry by entry. Asks nobody. */

#include <stdbool.h>
#include <stdint.h>

#include "guard/protocol.h"

struct follow_entry;
struct note_key;

#define EVENT_LOG_DIR PROTOCOL_STATE_DIR "/" PROTOCOL_LOG_DIR
#define EVENT_LOG_TAIL 10 /* entries that are shown before what is followed */

struct event_log {
	const char *path; /* the folder */
	const struct note_key *key; /* who has to have signed it; NULL: anybody */
	bool from_given; /* otherwise all that is there, or the tail */
	uint64_t from; /* index */
	bool follow; /* go on until nobody reads standard output any more */
};

/**
 * event_log_each - takes one entry
 * @entry: borrowed for the call
 * Return: 0 to go on; -EPIPE if nobody wants to read on, which is no error; another -errno.
 */
typedef int event_log_each(void *context, const struct follow_entry *entry);

/**
 * event_log_read() - hand on what there is, oldest first, and with follow what comes
 * Return: enum cli_exit; what is wrong has been said.
 */
int event_log_read(const struct event_log *log, event_log_each *each, void *context);
