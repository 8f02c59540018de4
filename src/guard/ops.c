// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the operator may ask of a guard that is up, and what it takes: in enforce, whatever stops
 * or weakens it needs the secret, and no secret brings an older policy back. The image that these
 * decisions are about is read from the kernel each time.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/image-fd.h"
#include "guard/journal.h"
#include "guard/offer.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"

#define MAX_LAST_DRAINS 64

_Static_assert((int)GUARD_TRUST_NONE == PROTOCOL_TRUST_NONE &&
		       (int)GUARD_TRUST_SIGNED == PROTOCOL_TRUST_SIGNED &&
		       (int)GUARD_TRUST_VOID == PROTOCOL_TRUST_VOID,
	       "one number, two names");

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

int ops_image(struct server *server, void **ret_image, size_t *ret_size)
{
	return guard_image(server->guard, ret_image, ret_size);
}

static uint32_t judge_secret(struct server *server, const struct connection *client,
			     const char *text, const struct guard_operator *operator,
			     struct diag * reterr_diag)
{
	_cleanup_(secret_forget) struct secret secret = {};
	bool locked;
	int r;

	r = secret_parse(text, &secret);
	if (r == 0)
		r = secret_verify(&secret, operator);
	if (r == 0)
		return 0;
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the secret could not be verified: %s",
			      strerror(-r));

	locked = secret_tries_wrong(&server->tries, server->options.now());
	server_note(server, client, "secret", "wrong operator's secret, %" PRIu64 " since start%s",
		    server->tries.wrong, locked ? "; no secret is heard for a minute" : "");
	return refuse(reterr_diag, PROTOCOL_E_SECRET_WRONG,
		      "this is not the operator's secret that `guard up` printed");
}

uint32_t ops_judge(struct server *server, const struct connection *client,
		   const struct protocol_secret *given, struct diag *reterr_diag)
{
	struct guard_operator operator;
	int r;

	r = guard_operator_get(server->guard, &operator);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard does not say who its operator is: %s", strerror(-r));
	if (!operator.set)
		return refuse(
			reterr_diag, PROTOCOL_E_FATAL,
			"the guard enforces and knows no operator's secret: only a reboot ends it");
	if (given->size == 0)
		return refuse(reterr_diag, PROTOCOL_E_SECRET_NEEDED,
			      "the guard enforces: this needs the operator's secret");
	return judge_secret(server, client, given->text, &operator, reterr_diag);
}

uint32_t ops_authorise(struct server *server, const struct connection *client,
		       const struct protocol_secret *given, struct diag *reterr_diag)
{
	uint64_t wait = secret_tries_wait(&server->tries, server->options.now());

	if (given->size > 0 && wait > 0)
		return refuse(reterr_diag, PROTOCOL_E_SECRET_LOCKED,
			      "too many wrong secrets: try again in %" PRIu64 " s",
			      wait / CLOCK_SECOND_NS + 1);
	return ops_judge(server, client, given, reterr_diag);
}

static bool enforces(const void *image)
{
	return IMAGE_ENFORCES(image_header(image)->mode);
}

uint32_t ops_in_force(struct server *server, void **ret_image, struct diag *reterr_diag)
{
	size_t size;
	int r;

	if (!server->guard)
		return refuse(reterr_diag, PROTOCOL_E_NOT_UP,
			      "no guard is up: start one by `holdfast guard up`");
	r = ops_image(server, ret_image, &size);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the image in force cannot be read: %s", strerror(-r));
	return 0;
}

const char *ops_unconfirmed(const void *image)
{
	return respite_sealed(image) ? "is sealed: it does not end by itself"
				     : "observes: there is nothing to confirm";
}

uint32_t ops_unsealed(const void *image, struct diag *reterr_diag)
{
	if (!respite_sealed(image))
		return 0;
	return refuse(reterr_diag, PROTOCOL_E_SEALED,
		      "the policy is sealed: put a signed one in force that is not, and ask again");
}

