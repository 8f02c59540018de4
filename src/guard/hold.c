// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What domains hold (`hold:` of the policy): a link or map of theirs is kept as soon as it is made,
 * so that it outlives them, and let go when they close it themselves, or when they are back and
 * have made another in its place. decisions/0017.
 */

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/events-api.h"
#include "bpf/labels-api.h"
#include "guard/clock.h"
#include "guard/log.h"
#include "guard/record.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"

#define HOLD_MAX 1024
#define HOLD_DOMAIN_MAX 256
#define RETRY_NS (CLOCK_SECOND_NS / 50) /* of what is not there yet */
#define RETRIES_MAX 50
#define BACK_NS (60 * CLOCK_SECOND_NS) /* what nothing was made for is let go that long after */
#define LOOK_NS (60 * CLOCK_SECOND_NS)
#define DOUBT_NS (CLOCK_SECOND_NS / 2)
#define DOUBTS 2 /* looks, DOUBT_NS apart */

struct entry {
	struct guard_kept kept;
	unsigned int retries; /* not kept yet; 0: it is */
	bool succeeded; /* its domain has made another in its place */
	unsigned int
		doubts; /* its domain has closed an fd of it, and has no other: so many looks */
	bool open; /* somebody has, as far as the last look at the fds goes */
	uint64_t due; /* to be let go, or tried again; 0: not known yet */
};

struct hold {
	struct entry entries[HOLD_MAX]; /* in the order of their making */
	size_t n;
	uint64_t look_due; /* at everything */
	uint64_t doubt_due; /* at the fds of what is doubted; 0: nothing is */
	bool full; /* and told so */
};

static const char *kind_of(const struct guard_kept *kept)
{
	return kept->kind == EVENT_OBJECT_LINK ? "link" : "map";
}

static void tell(struct server *server, const char *what, const struct guard_kept *kept,
		 const char *why)
{
	char domain[RECORD_LABEL_LEN];

	record_label(server->image, kept->domain, domain);
	server_note(server, NULL, what, "%s %u of %s: %s", kind_of(kept), kept->id, domain, why);
}

/* ---- entries */

static struct entry *entry_find(struct hold *hold, uint32_t kind, uint32_t id)
{
	for (size_t i = 0; i < hold->n; i++) {
		if (hold->entries[i].kept.kind == kind && hold->entries[i].kept.id == id)
			return &hold->entries[i];
	}
	return NULL;
}

static void entry_drop(struct hold *hold, struct entry *entry)
{
	size_t i = (size_t)(entry - hold->entries);

	hold->n--;
	memmove(entry, entry + 1, (hold->n - i) * sizeof(*entry));
}

static void entry_let_go(struct server *server, struct entry *entry, const char *why)
{
	int r = entry->retries ? 0 : guard_let_go(server->guard, &entry->kept);

	if (r < 0)
		tell(server, "kept", &entry->kept, strerror(-r));
	else if (!entry->retries)
		tell(server, "let-go", &entry->kept, why);
	entry_drop(server->hold, entry);
}

static struct entry *entry_add(struct server *server, const struct guard_kept *kept)
{
	struct hold *hold = server->hold;
	size_t n = 0;

	for (size_t i = 0; i < hold->n; i++)
		n += hold->entries[i].kept.domain == kept->domain;
	if (n >= HOLD_DOMAIN_MAX || hold->n == HOLD_MAX) {
		if (!hold->full)
			tell(server, "not-kept", kept, "there is no room for more");
		hold->full = true;
		return NULL;
	}
	hold->entries[hold->n] = (struct entry){.kept = *kept};
	return &hold->entries[hold->n++];
}

/* ---- the policy */

static bool respited(struct server *server, uint32_t domain)
{
	struct guard_respite respite;
	uint64_t now = server->options.now();

	return !guard_respite_get(server->guard, domain, &respite) && now >= respite.from_ns &&
	       now < respite.until_ns;
}

