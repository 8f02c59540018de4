// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a guard comes up or is taken over, with its operator and its own files. Whatever can fail
 * without touching the kernel comes first; what fails later takes the guard down again.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "guard/guard.h"
#include "guard/journal.h"
#include "guard/log.h"
#include "guard/offer.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

#define MAX_FIRST_DRAINS 16

/* What shall come up. */
struct plan {
	const struct guard_policy *policy;
	struct guard_operator operator; /* not set: a guard that observes, at boot */
	char secret[PROTOCOL_SECRET_LEN]; /* new, else "" */
	uint32_t confirm_s; /* as of PROTOCOL_UP */
	bool observe; /* the boot prompt says so */
	struct highwater mark; /* version 0: the policy needs no signature */
};

static void plan_forget(struct plan *plan)
{
	explicit_bzero(plan, sizeof(*plan));
}

void arm_refresh(struct server *server)
{
	_cleanup_free_ void *image = NULL;
	size_t size;
	int r;

	r = ops_image(server, &image, &size);
	if (r < 0)
		(void)log_error_errno(
			r,
			"The image in force cannot be read, domains appear as numbers: %m, ignoring");
	free(server->image);
	server->image = TAKE_PTR(image);
	hold_soon(server);
}

static const char *owned_reason(int error)
{
	switch (error) {
	case ENOENT:
		return "it is not there";
	case ELOOP:
		return "a link leads there, or its folders are too deep";
	case EEXIST:
		return "it is the guard's own";
	case E2BIG:
		return "it has too many files";
	}
	return strerror(error);
}

void arm_own(struct server *server, const void *old)
{
	struct guard_owned owned;

	server->owned_trouble[0] = '\0';
	if (!server->image)
		return;
	guard_own(server->guard, server->image, old, &owned);
	if (!owned.n_failed)
		return;
	(void)snprintf(server->owned_trouble, sizeof(server->owned_trouble),
		       "%" PRIu32 " of the agents' files are not guarded: %.90s: %s",
		       owned.n_failed, owned.path, owned_reason(owned.error));
	server_note(server, NULL, "files", "%s", server->owned_trouble);
}

static int mark_binary(struct guard *guard)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return guard_mark(guard, fd, DOMAIN_SELF);
}

