// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the policy's `kernel` section requires of the host: asked before a policy comes into force,
 * and again and again while it is. A change for the worse is told with the check's id, whether it
 * is required or not; what is required and not so stands in the status until it is.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/diag.h"
#include "guard/clock.h"
#include "guard/host-look.h"
#include "guard/journal.h"
#include "guard/log.h"
#include "guard/server-internal.h"
#include "policy/image-check.h"
#include "posture/posture.h"

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

/* Those that are not so, as "ftrace (0), lockdown (none)". */
struct missing {
	char text[PROTOCOL_WEAK_LEN - 64];
	size_t n;
};

static void miss(struct missing *missing, const char *id, const char *value)
{
	size_t used = strlen(missing->text);

	missing->n++;
	(void)snprintf(missing->text + used, sizeof(missing->text) - used, "%s%s (%s)",
		       used ? ", " : "", id, value);
}

static void miss_lockdown(struct missing *missing, const struct host_look *look, uint8_t wanted)
{
	const struct host_check *check = host_look_find(look, "lockdown");
	const char *value = check ? check->value : "?";

	if (!wanted || strcmp(value, "confidentiality") == 0 ||
	    (wanted == IMAGE_LOCKDOWN_INTEGRITY && strcmp(value, "integrity") == 0))
		return;
	miss(missing, "lockdown", value);
}

static void find_missing(const void *image, const struct host_look *look, struct missing *missing)
{
	for (uint32_t i = 0; i < image_header(image)->n_required; i++) {
		const char *id = image_required(image, i)->text;
		const struct host_check *check = host_look_find(look, id);

		if (!check)
			miss(missing, id, "this holdfastd does not know it");
		else if (check->status != POSTURE_GOOD)
			miss(missing, id,
			     check->value[0] ? check->value : posture_status_name(check->status));
	}
	miss_lockdown(missing, look, image_header(image)->require_lockdown);
}

static bool asks_nothing(const void *image)
{
	return !image_header(image)->n_required && !image_header(image)->require_lockdown;
}

/* One that is late ends itself, and is waited for when it has. */
static int finish(struct server *server, pid_t pid, int fd, struct host_look *ret_look)
{
	int r = host_look_finish(pid, fd, ret_look);

	if (r != -EAGAIN)
		return r;
	server->host.late = pid;
	return -ETIMEDOUT;
}

/* Now, and waited for. */
static int look_now(struct server *server, struct host_look *ret_look)
{
	struct pollfd wait = {.events = POLLIN};
	pid_t pid;
	int r;

	r = host_look_start(server->options.host_root, server->guard, &pid, &wait.fd);
	if (r < 0)
		return r;
	while (poll(&wait, 1, HOST_LOOK_S * 1000) < 0 && errno == EINTR)
		continue;
	return finish(server, pid, wait.fd, ret_look);
}

uint32_t host_permit(struct server *server, const void *image, struct diag *reterr_diag)
{
	struct missing missing = {0};
	struct host_look look = {0};
	int r;

	if (asks_nothing(image))
		return 0;
	r = look_now(server, &look);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_KERNEL,
			      "the policy requires something of the host, which cannot be looked "
			      "at: %s",
			      strerror(-r));
	find_missing(image, &look, &missing);
	if (!missing.n || image_header(image)->degraded)
		return 0;
	return refuse(reterr_diag, PROTOCOL_E_KERNEL,
		      "the policy requires of the host what is not so: %s; `holdfast posture check "
		      "--explain ID` says what to do, or let the policy say 'degraded: allow'",
		      missing.text);
}

/* ---- while a guard is up */

static void note(struct server *server, const char *what, const char *id, const char *text)
{
	struct record_note note = {.what = what, .check = id, .text = text};

	log_notice("%s: %s: %s", what, id, text);
	journal_note(server->journal, &note);
}

static const char *found(const struct host_check *check)
{
	return check->value[0] ? check->value : "-";
}