static uint32_t take_down(struct server *server, struct connection *client,
			  struct diag *reterr_diag)
{
	int r;

	server_note(server, client, "down", "the guard is taken down");
	/* Not for ever: somebody may be filling the ring as fast. */
	for (int i = 0; i < MAX_LAST_DRAINS && server_drain(server); i++)
		continue;
	(void)flood_tell(server, server->options.now());
	loads_tell(server);
	server_unwatch(server, guard_events_fd(server->guard, GUARD_RING_EVENTS));
	server_unwatch(server, guard_events_fd(server->guard, GUARD_RING_RISK));
	r = guard_down(server->guard);
	server->guard = NULL;
	if (r == 0) {
		server->stopped = server->taken_down = true;
		return 0;
	}

	/* What is still pinned is still in force, and still ours. */
	server_note(server, client, "down", "failed: %s", strerror(-r));
	server->settled = arm_adopt(server, NULL) == 0;
	if (server->guard)
		(void)arm_take(server);
	return refuse(reterr_diag, PROTOCOL_E_FATAL, "the guard could not be taken down: %s",
		      strerror(-r));
}

void ops_down(struct server *server, struct connection *client)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};
	_cleanup_free_ void *image = NULL;
	struct diag diag;
	uint32_t error;

	error = ops_in_force(server, &image, &diag);
	if (!error)
		error = ops_unsealed(image, &diag);
	if (!error && respite_enforces(server, image))
		error = ops_authorise(server, client, &server->message.change.secret, &diag);
	if (!error)
		error = take_down(server, client, &diag);

	if (error)
		connection_refuse(server, client, error, diag.text);
	else
		connection_answer(server, client, &done.header, NULL);
}

