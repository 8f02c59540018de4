// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How much of what the kernel loads has a decision in the log, looked at twice a minute and told in
 * the log where there was any: policy-gate coverage is made of these entries.
 */

#include <errno.h>
#include <linux/types.h>

#include "base/cleanup.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/journal.h"
#include "guard/loads.h"
#include "guard/log.h"
#include "guard/server-internal.h"

#define LOOK_NS (30 * CLOCK_SECOND_NS)
/*
 * Programs that are gone again have left their numbers: one of our own shows how far they are. That
 * is an event itself, so it is done where the log has loads to be held against, and now and then.
 */
#define SURE_NS (600 * CLOCK_SECOND_NS)

void loads_begin(struct server *server)
{
	uint32_t high = 0;
	int r;

	if (guard_programs(server->guard, true, &high) < 0)
		(void)guard_programs(server->guard, false, &high);
	loads_start(&server->loads, high);
	server->loads_due = server->options.now() + LOOK_NS;
	if (server->audit_fd < 0 && server->options.host_root) {
		r = loads_audit_open();
		if (r >= 0) {
			server->audit_fd = r;
			r = server_watch(server, WATCH_AUDIT, 0, server->audit_fd);
		}
		if (r < 0) {
			closep(&server->audit_fd);
			(void)log_error_errno(r, "The kernel's audit is not heard: %m, ignoring");
		}
	}
	server->loads.audited = server->audit_fd >= 0;
}

/* First the numbers, then the rings: whatever has a number by then has its event there. */
static int look(struct server *server, struct loads_count *ret_count)
{
	uint64_t now = server->options.now();
	bool load = server->loads_news || now >= server->loads_sure;
	uint32_t high;
	int r = guard_programs(server->guard, load, &high);

	if (r < 0)
		return r;
	if (load)
		server->loads_sure = now + SURE_NS;
	else if (high < server->loads.high)
		high = server->loads.high; /* the one that had it is gone, as our own always is */
	(void)server_drain(server);
	server->loads_news = false;
	if (server->audit_fd >= 0)
		loads_heard(server);
	loads_look(&server->loads, high, ret_count);
	server->loads.audited = server->audit_fd >= 0;
	return 0;
}

void loads_skip(struct server *server)
{
	struct loads_count count;

	(void)look(server, &count);
}

void loads_event(struct server *server, const struct event *event)
{
	if (event->act != EVENT_ACT_PROG_LOAD || !event->object_id)
		return;
	server->loads_news = true;
	loads_decided(&server->loads, event->object_id);
}

void loads_heard(struct server *server)
{
	if (loads_audit_read(server->audit_fd, &server->loads) < 0)
		server->loads.audited = false;
}

void loads_tell(struct server *server)
{
	struct loads_count count;

	if (look(server, &count) < 0)
		return;
	/* the kernel tells nothing where audit is off: then it is no source */
	if (count.audited && count.audit == 0)
		count.audited = false;
	if (count.ids || count.decided || count.audit)
		journal_loads(server->journal, &count);
}

void loads_now(struct server *server, uint64_t now)
{
	if (!server->guard || now < server->loads_due)
		return;
	server->loads_due = now + LOOK_NS;
	loads_tell(server);
}