static uint32_t held_by(struct server *server, uint32_t domain)
{
	const struct image_domain *d = server->image ? image_domain_find(server->image, domain)
						     : NULL;

	if (!d || !IMAGE_ENFORCES(d->mode) || !d->hold)
		return 0;
	if (!respite_sealed(server->image) &&
	    (respited(server, domain) || respited(server, GUARD_RESPITE_ALL)))
		return 0;
	return d->hold;
}

static bool is_held(struct server *server, uint32_t kind, uint32_t domain)
{
	return held_by(server, domain) &
	       (kind == EVENT_OBJECT_LINK ? IMAGE_HOLD_LINKS : IMAGE_HOLD_MAPS);
}

/* ---- what comes and goes */

static bool links_left(const struct hold *hold, uint32_t domain)
{
	for (size_t i = 0; i < hold->n; i++) {
		const struct guard_kept *kept = &hold->entries[i].kept;

		if (kept->domain == domain && kept->kind == EVENT_OBJECT_LINK && kept->left)
			return true;
	}
	return false;
}

/* Maps go after the links whose programs use them: without those nobody does. */
static void maps_settle(struct server *server, uint32_t domain)
{
	struct hold *hold = server->hold;

	if (!is_held(server, EVENT_OBJECT_LINK, domain) || links_left(hold, domain))
		return;
	for (size_t i = hold->n; i-- > 0;) {
		if (hold->entries[i].kept.domain == domain && hold->entries[i].succeeded)
			entry_let_go(server, &hold->entries[i], "another is in its place");
	}
}

/* The domain is back, and has made this: the oldest like it has had its time. */
static void succeed(struct server *server, const struct guard_kept *made)
{
	struct hold *hold = server->hold;
	uint64_t due = server->options.now() + BACK_NS;
	struct entry *like = NULL;

	for (size_t i = 0; i < hold->n; i++) {
		struct entry *entry = &hold->entries[i];

		if (entry->kept.domain != made->domain || !entry->kept.left)
			continue;
		if (!entry->due)
			entry->due = due;
		if (!like && entry->kept.kind == made->kind && !entry->succeeded &&
		    !memcmp(entry->kept.likeness, made->likeness, sizeof(made->likeness)))
			like = entry;
	}
	if (like && made->kind == EVENT_OBJECT_LINK)
		entry_let_go(server, like, "another is in its place");
	else if (like)
		like->succeeded = true;
	maps_settle(server, made->domain);
}

/* Return: whether it is done with, in one way or the other. */
static bool entry_keep(struct server *server, struct entry *entry)
{
	struct guard_kept made;
	int r;

	r = guard_keep(server->guard, &entry->kept);
	if (r == -EAGAIN && ++entry->retries < RETRIES_MAX) {
		entry->due = server->options.now() + RETRY_NS;
		return false;
	}
	if (r) {
		if (r != -ENOENT && r != -EAGAIN)
			tell(server, "not-kept", &entry->kept, strerror(-r));
		entry_drop(server->hold, entry);
		return true;
	}
	entry->retries = 0;
	entry->due = 0;
	made = entry->kept;
	if (!made.left)
		succeed(server, &made);
	return true;
}

/* Where there is room for one only, the old one has to go before the new one can come. */
static void make_room(struct server *server, uint32_t domain)
{
	struct hold *hold = server->hold;

	for (size_t i = hold->n; i-- > 0;) {
		struct guard_kept *kept = &hold->entries[i].kept;

		if (kept->domain == domain && kept->left && kept->exclusive)
			entry_let_go(server, &hold->entries[i],
				     "its domain is back, and there is room for one only");
	}
	maps_settle(server, domain);
}

static void made(struct server *server, uint32_t kind, uint32_t id, uint32_t domain)
{
	struct guard_kept kept = {.kind = kind, .id = id, .domain = domain};
	struct entry *entry;

	if (!is_held(server, kind, domain) || entry_find(server->hold, kind, id))
		return;
	entry = entry_add(server, &kept);
	if (entry)
		(void)entry_keep(server, entry);
}

