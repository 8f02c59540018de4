// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the guard has counted and not recorded, told in the log: each second while there is any. The
 * event that began it is in the log, marked as limited. The guard keeps what was told, so that a
 * holdfastd that is killed tells it twice rather than not at all.
 */

#include <errno.h>
#include <linux/types.h>

#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/journal.h"
#include "guard/log.h"
#include "guard/record.h"
#include "guard/server-internal.h"

#define BUSY_NS CLOCK_SECOND_NS
/* The event that says that there is news may itself have found no room. */
#define QUIET_NS (30 * CLOCK_SECOND_NS)

struct telling {
	struct server *server;
	uint64_t now;
};

static void tell(void *context, const struct guard_folded *folded)
{
	const struct telling *telling = context;
	struct server *server = telling->server;
	int r;

	journal_folded(server->journal, &(struct record_folded){
						.row = folded->row,
						.act = folded->act,
						.verdict = folded->verdict,
						.n = folded->n,
						.total = folded->total,
						.since_ns = server->flood_told_ns,
						.boot_ns = telling->now,
					});
	journal_flush(server->journal, telling->now);
	r = guard_folded_told(server->guard, folded);
	if (r < 0)
		(void)log_error_errno(r, "Folded events may be told again: %m, ignoring");
}

int flood_tell(struct server *server, uint64_t now)
{
	struct telling telling = {.server = server, .now = now};
	int n = guard_folded_each(server->guard, tell, &telling);
	uint64_t last;

	/* the last events of a flood are lost like others, and none comes after them */
	if (guard_numbers(server->guard, &last) == 0)
		journal_reach(server->journal, last);
	if (n < 0)
		(void)log_error_errno(n, "Folded events could not be counted: %m, ignoring");
	server->flood_told_ns = now;
	return n;
}

void flood_event(struct server *server, const struct event *event)
{
	uint64_t due = server->options.now() + BUSY_NS;

	if (record_flags(event) & EVENT_LIMITED && server->flood_due > due)
		server->flood_due = due;
}

void flood_now(struct server *server, uint64_t now)
{
	if (!server->guard || server->flood_due > now)
		return;
	server->flood_due = now + (flood_tell(server, now) > 0 ? BUSY_NS : QUIET_NS);
}