/* From what was seen last, check by check. */
static void compare(struct server *server, const struct host_look *now)
{
	const struct host_look *last = &server->host.last;

	for (uint32_t i = 0; i < now->n; i++) {
		const struct host_check *is = &now->checks[i], *was = host_look_find(last, is->id);
		char text[4 * HOST_VALUE_LEN];

		if (!was || was->status == is->status)
			continue;
		(void)snprintf(text, sizeof(text), "%s (%s), it was %s (%s)",
			       posture_status_name(is->status), found(is),
			       posture_status_name(was->status), found(was));
		note(server, is->status > was->status ? "posture-worse" : "posture-better", is->id,
		     text);
	}
}

static void judge(struct server *server, const struct host_look *look)
{
	char *trouble = server->host.trouble;
	struct missing missing = {0};
	char text[PROTOCOL_WEAK_LEN] = "";

	if (server->image)
		find_missing(server->image, look, &missing);
	if (missing.n)
		(void)snprintf(text, sizeof(text), "the policy requires of the host: %s",
			       missing.text);
	if (strcmp(text, trouble) != 0)
		server_note(server, NULL, missing.n ? "degraded" : "posture", "%s",
			    missing.n ? text : "the host is again as the policy requires");
	(void)snprintf(trouble, PROTOCOL_WEAK_LEN, "%s", text);
}

static int child_done(struct server *server, struct host_look *ret_look)
{
	struct host *host = &server->host;
	pid_t pid = host->pid;
	int fd = host->fd;

	server_unwatch(server, fd);
	host->fd = -EBADF;
	host->pid = 0;
	return finish(server, pid, fd, ret_look);
}

void host_seen(struct server *server)
{
	struct host *host = &server->host;
	struct host_look look = {0};
	int r;

	r = child_done(server, &look);
	if (r < 0) {
		/* what cannot be seen may be anything: said once, and until it can */
		if (!host->blind)
			server_note(server, NULL, "posture",
				    "the host's settings cannot be looked at: %s", strerror(-r));
		host->blind = true;
		return;
	}
	host->blind = false;
	if (host->last.n)
		compare(server, &look);
	host->last = look;
	judge(server, &look);
}

void host_start(struct server *server)
{
	server->host.due = server->options.now();
	server->host.last.n = 0;
	server->host.blind = false;
	server->host.trouble[0] = '\0';
}

void host_again(struct server *server)
{
	server->host.due = server->options.now();
}

uint64_t host_due(const struct server *server)
{
	if (!server->options.host_root)
		return UINT64_MAX;
	return server->host.pid ? server->host.deadline : server->host.due;
}

void host_now(struct server *server, uint64_t now)
{
	struct host *host = &server->host;
	int r;

	if (!server->guard || now < host_due(server))
		return;
	if (host->pid) {
		host_seen(server); /* it is late */
		return;
	}
	host->due = now + SERVER_HOST_NS;
	if (host->late)
		return;
	host->deadline = now + HOST_LOOK_S * CLOCK_SECOND_NS;
	r = host_look_start(server->options.host_root, server->guard, &host->pid, &host->fd);
	if (r == 0)
		r = server_watch(server, WATCH_HOST, 0, host->fd);
	if (r < 0)
		(void)log_error_errno(r, "The host's settings cannot be looked at: %m, ignoring");
}

void host_done(struct server *server)
{
	struct host_look look;

	if (server->host.pid)
		(void)child_done(server, &look);
}

void host_reap(struct server *server)
{
	if (server->host.late && waitpid(server->host.late, NULL, WNOHANG) != 0)
		server->host.late = 0;
}

void host_fill(const struct server *server, char *ret_text, size_t size)
{
	const char *blind = "the host's settings cannot be looked at: they may be anything";

	(void)snprintf(ret_text, size, "%s", server->host.blind ? blind : server->host.trouble);
}