/* One that is not there is no error. */
static int mark_state_file(struct server *server, const char *name)
{
	_cleanup_close_ int fd =
		openat(server->dirs.state_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return guard_mark(server->guard, fd, DOMAIN_SELF);
}

int arm_mark_operator(struct server *server)
{
	return mark_state_file(server, SECRET_FILE);
}

int arm_keep_version(struct server *server, const struct highwater *mark)
{
	int r = highwater_keep(server->dirs.state_fd, mark);

	return r < 0 ? r : mark_state_file(server, HIGHWATER_FILE);
}

static int mark_socket(struct server *server)
{
	char path[PROTOCOL_TEXT_LEN];

	if (!dirs_socket_path(&server->dirs, path, sizeof(path)))
		return -ENAMETOOLONG;
	return guard_mark_path(server->guard, path, DOMAIN_SELF);
}

/* One step of marking; the first failure is what counts, the others are tried all the same. */
static void keep_first(int *first, int r, const char *what)
{
	if (r >= 0)
		return;
	(void)log_error_errno(r, "The guard does not protect %s: %m", what);
	if (*first == 0)
		*first = r;
}

static int mark_everything(struct server *server)
{
	const struct dirs *dirs = &server->dirs;
	int first = 0;

	keep_first(&first, guard_mark(server->guard, dirs->run_fd, DOMAIN_SELF), dirs->run_path);
	if (dirs->lock_fd >= 0)
		keep_first(&first, guard_mark(server->guard, dirs->lock_fd, DOMAIN_SELF),
			   "the lock");
	keep_first(&first, mark_socket(server), "the control socket");
	if (!upgrade_open(server))
		keep_first(&first, mark_binary(server->guard), "holdfastd's binary");
	if (dirs->state_fd >= 0) {
		keep_first(&first, guard_mark(server->guard, dirs->state_fd, DOMAIN_SELF),
			   dirs->state_path);
		keep_first(&first, arm_mark_operator(server), "the operator's file");
		keep_first(&first, mark_state_file(server, HIGHWATER_FILE),
			   "the highest version's file");
		keep_first(&first, journal_mark(server->journal), "the log of events");
	}

	server->marked = first == 0;
	return first;
}

uint32_t arm_operator(struct server *server, struct guard_operator *ret_operator,
		      char ret_secret[PROTOCOL_SECRET_LEN], struct diag *reterr_diag)
{
	_cleanup_(secret_forget) struct secret secret = {};
	char text[SECRET_TEXT_LEN];
	int r;

	r = operator_load(server->dirs.state_fd, ret_operator);
	if (r == 0) {
		ret_secret[0] = '\0';
		return 0;
	}
	if (r == SECRET_E_FILE)
		return refuse(
			reterr_diag, PROTOCOL_E_STATE_DIR,
			"%s/" SECRET_FILE
			" is not a file of holdfastd: remove it, and `guard up` makes a new secret",
			server->dirs.state_path);
	if (r == SECRET_E_NONE) {
		r = secret_make(&secret);
		if (r == 0)
			r = secret_keep(&secret, ret_operator);
		if (r < 0)
			return refuse(reterr_diag, PROTOCOL_E_FATAL,
				      "no operator's secret can be made: %s", strerror(-r));
		r = operator_prepare(server->dirs.state_fd, ret_operator);
	}
	if (r < 0) {
		operator_discard(server->dirs.state_fd);
		return refuse(
			reterr_diag, PROTOCOL_E_STATE_DIR,
			"the operator's file in %s cannot be read or written: %s; make room there or mount it writable",
			server->dirs.state_path, strerror(-r));
	}

	secret_format(&secret, text);
	(void)snprintf(ret_secret, PROTOCOL_SECRET_LEN, "%s", text);
	explicit_bzero(text, sizeof(text));
	return 0;
}

static uint32_t explain_up(int r, struct diag *reterr_diag)
{
	switch ((enum guard_error)r) {
	case GUARD_E_KERNEL:
	case GUARD_E_BPFFS:
	case GUARD_E_PROOF:
		return PROTOCOL_E_KERNEL;
	case GUARD_E_EXISTS:
		return PROTOCOL_E_ALREADY_UP;
	case GUARD_E_IMAGE:
		return PROTOCOL_E_IMAGE;
	case GUARD_E_TRUST:
		return PROTOCOL_E_TRUST;
	case _GUARD_E_SUCCESS:
	case GUARD_E_NONE:
	case GUARD_E_NOT_SELF:
	case GUARD_E_ABI:
		break;
	}
	if (r < 0)
		diag_set(reterr_diag, NULL, 0, 0, "the guard did not come up: %s", strerror(-r));
	return PROTOCOL_E_FATAL;
}

/* The guard is up, and nothing of it is worth anything unless all of this works. */
static int settle(struct server *server, const struct plan *plan)
{
	struct guard_respite old;
	int r;

	r = plan->observe ? respite_boot(server) : respite_ask(server, plan->confirm_s, &old);
	if (r < 0)
		return r;
	if (plan->operator.set) {
		r = guard_operator_set(server->guard, &plan->operator);
		if (r < 0)
			return r;
	}
	if (plan->secret[0]) {
		r = operator_commit(server->dirs.state_fd);
		if (r < 0)
			return r;
	}
	if (plan->mark.version) {
		r = highwater_keep(server->dirs.state_fd, &plan->mark);
		if (r < 0)
			return r;
	}
	r = mark_everything(server);
	if (r < 0)
		return r;
	return server_watch_events(server);
}

/* What may not come into force whatever the guard says. */
static uint32_t look_back(struct server *server, struct plan *plan, struct diag *reterr_diag)
{
	int r = 0;

	if (plan->policy->certificate_size)
		r = highwater_begin(server->dirs.state_fd, plan->policy, &plan->mark, reterr_diag);
	if (r == HIGHWATER_E_OLDER)
		return PROTOCOL_E_ROLLBACK;
	if (r == HIGHWATER_E_FILE)
		return refuse(reterr_diag, PROTOCOL_E_STATE_DIR,
			      "%s/" HIGHWATER_FILE " is not a file of holdfastd: find out why, "
			      "and remove it",
			      server->dirs.state_path);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_STATE_DIR,
			      "which version was in force cannot be read in %s: %s",
			      server->dirs.state_path, strerror(-r));
	return 0;
}