/* Whether this client may put this image in the place of that one. */
static uint32_t permit_change(struct server *server, struct connection *client, const void *old,
			      const void *new, struct diag *reterr_diag)
{
	uint32_t keyring, error;
	int trust = guard_trust(server->guard, &keyring);
	struct diag reason;

	if (trust < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard does not say what it trusts: %s", strerror(-trust));
	if (image_header(new)->version < image_header(old)->version)
		return refuse(reterr_diag, PROTOCOL_E_ROLLBACK,
			      "the new policy has version %" PRIu64 ", version %" PRIu64
			      " is in force: raise metadata.version",
			      (uint64_t)image_header(new)->version,
			      (uint64_t)image_header(old)->version);
	if (server->message.change.confirm_s && image_header(new)->mode != IMAGE_MODE_ENFORCE)
		return refuse(reterr_diag, PROTOCOL_E_CONFIRM, "the new policy %s",
			      ops_unconfirmed(new));
	/* The guard wants the signer's word, which is more than the operator's. */
	if (trust != GUARD_TRUST_NONE || !respite_enforces(server, old))
		return 0;

	switch (image_weakens(old, new, &reason)) {
	case IMAGE_CHANGE_NONE:
		if (!server->message.change.confirm_s)
			return 0;
		diag_set(&reason, NULL, 0, 0, "it may end by itself");
		break;
	case IMAGE_CHANGE_ROLLBACK:
		return refuse(reterr_diag, PROTOCOL_E_ROLLBACK, "%s", reason.text);
	case IMAGE_CHANGE_WEAKENS:
	case _IMAGE_CHANGE_MAX:
		break;
	}
	error = ops_authorise(server, client, &server->message.change.secret, reterr_diag);
	if (error == PROTOCOL_E_SECRET_NEEDED)
		return refuse(
			reterr_diag, error,
			"the new policy permits more (%.700s): this needs the operator's secret",
			reason.text);
	return error;
}

/* A guard that observed may have no operator; one that enforces must. */
static uint32_t ensure_operator(struct server *server, const void *new,
				char ret_secret[PROTOCOL_SECRET_LEN], bool *ret_set,
				struct diag *reterr_diag)
{
	struct guard_operator operator;
	uint32_t error;
	int r;

	*ret_set = false;
	r = guard_operator_get(server->guard, &operator);
	if (r == 0 && (operator.set || !enforces(new)))
		return 0;
	if (r == 0) {
		error = arm_operator(server, &operator, ret_secret, reterr_diag);
		if (error)
			return error;
		r = guard_operator_set(server->guard, &operator);
	}
	if (r < 0) {
		operator_discard(server->dirs.state_fd);
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard takes no operator's secret: %s", strerror(-r));
	}

	*ret_set = true;
	return 0;
}

static void settle_operator(struct server *server, bool kept, const char *secret)
{
	static const struct guard_operator none;

	if (!kept) {
		(void)guard_operator_set(server->guard, &none);
		operator_discard(server->dirs.state_fd);
	} else if (secret[0]) {
		if (operator_commit(server->dirs.state_fd) < 0 || arm_mark_operator(server) < 0)
			server_note(server, NULL, "operator",
				    "the operator's secret will not outlive a reboot");
	}
}

/* The image that shall take the place of the one in force. */
struct change {
	struct offer offer;
	char secret[PROTOCOL_SECRET_LEN]; /* of an operator who is new, else "" */
};

static void change_done(struct change *change)
{
	offer_done(&change->offer);
	explicit_bzero(change, sizeof(*change));
}

/* Where versions are remembered, this one is the highest. */
static void keep_version(struct server *server, uint64_t version)
{
	struct highwater mark;
	uint32_t keyring;
	int r;

	if (guard_trust(server->guard, &keyring) == GUARD_TRUST_NONE)
		return;
	r = highwater_load(server->dirs.state_fd, &mark);
	if (r == 0 && mark.version < version) {
		mark.version = version;
		r = arm_keep_version(server, &mark);
	}
	if (r)
		server_note(server, NULL, "version",
			    "that version %" PRIu64 " was in force will not be known at the next "
			    "boot: %s",
			    version, r < 0 ? strerror(-r) : "no mark is kept any more");
}

/* Before anything is done for it: what the guard does not take leaves no trace. */
static uint32_t judge_offer(struct server *server, const struct guard_policy *policy,
			    struct diag *reterr_diag)
{
	int r = guard_offer(server->guard, policy, reterr_diag);

	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard did not judge the image, the old one is in force: %s",
			      strerror(-r));
	if (r)
		return r == GUARD_E_TRUST ? PROTOCOL_E_TRUST : PROTOCOL_E_IMAGE;
	return 0;
}

static uint32_t make_change(struct server *server, struct connection *client, struct change *change,
			    struct diag *reterr_diag)
{
	const struct image_header *header = image_header(change->offer.image);
	uint32_t confirm_s = server->message.change.confirm_s;
	_cleanup_free_ void *before = NULL;
	struct guard_respite old;
	bool set;
	uint32_t error;
	int r;

	error = ensure_operator(server, header, change->secret, &set, reterr_diag);
	if (error)
		return error;

	/* The end first: there is no moment in which the guard enforces and has none. */
	r = respite_ask(server, confirm_s, &old);
	if (r == 0)
		r = guard_reload(server->guard, change->offer.image, reterr_diag);
	if (r)
		respite_restore(server, &old);
	if (set)
		settle_operator(server, r == 0, change->secret);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard did not take the image, the old one is in force: %s",
			      strerror(-r));
	if (r)
		return PROTOCOL_E_IMAGE;

	keep_version(server, header->version);
	before = server->image;
	server->image = NULL;
	arm_refresh(server);
	arm_own(server, before);
	respite_settle(server, header, confirm_s);
	server_note(server, client, "reload", "policy '%s' version %" PRIu64 ", %s", header->name,
		    (uint64_t)header->version, image_mode_name(header->mode));
	watch_adoption(server);
	host_again(server);
	prove_again(server);
	return 0;
}

