/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proofs as files: C2SP tlog-proof, that a log has an entry, and the body that tlog-witness takes,
 * that a log continues an earlier one. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/checkpoint.h"
#include "evidence/prove.h"
#include "evidence/quorum.h"
#include "evidence/text.h"

struct diag;

/* Bytes of a file that are read: a note, and what can stand before it. */
#define PROOF_MAX_SIZE (NOTE_MAX_SIZE + ((size_t)1 << 17))

/* A .tlog-proof. Nothing of it is verified. */
struct proof {
	uint64_t index;
	struct text extra; /* of the log's own, base64; of no bytes if there is none. Borrowed. */
	struct prove_hashes hashes;
	struct text note; /* the checkpoint, signed. Borrowed. */
};

/* That a log continues an earlier one. Nothing of it is verified. */
struct proof_since {
	uint64_t earlier; /* entries of the earlier one */
	struct prove_hashes hashes;
	struct text note; /* the later checkpoint, signed. Borrowed. */
	bool has_root; /* no file has it: who made the proof knows the root of those entries */
	struct merkle_hash root;
};

/* What a proof was found to show. */
struct proof_report {
	struct checkpoint checkpoint;
	struct quorum_report quorum;
};

/**
 * proof_parse() - read a .tlog-proof
 * @ret_proof:   borrows from @data; undefined after a failure
 * @reterr_diag: filled on NOTE_E_REFUSED, with a line where there is one; or NULL
 * Return: 0; NOTE_E_REFUSED.
 */
int proof_parse(const char *data, size_t size, struct proof *ret_proof, struct diag *reterr_diag);

/**
 * proof_format() - the text that proof_parse() reads
 * @proof:    without extra
 * @ret_text: NUL terminated; the caller frees
 * Return: 0; -ENOMEM.
 */
int proof_format(const struct proof *proof, char **ret_text);

/**
 * proof_parse_since() - read what proof_format_since() writes
 * others and Return: as proof_parse()
 */
int proof_parse_since(const char *data, size_t size, struct proof_since *ret_proof,
		      struct diag *reterr_diag);

/**
 * proof_format_since() - what shows a witness that a log continues the tree it has seen
 * others and Return: as proof_format()
 */
int proof_format_since(const struct proof_since *proof, char **ret_text);

/**
 * proof_check() - whether a proof shows that a log which a policy trusts has an entry
 * @entry:       @entry->size bytes
 * @ret_report:  set on success
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 * Return: 0; NOTE_E_REFUSED if it does not; -ENOMEM; -EIO from libcrypto.
 */
int proof_check(const struct proof *proof, const struct quorum *policy, const struct text *entry,
		struct proof_report *ret_report, struct diag *reterr_diag);

/* What was found of two checkpoints of one log. */
struct proof_since_report {
	struct checkpoint earlier;
	struct proof_report later;
};

/**
 * proof_check_since() - whether a log continues the one that somebody has kept a checkpoint of
 * @earlier:     that checkpoint, signed: by the log is enough
 * @proof:       with the later one, which the policy's quorum has to have cosigned
 * @ret_report:  set on success
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 *
 * The refusal says whether the log was rolled back (it has become shorter), was forked (as many
 * entries with another root), or has not shown to be the same one.
 * Return: 0; NOTE_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int proof_check_since(struct text earlier, const struct proof_since *proof,
		      const struct quorum *policy, struct proof_since_report *ret_report,
		      struct diag *reterr_diag);