static uint32_t bring_up(struct server *server, struct plan *plan, struct diag *reterr_diag)
{
	uint32_t error;
	int r;

	error = host_permit(server, plan->policy->image, reterr_diag);
	if (!error)
		error = look_back(server, plan, reterr_diag);
	if (error) {
		operator_discard(server->dirs.state_fd);
		return error;
	}
	r = guard_up(plan->policy, &server->guard, reterr_diag);
	if (r) {
		server->guard = NULL;
		operator_discard(server->dirs.state_fd);
		return explain_up(r, reterr_diag);
	}

	r = settle(server, plan);
	if (r < 0) {
		(void)guard_down(server->guard);
		server->guard = NULL;
		/* Nobody has been shown the secret that this file is about. */
		if (plan->secret[0])
			(void)unlinkat(server->dirs.state_fd, SECRET_FILE, 0);
		operator_discard(server->dirs.state_fd);
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the guard came up and could not be settled, it is down again: %s",
			      strerror(-r));
	}

	arm_refresh(server);
	server->respite_due = 0;
	server->escape_off = false;
	prove_start(server);
	host_start(server);
	journal_restart(server->journal);
	arm_own(server, NULL);
	server_note(server, NULL, "up", "policy '%s' version %" PRIu64 ", %s",
		    image_header(plan->policy->image)->name,
		    (uint64_t)image_header(plan->policy->image)->version,
		    image_mode_name(image_header(plan->policy->image)->mode));
	if (plan->observe)
		server_note(server, NULL, "boot-escape",
			    "the boot prompt said holdfast=observe: nothing is refused (K13)");
	if (plan->confirm_s)
		respite_settle(server, plan->policy->image, plan->confirm_s);
	watch_start(server);
	loads_begin(server);
	return 0;
}

void arm_up(struct server *server, struct connection *client)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};
	_cleanup_(plan_forget) struct plan plan = {};
	_cleanup_(offer_done) struct offer offer = {};
	struct guard_status status = {};
	struct diag diag;
	uint32_t error = 0;

	if (server->guard)
		error = refuse(
			&diag, PROTOCOL_E_ALREADY_UP,
			"a guard is up already: change its policy by `holdfast guard reload`");
	if (!error)
		error = server->message.n_fds ? offer_receive(&server->message, &offer, &diag)
					      : offer_boot(&server->options, &offer, &diag);
	if (!error && server->message.up.confirm_s &&
	    image_header(offer.image)->mode != IMAGE_MODE_ENFORCE)
		error = refuse(&diag, PROTOCOL_E_CONFIRM, "the policy %s",
			       ops_unconfirmed(offer.image));
	if (!error)
		error = arm_operator(server, &plan.operator, plan.secret, &diag);
	plan.policy = &offer.policy;
	plan.confirm_s = server->message.up.confirm_s;
	if (!error)
		error = bring_up(server, &plan, &diag);
	if (error) {
		connection_refuse(server, client, error, diag.text);
		return;
	}

	if (guard_status(server->guard, &status) == 0)
		done.armed_ns = status.armed_ns;
	memcpy(done.secret, plan.secret, sizeof(done.secret));
	connection_answer(server, client, &done.header, NULL);
	explicit_bzero(&done, sizeof(done));
}

static int boot_error(uint32_t error)
{
	switch (error) {
	case PROTOCOL_E_KERNEL:
		return SERVER_E_KERNEL;
	case PROTOCOL_E_STATE_DIR:
		return SERVER_E_PLACE;
	case PROTOCOL_E_IMAGE:
	case PROTOCOL_E_ROLLBACK:
	case PROTOCOL_E_TRUST:
		return SERVER_E_IMAGE;
	default:
		return 1;
	}
}

