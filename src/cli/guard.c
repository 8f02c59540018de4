// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast guard`: up, down, reload, confirm, upgrade, status. Asks holdfastd; decides nothing. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/explain.h"
#include "cli/guard-status.h"
#include "guard/guard.h"
#include "guard/image-fd.h"
#include "guard/protocol.h"
#include "policy/cms.h"
#include "policy/image-check.h"
#include "policy/sign.h"

static void message_freep(struct protocol_message **message)
{
	if (*message)
		protocol_message_done(*message);
	free(*message);
}

static struct protocol_message *message_new(void)
{
	return calloc(1, sizeof(struct protocol_message));
}

static int refused(const struct diag *diag)
{
	return cli_error("%s", diag->text);
}

/* A file in a memory file, for holdfastd; checked here first, where the error can name it. */
static int open_image(const char *path, int *ret_fd)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct diag diag = {};
	size_t size;
	int r;

	/* Not waiting for a writer, if it is a pipe's name. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return cli_error("%s: %s", path, strerror(errno));
	r = file_read_fd(fd, IMAGE_MAX_SIZE, &data, &size);
	if (r == FILE_E_TOO_BIG)
		return cli_error("%s: more than %u bytes: that is no policy image", path,
				 IMAGE_MAX_SIZE);
	if (r == 0)
		r = image_check(data, size, &diag);
	if (r > 0) {
		diag.file = path;
		return cli_error_diag(&diag);
	}
	if (r == 0)
		r = image_fd_new(data, size, ret_fd);
	if (r < 0)
		return cli_error("%s: %s", path, strerror(-r));
	return CLI_DONE;
}

/* What vouches for an image, as it is. Return: CLI_DONE, also if it is not there, and need not. */
static int open_signature(const char *image, bool needed, int *ret_fd)
{
	_cleanup_free_ char *path = NULL, *data = NULL;
	size_t size;
	int r;

	if (asprintf(&path, "%s.p7s", image) < 0) {
		path = NULL;
		return cli_error("out of memory");
	}
	r = file_read(AT_FDCWD, path, CMS_MAX_SIZE, &data, &size);
	if (r == -ENOENT && !needed)
		return CLI_DONE;
	if (r == -ENOENT)
		return cli_error("%s: there is no signature: `holdfast policy sign`", path);
	if (r == FILE_E_TOO_BIG)
		return cli_error("%s: more than %zu bytes: that is no signature", path,
				 (size_t)CMS_MAX_SIZE);
	if (r == 0)
		r = image_fd_new(data, size, ret_fd);
	return r < 0 ? cli_error("%s: %s", path, strerror(-r)) : CLI_DONE;
}

static int open_certificate(const char *path, int *ret_fd)
{
	_cleanup_free_ char *pem = NULL;
	_cleanup_free_ void *der = NULL;
	struct sign_file file = {.name = path};
	struct diag diag = {};
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, SIGN_MAX_PEM, &pem, &file.size);
	if (r == FILE_E_TOO_BIG)
		return cli_error("%s: more than %zu bytes: that is no certificate", path,
				 SIGN_MAX_PEM);
	file.data = pem;
	if (r == 0)
		r = sign_certificate(&file, time(NULL), &der, &size, &diag);
	if (r > 0)
		return cli_error_diag(&diag);
	if (r == 0)
		r = image_fd_new(der, size, ret_fd);
	return r < 0 ? cli_error("%s: %s", path, strerror(-r)) : CLI_DONE;
}

/* An image and what comes with it, in the order of the protocol. */
struct parcel {
	int fds[3];
	uint32_t n;
};

#define PARCEL_INIT                               \
	{                                         \
		.fds = { -EBADF, -EBADF, -EBADF } \
	}

static void parcel_close(struct parcel *parcel)
{
	for (size_t i = 0; i < ARRAY_SIZE(parcel->fds); i++)
		closep(&parcel->fds[i]);
}

static int parcel_open(const char *image, const char *trust, struct parcel *parcel)
{
	int r;

	r = open_image(image, &parcel->fds[0]);
	if (!r)
		r = open_signature(image, trust != NULL, &parcel->fds[1]);
	if (!r && trust)
		r = open_certificate(trust, &parcel->fds[2]);
	while (parcel->n < ARRAY_SIZE(parcel->fds) && parcel->fds[parcel->n] >= 0)
		parcel->n++;
	return r;
}

/* Up or not, say what this kernel lacks. */
static void print_weak(void)
{
	_cleanup_(message_freep) struct protocol_message *message = message_new();
	_cleanup_free_ void *image = NULL;
	struct diag diag;

	if (!message || client_state(message, &image, &diag) != 0)
		return;
	if (image)
		(void)printf("policy: %s, version %" PRIu64 ", %s\n", image_header(image)->name,
			     (uint64_t)image_header(image)->version,
			     image_mode_name(image_header(image)->mode));
	for (uint32_t i = 0; i < message->state.n_weak; i++)
		(void)printf("weak: %s\n", message->state.weak[i]);
}

