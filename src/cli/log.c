// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast log`: logs that can be proven complete, read; nothing here writes one. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/log-source.h"
#include "cli/log-verbs.h"
#include "evidence/folder.h"
#include "evidence/verify.h"

/* Damages that are printed; all are counted. */
#define SHOWN_DAMAGES 1000

/* Where damages go as they are found. */
struct shown {
	const char *path;
	json_t *damages; /* NULL: as text */
	size_t n;
};

static void show_damage(void *userdata, const struct verify_damage *damage)
{
	struct shown *shown = userdata;

	if (++shown->n > SHOWN_DAMAGES)
		return;
	if (shown->damages) {
		(void)json_array_append_new(shown->damages,
					    json_pack("{s:s, s:I, s:I, s:s}", "file", damage->file,
						      "first", (json_int_t)damage->first, "entries",
						      (json_int_t)damage->n, "text", damage->text));
		return;
	}
	(void)printf("%s/%s: ", shown->path, damage->file);
	if (damage->n == 1)
		(void)printf("entry %" PRIu64 ": ", damage->first);
	else if (damage->n)
		(void)printf("entries %" PRIu64 " to %" PRIu64 ": ", damage->first,
			     damage->first + damage->n - 1);
	(void)printf("%s\n", damage->text);
}

static int print_report(const struct cli_call *call, const struct verify_report *report,
			const struct shown *shown)
{
	const struct checkpoint *checkpoint = &report->checkpoint;
	uint64_t size = checkpoint->tree.size;

	if (shown->damages) {
		_cleanup_(log_decrefp) json_t *json = json_pack(
			"{s:s, s:I, s:o, s:I, s:b, s:I, s:O}", "origin", checkpoint->origin, "size",
			(json_int_t)size, "root", log_root_json(&checkpoint->tree.root), "first",
			(json_int_t)report->first, "verified", report->n_damages == 0, "n_damages",
			(json_int_t)report->n_damages, "damages", shown->damages);

		return log_print_json(json);
	}
	if (shown->n > SHOWN_DAMAGES)
		(void)printf("and %zu more\n", shown->n - SHOWN_DAMAGES);
	if (report->n_damages == 0 && report->first == size)
		(void)printf("%s: %" PRIu64 " entries, none of them here: the tree is verified\n",
			     checkpoint->origin, size);
	else if (report->n_damages == 0)
		(void)printf("%s: %" PRIu64 " entries, verified from %" PRIu64 " to %" PRIu64 "\n",
			     checkpoint->origin, size, report->first, size - 1);
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int verify(const struct cli_call *call)
{
	_cleanup_(log_decrefp) json_t *damages = NULL;
	struct verify_request request = {.found = show_damage};
	struct shown shown = {.path = call->args[0]};
	struct verify_report report;
	_cleanup_close_ int fd = -EBADF;
	struct diag diag = {0};
	struct note_key key;
	int r, printed;

	r = log_key(call, &key);
	if (!r && cli_option(call, "from"))
		r = log_number(call, cli_option(call, "from"), "index", &request.from);
	if (!r)
		r = log_open(call->args[0], &fd);
	if (r)
		return r;
	if (cli_option(call, "json")) {
		shown.damages = damages = json_array();
		if (!damages)
			return cli_error("%s", strerror(ENOMEM));
	}
	request.dir_fd = fd;
	request.key = &key;
	request.userdata = &shown;
	r = verify_log(&request, &report, &diag);
	if (r != 0 && r != VERIFY_E_DAMAGED)
		return log_error(call->args[0], r, &diag);
	printed = print_report(call, &report, &shown);
	if (printed || !r)
		return printed;
	return cli_error("%s: not verified, %" PRIu64 " damages", call->args[0], report.n_damages);
}

/* The leaf of an entry that the log has, from its bundle. */
static int read_leaf(struct log_source *log, uint64_t index, struct merkle_hash *ret_leaf)
{
	_cleanup_(folder_buffer_done) struct folder_buffer buffer = {0};
	const uint8_t *entry = NULL;
	struct bundle bundle;
	struct tile tile;
	size_t size = 0;
	int r;

	(void)tile_of(TILE_ENTRIES, index, log->checkpoint.tree.size, &tile);
	r = folder_read_bundle(log->fd, &tile, &buffer, &bundle, &log->diag);
	if (r)
		return log_source_error(log, r);
	for (uint64_t i = 0; i <= index % TILE_WIDTH; i++) {
		if (!bundle_next(&bundle, &entry, &size))
			return cli_error("%s: the bundle of entry %" PRIu64 " ends before it",
					 log->path, index);
	}
	r = merkle_leaf(log->merkle, entry, size, ret_leaf);
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

/* A proof of either kind. */
struct proven {
	uint64_t number; /* of the entry, or of the earlier entries */
	struct prove_hashes hashes;
	char *text;
};

static int prove_entry(struct log_source *log, struct proven *proven)
{
	const struct merkle_tree *tree = &log->checkpoint.tree;
	struct proof proof = {.index = proven->number, .note = {log->note, log->note_size}};
	struct merkle_proof hashes = {.hashes = proof.hashes.hashes};
	struct merkle_hash leaf;
	int r;

	if (proof.index >= tree->size)
		return cli_error("%s: the log has %" PRIu64 " entries, none of index %" PRIu64,
				 log->path, tree->size, proof.index);
	r = read_leaf(log, proof.index, &leaf);
	if (r)
		return r;
	r = prove_inclusion(&log->source, proof.index, tree->size, &proof.hashes);
	if (r)
		return log_source_error(log, r);
	/* what is not proven to us proves nothing to others */
	hashes.n_hashes = proof.hashes.n;
	r = merkle_check_inclusion(log->merkle, proof.index, &leaf, tree, &hashes);
	if (r == MERKLE_E_WRONG)
		return log_source_damaged(log);
	if (!r)
		r = proof_format(&proof, &proven->text);
	proven->hashes = proof.hashes;
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

static int prove_since(struct log_source *log, struct proven *proven)
{
	struct proof_since proof;
	int r;

	r = log_source_since(log, proven->number, &proof);
	if (r)
		return r;
	proven->hashes = proof.hashes;
	r = proof_format_since(&proof, &proven->text);
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

static json_t *proven_json(const struct log_source *log, const char *kind,
			   const struct proven *proven)
{
	json_t *hashes = json_array();

	for (size_t i = 0; i < proven->hashes.n; i++)
		(void)json_array_append_new(hashes, log_root_json(&proven->hashes.hashes[i]));
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:s%}", "origin", log->checkpoint.origin,
			 "size", (json_int_t)log->checkpoint.tree.size, kind,
			 (json_int_t)proven->number, "root",
			 log_root_json(&log->checkpoint.tree.root), "hashes", hashes, "checkpoint",
			 log->note, log->note_size);
}

static int give(const struct cli_call *call, const struct log_source *log,
		const struct proven *proven)
{
	const char *output = cli_option(call, "output");

	if (cli_option(call, "json")) {
		_cleanup_(log_decrefp) json_t *json =
			proven_json(log, cli_option(call, "since") ? "since" : "index", proven);

		return log_print_json(json);
	}
	if (output)
		return log_write_file(output, proven->text);
	return fputs(proven->text, stdout) < 0 || fflush(stdout) != 0
		       ? cli_error("cannot write: %s", strerror(errno))
		       : CLI_DONE;
}

static int prove(const struct cli_call *call)
{
	_cleanup_(log_source_done) struct log_source log = {.path = call->args[0], .fd = -EBADF};
	const char *since = cli_option(call, "since");
	struct proven proven = {0};
	int r;

	if ((call->n_args == 2) == !!since)
		return cli_usage_error(call, "name the INDEX of an entry, or --since SIZE");
	if (cli_option(call, "json") && cli_option(call, "output"))
		return cli_usage_error(call, "--json goes to standard output, --output is a proof");
	r = log_number(call, since ?: call->args[1], since ? "size" : "index", &proven.number);
	if (!r)
		r = log_source_open(&log, cli_option(call, "checkpoint"));
	if (!r)
		r = since ? prove_since(&log, &proven) : prove_entry(&log, &proven);
	if (!r)
		r = give(call, &log, &proven);
	free(proven.text);
	return r;
}

static int print_checked(const struct cli_call *call, const struct proof *proof,
			 const struct quorum *policy, const struct proof_report *report)
{
	const struct checkpoint *checkpoint = &report->checkpoint;

	if (cli_option(call, "json")) {
		_cleanup_(log_decrefp) json_t *json = json_pack(
			"{s:s, s:I, s:o, s:I, s:b, s:o}", "origin", checkpoint->origin, "size",
			(json_int_t)checkpoint->tree.size, "root",
			log_root_json(&checkpoint->tree.root), "index", (json_int_t)proof->index,
			"verified", 1, "witnesses", log_witnesses_json(policy, &report->quorum));

		return log_print_json(json);
	}
	(void)printf("entry %" PRIu64 " of %s, which had %" PRIu64 " entries\n", proof->index,
		     checkpoint->origin, checkpoint->tree.size);
	log_print_witnesses(policy, &report->quorum);
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int check_entry(const struct cli_call *call, const struct quorum *policy)
{
	_cleanup_free_ char *entry = NULL, *text = NULL;
	struct proof_report report;
	const char *path = call->args[0];
	size_t size, entry_size;
	struct diag diag = {0};
	struct proof proof;
	int r;

	r = log_read_file(cli_option(call, "entry"), ENTRY_MAX_SIZE, &entry, &entry_size);
	if (!r)
		r = log_read_file(path, PROOF_MAX_SIZE, &text, &size);
	if (r)
		return r;
	r = proof_parse(text, size, &proof, &diag);
	if (!r)
		r = proof_check(&proof, policy, &(struct text){entry, entry_size}, &report, &diag);
	if (r)
		return log_file_error(path, r, &diag);
	return print_checked(call, &proof, policy, &report);
}

static int check(const struct cli_call *call)
{
	const char *policy_path = cli_option(call, "policy");
	const char *since = cli_option(call, "since");
	_cleanup_free_ struct quorum *policy = NULL;
	int r;

	if (!policy_path || !cli_option(call, "entry") == !since)
		return cli_usage_error(call, "name whom to trust, by --policy FILE, and the entry, "
					     "by --entry FILE, or an earlier checkpoint, by "
					     "--since FILE");
	if (cli_option(call, "checkpoint") && !since)
		return cli_usage_error(call, "--checkpoint goes with --since");
	r = log_read_policy(policy_path, &policy);
	if (r)
		return r;
	return since ? log_check_since(call, policy) : check_entry(call, policy);
}

static const struct cli_option verify_options[] = {
	{"from", '\0', "INDEX", "what lies wholly below it may be gone: it was pruned"},
	{"json", '\0', NULL, "for machines"},
	{"key", '\0', "VKEY", "the log's public key, as NAME+ID+KEY"},
	{NULL},
};

static const struct cli_option prove_options[] = {
	{"checkpoint", '\0', "FILE", "a checkpoint of the log in place of the folder's, cosigned"},
	{"json", '\0', NULL, "for machines"},
	{"output", 'o', "FILE", "write the proof there"},
	{"since", '\0', "SIZE", "that the log continues the one of so many entries"},
	{NULL},
};

static const struct cli_option check_options[] = {
	{"checkpoint", '\0', "FILE", "with --since and DIR: the later checkpoint, cosigned"},
	{"entry", '\0', "FILE", "the entry, byte by byte"},
	{"json", '\0', NULL, "for machines"},
	{"policy", '\0', "FILE", "which logs and witnesses are trusted, as a tlog-policy"},
	{"since", '\0', "FILE", "an earlier checkpoint, which the log has to continue"},
	{NULL},
};

static const struct cli_option witness_options[] = {
	{"every", '\0', "SECONDS", "again and again, until it is ended"},
	{"log", '\0', "DIR", "the log; " LOG_DIR " if it is not named"},
	{"once", '\0', NULL, "once, which is so without --every"},
	{"output", 'o', "FILE", "write the cosigned checkpoint there, if the quorum is met"},
	{"policy", '\0', "FILE", "the witnesses, their URLs and the quorum, as a tlog-policy"},
	{"state", '\0', "FILE", "keep there what each witness has seen"},
	{NULL},
};

static const struct cli_option status_options[] = {
	{"json", '\0', NULL, "for machines"},
	{"key", '\0', "VKEY", "the log's public key, as NAME+ID+KEY"},
	{"log", '\0', "DIR", "the log; " LOG_DIR " if it is not named"},
	{"policy", '\0', "FILE", "which logs and witnesses are trusted, as a tlog-policy"},
	{NULL},
};

const struct cli_verb cli_log_verbs[] = {
	{"log", "verify", "DIR", 1, 1, verify_options, "verify every byte of a log", verify},
	{"log", "prove", "DIR [INDEX]", 1, 2, prove_options,
	 "make a proof that a log has an entry, or continues an earlier one", prove},
	{"log", "check", "PROOF|DIR", 1, 1, check_options,
	 "check such a proof against an entry, or an earlier checkpoint", check},
	{"log", "status", "", 0, 0, status_options, "say what a log has, and who has signed it",
	 log_status},
	{"log", "witness", "", 0, 0, witness_options, "have witnesses cosign a log's checkpoint",
	 log_witness},
	{NULL},
};
