// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast release`: one domain for maintenance. Asks holdfastd; decides nothing itself. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "guard/protocol.h"

static int ask(struct client_request *request)
{
	struct protocol_message *message = calloc(1, sizeof(*message));
	struct diag diag = {};
	int r;

	if (!message)
		return cli_error("out of memory");
	r = client_ask(PROTOCOL_SOCKET, request, message, NULL, &diag);
	protocol_message_done(message);
	free(message);
	return r ? cli_error("%s", diag.text) : CLI_DONE;
}

static int release(const struct cli_call *call)
{
	struct protocol_release release = {
		.header = {.op = PROTOCOL_RELEASE, .size = sizeof(release)},
	};
	struct client_request request = {
		.header = &release.header,
		.secret = &release.secret,
		.secret_fd = cli_option(call, "secret-fd"),
	};
	const char *domain = call->args[0], *end = cli_option(call, "end");
	int r;

	if (strlen(domain) >= sizeof(release.domain))
		return cli_usage_error(call, "%s: a domain's name is shorter", domain);
	memcpy(release.domain, domain, strlen(domain));
	r = client_seconds(call, "for", &release.seconds);
	if (r)
		return r;
	if (end && release.seconds)
		return cli_usage_error(call, "--end and --for exclude each other");
	release.flags = end ? PROTOCOL_RELEASE_END : 0;
	r = ask(&request);
	if (r)
		return r;
	(void)printf(end ? "domain %s is as the policy has it again\n"
			 : "domain %s is only observed\n",
		     domain);
	return CLI_DONE;
}

static const struct cli_option options[] = {
	{.name = "for", .value = "TIME", .help = "end by itself after TIME: 90s, 10m, 2h, 1d"},
	{.name = "end", .help = "end it now; needs no secret"},
	{.name = "secret-fd", .value = "N", .help = "read the operator's secret from descriptor N"},
	{0},
};

const struct cli_verb cli_release_verbs[] = {
	{
		.object = "release",
		.args = "DOMAIN",
		.min_args = 1,
		.max_args = 1,
		.options = options,
		.help = "only observe a domain, for its maintenance, until that is ended",
		.run = release,
	},
	{0},
};
