// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who else is there: what hung beside the guard when it came up, who held BPF objects then, and
 * what has come since. It tells; the guard itself refuses what can be refused.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "guard/guard.h"
#include "guard/holders.h"
#include "guard/log.h"
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

void watch_start(struct server *server)
{
	server->told_link = 0;
	holders_tell(server);
	watch_now(server);
}