void ops_reload(struct server *server, struct connection *client)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};
	_cleanup_(change_done) struct change change = {};
	_cleanup_free_ void *old = NULL;
	struct diag diag;
	uint32_t error;

	error = ops_in_force(server, &old, &diag);
	if (!error)
		error = offer_receive(&server->message, &change.offer, &diag);
	if (!error)
		error = permit_change(server, client, old, change.offer.image, &diag);
	if (!error)
		error = host_permit(server, change.offer.image, &diag);
	if (!error)
		error = judge_offer(server, &change.offer.policy, &diag);
	if (!error)
		error = make_change(server, client, &change, &diag);
	if (error) {
		connection_refuse(server, client, error, diag.text);
		return;
	}

	memcpy(done.secret, change.secret, sizeof(done.secret));
	connection_answer(server, client, &done.header, NULL);
	explicit_bzero(&done, sizeof(done));
}

static void add_weak(struct protocol_state *state, const char *text)
{
	if (state->n_weak < PROTOCOL_MAX_WEAK)
		(void)snprintf(state->weak[state->n_weak++], PROTOCOL_WEAK_LEN, "%s", text);
}

/* What was found out since the guard came up. */
static void add_troubles(const struct server *server, struct protocol_state *state)
{
	const char *const troubles[] = {server->proof_trouble, server->foreign_trouble,
					server->adoption_trouble, server->owned_trouble};

	for (size_t i = 0; i < ARRAY_SIZE(troubles); i++) {
		if (troubles[i][0])
			add_weak(state, troubles[i]);
	}
}

static void fill_guard(struct protocol_state *state, const struct guard_status *status)
{
	state->armed = status->armed;
	state->ima = status->ima;
	state->armed_ns = status->armed_ns;
	state->events = status->events;
	state->lost = status->lost;
	state->lost_risk = status->lost_risk;

	for (size_t i = 0; i < status->n_domains && i < PROTOCOL_MAX_DOMAINS; i++) {
		const struct guard_domain_status *d = &status->domains[i];

		state->domains[state->n_domains++] = (struct protocol_domain){
			.id = d->id,
			.tasks = d->tasks,
			.maps = d->maps,
			.progs = d->progs,
			.links = d->links,
		};
	}
	for (size_t i = 0; i < status->n_contents && i < PROTOCOL_MAX_CONTENTS; i++)
		state->contents[state->n_contents++] = (struct protocol_content){
			.mark = status->contents[i].mark, .ways = status->contents[i].ways};
	for (size_t i = 0; i < status->n_weak && i < GUARD_MAX_WEAK; i++)
		add_weak(state, status->weak[i]);
}

static int fill_trust(struct server *server, struct protocol_state *state)
{
	int trust = guard_trust(server->guard, &state->keyring);
	struct highwater mark = {};

	if (trust < 0)
		return trust;
	state->trust = (uint32_t)trust;
	if (trust == GUARD_TRUST_NONE)
		return 0;
	if (highwater_load(server->dirs.state_fd, &mark))
		add_weak(state, "which version was in force will not be known at the next boot: "
				"the mark is gone or damaged");
	state->mark_version = mark.version;
	state->mark_since = mark.since;
	if (trust == GUARD_TRUST_VOID)
		add_weak(state, "the key that policies are signed by is gone: no other policy "
				"comes into force before a reboot");
	return 0;
}

/* Limits in force that nobody gets past here: how many rules have one, and the first of them. */
static void weigh_limit(const void *image, const struct image_kernel *kernel, uint32_t limit,
			struct protocol_state *state)
{
	const struct image_header *h = image_header(image);
	const char *first = "who has no rule";
	unsigned n = (image_limits_blind(image, image_limits_of(image, NULL), kernel) & limit) != 0;
	char text[PROTOCOL_WEAK_LEN];