static void left(struct server *server, struct entry *entry)
{
	int r;

	/* who was back has ended as well */
	for (size_t i = 0; i < server->hold->n; i++) {
		if (server->hold->entries[i].kept.domain == entry->kept.domain)
			server->hold->entries[i].due = 0;
	}
	if (entry->kept.left)
		return;
	r = guard_keep_left(server->guard, &entry->kept);
	if (r < 0)
		tell(server, "kept", &entry->kept, strerror(-r));
	else
		tell(server, "kept", &entry->kept, "its domain's task has ended");
}

/* It may have another fd of it. Looking for that is dear, and done for all that are closed soon. */
static void entry_closed(struct server *server, struct entry *entry)
{
	entry->doubts = 1;
	if (!server->hold->doubt_due)
		server->hold->doubt_due = server->options.now() + DOUBT_NS;
}

static int kept_see(void *context, const struct guard_kept *kept)
{
	struct server *server = context;

	(void)entry_add(server, kept);
	return 0;
}

/* Return: whether anything is held; before anything else, what an earlier holdfastd has kept. */
static bool ready(struct server *server)
{
	if (server->hold || !server->hold_wanted)
		return server->hold;
	server->hold_wanted = false;
	server->hold = calloc(1, sizeof(*server->hold));
	if (!server->hold) {
		(void)log_error_errno(-ENOMEM, "Nothing is held for domains: %m");
		return false;
	}
	(void)guard_kept_each(server->guard, kept_see, server);
	return true;
}

void hold_event(struct server *server, const struct event *event)
{
	struct entry *entry;

	if (!ready(server))
		return;
	switch (event->act) {
	case EVENT_ACT_EXEC:
		if (!event->row)
			make_room(server, event->owner);
		return;
	case EVENT_ACT_MADE:
		make_room(server, event->owner);
		made(server, event->object_kind, event->object_id, event->owner);
		return;
	case EVENT_ACT_CLOSED:
		entry = entry_find(server->hold, event->object_kind, event->object_id);
		if (entry && event->command)
			left(server, entry);
		else if (entry && !entry->kept.left)
			entry_closed(server, entry);
		return;
	}
}

/* ---- looks at everything */

static void fd_see(void *context, uint32_t kind, uint32_t id)
{
	struct entry *entry = entry_find(context, kind, id);

	if (entry)
		entry->open = true;
}

static int fds_look(struct server *server)
{
	struct hold *hold = server->hold;

	for (size_t i = 0; i < hold->n; i++)
		hold->entries[i].open = false;
	return guard_fds_each(server->guard, fd_see, hold);
}

/*
 * Who ends has no fds some time before what he held is released, and that before we hear of it: so
 * what has no fd once is looked at again.
 */
static void doubts_settle(struct server *server)
{
	struct hold *hold = server->hold;

	hold->doubt_due = 0;
	if (fds_look(server) < 0)
		return;
	for (size_t i = hold->n; i-- > 0;) {
		struct entry *entry = &hold->entries[i];

		if (!entry->doubts || entry->open || entry->kept.left)
			entry->doubts = 0;
		else if (entry->doubts++ < DOUBTS)
			hold->doubt_due = server->options.now() + DOUBT_NS;
		else
			entry_let_go(server, entry, "its domain has closed it");
	}
}

/* What has no fd is pinned, or in use, and by its domain alone to be ended. */
struct candidates {
	struct server *server;
	struct {
		uint32_t kind, id, domain;
		bool open;
	} found[HOLD_MAX];
	size_t n;
};

static int candidate_see(void *context, uint32_t kind, uint32_t id, uint32_t domain)
{
	struct candidates *candidates = context;
	struct server *server = candidates->server;

	if (candidates->n == HOLD_MAX || !is_held(server, kind, domain) ||
	    entry_find(server->hold, kind, id))
		return 0;
	candidates->found[candidates->n].kind = kind;
	candidates->found[candidates->n].id = id;
	candidates->found[candidates->n++].domain = domain;
	return 0;
}

