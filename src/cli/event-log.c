// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-log.h. */

#include "cli/event-log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "evidence/follow.h"

static int log_error(const struct event_log *log, int r, const struct diag *diag)
{
	char text[DIAG_TEXT_LEN + 64];

	if (r == -EPIPE)
		return CLI_DONE;
	if (diag->text[0])
		return cli_error("%s/%s", log->path, diag_format(diag, text, sizeof(text)));
	return cli_error("%s: %s", log->path, r < 0 ? strerror(-r) : "it cannot be read");
}

/* What was asked for by its number and is gone is said; what only would have come first is not. */
static void skip_pruned(const struct event_log *log, struct follow *follow, uint64_t first)
{
	if (log->from_given || follow_index(follow) > 0)
		(void)cli_error("%s: entries %" PRIu64 " to %" PRIu64 " were pruned", log->path,
				follow_index(follow), first - 1);
	follow_seek(follow, first);
}

/* What there is. Return: 0; what @each returned; outcomes and errnos of follow_next(). */
static int hand_on(const struct event_log *log, struct follow *follow, event_log_each *each,
		   void *context, struct diag *diag)
{
	struct follow_entry entry;
	int r = 0;

	while (r == 0 || r == FOLLOW_E_PRUNED) {
		r = follow_next(follow, &entry, diag);
		if (r == FOLLOW_E_PRUNED)
			skip_pruned(log, follow, entry.index);
		else if (r == 0)
			r = each(context, &entry);
	}
	return r == FOLLOW_E_END ? 0 : r;
}

static int wait_for_more(struct follow *follow)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	int r;

	if (fflush(stdout) != 0)
		return -errno;
	r = follow_wait(follow, &out, -1);
	return r == 0 && (out.revents & (POLLERR | POLLNVAL)) ? -EPIPE : r;
}

/* The last entries, if there is a log by now. */
static void seek_tail(struct follow *follow)
{
	const struct checkpoint *checkpoint = follow_checkpoint(follow, NULL);
	uint64_t size = checkpoint ? checkpoint->tree.size : 0;

	follow_seek(follow, size > EVENT_LOG_TAIL ? size - EVENT_LOG_TAIL : 0);
}

int event_log_read(const struct event_log *log, event_log_each *each, void *context)
{
	_cleanup_(follow_freep) struct follow *follow = NULL;
	struct diag diag = {0};
	int r;

	r = follow_new(&(struct follow_options){.path = log->path,
						.from = log->from,
						.keys = log->key,
						.n_keys = log->key ? 1 : 0},
		       &follow);
	if (r == 0)
		r = follow_look(follow, &diag);
	if (r == FOLLOW_E_END && !log->follow)
		return cli_error("%s: there is no log: no guard was ever up on this host",
				 log->path);
	if (r != 0 && r != FOLLOW_E_END)
		return log_error(log, r, &diag);
	if (log->follow && !log->from_given)
		seek_tail(follow);
	r = hand_on(log, follow, each, context, &diag);
	while (r == 0 && log->follow) {
		r = wait_for_more(follow);
		if (r == 0)
			r = hand_on(log, follow, each, context, &diag);
	}
	return r == 0 ? CLI_DONE : log_error(log, r, &diag);
}
