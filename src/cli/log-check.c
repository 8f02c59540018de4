// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast log check --since`: two checkpoints of a log, one of which was kept. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/log-source.h"
#include "cli/log-verbs.h"

static int print(const struct cli_call *call, const struct quorum *policy,
		 const struct proof_since_report *report)
{
	const struct merkle_tree *earlier = &report->earlier.tree;
	const struct checkpoint *later = &report->later.checkpoint;

	if (cli_option(call, "json")) {
		_cleanup_(log_decrefp) json_t *json = json_pack(
			"{s:s, s:I, s:o, s:I, s:o, s:b, s:o}", "origin", later->origin, "since",
			(json_int_t)earlier->size, "since_root", log_root_json(&earlier->root),
			"size", (json_int_t)later->tree.size, "root",
			log_root_json(&later->tree.root), "verified", 1, "witnesses",
			log_witnesses_json(policy, &report->later.quorum));

		return log_print_json(json);
	}
	(void)printf("%s: the log of %" PRIu64 " entries continues the one that had %" PRIu64 "\n",
		     later->origin, later->tree.size, earlier->size);
	log_print_witnesses(policy, &report->later.quorum);
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

/* How many entries the earlier checkpoint says; its signature is not looked at yet. */
static int earlier_size(const char *path, struct text text, uint64_t *ret_size)
{
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	struct checkpoint checkpoint;
	struct diag diag = {0};
	int r;

	if (!note)
		return cli_error("%s", strerror(ENOMEM));
	r = note_parse(text.at, text.size, note, &diag);
	if (!r)
		r = checkpoint_parse(note->text, &checkpoint, &diag);
	if (r)
		return log_file_error(path, r, &diag);
	*ret_size = checkpoint.tree.size;
	return CLI_DONE;
}

/* A log that has become shorter has no proof: that it has is what is said of it. */
static int make_proof(const struct cli_call *call, struct text earlier, struct log_source *log,
		      struct proof_since *ret_proof)
{
	uint64_t size = 0;
	int r;

	r = earlier_size(cli_option(call, "since"), earlier, &size);
	if (!r)
		r = log_source_open(log, cli_option(call, "checkpoint"));
	if (r)
		return r;
	if (size <= log->checkpoint.tree.size)
		return log_source_since(log, size, ret_proof);
	*ret_proof = (struct proof_since){.note = {log->note, log->note_size}};
	return CLI_DONE;
}

int log_check_since(const struct cli_call *call, const struct quorum *policy)
{
	_cleanup_(log_source_done) struct log_source log = {.path = call->args[0], .fd = -EBADF};
	const char *path = call->args[0];
	_cleanup_free_ char *earlier = NULL, *text = NULL;
	struct proof_since_report report;
	struct proof_since proof;
	size_t earlier_n, size;
	struct diag diag = {0};
	struct stat st;
	int r;

	r = log_read_file(cli_option(call, "since"), NOTE_MAX_SIZE, &earlier, &earlier_n);
	if (r)
		return r;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = make_proof(call, (struct text){earlier, earlier_n}, &log, &proof);
		if (r)
			return r;
	} else if (cli_option(call, "checkpoint")) {
		return cli_usage_error(call,
				       "--checkpoint goes with a log's folder: a proof has one");
	} else {
		r = log_read_file(path, PROOF_MAX_SIZE, &text, &size);
		if (r)
			return r;
		r = proof_parse_since(text, size, &proof, &diag);
		if (r)
			return log_file_error(path, r, &diag);
	}
	r = proof_check_since((struct text){earlier, earlier_n}, &proof, policy, &report, &diag);
	return r ? log_file_error(path, r, &diag) : print(call, policy, &report);
}
