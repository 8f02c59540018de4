// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When the guard observes though its policy enforces: until somebody confirms that he still reaches
 * the host, for the maintenance of one domain, or because the boot prompt said so. The times are in
 * the guard itself, by a clock that nobody can set: they come with holdfastd or without.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

/* from_ns of a respite of all, once it has begun: what has been told is told once. */
#define FROM_BOOT 0u
#define FROM_UNCONFIRMED 1u

#define CMDLINE_MAX 8192

static bool respite_on(const struct guard_respite *respite, uint64_t now)
{
	return now >= respite->from_ns && now < respite->until_ns;
}

static struct guard_respite respite_of(struct server *server, uint32_t domain)
{
	struct guard_respite respite = {};
	int r = guard_respite_get(server->guard, domain, &respite);

	/* Not known: then it enforces, as far as any decision here goes. */
	return r < 0 ? (struct guard_respite){} : respite;
}

bool respite_sealed(const void *image)
{
	return image_header(image)->mode == IMAGE_MODE_SEALED;
}

bool respite_enforces(struct server *server, const void *image)
{
	struct guard_respite all = respite_of(server, GUARD_RESPITE_ALL);

	return IMAGE_ENFORCES(image_header(image)->mode) &&
	       (respite_sealed(image) || !respite_on(&all, server->options.now()));
}

static void set_due(struct server *server, uint64_t when)
{
	if (when < server->respite_due)
		server->respite_due = when;
}

int respite_ask(struct server *server, uint32_t seconds, struct guard_respite *ret_old)
{
	struct guard_respite all = {.until_ns = UINT64_MAX};

	*ret_old = respite_of(server, GUARD_RESPITE_ALL);
	if (!seconds)
		return 0;
	all.from_ns = server->options.now() + seconds * CLOCK_SECOND_NS;
	set_due(server, all.from_ns);
	return guard_respite_set(server->guard, GUARD_RESPITE_ALL, &all);
}

void respite_restore(struct server *server, const struct guard_respite *old)
{
	(void)guard_respite_set(server->guard, GUARD_RESPITE_ALL, old);
}

void respite_settle(struct server *server, const void *image, uint32_t confirm_s)
{
	static const struct guard_respite none;
	struct guard_respite all = respite_of(server, GUARD_RESPITE_ALL);

	if (confirm_s) {
		server_note(server, NULL, "confirm",
			    "the guard observes in %" PRIu32 " s unless `guard confirm` comes",
			    confirm_s);
		return;
	}
	/* Under way it stays: no reload is a confirmation. */
	if (respite_on(&all, server->options.now()) || !IMAGE_ENFORCES(image_header(image)->mode))
		(void)guard_respite_set(server->guard, GUARD_RESPITE_ALL, &none);
}

static uint32_t confirm(struct server *server, const struct connection *client,
			struct diag *reterr_diag)
{
	static const struct guard_respite none;
	_cleanup_free_ void *image = NULL;
	struct guard_respite all;
	uint32_t error;
	int r;

	error = ops_in_force(server, &image, reterr_diag);
	if (error)
		return error;
	all = respite_of(server, GUARD_RESPITE_ALL);
	if (!all.until_ns || respite_on(&all, server->options.now()))
		return refuse(reterr_diag, PROTOCOL_E_CONFIRM,
			      all.until_ns ? "it is too late: the guard observes; put a policy in "
					     "force by `holdfast guard reload`"
					   : "the guard waits for no confirmation");
	/* Whoever spends the wrong secrets of each minute must not be able to outwait it. */
	error = ops_judge(server, client, &server->message.change.secret, reterr_diag);
	if (error)
		return error;
	r = guard_respite_set(server->guard, GUARD_RESPITE_ALL, &none);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the guard does not take it: %s",
			      strerror(-r));
	server_note(server, client, "confirmed", "the guard goes on enforcing");
	return 0;
}

static void answer(struct server *server, struct connection *client, uint32_t error,
		   const struct diag *diag)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};

	if (error)
		connection_refuse(server, client, error, diag->text);
	else
		connection_answer(server, client, &done.header, NULL);
}

void respite_confirm(struct server *server, struct connection *client)
{
	struct diag diag;
	uint32_t error = confirm(server, client, &diag);

	answer(server, client, error, &diag);
}

static uint32_t release(struct server *server, const struct connection *client,
			const struct image_domain *domain, struct diag *reterr_diag)
{
	const struct protocol_release *request = &server->message.release;
	struct guard_respite respite = {.until_ns = UINT64_MAX};
	bool end = request->flags & PROTOCOL_RELEASE_END;
	int r;

	if (end)
		respite.until_ns = 0;
	else if (request->seconds)
		respite.until_ns = server->options.now() + request->seconds * CLOCK_SECOND_NS;
	r = guard_respite_set(server->guard, domain->id, &respite);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the guard does not take it: %s",
			      strerror(-r));
	if (end) {
		server_note(server, client, "release-ended", "domain '%s' is %s again",
			    domain->name, image_mode_name(domain->mode));
		/* what a package manager has replaced meanwhile */
		arm_own(server, NULL);
	} else if (request->seconds) {
		set_due(server, respite.until_ns);
		server_note(server, client, "release",
			    "domain '%s' is only observed for %" PRIu32 " s", domain->name,
			    request->seconds);
	} else {
		server_note(server, client, "release",
			    "domain '%s' is only observed until `release --end`", domain->name);
	}
	return 0;
}

