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

/* The lines up to an empty one, and the note that follows. */
static int parse_hashes(struct text *rest, unsigned number, struct prove_hashes *ret_hashes,
			struct text *ret_note, struct diag *reterr_diag)
{
	struct text line;
	int r;

	ret_hashes->n = 0;
	for (;; number++) {
		if (!text_cut(rest, '\n', &line))
			return refuse(number, "the proof ends before its checkpoint");
		if (line.size == 0)
			break;
		r = parse_hash(line, number, ret_hashes, reterr_diag);
		if (r)
			return r;
	}
	*ret_note = *rest;
	return 0;
}

int proof_parse(const char *data, size_t size, struct proof *ret_proof, struct diag *reterr_diag)
{
	struct text rest = {data, size}, line, value;
	unsigned number = 2;

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
	return parse_hashes(&rest, number + 1, &ret_proof->hashes, &ret_proof->note, reterr_diag);
}

int proof_parse_since(const char *data, size_t size, struct proof_since *ret_proof,
		      struct diag *reterr_diag)
{
	struct text rest = {data, size}, line, value;

	ret_proof->has_root = false;
	if (size > PROOF_MAX_SIZE)
		return refuse(0, "this has more than %zu bytes: that is no proof", PROOF_MAX_SIZE);
	if (!text_cut(&rest, '\n', &line) || !text_starts(line, "old ", &value) ||
	    !text_decimal(value, &ret_proof->earlier))
		return refuse(1, "this is no proof that a log continues an earlier one: its first "
				 "line has to be \"old\" and a number of entries");
	return parse_hashes(&rest, 2, &ret_proof->hashes, &ret_proof->note, reterr_diag);
}

static int format(const char *head, uint64_t number, const struct prove_hashes *hashes,
		  struct text note, char **ret_text)
{
	size_t room = note.size + 128 + hashes->n * (BASE64_LEN(SHA256_LEN) + 1);
	char *text = malloc(room), *at = text;

	if (!text)
		return -ENOMEM;
	at += snprintf(at, room, "%s%" PRIu64 "\n", head, number);
	for (size_t i = 0; i < hashes->n; i++) {
		base64_encode(hashes->hashes[i].bytes, SHA256_LEN, at);
		at += BASE64_LEN(SHA256_LEN);
		*at++ = '\n';
	}
	*at++ = '\n';
	memcpy(at, note.at, note.size);
	at[note.size] = '\0';
	*ret_text = text;
	return 0;
}

int proof_format(const struct proof *proof, char **ret_text)
{
	return format(HEAD "\nindex ", proof->index, &proof->hashes, proof->note, ret_text);
}

int proof_format_since(const struct proof_since *proof, char **ret_text)
{
	return format("old ", proof->earlier, &proof->hashes, proof->note, ret_text);
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

/* The line of a note's error is not one of the file that it stands in. */
static int open_note(struct text text, struct note *ret_note, struct checkpoint *ret_checkpoint,
		     struct diag *reterr_diag)
{
	int r = note_parse(text.at, text.size, ret_note, reterr_diag);

	if (!r)
		r = checkpoint_parse(ret_note->text, ret_checkpoint, reterr_diag);
	if (r && reterr_diag)
		reterr_diag->line = 0;
	return r;
}

int proof_check(const struct proof *proof, const struct quorum *policy, const struct text *entry,
		struct proof_report *ret_report, struct diag *reterr_diag)
{
	struct proof_report report;
	struct note note;
	int r;

	r = open_note(proof->note, &note, &report.checkpoint, reterr_diag);
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

static int check_trees(const struct merkle_tree *earlier, const struct merkle_tree *later,
		       const struct proof_since *proof, struct diag *reterr_diag)
{
	const struct merkle_proof hashes = {proof->hashes.hashes, proof->hashes.n};
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	int r;

	if (later->size < earlier->size)
		return refuse(0,
			      "rolled back: the log had %" PRIu64
			      " entries, and a checkpoint that says to be later has %" PRIu64,
			      earlier->size, later->size);
	if (later->size == earlier->size &&
	    memcmp(&later->root, &earlier->root, sizeof(later->root)) != 0)
		return refuse(0,
			      "forked: the log has signed two checkpoints of %" PRIu64
			      " entries with different roots: keep both, they prove it",
			      earlier->size);
	if (proof->earlier != earlier->size)
		return refuse(0,
			      "the proof begins at %" PRIu64
			      " entries, the earlier checkpoint has %" PRIu64,
			      proof->earlier, earlier->size);
	if (proof->has_root && memcmp(&proof->root, &earlier->root, sizeof(proof->root)) != 0)
		return refuse(
			0,
			"forked: the first %" PRIu64
			" entries of the log have another root now than in the checkpoint that "
			"it signed then: keep both, they prove it",
			earlier->size);
	r = merkle_new(&merkle);
	if (!r)
		r = merkle_check_consistency(merkle, earlier, later, &hashes);
	if (r <= 0)
		return r;
	return refuse(
		0,
		"forked, or the proof is another one's: it is not shown that the log of %" PRIu64
		" entries continues the one that had %" PRIu64,
		later->size, earlier->size);
}

int proof_check_since(struct text earlier, const struct proof_since *proof,
		      const struct quorum *policy, struct proof_since_report *ret_report,
		      struct diag *reterr_diag)
{
	struct proof_since_report report;
	struct note note;
	int r;

	r = open_note(earlier, &note, &report.earlier, reterr_diag);
	if (!r)
		r = quorum_check_log(policy, &note, report.earlier.origin, reterr_diag);
	if (!r)
		r = open_note(proof->note, &note, &report.later.checkpoint, reterr_diag);
	if (!r)
		r = quorum_check(policy, &note, report.later.checkpoint.origin,
				 &report.later.quorum, reterr_diag);
	if (r)
		return r;
	if (strcmp(report.earlier.origin, report.later.checkpoint.origin) != 0)
		return refuse(0, "the checkpoints are of two logs, %s and %s",
			      report.earlier.origin, report.later.checkpoint.origin);
	r = check_trees(&report.earlier.tree, &report.later.checkpoint.tree, proof, reterr_diag);
	if (r)
		return r;
	*ret_report = report;
	return 0;
}
