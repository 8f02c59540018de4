// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast log status`: what a log has, and who has signed it, at a glance. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/log-source.h"
#include "cli/log-verbs.h"
#include "evidence/folder.h"
#include "evidence/pending.h"

/* Whether somebody vouches for the checkpoint. */
struct vouched {
	bool asked, holds;
	struct diag why; /* it does not */
};

struct status {
	const struct checkpoint *checkpoint;
	const struct note *note;
	int64_t age; /* seconds since the checkpoint was written, by this host's clock */
	uint64_t first;
	bool has_unsigned; /* whether the tail could be read */
	uint64_t n_unsigned;
	struct vouched signature, quorum;
	const struct quorum *policy; /* or NULL */
	struct quorum_report report; /* if the quorum holds */
};

/* Return: 0; a negative errno. What is refused is no failure of ours. */
static int vouch(int r, struct vouched *vouched)
{
	vouched->asked = true;
	vouched->holds = r == 0;
	return r < 0 ? r : 0;
}

static int check_key(const struct note_key *key, struct status *status)
{
	struct diag *why = &status->signature.why;
	int r = note_verify(status->note, key, NULL, why);

	if (r == NOTE_E_UNSIGNED)
		diag_set(why, NULL, 0, 0, "it is not signed by %s: is that the log's own key?",
			 key->name);
	if (!r && strcmp(key->name, status->checkpoint->origin) != 0) {
		diag_set(why, NULL, 0, 0, "it is of the log %s, the key is that of %s",
			 status->checkpoint->origin, key->name);
		r = NOTE_E_REFUSED;
	}
	return vouch(r, &status->signature);
}

static int check_policy(const struct quorum *policy, struct status *status)
{
	const char *origin = status->checkpoint->origin;
	int r;

	status->policy = policy;
	r = vouch(quorum_check_log(policy, status->note, origin, &status->signature.why),
		  &status->signature);
	if (r)
		return r;
	return vouch(
		quorum_check(policy, status->note, origin, &status->report, &status->quorum.why),
		&status->quorum);
}

/* All that is read of the folder but the checkpoint. What reads entries has its place here. */
static int look(const struct log_source *log, struct status *status)
{
	struct diag diag = {0};
	struct stat st;
	int r;

	if (fstatat(log->fd, "checkpoint", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cli_error("%s/checkpoint: %s", log->path, strerror(errno));
	status->age = time(NULL) - st.st_mtime;
	r = folder_read_retention(log->fd, &status->first, &diag);
	if (r)
		return log_error(log->path, r, &diag);
	r = pending_count(log->fd, log->checkpoint.tree.size, &status->n_unsigned);
	status->has_unsigned = r == 0;
	/* a copy of a log has no tail, and its owner's is not for everybody */
	if (r < 0 && r != -ENOENT && r != -EACCES && r != -EPERM)
		return cli_error("%s/tail: %s", log->path, strerror(-r));
	return CLI_DONE;
}

static json_t *vouched_json(const struct vouched *vouched)
{
	return vouched->asked ? json_boolean(vouched->holds) : json_null();
}

static int print_json(const struct status *status)
{
	const struct checkpoint *checkpoint = status->checkpoint;
	_cleanup_(log_decrefp) json_t *json = NULL;
	json_t *signatures = json_array();

	for (size_t i = 0; i < status->note->n_signatures; i++) {
		const struct note_signature *signature = &status->note->signatures[i];
		char id[9];

		(void)snprintf(id, sizeof(id), "%08" PRIx32, signature->id);
		(void)json_array_append_new(signatures,
					    json_pack("{s:s%, s:s}", "name", signature->name.at,
						      signature->name.size, "id", id));
	}
	json = json_pack("{s:s, s:I, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "origin",
			 checkpoint->origin, "size", (json_int_t)checkpoint->tree.size, "root",
			 log_root_json(&checkpoint->tree.root), "age", (json_int_t)status->age,
			 "first", (json_int_t)status->first, "unsigned",
			 status->has_unsigned ? json_integer((json_int_t)status->n_unsigned)
					      : json_null(),
			 "signatures", signatures, "signature", vouched_json(&status->signature),
			 "quorum", vouched_json(&status->quorum));
	if (json && status->quorum.holds)
		(void)json_object_set_new(json, "witnesses",
					  log_witnesses_json(status->policy, &status->report));
	return log_print_json(json);
}

static void print_vouched(const char *what, const struct vouched *vouched)
{
	if (vouched->asked)
		(void)printf("%s%s\n", what, vouched->holds ? "holds" : vouched->why.text);
}

static int print_text(const struct status *status)
{
	const struct checkpoint *checkpoint = status->checkpoint;
	char root[BASE64_LEN(SHA256_LEN) + 1];

	base64_encode(checkpoint->tree.root.bytes, SHA256_LEN, root);
	(void)printf("origin          %s\n"
		     "entries         %" PRIu64 ", kept from %" PRIu64 " on\n"
		     "root            %s\n"
		     "checkpoint      %" PRId64 " s old\n",
		     checkpoint->origin, checkpoint->tree.size, status->first, root, status->age);
	for (size_t i = 0; i < status->note->n_signatures; i++) {
		const struct note_signature *signature = &status->note->signatures[i];

		(void)printf("signature by    %.*s+%08" PRIx32 "\n", (int)signature->name.size,
			     signature->name.at, signature->id);
	}
	if (status->has_unsigned)
		(void)printf("not yet signed  %" PRIu64 " entries\n", status->n_unsigned);
	print_vouched("log's signature ", &status->signature);
	print_vouched("quorum          ", &status->quorum);
	if (status->quorum.holds)
		log_print_witnesses(status->policy, &status->report);
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int open_note(const struct log_source *log, struct note **ret_note)
{
	struct diag diag = {0};
	int r;

	*ret_note = malloc(sizeof(**ret_note));
	if (!*ret_note)
		return cli_error("%s", strerror(ENOMEM));
	r = note_parse(log->note, log->note_size, *ret_note, &diag);
	diag.file = "checkpoint";
	return r ? log_error(log->path, r, &diag) : CLI_DONE;
}

int log_status(const struct cli_call *call)
{
	_cleanup_(log_source_done) struct log_source log = {
		.path = cli_option(call, "log") ?: LOG_DIR, .fd = -EBADF};
	const char *policy_path = cli_option(call, "policy"), *vkey = cli_option(call, "key");
	struct status status = {.checkpoint = &log.checkpoint};
	_cleanup_free_ struct quorum *policy = NULL;
	_cleanup_free_ struct note *note = NULL;
	struct note_key key;
	int r = CLI_DONE;

	if (vkey && policy_path)
		return cli_usage_error(call, "--key is for who has no policy: name one of both");
	if (vkey)
		r = log_key(call, &key);
	else if (policy_path)
		r = log_read_policy(policy_path, &policy);
	if (!r)
		r = log_source_open(&log, NULL);
	if (!r)
		r = open_note(&log, &note);
	if (!r)
		r = look(&log, &status);
	if (r)
		return r;
	status.note = note;
	if (vkey)
		r = check_key(&key, &status);
	else if (policy)
		r = check_policy(policy, &status);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	r = cli_option(call, "json") ? print_json(&status) : print_text(&status);
	if (!r && status.signature.asked && !status.signature.holds)
		return cli_error("%s/checkpoint: %s", log.path, status.signature.why.text);
	if (!r && status.quorum.asked && !status.quorum.holds)
		return cli_error("%s/checkpoint: %s", log.path, status.quorum.why.text);
	return r;
}
