// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast log`: logs that can be proven complete, read; nothing here writes one. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/key.h"
#include "evidence/folder.h"
#include "evidence/proof.h"
#include "evidence/reader.h"
#include "evidence/verify.h"

/* Damages that are printed; all are counted. */
#define SHOWN_DAMAGES 1000

static void decrefp(json_t **json)
{
	json_decref(*json);
}

static int print_json(json_t *json)
{
	if (!json)
		return cli_error("%s", strerror(ENOMEM));
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) != 0)
		return cli_error("cannot write: %s", strerror(errno));
	return CLI_DONE;
}

static json_t *root_json(const struct merkle_hash *root)
{
	char text[BASE64_LEN(SHA256_LEN) + 1];

	base64_encode(root->bytes, SHA256_LEN, text);
	return json_string(text);
}

static struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

/* Return: 0; CLI_USAGE, said. */
static int number_of(const struct cli_call *call, const char *word, const char *what,
		     uint64_t *ret_number)
{
	if (text_decimal(text_of(word), ret_number))
		return CLI_DONE;
	return cli_usage_error(call, "'%s' is no %s: it has to be a number from 0", word, what);
}

static int open_log(const char *path, int *ret_fd)
{
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? cli_error("%s: %s", path, strerror(errno)) : CLI_DONE;
}

/* What has gone wrong below a log's folder. */
static int log_error(const char *path, int r, const struct diag *diag)
{
	char text[DIAG_TEXT_LEN + 64];

	if (!diag->text[0])
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it cannot be read");
	return cli_error("%s/%s", path, diag_format(diag, text, sizeof(text)));
}

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
		_cleanup_(decrefp) json_t *json = json_pack(
			"{s:s, s:I, s:o, s:I, s:b, s:I, s:O}", "origin", checkpoint->origin, "size",
			(json_int_t)size, "root", root_json(&checkpoint->tree.root), "first",
			(json_int_t)report->first, "verified", report->n_damages == 0, "n_damages",
			(json_int_t)report->n_damages, "damages", shown->damages);

		return print_json(json);
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

/* The key that is asked for. Return: 0; CLI_USAGE, said. */
static int key_of(const struct cli_call *call, struct note_key *ret_key)
{
	if (!cli_option(call, "key"))
		return cli_usage_error(call, "name the log's public key: --key NAME+ID+KEY");
	return key_option(call, ret_key);
}