static void candidate_open(void *context, uint32_t kind, uint32_t id)
{
	struct candidates *candidates = context;

	for (size_t i = 0; i < candidates->n; i++) {
		if (candidates->found[i].kind == kind && candidates->found[i].id == id)
			candidates->found[i].open = true;
	}
}

/* What was there before its domain held anything, or was made while events were lost. */
static void candidates_keep(struct server *server)
{
	_cleanup_free_ struct candidates *candidates = calloc(1, sizeof(*candidates));

	if (!candidates)
		return;
	candidates->server = server;
	(void)guard_objects_each(server->guard, candidate_see, candidates);
	if (!candidates->n || guard_fds_each(server->guard, candidate_open, candidates) < 0)
		return;
	for (size_t i = 0; i < candidates->n; i++) {
		if (candidates->found[i].open)
			made(server, candidates->found[i].kind, candidates->found[i].id,
			     candidates->found[i].domain);
	}
}

static bool domain_lives(const struct guard_status *status, uint32_t domain)
{
	for (size_t i = 0; i < status->n_domains; i++) {
		if (status->domains[i].id == domain)
			return status->domains[i].tasks;
	}
	return false;
}

/* What nobody has told: events were lost, or the policy is another. */
static void look(struct server *server)
{
	struct hold *hold = server->hold;
	struct guard_status status;

	for (size_t i = hold->n; i-- > 0;) {
		struct guard_kept *kept = &hold->entries[i].kept;

		if (!is_held(server, kept->kind, kept->domain))
			entry_let_go(server, &hold->entries[i], "it is not held any more");
	}
	hold->full = hold->full && hold->n == HOLD_MAX;
	candidates_keep(server);
	if (!hold->n || guard_status(server->guard, &status) < 0)
		return;
	for (size_t i = 0; i < hold->n; i++) {
		struct entry *entry = &hold->entries[i];

		if (!entry->retries && !entry->kept.left &&
		    !domain_lives(&status, entry->kept.domain))
			left(server, entry);
	}
}

static bool anything_held(const void *image)
{
	for (uint32_t i = 0; image && i < image_header(image)->n_domains; i++) {
		if (image_domains(image)[i].hold)
			return true;
	}
	return false;
}

void hold_soon(struct server *server)
{
	if (server->hold)
		server->hold->look_due = 0;
	else if (anything_held(server->image))
		server->hold_wanted = true;
}

void hold_now(struct server *server, uint64_t now)
{
	struct hold *hold;

	if (!server->guard) {
		free(server->hold);
		server->hold = NULL;
		return;
	}
	if (!ready(server))
		return;
	hold = server->hold;
	for (size_t i = hold->n; i-- > 0;) {
		struct entry *entry = &hold->entries[i];

		if (entry->retries && entry->due <= now)
			(void)entry_keep(server, entry);
		else if (entry->kept.left && entry->due && entry->due <= now)
			entry_let_go(server, entry,
				     "its domain is back, and has made none like it");
		/* more than one may have gone */
		if (i > hold->n)
			i = hold->n;
	}
	if (hold->doubt_due && hold->doubt_due <= now)
		doubts_settle(server);
	if (hold->look_due <= now) {
		hold->look_due = now + LOOK_NS;
		look(server);
	}
}

uint64_t hold_due(const struct server *server, uint64_t now)
{
	const struct hold *hold = server->hold;
	uint64_t due;

	if (!hold)
		return server->guard && server->hold_wanted ? now : UINT64_MAX;
	due = hold->look_due;
	if (hold->doubt_due && hold->doubt_due < due)
		due = hold->doubt_due;
	for (size_t i = 0; i < hold->n; i++) {
		if (hold->entries[i].due && hold->entries[i].due < due)
			due = hold->entries[i].due;
	}
	return due;
}
