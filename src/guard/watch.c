// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who else is there: what hung beside the guard when it came up, who held BPF objects then, what
 * has come since, and which links came without the guard's seeing them. It tells; the guard itself
 * refuses what can be refused.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "bpf/events-api.h"
#include "bpf/labels-api.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/holders.h"
#include "guard/log.h"
#include "guard/record.h"
#include "guard/server-internal.h"

#define HOLDERS_TOLD 64

struct listing {
	struct server *server;
	size_t n;
};

static void holder_tell(void *userdata, const struct holder *holder)
{
	struct listing *listing = userdata;

	if (++listing->n > HOLDERS_TOLD)
		return;
	server_note(listing->server, NULL, "before",
		    "process %d (%s) held fds of %u maps, %u programs, %u links", holder->pid,
		    holder->comm, holder->maps, holder->progs, holder->links);
}

static void holders_tell(struct server *server)
{
	struct listing listing = {.server = server};
	_cleanup_close_ int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	r = fd < 0 ? -errno : holders_list(fd, getpid(), holder_tell, &listing);
	if (r < 0)
		(void)log_error_errno(r, "Who holds BPF objects cannot be listed: %m, ignoring");
	if (listing.n > HOLDERS_TOLD)
		server_note(server, NULL, "before", "%zu more processes held fds of BPF objects",
			    listing.n - HOLDERS_TOLD);
}

static void foreign_tell(struct server *server, const struct guard_foreign *foreign)
{
	server_note(server, NULL, foreign->before ? "before" : "foreign",
		    "program %u (%s), link %u, attach type %u, hangs %s%s", foreign->prog,
		    foreign->name, foreign->link, foreign->attach_type,
		    foreign->beside[0] ? "beside " : "where it could out-rank others",
		    foreign->beside);
}

/* Links are told once, in the order of their ids. */
static void survey_tell(struct server *server, const struct guard_survey *survey)
{
	size_t later = 0, around = 0, listed = survey->n_foreign;

	if (listed > GUARD_MAX_FOREIGN)
		listed = GUARD_MAX_FOREIGN;
	for (size_t i = 0; i < listed; i++) {
		const struct guard_foreign *foreign = &survey->foreign[i];

		later += !foreign->before;
		around += foreign->before && foreign->attach_type == BPF_MODIFY_RETURN;
		if (foreign->link <= server->told_link)
			continue;
		server->told_link = foreign->link;
		foreign_tell(server, foreign);
	}
	server->foreign_trouble[0] = '\0';
	if (later || survey->n_foreign > listed)
		(void)snprintf(server->foreign_trouble, sizeof(server->foreign_trouble),
			       "%zu programs of others hang where they could out-rank the guard; "
			       "the log names them",
			       later + survey->n_foreign - listed);
	else if (around)
		(void)snprintf(server->foreign_trouble, sizeof(server->foreign_trouble),
			       "%zu programs from before the guard can answer in a hook's stead "
			       "(fmod_ret); the log names them",
			       around);
	else if (survey->full[0])
		(void)snprintf(server->foreign_trouble, sizeof(server->foreign_trouble),
			       "the function of %s takes hardly any more programs: a new guard "
			       "might find no place",
			       survey->full);
}

void watch_now(struct server *server)
{
	struct guard_survey survey;
	int r;

	r = guard_look(server->guard, &survey);
	if (r < 0) {
		(void)snprintf(server->foreign_trouble, sizeof(server->foreign_trouble),
			       "who else hangs beside the guard cannot be seen: %s", strerror(-r));
		return;
	}
	survey_tell(server, &survey);
}

static const char *const reasons[] = {
	[ADOPTION_NONE] = "",
	[ADOPTION_CHANGED] = "it went on mapping code while it was looked at",
	[ADOPTION_LAUNCH] = "the policy's launch rule does not fit how it runs, or cannot be known "
			    "afterwards (launch: holdfast)",
	[ADOPTION_NAMESPACE] = "it is in a pid namespace of its own",
	[ADOPTION_TRACED] = "it is being traced",
	[ADOPTION_ANONYMOUS] = "it runs code that is in no file",
	[ADOPTION_WRITABLE] = "it can write its own code",
	[ADOPTION_CODE] = "it has mapped code that the policy does not trust, or that somebody may "
			  "write",
	[ADOPTION_REWRITTEN] = "its code was changed in memory",
	[ADOPTION_ENTRY] = "its code is not that of its executable",
	[ADOPTION_MEMORY] = "another process holds its memory open",
	[ADOPTION_ROOM] = "there was no room for its label",
	[ADOPTION_SEAL] = "its executable is being written, or lies where it cannot be sealed",
};

