/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Checkpoints of C2SP: the text of a note that says how large a log is, and its root. Pure. */

#include "evidence/merkle.h"
#include "evidence/note.h"

struct diag;

#define CHECKPOINT_LEN (NOTE_NAME_LEN + 80) /* the text of ours, with its NUL */

struct checkpoint {
	char origin[NOTE_NAME_LEN]; /* which log this is, all over the world */
	struct merkle_tree tree;
};

/**
 * checkpoint_parse() - read the text of a note
 * @text:           with its last newline
 * @ret_checkpoint: set on success
 * @reterr_diag:    filled on NOTE_E_REFUSED, with a line; or NULL
 *
 * Lines after the root are for others: allowed, unless they are empty, and not looked at.
 * Return: 0; NOTE_E_REFUSED.
 */
int checkpoint_parse(struct text text, struct checkpoint *ret_checkpoint, struct diag *reterr_diag);

/**
 * checkpoint_format() - the text that checkpoint_parse() reads, with a NUL
 * Return: bytes without the NUL.
 */
size_t checkpoint_format(const struct checkpoint *checkpoint, char ret_text[CHECKPOINT_LEN]);