static int verify(const struct cli_call *call)
{
	_cleanup_(decrefp) json_t *damages = NULL;
	struct verify_request request = {.found = show_damage};
	struct shown shown = {.path = call->args[0]};
	struct verify_report report;
	_cleanup_close_ int fd = -EBADF;
	struct diag diag = {0};
	struct note_key key;
	int r, printed;

	r = key_of(call, &key);
	if (!r && cli_option(call, "from"))
		r = number_of(call, cli_option(call, "from"), "index", &request.from);
	if (!r)
		r = open_log(call->args[0], &fd);
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

/* What both kinds of proofs are made of. */
struct making {
	const char *path;
	int fd;
	char *note; /* the checkpoint as it is, its signature not looked at: we have no key */
	size_t note_size;
	struct checkpoint checkpoint;
	struct merkle *merkle;
	struct reader *reader;
	struct prove_source source;
	struct proof proof;
	struct diag diag;
};

static void making_done(struct making *making)
{
	(void)reader_free(making->reader);
	(void)merkle_free(making->merkle);
	free(making->note);
	closep(&making->fd);
}

static int making_init(struct making *making)
{
	struct note note;
	int r;

	r = open_log(making->path, &making->fd);
	if (r)
		return r;
	r = folder_read_checkpoint(making->fd, &making->note, &making->note_size, &making->diag);
	if (r)
		return log_error(making->path, r, &making->diag);
	r = note_parse(making->note, making->note_size, &note, &making->diag);
	if (!r)
		r = checkpoint_parse(note.text, &making->checkpoint, &making->diag);
	if (r) {
		making->diag.file = "checkpoint";
		return log_error(making->path, r, &making->diag);
	}
	making->proof.note = (struct text){making->note, making->note_size};
	r = merkle_new(&making->merkle);
	if (!r)
		r = reader_new(making->fd, making->checkpoint.tree.size, making->merkle,
			       &making->reader);
	if (r)
		return cli_error("%s", strerror(-r));
	making->source = reader_source(making->reader, &making->diag);
	return CLI_DONE;
}

/* The leaf of an entry that the log has, from its bundle. */
static int read_leaf(struct making *making, uint64_t index, struct merkle_hash *ret_leaf)
{
	_cleanup_(folder_buffer_done) struct folder_buffer buffer = {0};
	const uint8_t *entry = NULL;
	struct bundle bundle;
	struct tile tile;
	size_t size = 0;
	int r;

	(void)tile_of(TILE_ENTRIES, index, making->checkpoint.tree.size, &tile);
	r = folder_read_bundle(making->fd, &tile, &buffer, &bundle, &making->diag);
	if (r)
		return log_error(making->path, r, &making->diag);
	for (uint64_t i = 0; i <= index % TILE_WIDTH; i++) {
		if (!bundle_next(&bundle, &entry, &size))
			return cli_error("%s: the bundle of entry %" PRIu64 " ends before it",
					 making->path, index);
	}
	r = merkle_leaf(making->merkle, entry, size, ret_leaf);
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

static int damaged(const struct making *making)
{
	return cli_error("%s: its files do not give the checkpoint's root: `holdfast log verify` "
			 "says which are damaged",
			 making->path);
}

static int prove_entry(struct making *making, uint64_t index, char **ret_text)
{
	const struct merkle_tree *tree = &making->checkpoint.tree;
	struct prove_hashes *hashes = &making->proof.hashes;
	struct merkle_proof proof = {.hashes = hashes->hashes};
	struct merkle_hash leaf;
	int r;

	if (index >= tree->size)
		return cli_error("%s: the log has %" PRIu64 " entries, none of index %" PRIu64,
				 making->path, tree->size, index);
	r = read_leaf(making, index, &leaf);
	if (r)
		return r;
	r = prove_inclusion(&making->source, index, tree->size, hashes);
	if (r)
		return log_error(making->path, r, &making->diag);
	/* what is not proven to us proves nothing to others */
	proof.n_hashes = hashes->n;
	r = merkle_check_inclusion(making->merkle, index, &leaf, tree, &proof);
	if (r == MERKLE_E_WRONG)
		return damaged(making);
	making->proof.index = index;
	if (!r)
		r = proof_format(&making->proof, ret_text);
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

static int prove_since(struct making *making, uint64_t size, char **ret_text)
{
	struct merkle_tree earlier = {.size = size}, *tree = &making->checkpoint.tree;
	struct prove_hashes *hashes = &making->proof.hashes;
	static const struct merkle_edge empty;
	struct merkle_proof proof = {.hashes = hashes->hashes};
	int r;

	if (size > tree->size)
		return cli_error("%s: the log has %" PRIu64 " entries, it never had %" PRIu64,
				 making->path, tree->size, size);
	r = prove_consistency(&making->source, size, tree->size, hashes);
	if (!r)
		r = size ? prove_root(&making->source, size, &earlier.root)
			 : merkle_edge_root(making->merkle, &empty, &earlier.root);
	if (r)
		return log_error(making->path, r, &making->diag);
	proof.n_hashes = hashes->n;
	r = merkle_check_consistency(making->merkle, &earlier, tree, &proof);
	if (r == MERKLE_E_WRONG)
		return damaged(making);
	if (!r)
		r = proof_format_since(size, &making->proof, ret_text);
	return r < 0 ? cli_error("%s", strerror(-r)) : CLI_DONE;
}

static json_t *making_json(const struct making *making, const char *kind, uint64_t number)
{
	json_t *hashes = json_array();

	for (size_t i = 0; i < making->proof.hashes.n; i++)
		(void)json_array_append_new(hashes, root_json(&making->proof.hashes.hashes[i]));
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:s%}", "origin", making->checkpoint.origin,
			 "size", (json_int_t)making->checkpoint.tree.size, kind, (json_int_t)number,
			 "root", root_json(&making->checkpoint.tree.root), "hashes", hashes,
			 "checkpoint", making->note, making->note_size);
}

static int give(const struct cli_call *call, const struct making *making, const char *text,
		uint64_t number)
{
	const char *output = cli_option(call, "output");
	int r;

	if (cli_option(call, "json")) {
		_cleanup_(decrefp) json_t *json =
			making_json(making, cli_option(call, "since") ? "since" : "index", number);

		return print_json(json);
	}
	if (!output)
		return fputs(text, stdout) < 0 || fflush(stdout) != 0
			       ? cli_error("cannot write: %s", strerror(errno))
			       : CLI_DONE;
	r = file_write_atomic(output, text, strlen(text), 0644);
	if (r)
		return cli_error("%s: %s", output, r < 0 ? strerror(-r) : "it is no regular file");
	return CLI_DONE;
}

static int prove(const struct cli_call *call)
{
	_cleanup_(making_done) struct making making = {.path = call->args[0], .fd = -EBADF};
	const char *since = cli_option(call, "since");
	_cleanup_free_ char *text = NULL;
	uint64_t number = 0;
	int r;

	if ((call->n_args == 2) == !!since)
		return cli_usage_error(call, "name the INDEX of an entry, or --since SIZE");
	if (cli_option(call, "json") && cli_option(call, "output"))
		return cli_usage_error(call, "--json goes to standard output, --output is a proof");
	r = number_of(call, since ?: call->args[1], since ? "size" : "index", &number);
	if (!r)
		r = making_init(&making);
	if (!r)
		r = since ? prove_since(&making, number, &text)
			  : prove_entry(&making, number, &text);
	return r ?: give(call, &making, text, number);
}

static int read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	int r = file_read(AT_FDCWD, path, limit, ret_data, ret_size);

	if (r)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it is too big");
	return CLI_DONE;
}

