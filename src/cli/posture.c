// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast posture`: its verb; what is read and judged is in src/posture. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/posture-fix.h"
#include "cli/posture-view.h"
#include "guard/protocol.h"
#include "policy/image-check.h"
#include "posture/objects.h"
#include "posture/posture.h"

static void decrefp(json_t **json)
{
	json_decref(*json);
}

/* An image from a file. Return: 0; CLI_FAILED, said unless it need not be there. */
static int read_image(const char *path, bool needed, void **ret_image)
{
	_cleanup_free_ char *image = NULL;
	struct diag diag = {0};
	size_t size;
	int r;

	diag_set(&diag, NULL, 0, 0, "it is too big for an image");
	r = file_read(AT_FDCWD, path, IMAGE_MAX_SIZE, &image, &size);
	if (!r)
		r = image_check(image, size, &diag);
	if (r && needed)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : diag.text);
	if (r)
		return CLI_FAILED;
	*ret_image = TAKE_PTR(image);
	return CLI_DONE;
}

/* The policy that is asked for, that in force, or the one of the next boot. */
static int choose_policy(const struct cli_call *call, void **ret_image)
{
	struct protocol_message *message;
	struct diag diag = {0};
	int r;

	if (cli_option(call, "policy"))
		return read_image(cli_option(call, "policy"), true, ret_image);
	if (cli_option(call, "root"))
		return CLI_DONE;
	message = calloc(1, sizeof(*message));
	if (!message)
		return cli_error("%s", strerror(ENOMEM));
	r = client_state(message, ret_image, &diag);
	protocol_message_done(message);
	free(message);
	/* who may not ask the daemon may perhaps read the file */
	if (r || !*ret_image)
		(void)read_image(PROTOCOL_BOOT_IMAGE, false, ret_image);
	return CLI_DONE;
}

/* Each id of a list by commas is that of a check. */
static int check_ids(const struct cli_call *call, const char *ids)
{
	const struct posture_check *check;

	for (const char *p = ids;; p++) {
		size_t n = strcspn(p, ","), i = 0;

		while ((check = posture_check_each(i)) &&
		       (strlen(check->id) != n || strncmp(check->id, p, n) != 0))
			i++;
		if (!check)
			return cli_usage_error(call, "there is no check '%.*s'", (int)n, p);
		p += n;
		if (!*p)
			return CLI_DONE;
	}
}

static int print_json(json_t *json)
{
	int r;

	if (!json)
		return cli_error("%s", strerror(ENOMEM));
	r = json_dumpf(json, stdout, JSON_INDENT(2));
	json_decref(json);
	if (r < 0)
		return cli_error("cannot write");
	(void)putchar('\n');
	return CLI_DONE;
}

static int print(const struct cli_call *call, const struct posture *posture,
		 const struct posture_demand *demand)
{
	const char *explain = cli_option(call, "explain");

	if (explain) {
		posture_explain(stdout, posture_find(posture, explain));
		return CLI_DONE;
	}
	if (cli_option(call, "json"))
		return print_json(posture_json(posture, demand));
	if (cli_option(call, "sarif"))
		return print_json(posture_sarif(posture));
	posture_text(stdout, posture);
	return CLI_DONE;
}

static int record(const char *path, const struct posture *posture,
		  const struct posture_demand *demand)
{
	_cleanup_(decrefp) json_t *json = posture_json(posture, demand);
	_cleanup_free_ char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int r;

	if (!text)
		return cli_error("%s", strerror(ENOMEM));
	r = file_write_atomic(path, text, strlen(text), 0644);
	if (r)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it is no regular file");
	(void)printf("recorded in %s\n", path);
	return CLI_DONE;
}

