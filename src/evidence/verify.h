/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A whole log below a folder, verified without its writer: the checkpoint's signature, every hash
 * of every tile up to the root, and every entry. Reads from the left to the right, and keeps one
 * tile of each level and one bundle, whatever the log's size.
 */

#include <stdint.h>

#include "evidence/checkpoint.h"
#include "evidence/tile.h"

struct diag;

enum verify_outcome {
	_VERIFY_E_SUCCESS,
	VERIFY_E_DAMAGED, /* it has been said what is */
	VERIFY_E_REFUSED, /* there is no checkpoint that could be believed; the diag says why */
};

/* One damage. */
struct verify_damage {
	char file[TILE_PATH_LEN]; /* below the log's folder */
	uint64_t first; /* the entries that cannot be trusted for it */
	uint64_t n;
	const char *text; /* what is wrong and what was expected; borrowed for the call */
};

struct verify_request {
	int dir_fd; /* borrowed */
	/* who has to have signed, or whom it leads to (keys.h); the origin has to be its name */
	const struct note_key *key;
	uint64_t from; /* what lies wholly below this index may be gone: it was pruned */
	void (*found)(void *userdata, const struct verify_damage *damage);
	void *userdata;
};

struct verify_report {
	struct checkpoint checkpoint;
	uint64_t first; /* every entry from this index on is there and verified, if all is well */
	uint64_t n_damages;
};

/**
 * verify_log() - verify it, to its end whatever is found
 * @ret_report:  set if 0 or VERIFY_E_DAMAGED is returned
 * @reterr_diag: filled on VERIFY_E_REFUSED, and for an errno of a file; or NULL
 *
 * Files that the checkpoint's size does not name are not looked at.
 * Return: 0 if nothing is wrong; VERIFY_E_DAMAGED; VERIFY_E_REFUSED, also if the log has fewer
 * entries than @from; -ENOMEM; -EIO from libcrypto; any errno of reading.
 */
int verify_log(const struct verify_request *request, struct verify_report *ret_report,
	       struct diag *reterr_diag);

/**
 * verify_note() - whether a key, or the one it leads to in a log's folder, has signed a checkpoint
 * @reterr_diag: filled on NOTE_E_REFUSED; or NULL
 * Return: as note_verify(); NOTE_E_REFUSED also if the way from key to key cannot be believed; any
 * errno of reading.
 */
int verify_note(int dir_fd, const struct note *note, const struct note_key *key,
		struct diag *reterr_diag);

/**
 * verify_checkpoint() - read a log's checkpoint and believe its signature
 * @ret_checkpoint: set on success
 * @reterr_diag:    filled on VERIFY_E_REFUSED, and for an errno of the file; or NULL
 * Return: 0; VERIFY_E_REFUSED; -ENOMEM; -EIO from libcrypto; any errno of reading.
 */
int verify_checkpoint(int dir_fd, const struct note_key *key, struct checkpoint *ret_checkpoint,
		      struct diag *reterr_diag);