static const char *const kinds[] = {
	[EVENT_OBJECT_MAP] = "map",
	[EVENT_OBJECT_PROG] = "program",
	[EVENT_OBJECT_LINK] = "link",
};

static void adoptee_tell(struct server *server, const struct guard_adoptee *adoptee)
{
	const char *reason = adoptee->reason < ARRAY_SIZE(reasons) ? reasons[adoptee->reason] : "?";
	char domain[RECORD_LABEL_LEN];

	record_label(server->image, adoptee->domain, domain);
	if (adoptee->reason == ADOPTION_NONE)
		server_note(server, NULL, "adopt",
			    "process %u was there before the guard and is of %s", adoptee->pid,
			    domain);
	else
		server_note(server, NULL, "not-adopted",
			    "process %u looks like %s and is a stranger: %s; restart it",
			    adoptee->pid, domain, reason);
}

static void held_tell(struct server *server, const struct guard_held *held)
{
	const char *kind = held->kind < ARRAY_SIZE(kinds) ? kinds[held->kind] : "object";
	char domain[RECORD_LABEL_LEN], who[64];

	record_label(server->image, held->domain, domain);
	if (held->prog)
		(void)snprintf(who, sizeof(who), "program %u uses", held->prog);
	else
		(void)snprintf(who, sizeof(who), "process %u %s%s", held->pid,
			       held->mapped ? "has mapped" : "has an fd of",
			       held->writable ? ", to write," : "");
	server_note(server, NULL, "held",
		    "%s %s %u of %s, since before the guard: end it, or restart the agent so that "
		    "it makes a new one",
		    who, kind ?: "object", held->id, domain);
}

void watch_adoption(struct server *server)
{
	const struct guard_adoption *adoption = guard_adoption(server->guard);
	size_t strangers = 0, n_adoptees = adoption->n_adoptees, n_held = adoption->n_held;

	if (!adoption->made)
		return;
	for (size_t i = 0; i < n_adoptees && i < GUARD_MAX_ADOPTEES; i++) {
		strangers += adoption->adoptees[i].reason != ADOPTION_NONE;
		adoptee_tell(server, &adoption->adoptees[i]);
	}
	for (size_t i = 0; i < n_held && i < GUARD_MAX_HELD; i++)
		held_tell(server, &adoption->held[i]);
	if (n_adoptees > GUARD_MAX_ADOPTEES)
		strangers += n_adoptees - GUARD_MAX_ADOPTEES;
	server->adoption_trouble[0] = '\0';
	if (adoption->error || adoption->full)
		(void)snprintf(server->adoption_trouble, sizeof(server->adoption_trouble),
			       "agents older than the guard were not all adopted: %s",
			       adoption->error ? strerror(-adoption->error) : "too many objects");
	else if (strangers || n_held)
		(void)snprintf(server->adoption_trouble, sizeof(server->adoption_trouble),
			       "%zu processes look like agents and are strangers, %zu objects of "
			       "agents are in strangers' hands since before the guard: see the log",
			       strangers, n_held);
}

void watch_links(struct server *server, uint64_t now)
{
	int r;

	if (!server->guard || now < server->late_due)
		return;
	r = guard_links_late(server->guard);
	if (r < 0 && r != server->late_error)
		server_note(server, NULL, "late", "links without a label cannot be looked for: %s",
			    strerror(-r));
	server->late_error = r;
	/* from the end on: however many links there are, there is time for the rest */
	server->late_due = server->options.now() + CLOCK_SECOND_NS;
}

void watch_start(struct server *server)
{
	watch_adoption(server);
	server->told_link = 0;
	holders_tell(server);
	watch_now(server);
}
