// SPDX-License-Identifier: LGPL-2.1-or-later
/* See log-source.h. */

#include "cli/log-source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/system.h"
#include "cli/cli.h"
#include "evidence/folder.h"

void log_decrefp(json_t **json)
{
	json_decref(*json);
}

int log_print_json(json_t *json)
{
	if (!json)
		return cli_error("%s", strerror(ENOMEM));
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) != 0)
		return cli_error("cannot write: %s", strerror(errno));
	return CLI_DONE;
}

json_t *log_root_json(const struct merkle_hash *root)
{
	char text[BASE64_LEN(SHA256_LEN) + 1];

	base64_encode(root->bytes, SHA256_LEN, text);
	return json_string(text);
}

json_t *log_witnesses_json(const struct quorum *policy, const struct quorum_report *report)
{
	json_t *witnesses = json_array();

	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (report->witnesses >> i & 1)
			(void)json_array_append_new(witnesses,
						    json_pack("{s:s, s:I}", "name",
							      policy->witnesses[i].name, "time",
							      (json_int_t)report->times[i]));
	}
	return witnesses;
}

void log_print_witnesses(const struct quorum *policy, const struct quorum_report *report)
{
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (report->witnesses >> i & 1)
			(void)printf("cosigned by %s at %" PRIu64 "\n", policy->witnesses[i].name,
				     report->times[i]);
	}
}

struct text log_text(const char *string)
{
	return (struct text){string, strlen(string)};
}

int log_number(const struct cli_call *call, const char *word, const char *what,
	       uint64_t *ret_number)
{
	if (text_decimal(log_text(word), ret_number))
		return CLI_DONE;
	return cli_usage_error(call, "'%s' is no %s: it has to be a number from 0", word, what);
}

int log_key(const struct cli_call *call, struct note_key *ret_key)
{
	const char *vkey = cli_option(call, "key");
	struct diag diag = {0};
	int r;

	if (!vkey)
		return cli_usage_error(call, "name the log's public key: --key NAME+ID+KEY");
	r = note_key_parse(log_text(vkey), ret_key, &diag);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	return r ? cli_usage_error(call, "--key: %s", diag.text) : CLI_DONE;
}

int log_open(const char *path, int *ret_fd)
{
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? cli_error("%s: %s", path, strerror(errno)) : CLI_DONE;
}

int log_error(const char *path, int r, const struct diag *diag)
{
	char text[DIAG_TEXT_LEN + 64];

	if (!diag->text[0])
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it cannot be read");
	return cli_error("%s/%s", path, diag_format(diag, text, sizeof(text)));
}

int log_file_error(const char *path, int r, struct diag *diag)
{
	if (r < 0)
		return cli_error("%s: %s", path, strerror(-r));
	diag->file = path;
	return cli_error_diag(diag);
}

int log_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	int r = file_read(AT_FDCWD, path, limit, ret_data, ret_size);

	if (r)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it is too big");
	return CLI_DONE;
}

int log_read_policy(const char *path, struct quorum **ret_policy)
{
	_cleanup_free_ char *text = NULL;
	struct diag diag = {0};
	size_t size;
	int r;

	r = log_read_file(path, QUORUM_MAX_SIZE, &text, &size);
	if (r)
		return r;
	r = quorum_parse(text, size, ret_policy, &diag);
	return r ? log_file_error(path, r, &diag) : CLI_DONE;
}

int log_write_file(const char *path, const char *text)
{
	int r = file_write_atomic(path, text, strlen(text), 0644);

	if (r)
		return cli_error("%s: %s", path, r < 0 ? strerror(-r) : "it is no regular file");
	return CLI_DONE;
}

void log_source_done(struct log_source *log)
{
	(void)reader_free(log->reader);
	(void)merkle_free(log->merkle);
	free(log->note);
	closep(&log->fd);
}

static int parse_checkpoint(struct log_source *log, const char *path)
{
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	int r;

	if (!note)
		return cli_error("%s", strerror(ENOMEM));
	r = note_parse(log->note, log->note_size, note, &log->diag);
	if (!r)
		r = checkpoint_parse(note->text, &log->checkpoint, &log->diag);
	if (!r)
		return CLI_DONE;
	if (path)
		return log_file_error(path, r, &log->diag);
	log->diag.file = "checkpoint";
	return log_source_error(log, r);
}

int log_source_open(struct log_source *log, const char *checkpoint_path)
{
	int r;

	r = log_open(log->path, &log->fd);
	if (!r && checkpoint_path) {
		r = log_read_file(checkpoint_path, NOTE_MAX_SIZE, &log->note, &log->note_size);
	} else if (!r) {
		r = folder_read_checkpoint(log->fd, &log->note, &log->note_size, &log->diag);
		r = r ? log_source_error(log, r) : CLI_DONE;
	}
	if (!r)
		r = parse_checkpoint(log, checkpoint_path);
	if (r)
		return r;
	r = merkle_new(&log->merkle);
	if (!r)
		r = reader_new(log->fd, log->checkpoint.tree.size, log->merkle, &log->reader);
	if (r)
		return cli_error("%s", strerror(-r));
	log->source = reader_source(log->reader, &log->diag);
	return CLI_DONE;
}

int log_source_error(const struct log_source *log, int r)
{
	return log_error(log->path, r, &log->diag);
}

int log_source_damaged(const struct log_source *log)
{
	return cli_error("%s: its files do not give the checkpoint's root: `holdfast log verify` "
			 "says which are damaged",
			 log->path);
}

int log_source_since(struct log_source *log, uint64_t size, struct proof_since *ret_proof)
{
	struct merkle_tree earlier = {.size = size}, *tree = &log->checkpoint.tree;
	struct prove_hashes *hashes = &ret_proof->hashes;
	static const struct merkle_edge empty;
	struct merkle_proof proof = {.hashes = hashes->hashes};
	int r;

	if (size > tree->size)
		return cli_error("%s: the log has %" PRIu64 " entries, it never had %" PRIu64,
				 log->path, tree->size, size);
	r = prove_consistency(&log->source, size, tree->size, hashes);
	if (!r)
		r = size ? prove_root(&log->source, size, &earlier.root)
			 : merkle_edge_root(log->merkle, &empty, &earlier.root);
	if (r)
		return log_source_error(log, r);
	proof.n_hashes = hashes->n;
	/* what is not proven to us proves nothing to others */
	r = merkle_check_consistency(log->merkle, &earlier, tree, &proof);
	if (r == MERKLE_E_WRONG)
		return log_source_damaged(log);
	if (r)
		return cli_error("%s", strerror(-r));
	ret_proof->earlier = size;
	ret_proof->note = (struct text){log->note, log->note_size};
	ret_proof->root = earlier.root;
	ret_proof->has_root = true;
	return CLI_DONE;
}