static int print_checked(const struct cli_call *call, const struct proof *proof,
			 const struct quorum *policy, const struct proof_report *report)
{
	const struct checkpoint *checkpoint = &report->checkpoint;
	_cleanup_(decrefp) json_t *witnesses = json_array();

	if (!cli_option(call, "json"))
		(void)printf("entry %" PRIu64 " of %s, which had %" PRIu64 " entries\n",
			     proof->index, checkpoint->origin, checkpoint->tree.size);
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (!(report->quorum.witnesses >> i & 1))
			continue;
		(void)json_array_append_new(
			witnesses, json_pack("{s:s, s:I}", "name", policy->witnesses[i].name,
					     "time", (json_int_t)report->quorum.times[i]));
		if (!cli_option(call, "json"))
			(void)printf("cosigned by %s at %" PRIu64 "\n", policy->witnesses[i].name,
				     report->quorum.times[i]);
	}
	if (cli_option(call, "json")) {
		_cleanup_(decrefp) json_t *json =
			json_pack("{s:s, s:I, s:o, s:I, s:b, s:O}", "origin", checkpoint->origin,
				  "size", (json_int_t)checkpoint->tree.size, "root",
				  root_json(&checkpoint->tree.root), "index",
				  (json_int_t)proof->index, "verified", 1, "witnesses", witnesses);

		return print_json(json);
	}
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

/* A diag of one of our files. */
static int file_error(const char *path, int r, struct diag *diag)
{
	if (r < 0)
		return cli_error("%s: %s", path, strerror(-r));
	diag->file = path;
	return cli_error_diag(diag);
}

static int check(const struct cli_call *call)
{
	const char *policy_path = cli_option(call, "policy"), *path = call->args[0];
	const char *entry_path = cli_option(call, "entry");
	_cleanup_free_ char *policy_text = NULL, *entry = NULL, *text = NULL;
	_cleanup_free_ struct quorum *policy = NULL;
	struct proof_report report;
	struct diag diag = {0};
	struct proof proof;
	size_t size, entry_size;
	int r;

	if (!policy_path || !entry_path)
		return cli_usage_error(call, "name whom to trust, by --policy FILE, and the entry, "
					     "by --entry FILE");
	r = read_file(policy_path, QUORUM_MAX_SIZE, &policy_text, &size);
	if (r)
		return r;
	r = quorum_parse(policy_text, size, &policy, &diag);
	if (r)
		return file_error(policy_path, r, &diag);
	r = read_file(entry_path, ENTRY_MAX_SIZE, &entry, &entry_size);
	if (!r)
		r = read_file(path, PROOF_MAX_SIZE, &text, &size);
	if (r)
		return r;
	r = proof_parse(text, size, &proof, &diag);
	if (!r)
		r = proof_check(&proof, policy, &(struct text){entry, entry_size}, &report, &diag);
	if (r)
		return file_error(path, r, &diag);
	return print_checked(call, &proof, policy, &report);
}

static const struct cli_option verify_options[] = {
	{"from", '\0', "INDEX", "what lies wholly below it may be gone: it was pruned"},
	{"json", '\0', NULL, "for machines"},
	{"key", '\0', "VKEY", "the log's public key, as NAME+ID+KEY"},
	{NULL},
};

static const struct cli_option prove_options[] = {
	{"json", '\0', NULL, "for machines"},
	{"output", 'o', "FILE", "write the proof there"},
	{"since", '\0', "SIZE", "that the log continues the one of so many entries"},
	{NULL},
};

static const struct cli_option check_options[] = {
	{"entry", '\0', "FILE", "the entry, byte by byte"},
	{"json", '\0', NULL, "for machines"},
	{"policy", '\0', "FILE", "which logs and witnesses are trusted, as a tlog-policy"},
	{NULL},
};

const struct cli_verb cli_log_verbs[] = {
	{"log", "verify", "DIR", 1, 1, verify_options, "verify every byte of a log", verify},
	{"log", "prove", "DIR [INDEX]", 1, 2, prove_options,
	 "make a proof that a log has an entry, or continues an earlier one", prove},
	{"log", "check", "PROOF", 1, 1, check_options, "check such a proof against an entry",
	 check},
	{NULL},
};
