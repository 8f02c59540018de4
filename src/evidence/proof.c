// SPDX-License-Identifier: LGPL-2.1-or-later
/* See proof.h. Pure. */

#include "evidence/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/diag.h"

#define HEAD "c2sp.org/tlog-proof@v1"

#define refuse(line, ...) (diag_set(reterr_diag, NULL, line, 0, __VA_ARGS__), NOTE_E_REFUSED)

static int parse_hash(struct text line, unsigned number, struct prove_hashes *hashes,
		      struct diag *reterr_diag)
{
	size_t size = 0;

	if (hashes->n == MERKLE_MAX_PROOF)
		return refuse(number, "there are more than %d hashes: no proof has so many",
			      MERKLE_MAX_PROOF);
	if (base64_decode(line.at, line.size, hashes->hashes[hashes->n].bytes, SHA256_LEN, &size) <
		    0 ||
	    size != SHA256_LEN)
		return refuse(number, "the line is not base64 of a hash, which has %d bytes",
			      SHA256_LEN);
	hashes->n++;
	return 0;
}

int proof_parse(const char *data, size_t size, struct proof *ret_proof, struct diag *reterr_diag)
{
	struct text rest = {data, size}, line, value;
	unsigned number = 2;
	int r;

	ret_proof->hashes.n = 0;
	ret_proof->extra = (struct text){data, 0};
	if (size > PROOF_MAX_SIZE)
		return refuse(0, "this has more than %zu bytes: that is no proof", PROOF_MAX_SIZE);
	if (!text_cut(&rest, '\n', &line) || !text_is(line, HEAD))
		return refuse(1, "this is no proof of an entry: its first line has to be %s", HEAD);
	if (!text_cut(&rest, '\n', &line))
		return refuse(number, "the proof ends before its index");
	if (text_starts(line, "extra ", &value)) {
		if (base64_decode(value.at, value.size, NULL, 0, NULL) < 0)
			return refuse(number, "what follows \"extra\" is not base64");
		ret_proof->extra = value;
		number++;
		if (!text_cut(&rest, '\n', &line))
			return refuse(number, "the proof ends before its index");
	}
	if (!text_starts(line, "index ", &value) || !text_decimal(value, &ret_proof->index))
		return refuse(number, "the line is not \"index\" and the number of an entry");
	for (;;) {
		number++;
		if (!text_cut(&rest, '\n', &line))
			return refuse(number, "the proof ends before its checkpoint");
		if (line.size == 0)
			break;
		r = parse_hash(line, number, &ret_proof->hashes, reterr_diag);
		if (r)
			return r;
	}
	ret_proof->note = rest;
	return 0;
}

static int format(const char *head, uint64_t number, const struct proof *proof, char **ret_text)
{
	size_t room = proof->note.size + 128 + proof->hashes.n * (BASE64_LEN(SHA256_LEN) + 1);
	char *text = malloc(room), *at = text;

	if (!text)
		return -ENOMEM;
	at += snprintf(at, room, "%s%" PRIu64 "\n", head, number);
	for (size_t i = 0; i < proof->hashes.n; i++) {
		base64_encode(proof->hashes.hashes[i].bytes, SHA256_LEN, at);
		at += BASE64_LEN(SHA256_LEN);
		*at++ = '\n';
	}
	*at++ = '\n';
	memcpy(at, proof->note.at, proof->note.size);
	at[proof->note.size] = '\0';
	*ret_text = text;
	return 0;
}

int proof_format(const struct proof *proof, char **ret_text)
{
	return format(HEAD "\nindex ", proof->index, proof, ret_text);
}

int proof_format_since(uint64_t earlier, const struct proof *proof, char **ret_text)
{
	return format("old ", earlier, proof, ret_text);
}

static int check_entry(const struct proof *proof, const struct merkle_tree *tree,
		       const struct text *entry, struct diag *reterr_diag)
{
	struct merkle_proof hashes = {proof->hashes.hashes, proof->hashes.n};
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	struct merkle_hash leaf;
	int r;

	r = merkle_new(&merkle);
	if (!r)
		r = merkle_leaf(merkle, entry->at, entry->size, &leaf);
	if (!r)
		r = merkle_check_inclusion(merkle, proof->index, &leaf, tree, &hashes);
	if (r <= 0)
		return r;
	if (proof->index >= tree->size)
		return refuse(0, "the log has %" PRIu64 " entries, none of index %" PRIu64,
			      tree->size, proof->index);
	return refuse(0,
		      "it is not shown that this is entry %" PRIu64
		      ": the entry, the index or a hash is another one",
		      proof->index);
}

int proof_check(const struct proof *proof, const struct quorum *policy, const struct text *entry,
		struct proof_report *ret_report, struct diag *reterr_diag)
{
	struct proof_report report;
	struct note note;
	int r;

	r = note_parse(proof->note.at, proof->note.size, &note, reterr_diag);
	if (!r)
		r = checkpoint_parse(note.text, &report.checkpoint, reterr_diag);
	/* the line is one of the note's, not of the file's */
	if (r && reterr_diag)
		reterr_diag->line = 0;
	if (!r)
		r = quorum_check(policy, &note, report.checkpoint.origin, &report.quorum,
				 reterr_diag);
	if (!r)
		r = check_entry(proof, &report.checkpoint.tree, entry, reterr_diag);
	if (r)
		return r;
	*ret_report = report;
	return 0;
}