void respite_release(struct server *server, struct connection *client)
{
	const struct protocol_release *request = &server->message.release;
	const struct image_domain *domain = NULL;
	_cleanup_free_ void *image = NULL;
	struct diag diag;
	uint32_t error;

	error = ops_in_force(server, &image, &diag);
	if (!error) {
		domain = image_domain_find_name(image, request->domain);
		if (!domain)
			error = refuse(&diag, PROTOCOL_E_DOMAIN,
				       "the policy in force has no domain '%s': `holdfast guard "
				       "status` lists them",
				       request->domain);
	}
	/* Its end takes nothing from anybody. */
	if (!error)
		error = ops_unsealed(image, &diag);
	if (!error && !(request->flags & PROTOCOL_RELEASE_END) && respite_enforces(server, image))
		error = ops_authorise(server, client, &request->secret, &diag);
	if (!error)
		error = release(server, client, domain, &diag);
	answer(server, client, error, &diag);
}

static void all_now(struct server *server, uint64_t now)
{
	struct guard_respite all = respite_of(server, GUARD_RESPITE_ALL);

	if (!all.until_ns || all.from_ns <= FROM_UNCONFIRMED)
		return;
	if (now < all.from_ns) {
		set_due(server, all.from_ns);
		return;
	}
	all.from_ns = FROM_UNCONFIRMED;
	if (guard_respite_set(server->guard, GUARD_RESPITE_ALL, &all) < 0)
		return;
	server_note(server, NULL, "unconfirmed",
		    "nobody confirmed in time: the guard only observes from here on");
}

static void domain_now(struct server *server, const struct image_domain *domain, uint64_t now)
{
	struct guard_respite respite = respite_of(server, domain->id);
	static const struct guard_respite none;

	if (!respite.until_ns || respite.until_ns == UINT64_MAX)
		return;
	if (now < respite.until_ns) {
		set_due(server, respite.until_ns);
		return;
	}
	if (guard_respite_set(server->guard, domain->id, &none) < 0)
		return;
	server_note(server, NULL, "release-ended", "time is over, domain '%s' is %s again",
		    domain->name, image_mode_name(domain->mode));
	arm_own(server, NULL);
}

void respite_now(struct server *server, uint64_t now)
{
	if (!server->guard || now < server->respite_due)
		return;
	server->respite_due = UINT64_MAX;
	all_now(server, now);
	for (uint32_t i = 0; server->image && i < image_header(server->image)->n_domains; i++)
		domain_now(server, &image_domains(server->image)[i], now);
	hold_soon(server);
}

static void fill_domain(struct protocol_state *state, uint32_t id, uint64_t until_ns)
{
	for (uint32_t i = 0; i < state->n_domains; i++) {
		if (state->domains[i].id == id) {
			state->domains[i].released_ns = until_ns;
			return;
		}
	}
	if (state->n_domains < PROTOCOL_MAX_DOMAINS)
		state->domains[state->n_domains++] = (struct protocol_domain){
			.id = id,
			.released_ns = until_ns,
		};
}

void respite_fill(struct server *server, const void *image, struct protocol_state *state)
{
	struct guard_respite all = respite_of(server, GUARD_RESPITE_ALL);
	uint64_t now = server->options.now();

	if (respite_on(&all, now) && !respite_sealed(image))
		state->observes = all.from_ns == FROM_BOOT ? PROTOCOL_OBSERVES_BOOT
							   : PROTOCOL_OBSERVES_UNCONFIRMED;
	else if (all.until_ns)
		state->confirm_ns = all.from_ns;
	for (uint32_t i = 0; i < image_header(image)->n_domains; i++) {
		const struct image_domain *domain = &image_domains(image)[i];
		struct guard_respite respite = respite_of(server, domain->id);

		if (respite_on(&respite, now))
			fill_domain(state, domain->id, respite.until_ns);
	}
}

int respite_boot(struct server *server)
{
	const struct guard_respite all = {.from_ns = FROM_BOOT, .until_ns = UINT64_MAX};

	return guard_respite_set(server->guard, GUARD_RESPITE_ALL, &all);
}

enum respite_word respite_word(const char *path)
{
	static const char key[] = "holdfast=";
	enum respite_word word = RESPITE_WORD_NONE;
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	size_t size;

	if (!path || file_read(AT_FDCWD, path, CMDLINE_MAX, &text, &size) != 0)
		return RESPITE_WORD_NONE;
	for (char *item = strtok_r(text, " \t\n", &save); item;
	     item = strtok_r(NULL, " \t\n", &save)) {
		if (strncmp(item, key, strlen(key)) != 0)
			continue;
		item += strlen(key);
		word = !strcmp(item, "observe") ? RESPITE_WORD_OBSERVE
		       : !strcmp(item, "off")	? RESPITE_WORD_OFF
						: RESPITE_WORD_UNKNOWN;
	}
	return word;
}