/* What is there is compared with; what is not is made. */
static int compare(const struct cli_call *call, const struct posture *posture,
		   const struct posture_demand *demand)
{
	const char *path = cli_option(call, "baseline");
	_cleanup_(decrefp) json_t *changes = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size, n_worse;
	int r;

	r = file_read(AT_FDCWD, path, BASELINE_MAX, &text, &size);
	if (r == -ENOENT)
		return record(path, posture, demand);
	if (r)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it is too big");
	r = baseline_compare(text, size, posture, &changes, &n_worse);
	if (r)
		return cli_error("%s: %s", path,
				 r < 0 ? strerror(-r)
				       : "it is not what --baseline or --json has written");
	if (cli_option(call, "json"))
		r = print_json(json_pack("{s:O}", "changes", changes));
	else
		baseline_text(stdout, changes);
	if (r)
		return r;
	return n_worse ? cli_error("%zu checks are worse than in %s", n_worse, path) : CLI_DONE;
}

static int report_failed(const struct posture *posture, const struct posture_demand *demand)
{
	char names[512];
	size_t n = 0, used = 0;

	for (size_t i = 0; i < posture->n; i++) {
		if (!posture_fails(demand, &posture->findings[i]))
			continue;
		n++;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", posture->findings[i].check->id);
	}
	if (!n)
		return CLI_DONE;
	return cli_error("%zu required check%s: %s", n, n == 1 ? " fails" : "s fail", names);
}

static int check_options(const struct cli_call *call)
{
	const char *require = cli_option(call, "require"), *explain = cli_option(call, "explain");
	int r = CLI_DONE;

	if (!!cli_option(call, "json") + !!cli_option(call, "sarif") + !!explain > 1 ||
	    (cli_option(call, "baseline") && (cli_option(call, "sarif") || explain)))
		return cli_usage_error(call, "--json, --sarif and --explain go with no other, and "
					     "--baseline with --json alone");
	if (require)
		r = check_ids(call, require);
	if (!r && explain && strchr(explain, ','))
		return cli_usage_error(call, "--explain takes one check");
	return r ?: (explain ? check_ids(call, explain) : CLI_DONE);
}

static int check(const struct cli_call *call)
{
	struct posture_demand demand = {.ids = cli_option(call, "require")};
	_cleanup_(posture_freep) struct posture *posture = NULL;
	_cleanup_free_ void *image = NULL;
	struct posture_options options = {.root = cli_option(call, "root")};
	int r;

	r = check_options(call);
	if (!r)
		r = choose_policy(call, &image);
	if (r)
		return r;
	options.policy = demand.policy = image;
	options.objects = options.root ? NULL : objects_read;
	r = posture_read(&options, &posture);
	if (r < 0)
		return cli_error("%s: %s", options.root ?: "/", strerror(-r));

	r = cli_option(call, "baseline") ? compare(call, posture, &demand)
					 : print(call, posture, &demand);
	if (!r && fflush(stdout) != 0)
		return cli_error("cannot write: %s", strerror(errno));
	/* a baseline has its own demand: nothing is worse */
	if (r || cli_option(call, "explain") || (cli_option(call, "baseline") && !demand.ids))
		return r;
	return report_failed(posture, &demand);
}

static const struct cli_option check_verb_options[] = {
	{"baseline", '\0', "FILE", "compare with it; if it is not there, record"},
	{"explain", '\0', "ID", "all about one check"},
	{"json", '\0', NULL, "for machines"},
	{"policy", '\0', "IMAGE", "whose objects and tasks are known; else the one in force"},
	{"require", '\0', "ID,...",
	 "what has to be good; else nothing may be bad, and be as the policy requires"},
	{"root", '\0', "DIR", "where /proc, /sys and /etc are looked for"},
	{"sarif", '\0', NULL, "as SARIF 2.1.0"},
	{NULL},
};

const struct cli_verb cli_posture_verbs[] = {
	{"posture", "check", "", 0, 0, check_verb_options,
	 "say whether the host's own settings hold, and what they open", check},
	{"posture", "fix", "[ID...]", 0, CLI_ANY_ARGS, posture_fix_options,
	 "mend what is weak, for now and for later boots, or say what would be done", posture_fix},
	{NULL},
};
