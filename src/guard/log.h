/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * holdfastd's own messages, on stderr, which a service manager reads. Used where an error ends its
 * way up, and nowhere below. Not the log of events: that is journal.h.
 */

#include <syslog.h>

/**
 * log_print() - one line
 * @level: LOG_ERR, LOG_WARNING, LOG_NOTICE or LOG_INFO
 *
 * Control characters become '?'. If stderr is a service manager's, the line carries the level.
 */
void log_print(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_print(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_print(LOG_NOTICE, __VA_ARGS__)

/* log_error_errno() - the same with %m for @error, which it returns */
#define log_error_errno(error, ...)              \
	({                                       \
		int _r = (error);                \
		errno = _r < 0 ? -_r : _r;       \
		log_print(LOG_ERR, __VA_ARGS__); \
		_r;                              \
	})
