/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How a log goes from one key to the next: each is introduced by the one before, in a note that is
 * a checkpoint with one more line, "next-key VKEY". So who has an older key comes to the one in use,
 * and a key that is stolen vouches for nothing that an older one has signed.
 */

#include "evidence/checkpoint.h"

struct diag;

#define KEYS_DIR "keys" /* below the log's folder; a file for each, called by the tree's size */
#define KEYS_NAME_LEN 32
#define KEYS_NOTE_LEN (CHECKPOINT_LEN + NOTE_VKEY_LEN + 16) /* the text of one, with its NUL */
#define KEYS_MAX 4096 /* that are followed: some ten years of days */

enum keys_outcome {
	_KEYS_E_SUCCESS,
	KEYS_E_REFUSED, /* what is there cannot be believed; the diag says what */
};

/* A key that was introduced, and what the one before has signed with that. */
struct keys_step {
	struct merkle_tree tree;
	struct note_key next;
};

/**
 * keys_format() - the text of the note that introduces a key
 * @checkpoint: of the log as it is then
 * Return: bytes without the NUL.
 */
size_t keys_format(const struct checkpoint *checkpoint, const struct note_key *next,
		   char ret_text[KEYS_NOTE_LEN]);

/* keys_name() - of its file, below the log's folder */
void keys_name(uint64_t size, char ret_name[KEYS_NAME_LEN]);

/**
 * keys_parse() - read such a note; its signature is not looked at
 * @ret_step:    set on success
 * @reterr_diag: filled on KEYS_E_REFUSED, without a file; or NULL
 * Return: 0; KEYS_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int keys_parse(struct text note, const char *origin, struct keys_step *ret_step,
	       struct diag *reterr_diag);

/**
 * keys_follow() - from a key that is known to the one that is in use
 * @dir_fd:      borrowed, the log's folder
 * @key:         the known one; afterwards the last that it leads to
 * @each:        told of each step, in their order; a value that is not 0 ends it; or NULL
 * @reterr_diag: filled on KEYS_E_REFUSED; or NULL
 *
 * What is there from before the key was in use is passed over.
 * Return: 0; KEYS_E_REFUSED; what @each returned; -ENOMEM; -EIO; any errno of reading.
 */
int keys_follow(int dir_fd, struct note_key *key,
		int (*each)(void *userdata, const struct keys_step *step), void *userdata,
		struct diag *reterr_diag);

/**
 * keys_last() - the key that was introduced last, by whoever it was
 * Return: 0; KEYS_E_REFUSED if there is none that could be read; -ENOMEM; -EIO; any errno.
 */
int keys_last(int dir_fd, const char *origin, struct keys_step *ret_step);