/* What the boot prompt says to who is locked out. Return: whether no guard shall come up. */
static bool escaped(struct server *server, struct plan *plan)
{
	switch (respite_word(server->options.cmdline)) {
	case RESPITE_WORD_OFF:
		server->escape_off = true;
		server_note(server, NULL, "boot-escape",
			    "the boot prompt said holdfast=off: no guard comes up (K13)");
		return true;
	case RESPITE_WORD_OBSERVE:
		plan->observe = true;
		return false;
	case RESPITE_WORD_UNKNOWN:
		server_note(server, NULL, "boot-escape",
			    "the boot prompt has a holdfast= that is neither observe nor off: it "
			    "counts for nothing");
		return false;
	case RESPITE_WORD_NONE:
		return false;
	}
	return false;
}

int arm_boot(struct server *server, struct diag *reterr_diag)
{
	_cleanup_(plan_forget) struct plan plan = {};
	_cleanup_(offer_done) struct offer offer = {};
	uint32_t error;
	int r;

	if (escaped(server, &plan))
		return 0;
	error = offer_boot(&server->options, &offer, reterr_diag);
	if (error == PROTOCOL_E_NOT_UP)
		return 0; /* until somebody asks */
	if (error)
		return boot_error(error);
	plan.policy = &offer.policy;

	/* Nobody is there to be shown a new secret. */
	r = operator_load(server->dirs.state_fd, &plan.operator);
	if (plan.observe && respite_sealed(offer.image)) {
		plan.observe = false;
		server_note(server, NULL, "boot-escape",
			    "the boot prompt said holdfast=observe, and the policy is sealed: it "
			    "enforces, and holdfast=off is the way out (K13)");
	}
	if (r && IMAGE_ENFORCES(image_header(offer.image)->mode) && !plan.observe)
		return refuse(
			reterr_diag, SERVER_E_OPERATOR,
			"the policy enforces and %s/" SECRET_FILE
			" is missing or damaged: run `holdfast guard up` once, it prints the operator's secret",
			server->dirs.state_path);

	error = bring_up(server, &plan, reterr_diag);
	return error ? boot_error(error) : 0;
}

int arm_adopt(struct server *server, struct diag *reterr_diag)
{
	int r;

	r = guard_adopt(&server->guard, reterr_diag);
	if (r < 0)
		return r;

	switch ((enum guard_error)r) {
	case _GUARD_E_SUCCESS:
		return 0;
	case GUARD_E_NONE:
		server->guard = NULL;
		return 0;
	case GUARD_E_NOT_SELF:
		return SERVER_E_NOT_SELF;
	case GUARD_E_ABI:
		return SERVER_E_ABI;
	case GUARD_E_KERNEL:
	case GUARD_E_BPFFS:
	case GUARD_E_PROOF:
		return SERVER_E_KERNEL;
	case GUARD_E_IMAGE:
	case GUARD_E_TRUST:
		return SERVER_E_ABI;
	case GUARD_E_EXISTS:
		break;
	}
	return -EPROTO;
}

int arm_take(struct server *server)
{
	struct guard_operator operator;
	int r;

	/* Enforcement does not depend on what follows: say what fails and go on. */
	(void)mark_everything(server);
	arm_refresh(server);
	server->respite_due = 0;
	prove_start(server);
	host_start(server);
	journal_resume(server->journal);
	arm_own(server, NULL);

	r = guard_operator_get(server->guard, &operator);
	if (r == 0 && !operator.set && operator_load(server->dirs.state_fd, &operator) == 0)
		r = guard_operator_set(server->guard, &operator);
	if (r < 0)
		(void)log_error_errno(r, "The guard does not know its operator: %m, ignoring");

	r = server_watch_events(server);
	if (r < 0)
		return r;
	/* what a guard of another build has left unread comes first */
	for (int i = 0; i < MAX_FIRST_DRAINS && server_drain(server); i++)
		continue;
	server_note(server, NULL, "adopted", "the guard was up, this holdfastd goes on");
	loads_begin(server);
	return 0;
}
