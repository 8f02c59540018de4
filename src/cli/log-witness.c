// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `holdfast log witness`: has the witnesses of a policy cosign a log's checkpoint (C2SP
 * tlog-witness). Needs no right but to read the log, and never writes into its folder.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "cli/log-source.h"
#include "cli/log-verbs.h"
#include "evidence/witness.h"

/* Requests to one witness: it may go on while we ask. */
#define TRIES 4

#define MAX_SECONDS 86400

struct asking {
	const char *path; /* of the log */
	const char *state_path, *output;
	const struct quorum *policy;
	struct http *http;
	uint64_t seen[QUORUM_MAX]; /* entries, as the witnesses have said */
};

/* A checkpoint that gathers cosignatures. */
struct gathering {
	const struct log_source *log;
	struct note *note;
	char *cosigned; /* the note, and a line for each witness that has */
	size_t size;
};

static int read_state(struct asking *asking, const char *origin)
{
	_cleanup_free_ char *text = NULL;
	struct diag diag = {0};
	size_t size;
	int r;

	if (!asking->state_path)
		return CLI_DONE;
	r = file_read(AT_FDCWD, asking->state_path, WITNESS_MAX_STATE, &text, &size);
	if (r == -ENOENT)
		return CLI_DONE;
	if (r)
		return cli_error("%s: %s", asking->state_path,
				 r < 0 ? strerror(-r) : "it is too big");
	r = witness_state_parse((struct text){text, size}, asking->policy, origin, asking->seen,
				&diag);
	return r ? log_file_error(asking->state_path, r, &diag) : CLI_DONE;
}

static int write_state(const struct asking *asking, const char *origin)
{
	_cleanup_free_ char *text = NULL;

	if (!asking->state_path)
		return CLI_DONE;
	if (witness_state_format(asking->policy, origin, asking->seen, &text) < 0)
		return cli_error("%s", strerror(ENOMEM));
	return log_write_file(asking->state_path, text);
}

static int add_line(struct gathering *gathering, const char *line)
{
	size_t size = strlen(line);
	char *cosigned;

	/* it was asked in vain: the log's own checkpoint has it */
	if (memmem(gathering->cosigned, gathering->size, line, size))
		return CLI_DONE;
	cosigned = realloc(gathering->cosigned, gathering->size + size + 1);
	if (!cosigned)
		return cli_error("%s", strerror(ENOMEM));
	memcpy(cosigned + gathering->size, line, size + 1);
	gathering->cosigned = cosigned;
	gathering->size += size;
	return CLI_DONE;
}

/* What came is no answer. Return: WITNESS_E_REFUSED, said. */
static int unanswered(const struct quorum_witness *witness, int r, const struct diag *diag)
{
	(void)cli_error("witness %s: %s", witness->name, r < 0 ? strerror(-r) : diag->text);
	return WITNESS_E_REFUSED;
}

/* One request. Return: 0; WITNESS_E_OTHER_SIZE; WITNESS_E_REFUSED, said. */
static int ask_once(struct asking *asking, const struct witness_asked *asked,
		    struct log_source *log, struct witness_reply *ret_reply)
{
	const struct quorum_witness *witness = asked->witness;
	size_t end = strlen(witness->url);
	_cleanup_free_ char *body = NULL, *url = NULL;
	struct http_answer got = {0};
	struct proof_since proof;
	struct diag diag = {0};
	int r;

	while (end && witness->url[end - 1] == '/')
		end--;
	if (log_source_since(log, asked->earlier, &proof) != CLI_DONE)
		return WITNESS_E_REFUSED;
	if (proof_format_since(&proof, &body) < 0 ||
	    asprintf(&url, "%.*s/add-checkpoint", (int)end, witness->url) < 0)
		return unanswered(witness, -ENOMEM, &diag);
	r = http_post(asking->http, url, body, &got, &diag);
	if (r)
		return unanswered(witness, r, &diag);
	r = witness_read(asked, &(struct witness_answer){got.status, {got.body, got.size}},
			 ret_reply, &diag);
	free(got.body);
	return r == 0 || r == WITNESS_E_OTHER_SIZE ? r : unanswered(witness, r, &diag);
}

/* Return: CLI_DONE if it has cosigned; CLI_FAILED, said. */
static int ask(struct asking *asking, size_t index, struct log_source *log,
	       struct gathering *gathering)
{
	const struct quorum_witness *witness = &asking->policy->witnesses[index];
	struct witness_asked asked = {
		.witness = witness,
		.checkpoint = &log->checkpoint,
		.text = gathering->note->text,
		.earlier = asking->seen[index],
	};
	uint64_t size = log->checkpoint.tree.size;
	struct witness_reply reply;

