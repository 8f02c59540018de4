/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An entry as a message of RFC 5424, framed by its length: RFC 6587, section 3.4.1. Pure. */

#include <stddef.h>

struct follow_entry;

/**
 * syslog_format() - LENGTH, a space, and the message
 * @host:      our name; any bytes: what a header cannot have becomes '?'
 * @ret_frame: the caller frees
 *
 * Facility 13, log audit; severity 4 for what was refused, 5 observed, 3 lost, otherwise 6. The
 * structured data [holdfast@32473 index= leaf= origin=] say which entry it is, the text is the
 * entry as it is in the log, without a byte order mark.
 * Return: 0; -ENOMEM.
 */
int syslog_format(const struct follow_entry *entry, const char *host, char **ret_frame,
		  size_t *ret_size);
