/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a witness of C2SP tlog-witness answers to a checkpoint, and what is kept of that from one
 * time to the next. Pure: who asks is the caller. An answer is anybody's bytes: a cosignature is
 * believed for the witness's key alone.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/checkpoint.h"
#include "evidence/quorum.h"

struct diag;

#define WITNESS_MAX_STATE (QUORUM_MAX_SIZE + NOTE_NAME_LEN) /* of what is kept */

enum witness_outcome {
	_WITNESS_E_SUCCESS,
	WITNESS_E_OTHER_SIZE, /* it has seen another size than was said: ask again from there */
	WITNESS_E_REFUSED, /* the diag says why */
};

/* What it was asked. Borrowed. */
struct witness_asked {
	const struct quorum_witness *witness;
	const struct checkpoint *checkpoint;
	struct text text; /* the checkpoint's, which the log has signed */
	uint64_t earlier; /* entries that it was said to have seen */
};

/* What came back. Borrowed. */
struct witness_answer {
	unsigned status; /* of HTTP */
	struct text body;
};

struct witness_reply {
	uint64_t size; /* that it has seen; of WITNESS_E_OTHER_SIZE */
	uint64_t time; /* of its cosignature, in seconds since 1970 */
	char line[NOTE_LINE_LEN]; /* the cosignature, with its newline */
};

/**
 * witness_read() - read an answer, and verify the cosignature in it
 * @ret_reply:   its time and line are set on success, its size on WITNESS_E_OTHER_SIZE
 * @reterr_diag: filled on WITNESS_E_REFUSED, without a file; or NULL
 *
 * A witness that has seen more than the log has says that the log was rolled back, one that does
 * not take the proof that it was forked: both are WITNESS_E_REFUSED.
 * Return: 0; WITNESS_E_OTHER_SIZE; WITNESS_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int witness_read(const struct witness_asked *asked, const struct witness_answer *answer,
		 struct witness_reply *ret_reply, struct diag *reterr_diag);

/**
 * witness_state_parse() - read how many entries each witness of a policy has seen
 * @data:        @size bytes that witness_state_format() wrote
 * @origin:      of the log; what was kept of another one counts for nothing
 * @ret_seen:    one for each witness of the policy, 0 where nothing is known; or undefined
 * @reterr_diag: filled on NOTE_E_REFUSED, with a line where there is one; or NULL
 *
 * Names that the policy has not are passed over.
 * Return: 0; NOTE_E_REFUSED.
 */
int witness_state_parse(struct text data, const struct quorum *policy, const char *origin,
			uint64_t ret_seen[QUORUM_MAX], struct diag *reterr_diag);

/**
 * witness_state_format() - the text that witness_state_parse() reads
 * @ret_text: NUL terminated; the caller frees
 * Return: 0; -ENOMEM.
 */
int witness_state_format(const struct quorum *policy, const char *origin,
			 const uint64_t seen[QUORUM_MAX], char **ret_text);