static int guard_verb_up(const struct cli_call *call)
{
	_cleanup_(message_freep) struct protocol_message *message = message_new();
	struct protocol_up up = {.header = {.op = PROTOCOL_UP, .size = sizeof(up)}};
	_cleanup_(parcel_close) struct parcel parcel = PARCEL_INIT;
	struct client_request request = {.header = &up.header, .fds = parcel.fds};
	const char *trust = cli_option(call, "trust");
	struct diag diag = {};
	int r;

	if (!message)
		return cli_error("out of memory");
	r = client_seconds(call, "confirm-within", &up.confirm_s);
	if (r)
		return r;
	if (trust && call->n_args == 0)
		return cli_usage_error(call, "--trust goes with an IMAGE");
	if (call->n_args > 0) {
		r = parcel_open(call->args[0], trust, &parcel);
		if (r)
			return r;
		/* a signature alone says nothing to a guard that trusts nobody */
		up.header.n_fds = trust ? parcel.n : 1;
	}

	r = client_ask(PROTOCOL_SOCKET, &request, message, NULL, &diag);
	if (r == CLIENT_E_ABSENT) {
		struct diag launch = {};
		int failed = client_launch(&launch);

		/* or it did not start because a service manager was quicker */
		r = client_ask(PROTOCOL_SOCKET, &request, message, NULL, &diag);
		if (r == CLIENT_E_ABSENT && failed)
			diag = launch;
	}
	if (r)
		return refused(&diag);

	if (message->header.op == PROTOCOL_DONE && message->done.secret[0])
		(void)printf(
			"secret: %s\n"
			"        This is the operator's secret, shown this once. Keep it, and not on this host:\n"
			"        in enforce nothing stops or weakens the guard without it.\n",
			message->done.secret);
	else
		(void)printf("secret: the one that an earlier `guard up` printed\n");
	(void)printf("armed in %" PRIu64 " ms\n", message->done.armed_ns / 1000000);
	print_weak();
	return fflush(stdout) == 0
		       ? CLI_DONE
		       : cli_error("the secret could not be printed: %s", strerror(errno));
}

/* What a request changes, and what is said when it has. */
struct change {
	unsigned op;
	const char *done;
	uint32_t confirm_s;
	struct parcel parcel;
};

static int change(const struct cli_call *call, const struct change *want)
{
	_cleanup_(message_freep) struct protocol_message *message = message_new();
	struct protocol_change change = {
		.header = {.op = (uint16_t)want->op,
			   .size = sizeof(change),
			   .n_fds = want->parcel.n},
		.confirm_s = want->confirm_s,
	};
	struct client_request request = {
		.header = &change.header,
		.secret = &change.secret,
		.fds = want->parcel.fds,
		.secret_fd = cli_option(call, "secret-fd"),
	};
	_cleanup_close_ int fd = -EBADF;
	struct diag diag = {};

	if (!message)
		return cli_error("out of memory");
	if (client_ask(PROTOCOL_SOCKET, &request, message, &fd, &diag))
		return refused(&diag);

	if (message->header.op == PROTOCOL_DONE && message->done.secret[0])
		(void)printf(
			"secret: %s\n"
			"        The guard enforces from now on; this is the operator's secret, shown this once.\n",
			message->done.secret);
	if (want->op == PROTOCOL_DOWN)
		client_wait_closed(fd);
	(void)printf("%s\n", want->done);
	return CLI_DONE;
}

static int guard_verb_down(const struct cli_call *call)
{
	const struct change down = {PROTOCOL_DOWN, "the guard is down"};

	return change(call, &down);
}

static int guard_verb_confirm(const struct cli_call *call)
{
	const struct change confirm = {PROTOCOL_CONFIRM, "the guard goes on enforcing"};

	return change(call, &confirm);
}

static int guard_verb_reload(const struct cli_call *call)
{
	_cleanup_(parcel_close) struct parcel parcel = PARCEL_INIT;
	struct change reload = {PROTOCOL_RELOAD, "the new policy is in force"};
	int r;

	r = client_seconds(call, "confirm-within", &reload.confirm_s);
	if (r)
		return r;
	r = parcel_open(call->args[0], NULL, &parcel);
	if (r)
		return r;
	reload.parcel = parcel;
	return change(call, &reload);
}