	if (asked.earlier > size)
		return cli_error("witness %s: rolled back: it has seen %" PRIu64
				 " entries of %s, which has %" PRIu64 " now",
				 witness->name, asked.earlier, log->checkpoint.origin, size);
	for (int i = 0; i < TRIES; i++) {
		int r = ask_once(asking, &asked, log, &reply);

		if (r == 0) {
			asking->seen[index] = size;
			(void)printf("cosigned by %s at %" PRIu64 "\n", witness->name, reply.time);
			return add_line(gathering, reply.line);
		}
		if (r != WITNESS_E_OTHER_SIZE)
			return CLI_FAILED;
		asked.earlier = asking->seen[index] = reply.size;
	}
	return cli_error("witness %s: it says another size each time: does somebody else have the "
			 "log cosigned?",
			 witness->name);
}

/* Whether enough have cosigned; then it is worth being kept. */
static int settle(const struct asking *asking, const struct gathering *gathering)
{
	const struct checkpoint *checkpoint = &gathering->log->checkpoint;
	struct quorum_report report;
	struct diag diag = {0};
	int r;

	r = note_parse(gathering->cosigned, gathering->size, gathering->note, &diag);
	if (!r)
		r = quorum_check(asking->policy, gathering->note, checkpoint->origin, &report,
				 &diag);
	if (r)
		return cli_error("%s: %s", asking->path, r < 0 ? strerror(-r) : diag.text);
	if (asking->output) {
		r = log_write_file(asking->output, gathering->cosigned);
		if (r)
			return r;
	}
	(void)printf("%s: the checkpoint of %" PRIu64 " entries is cosigned by the quorum\n",
		     checkpoint->origin, checkpoint->tree.size);
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int begin(const struct asking *asking, struct log_source *log, struct gathering *gathering)
{
	struct diag diag = {0};
	int r;

	r = log_source_open(log, NULL);
	if (r)
		return r;
	gathering->cosigned = strndup(log->note, log->note_size);
	gathering->size = log->note_size;
	if (!gathering->cosigned)
		return cli_error("%s", strerror(ENOMEM));
	r = note_parse(log->note, log->note_size, gathering->note, &diag);
	/* nobody is to be asked to vouch for what the log has not signed */
	if (!r)
		r = quorum_check_log(asking->policy, gathering->note, log->checkpoint.origin,
				     &diag);
	diag.file = "checkpoint";
	return r ? log_error(asking->path, r, &diag) : CLI_DONE;
}

static int round_of(struct asking *asking)
{
	_cleanup_(log_source_done) struct log_source log = {.path = asking->path, .fd = -EBADF};
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	struct gathering gathering = {.log = &log, .note = note};
	int r, kept;

	if (!note)
		return cli_error("%s", strerror(ENOMEM));
	r = begin(asking, &log, &gathering);
	if (!r)
		r = read_state(asking, log.checkpoint.origin);
	if (!r) {
		/* who has not cosigned has said why; whether that matters, the quorum says */
		for (size_t i = 0; i < asking->policy->n_witnesses; i++) {
			if (asking->policy->witnesses[i].url[0])
				(void)ask(asking, i, &log, &gathering);
		}
		kept = write_state(asking, log.checkpoint.origin);
		r = settle(asking, &gathering) ?: kept;
	}
	free(gathering.cosigned);
	return r;
}

static int check_urls(const char *path, const struct quorum *policy)
{
	size_t n = 0;

	for (size_t i = 0; i < policy->n_witnesses; i++) {
		const char *url = policy->witnesses[i].url;

		if (!url[0])
			continue;
		if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
			return cli_error("%s: the URL of the witness '%s' is neither http:// nor "
					 "https://",
					 path, policy->witnesses[i].name);
		n++;
	}
	return n ? CLI_DONE : cli_error("%s: no witness has a URL: there is nobody to ask", path);
}

static int ask_all(struct asking *asking, uint64_t every)
{
	for (;;) {
		const struct timespec pause = {.tv_sec = (time_t)every};
		int r = round_of(asking);

		if (!every)
			return r;
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

int log_witness(const struct cli_call *call)
{
	const char *policy_path = cli_option(call, "policy"), *every = cli_option(call, "every");
	struct asking asking = {
		.path = cli_option(call, "log") ?: LOG_DIR,
		.state_path = cli_option(call, "state"),
		.output = cli_option(call, "output"),
	};
	_cleanup_(http_closep) struct http *http = NULL;
	_cleanup_free_ struct quorum *policy = NULL;
	struct diag diag = {0};
	uint64_t seconds = 0;
	int r;

	if (!policy_path)
		return cli_usage_error(call, "name the witnesses: --policy FILE");
	if (every && cli_option(call, "once"))
		return cli_usage_error(call, "--once or --every: one of both");
	if (every &&
	    (!text_decimal(log_text(every), &seconds) || seconds == 0 || seconds > MAX_SECONDS))
		return cli_usage_error(call, "--every takes seconds, from 1 to %d", MAX_SECONDS);
	r = log_read_policy(policy_path, &policy);
	if (!r)
		r = check_urls(policy_path, policy);
	if (r)
		return r;
	r = http_open(&http, &diag);
	if (r)
		return cli_error("%s", r < 0 ? strerror(-r) : diag.text);
	asking.policy = policy;
	asking.http = http;
	return ask_all(&asking, seconds);
}
