// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Closed: system calls that an ordinary host needs strangers for, and that a policy may close to
 * them (switches.close). Each hook is asked by these system calls alone.
 *
 *   hook          refuses with   cost to others
 *   path_notify   EPERM          one test per mark; a permission mark: two lookups
 *   settime       EPERM          two lookups per setting of the clock
 *   syslog        EPERM          one test per question; clearing: two lookups
 *
 * adjtimex(2) asks no hook that knows what is asked, and steps the clock as well.
 */

#include "bpf/lib/closed.h"

/* Of fanotify(7): who waits for such an event waits for whoever has made the mark. */
#define FAN_OPEN_PERM 0x10000ull
#define FAN_ACCESS_PERM 0x20000ull
#define FAN_OPEN_EXEC_PERM 0x40000ull
#define FAN_PRE_ACCESS 0x100000ull
#define FAN_PERM (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM | FAN_PRE_ACCESS)

/* Of syslog(2): all that changes what others read, or see. */
#define SYSLOG_READ_CLEAR 4
#define SYSLOG_CONSOLE_LEVEL 8

static const struct closed marks = CLOSED(MARKS, 'A', 11, "marks");
static const struct closed clock = CLOSED(CLOCK, 'T', 5, "clock");
static const struct closed log = CLOSED(LOG, 'T', 4, "log");

SEC("lsm/path_notify")
int BPF_PROG(closed_mark, const struct path *path, __u64 mask)
{
	if (!(mask & FAN_PERM))
		return 0;
	if (closed_refused(&marks, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/settime")
int BPF_PROG(closed_clock)
{
	if (closed_refused(&clock, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/syslog")
int BPF_PROG(closed_log, int type)
{
	if (type < SYSLOG_READ_CLEAR || type > SYSLOG_CONSOLE_LEVEL)
		return 0;
	if (closed_refused(&log, type))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
