// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast drill`: what the guard in force demands, and the drill in src/drill. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "drill/drill.h"
#include "guard/guard.h"
#include "guard/protocol.h"
#include "policy/image-check.h"

/* The mode of the guard that is in force, as a phase of the drill, and what its policy has. */
static int phase_now(struct drill_options *options)
{
	struct protocol_message *message = calloc(1, sizeof(*message));
	_cleanup_free_ void *image = NULL;
	struct diag diag = {};
	bool pinned = access(GUARD_PIN_DIR, F_OK) == 0;
	int r;

	if (!message)
		return cli_error("out of memory");
	r = client_state(message, &image, &diag);
	protocol_message_done(message);
	free(message);
	if (r == CLIENT_E_ABSENT && pinned)
		return cli_error("a guard is in the kernel, and holdfastd is not running");
	if (r != 0 && r != CLIENT_E_ABSENT)
		return cli_error("%s", diag.text);
	options->phase = DRILL_NONE;
	if (!image)
		return CLI_DONE;
	options->phase = IMAGE_ENFORCES(image_header(image)->mode) ? DRILL_ENFORCE : DRILL_OBSERVE;
	options->locked = image_header(image)->lockdown == IMAGE_LOCKDOWN_CONFIDENTIALITY;
	options->limited = image_header(image)->limits != 0;
	options->cut_off = image_header(image)->switches & IMAGE_CLOSED_NETWORK;
	return CLI_DONE;
}

/* For the tests, which know what should be there. */
static int phase_demanded(const struct cli_call *call, const char *name, enum drill_phase *phase)
{
	enum drill_phase demanded;

	for (demanded = 0; demanded < _DRILL_PHASE_MAX; demanded++)
		if (strcmp(name, drill_phase_name(demanded)) == 0)
			break;
	if (demanded == _DRILL_PHASE_MAX)
		return cli_usage_error(call, "no phase '%s'", name);
	if ((demanded == DRILL_DOWN ? DRILL_NONE : demanded) != *phase)
		return cli_error("the guard is not as '%s' has it, but as '%s'", name,
				 drill_phase_name(*phase));
	*phase = demanded;
	return CLI_DONE;
}

/* Return: CLI_DONE; CLI_USAGE. */
static int soak_seconds(const struct cli_call *call, unsigned int *ret_seconds)
{
	const char *text = cli_option(call, "soak");
	char *end = NULL;
	unsigned long seconds;

	if (!text)
		return CLI_DONE;
	seconds = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || seconds == 0 || seconds > 86400)
		return cli_usage_error(call, "'%s' is no number of seconds, 1 to 86400", text);
	*ret_seconds = (unsigned int)seconds;
	return CLI_DONE;
}

static int drill(const struct cli_call *call)
{
	const char *tap = cli_option(call, "tap");
	struct drill_options options = {
		.only = cli_option(call, "only"),
		.disposable = cli_option(call, "disposable"),
		.start = cli_option(call, "start"),
		.restore = cli_option(call, "restore"),
		.leave = cli_option(call, "leave"),
		.verbs = call->args,
		.n_verbs = call->n_args,
		.format = cli_option(call, "json") ? DRILL_JSON : DRILL_TEXT,
	};
	int r;

	if (options.only && !drill_known(options.only))
		return cli_usage_error(call, "the catalogue has no row '%s'", options.only);
	if (cli_option(call, "list")) {
		drill_list(stdout, options.format == DRILL_JSON);
		return CLI_DONE;
	}
	r = soak_seconds(call, &options.soak);
	if (r != CLI_DONE)
		return r;
	if (geteuid() != 0)
		return cli_error("the drill attacks as root does: run it as root");
	r = phase_now(&options);
	if (r == CLI_DONE && tap)
		r = phase_demanded(call, tap, &options.phase);
	if (r != CLI_DONE)
		return r;
	if (options.soak && options.phase != DRILL_ENFORCE)
		return cli_error("soaking needs a guard that enforces");
	if (tap)
		options.format = options.format == DRILL_JSON ? DRILL_TAP_JSON : DRILL_TAP;
	return drill_run(&options, stdout) == 0 ? CLI_DONE : CLI_FAILED;
}

static const struct cli_option drill_options[] = {
	{.name = "list", .help = "print the catalogue and its techniques, and attack nothing"},
	{.name = "only", .value = "ID", .help = "only the techniques of this row"},
	{.name = "json", .help = "print one JSON object"},
	{.name = "disposable", .help = "this host may be lost: run what is for guests only, too"},
	{.name = "start", .value = "CMD", .help = "start a task by `CMD NAME EXECUTABLE`"},
	{.name = "restore", .value = "CMD", .help = "run after mounts were put back"},
	{.name = "leave",
	 .value = "CMD",
	 .help = "`CMD out` before a technique, `CMD back` after it"},
	{.name = "soak", .value = "SECONDS", .help = "all techniques at once, again and again"},
	{.name = "tap", .value = "PHASE", .help = "print TAP: none, observe, enforce or down"},
	{0},
};

const struct cli_verb cli_drill_verbs[] = {
	{
		.object = "drill",
		.args = "[TECHNIQUE]...",
		.max_args = CLI_ANY_ARGS,
		.options = drill_options,
		.help = "attack a canary by the known techniques, and say what went through",
		.run = drill,
	},
	{0},
};