static int guard_verb_upgrade(const struct cli_call *call)
{
	_cleanup_(message_freep) struct protocol_message *message = message_new();
	struct protocol_change upgrade = {
		.header = {.op = PROTOCOL_UPGRADE, .size = sizeof(upgrade), .n_fds = 1}};
	_cleanup_close_ int fd = open(call->args[0], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct client_request request = {
		.header = &upgrade.header,
		.secret = &upgrade.secret,
		.fds = &fd,
		.secret_fd = cli_option(call, "secret-fd"),
	};
	struct diag diag = {};

	if (!message)
		return cli_error("out of memory");
	if (fd < 0)
		return cli_error("%s: %s", call->args[0], strerror(errno));
	if (client_ask(PROTOCOL_SOCKET, &request, message, NULL, &diag))
		return refused(&diag);
	(void)printf("holdfastd may be replaced by this one, and makes room when it is\n");
	return CLI_DONE;
}

static int print_picture(const struct cli_call *call, const struct guard_picture *picture)
{
	if (cli_option(call, "json")) {
		json_t *json = guard_picture_json(picture);
		int r = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

		json_decref(json);
		if (r < 0)
			return cli_error("the status cannot be printed as JSON");
		(void)putchar('\n');
	} else {
		guard_picture_print(stdout, picture);
	}
	return guard_picture_ok(picture) ? CLI_DONE : CLI_FAILED;
}

static int guard_verb_status(const struct cli_call *call)
{
	_cleanup_(message_freep) struct protocol_message *message = message_new();
	_cleanup_free_ void *image = NULL;
	struct guard_picture picture = {};
	struct diag diag = {};
	int r;

	if (!message)
		return cli_error("out of memory");
	r = client_state(message, &image, &diag);
	if (r && r != CLIENT_E_ABSENT)
		return refused(&diag);

	if (r == 0)
		picture.state = &message->state;
	else if (access(GUARD_PIN_DIR, F_OK) == 0)
		picture.pinned = true;
	else if (errno != ENOENT)
		return cli_error("%s: %s", GUARD_PIN_DIR, strerror(errno));
	picture.image = image;
	return print_picture(call, &picture);
}

static const struct cli_option secret_options[] = {
	{.name = "secret-fd", .value = "N", .help = "read the operator's secret from descriptor N"},
	{0},
};

static const struct cli_option up_options[] = {
	{.name = "trust",
	 .value = "CERT",
	 .help = "take policies signed by this certificate's key only, from now on"},
	{.name = "confirm-within",
	 .value = "TIME",
	 .help = "observe after TIME (90s, 10m, 2h) unless `guard confirm` comes"},
	{0},
};

static const struct cli_option reload_options[] = {
	{.name = "confirm-within",
	 .value = "TIME",
	 .help = "observe after TIME (90s, 10m, 2h) unless `guard confirm` comes"},
	{.name = "secret-fd", .value = "N", .help = "read the operator's secret from descriptor N"},
	{0},
};

static const struct cli_option status_options[] = {
	{.name = "json", .help = "print one JSON object"},
	{0},
};

static const struct cli_option explain_options[] = {
	{.name = "policy", .value = "POLICY", .help = "say where in this policy it was decided"},
	{0},
};

const struct cli_verb cli_guard_verbs[] = {
	{
		.object = "guard",
		.verb = "up",
		.args = "[IMAGE]",
		.max_args = 1,
		.options = up_options,
		.help = "arm the guard by an image, or by the one for the boot; print the secret",
		.run = guard_verb_up,
	},
	{
		.object = "guard",
		.verb = "down",
		.args = "",
		.options = secret_options,
		.help = "take the guard down and leave nothing behind",
		.run = guard_verb_down,
	},
	{
		.object = "guard",
		.verb = "reload",
		.args = "IMAGE",
		.min_args = 1,
		.max_args = 1,
		.options = reload_options,
		.help = "put another policy in force",
		.run = guard_verb_reload,
	},
	{
		.object = "guard",
		.verb = "confirm",
		.args = "",
		.options = secret_options,
		.help = "go on enforcing: this host can still be reached",
		.run = guard_verb_confirm,
	},
	{
		.object = "guard",
		.verb = "upgrade",
		.args = "HOLDFASTD",
		.min_args = 1,
		.max_args = 1,
		.options = secret_options,
		.help = "admit another holdfastd, which takes over when it is in place",
		.run = guard_verb_upgrade,
	},
	{
		.object = "guard",
		.verb = "status",
		.args = "",
		.options = status_options,
		.help = "say what is guarded, how well, and what was lost",
		.run = guard_verb_status,
	},
	{
		.object = "guard",
		.verb = "explain",
		.args = "EVENT",
		.min_args = 1,
		.max_args = 1,
		.options = explain_options,
		.help = "say what an event means, what decided, and what would allow it",
		.run = guard_verb_explain,
	},
	{0},
};
