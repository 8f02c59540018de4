/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A log that somebody else goes on writing, read entry by entry: what is under a checkpoint, in the
 * order of the log, and then what comes. Holds nothing open that its writer would miss: the folder
 * may be replaced, be gone for a while, or not be there yet.
 *
 * With keys nothing is handed out that is not shown to be in the tree that one of them has signed,
 * each tree being shown to continue the one before. Without, files are taken as they are.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/checkpoint.h"
#include "evidence/merkle.h"
#include "evidence/note.h"

struct diag;
struct follow;
struct pollfd;

#define FOLLOW_POLL_MS 1000 /* the longest that news can wait where inotify tells of none */

enum follow_outcome {
	_FOLLOW_E_SUCCESS,
	FOLLOW_E_END, /* nothing more for now; also if there is no log yet, or none any more */
	FOLLOW_E_PRUNED, /* the entry is not there any more, a later one is */
	FOLLOW_E_DAMAGED, /* a file is missing, or is not what it should be; the diag says which */
	FOLLOW_E_REFUSED, /* the checkpoint is not believed, or takes back an earlier one */
};

/* Borrowed from the follow, until the next call. */
struct follow_entry {
	const char *origin; /* which log */
	uint64_t index;
	const uint8_t *data; /* @size bytes */
	size_t size;
	struct merkle_hash leaf;
};

struct follow_options {
	const char *path; /* borrowed: the folder of the log */
	uint64_t from; /* index of the first entry that is wanted; may not be written yet */
	const struct note_key *keys; /* borrowed: one of them has to have signed */
	size_t n_keys; /* 0: signatures and hashes are not looked at */
};

/**
 * follow_new() - a place in a log; the folder is not looked at
 * @options:    what it borrows has to live as long as the follow
 * @ret_follow: the caller frees it by follow_free()
 * Return: 0; -ENOMEM; -EIO if libcrypto has no SHA-256.
 */
int follow_new(const struct follow_options *options, struct follow **ret_follow);

/* follow_free() - NULL is allowed. Return: NULL. */
struct follow *follow_free(struct follow *follow);

static inline void follow_freep(struct follow **follow)
{
	(void)follow_free(*follow);
}

/**
 * follow_next() - the next entry
 * @ret_entry:   set on success; on FOLLOW_E_PRUNED its index alone, of the first that is there
 * @reterr_diag: filled on FOLLOW_E_DAMAGED, FOLLOW_E_REFUSED and an errno of a file; or NULL
 *
 * Only a success goes on by one; whatever else is returned, the next call tries again. A log whose
 * last bundle is missing is damaged, not pruned.
 * Return: 0; FOLLOW_E_END; FOLLOW_E_PRUNED; FOLLOW_E_DAMAGED; FOLLOW_E_REFUSED; -ENOMEM; -EIO from
 * libcrypto; any errno of reading.
 */
int follow_next(struct follow *follow, struct follow_entry *ret_entry, struct diag *reterr_diag);

/* follow_seek() - go to an index, before or behind, whether there is such an entry yet or not */
void follow_seek(struct follow *follow, uint64_t index);

/* follow_index() - of the entry that is next. Return: from 0. */
uint64_t follow_index(const struct follow *follow);

/**
 * follow_look() - read the checkpoint, which follow_next() does by itself when it has to
 * Return: 0; as follow_next(), but FOLLOW_E_PRUNED.
 */
int follow_look(struct follow *follow, struct diag *reterr_diag);

/**
 * follow_checkpoint() - the last checkpoint that was taken
 * @ret_time: when its file was written, in seconds since 1970, as the file system says; or NULL
 * Return: borrowed until the next call; NULL if there was none so far.
 */
const struct checkpoint *follow_checkpoint(const struct follow *follow, int64_t *ret_time);

/**
 * follow_wait() - until there may be news, or FOLLOW_POLL_MS have passed
 * @other:      waited for as well, its revents are set; or NULL
 * @timeout_ms: ends earlier; -1: as late as that
 * Return: 0; any errno of poll(), but EINTR, which ends waiting.
 */
int follow_wait(struct follow *follow, struct pollfd *other, int timeout_ms);
