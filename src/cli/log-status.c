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
#include "evidence/follow.h"
#include "evidence/pending.h"
#include "evidence/verify.h"
#include "export/figures.h"

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
	struct figures_spread detect;
	struct figures_coverage coverage;
};

/* Return: 0; a negative errno. What is refused is no failure of ours. */
static int vouch(int r, struct vouched *vouched)
{
	vouched->asked = true;
	vouched->holds = r == 0;
	return r < 0 ? r : 0;
}

static int check_key(const struct log_source *log, const struct note_key *key,
		     struct status *status)
{
	struct diag *why = &status->signature.why;
	int r = verify_note(log->fd, status->note, key, why);

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

/* What is said by the entries that are kept. A log that is damaged says as much as can be read. */
static int look_at_entries(const struct log_source *log, struct status *status)
{
	const struct follow_options options = {.path = log->path, .from = status->first};
	_cleanup_(figures_freep) struct figures *figures = NULL;
	_cleanup_(follow_freep) struct follow *follow = NULL;
	struct follow_entry entry;
	int r;

	r = figures_new(&figures);
	if (r == 0)
		r = follow_new(&options, &follow);
	while (r == 0 && (r = follow_next(follow, &entry, NULL)) == 0)
		r = figures_take(figures, &entry);
	if (r < 0)
		return cli_error("%s: %s", log->path, strerror(-r));
	figures_detect(figures, &status->detect);
	figures_coverage(figures, &status->coverage);
	return CLI_DONE;
}

/* All that is read of the folder but the checkpoint. */
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
	return look_at_entries(log, status);
}

static double coverage_of(const struct status *status)
{
	const struct figures_coverage *coverage = &status->coverage;

	if (coverage->loads == 0 || coverage->decided >= coverage->loads)
		return 1;
	return (double)coverage->decided / (double)coverage->loads;
}

static json_t *detect_json(const struct figures_spread *detect)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "n", (json_int_t)detect->n, "median",
			 (json_int_t)detect->median, "p90", (json_int_t)detect->p90, "max",
			 (json_int_t)detect->max, "median_low", (json_int_t)detect->low,
			 "median_high", (json_int_t)detect->high);
}

static json_t *coverage_json(const struct status *status)
{
	const struct figures_coverage *coverage = &status->coverage;
	double low, high;

	figures_wilson(coverage->decided, coverage->loads, &low, &high);
	return json_pack("{s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:I}", "loads",
			 (json_int_t)coverage->loads, "decided", (json_int_t)coverage->decided,
			 "coverage", coverage_of(status), "low", low, "high", high, "audit",
			 (json_int_t)coverage->audit, "audit_ids", (json_int_t)coverage->audit_ids,
			 "audit_decided", (json_int_t)coverage->audit_decided);
}

static void print_figures(const struct status *status)
{
	const struct figures_coverage *coverage = &status->coverage;
	const struct figures_spread *detect = &status->detect;
	double low, high;

	(void)printf("time to detect  ");
	if (detect->n)
		(void)printf("%" PRIu64 " denials: median %.3f ms (95 %%: %.3f to %.3f), p90 %.3f, "
			     "max %.3f\n",
			     detect->n, (double)detect->median / 1e6, (double)detect->low / 1e6,
			     (double)detect->high / 1e6, (double)detect->p90 / 1e6,
			     (double)detect->max / 1e6);
	else
		(void)printf("no denials\n");
	figures_wilson(coverage->decided, coverage->loads, &low, &high);
	(void)printf("gate coverage   ");
	if (coverage->loads)
		(void)printf("%" PRIu64 " of %" PRIu64 " program loads have a decision: %.1f %% "
			     "(95 %%: %.1f to %.1f)\n",
			     coverage->decided, coverage->loads, coverage_of(status) * 100,
			     low * 100, high * 100);
	else
		(void)printf("no program loads\n");
	if (coverage->audit_ids)
		(void)printf("                the kernel's audit: %" PRIu64 " loads, %" PRIu64
			     " by their numbers, %" PRIu64 " decided\n",
			     coverage->audit, coverage->audit_ids, coverage->audit_decided);
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
	if (json) {
		(void)json_object_set_new(json, "detect_ns", detect_json(&status->detect));
		(void)json_object_set_new(json, "gate_coverage", coverage_json(status));
	}
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
	print_figures(status);
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
		r = check_key(&log, &key, &status);
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