	for (uint32_t i = 0; i < h->n_admissions; i++) {
		const struct image_admission *a = &image_admissions(image)[i];
		const char *path = image_admission_path(image, a);

		if (!(image_limits_blind(image, image_limits_of(image, a), kernel) & limit))
			continue;
		if (n++ == 0)
			first = path[0] ? path : "a tool named by digest";
	}
	if (n == 0)
		return;
	(void)snprintf(
		text, sizeof(text),
		"this kernel cannot judge limits.%s, and permits nothing by it: %.64s%s loads "
		"no program",
		image_limit_name(limit), first, n > 1 ? ", not alone," : "");
	add_weak(state, text);
}

static void weigh_limits(const void *image, const struct guard_status *status,
			 struct protocol_state *state)
{
	const struct image_kernel kernel = {.calls = status->calls, .digest = status->digest};

	/* it does not say: what keeps it from that is told elsewhere */
	if (!kernel.digest)
		return;
	for (uint32_t limit = 1; limit <= IMAGE_LIMITS_ALL; limit <<= 1)
		weigh_limit(image, &kernel, limit, state);
}

/* What is signed, where nobody can tell. */
static void weigh_signed(const void *image, const struct guard_status *status,
			 struct protocol_state *state)
{
	if (!image_header(image)->n_signed)
		return;
	if (state->trust != PROTOCOL_TRUST_SIGNED)
		add_weak(state,
			 "this guard has no key to trust (guard up --trust): executables that "
			 "are signed are strangers");
	if (!status->attributes)
		add_weak(state, "this kernel shows no attributes of files: executables that are "
				"signed are strangers");
}

static int fill_state(struct server *server, struct protocol_state *state, int *ret_fd)
{
	_cleanup_free_ void *image = NULL;
	struct guard_operator operator;
	struct guard_status status = {};
	char host[PROTOCOL_WEAK_LEN];
	size_t size;
	int r;

	r = guard_status(server->guard, &status);
	if (r < 0)
		return r;
	r = guard_operator_get(server->guard, &operator);
	if (r < 0)
		return r;
	r = ops_image(server, &image, &size);
	if (r < 0)
		return r;
	r = image_fd_new(image, size, ret_fd);
	if (r < 0)
		return r;

	fill_guard(state, &status);
	state->operator_set = operator.set != 0;
	if (!operator.set && enforces(image))
		add_weak(state, "no operator's secret is known: only a reboot ends this guard");
	r = fill_trust(server, state);
	if (r < 0)
		return r;
	if (!status.signs && !(image_header(image)->admitted & IMAGE_PROGRAM_UNSIGNED))
		add_weak(state,
			 "this kernel verifies no signature of a program: nothing is signed, "
			 "and who has no rule for unsigned programs loads none");
	weigh_limits(image, &status, state);
	weigh_signed(image, &status, state);
	state->proof_ns = server->proof_ns;
	state->proof_acts = server->proof.acts;
	state->proof_refused = server->proof.refused;
	add_troubles(server, state);
	respite_fill(server, image, state);
	r = upgrade_fill(server, state);
	if (r < 0)
		return r;
	host_fill(server, host, sizeof(host));
	if (host[0])
		add_weak(state, host);
	if (!server->marked)
		add_weak(state,
			 "some of holdfastd's own files are not guarded; its messages say which");
	state->up = 1;
	state->header.n_fds = 1;
	return 0;
}

void ops_status(struct server *server, struct connection *client)
{
	struct protocol_state state = {.header = {.op = PROTOCOL_STATE, .size = sizeof(state)}};
	_cleanup_close_ int fd = -EBADF;
	struct ledger_counts counts;
	int r;

	if (server->guard) {
		r = fill_state(server, &state, &fd);
		if (r < 0) {
			connection_refuse(server, client, PROTOCOL_E_FATAL, strerror(-r));
			return;
		}
	}

	if (server->escape_off)
		add_weak(&state,
			 "the boot prompt said holdfast=off: no guard came up at boot (K13)");
	journal_count(server->journal, &counts);
	state.written = counts.written;
	state.unwritten = counts.unwritten;
	state.wrong_secrets = server->tries.wrong;
	connection_answer(server, client, &state.header, &fd);
}
