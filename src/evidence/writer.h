/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A log that is written: a C2SP tlog-tiles folder that only grows at its end. Entries become
 * durable in groups and are then published under a checkpoint that somebody else signs. A disk that
 * is full never stops the caller: what is kept waits, what finds no room is counted. Whatever
 * crashes when, the next one to open the folder goes on, and never signs what contradicts what was
 * signed.
 *
 * Below the folder: checkpoint, tile/ (the log); signing, tail/ (what opening it again takes);
 * retention; new. One writer at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/mac.h"
#include "evidence/store.h"
#include "evidence/tail.h"
#include "evidence/text.h"

struct diag;
struct writer;

#define WRITER_ROOM ((size_t)4 << 20) /* bytes of entries that wait for commit */
#define WRITER_TAIL (16ull << 20) /* bytes after which the tail is begun anew */

enum writer_outcome {
	_WRITER_E_SUCCESS,
	WRITER_E_LOST, /* the entry found no room, and is counted */
	WRITER_E_TOO_BIG, /* the entry has more than TAIL_MAX_ENTRY bytes; it is not counted */
	WRITER_E_BUSY, /* another writer has the folder */
	WRITER_E_REFUSED, /* going on would contradict what was signed; the diag says why */
};

struct writer_options {
	int dir_fd; /* borrowed: the folder of the log, for as long as the writer lives */
	const char *origin; /* borrowed: which log it is; the first line of a checkpoint */
	size_t room; /* WRITER_ROOM, less in tests; at least one record */
	uint64_t tail; /* WRITER_TAIL, less in tests */
	store_gate *gate; /* of tests; or NULL */
	int (*made)(void *userdata, int fd); /* as of struct store; or NULL */

	/**
	 * sign - make a note of a checkpoint's text, which is on the disk by then
	 * @ret_note: all of the note, that the writer frees
	 * Return: 0; a negative errno, and there is no checkpoint this time.
	 */
	int (*sign)(void *userdata, struct text text, char **ret_note, size_t *ret_size);

	/**
	 * chain_key - the first key of the chain of a tail
	 * @first: the entry that the tail begins with; always the same key for the same one
	 *
	 * Asked when a tail is begun and when it is read again, never in between: what gives it
	 * should be out of reach of whoever takes this process.
	 * Return: 0; a negative errno.
	 */
	int (*chain_key)(void *userdata, uint64_t first, uint8_t ret_key[MAC_LEN]);

	void *userdata; /* of all */
};

/* What opening a log has found. */
struct writer_found {
	uint64_t size; /* entries that the log has */
	uint64_t signed_size; /* of those, what a checkpoint may have been signed for */
	uint64_t cut_bytes; /* at the end of the tail: torn, or not ours; they are gone */
	uint64_t cut_entries; /* that those look like, one that is torn included */
	uint64_t healed; /* entries that the tail should have had, taken from bundles */
	bool unread; /* signing, checkpoint or retention was there and is none of ours */
};

/* What was lost, in entries that writer_append() was given since writer_open(), from 1. */
struct writer_gap {
	uint64_t first, last;
	uint64_t lost; /* less than all in between if some of them found room */
};

struct writer_counts {
	uint64_t size; /* entries that have an index, durable or not */
	uint64_t durable; /* of those */
	uint64_t published; /* of those, under a checkpoint */
	uint64_t minimum; /* the first that is still there */
	uint64_t lost; /* since writer_open() */
	uint64_t syncs; /* of the tail, since writer_open() */
	int error; /* of the last writer_commit() or writer_checkpoint(), or 0 */
};

/**
 * writer_open() - go on with a log, or begin one
 * @ret_writer: the caller closes it
 * @ret_found: set on success; or NULL
 * @reterr_diag: filled on WRITER_E_REFUSED; or NULL
 *
 * What is missing of the files since the tail began is written anew. No checkpoint is signed.
 * Return: 0; WRITER_E_BUSY; WRITER_E_REFUSED; -ENOMEM; -EINVAL for options that make no sense; any
 * errno of a system call, of chain_key or of the gate.
 */
int writer_open(const struct writer_options *options, struct writer **ret_writer,
		struct writer_found *ret_found, struct diag *reterr_diag);

/* writer_close() - commit what waits, if that can be, and free it; NULL is fine. Return: NULL. */
struct writer *writer_close(struct writer *writer);

static inline void writer_closep(struct writer **writer)
{
	(void)writer_close(*writer);
}

/**
 * writer_append() - take an entry; it waits in memory for writer_commit()
 * @entry: at most TAIL_MAX_ENTRY bytes
 * @ret_index: set on success: where it is in the log, if it comes to that; or NULL
 *
 * Makes no system call. Once one is lost, so are all until the next commit that succeeds.
 * Return: 0; WRITER_E_LOST; WRITER_E_TOO_BIG; -EIO if libcrypto refuses, and from then on.
 */
int writer_append(struct writer *writer, const void *entry, size_t size, uint64_t *ret_index);

/**
 * writer_commit() - what waits is on the disk
 * Return: 0; a negative errno, and it waits on.
 */
int writer_commit(struct writer *writer);

/**
 * writer_checkpoint() - commit, publish all of it, and have it signed; nothing if that is done
 * Return: 0; MERKLE_E_FULL; a negative errno, also of sign, and it can be tried again.
 */
int writer_checkpoint(struct writer *writer);

/**
 * writer_take_gap() - what was lost and not yet taken
 *
 * To be asked after a commit that succeeds: there is room then to put it into the log.
 * Return: whether there is any.
 */
bool writer_take_gap(struct writer *writer, struct writer_gap *ret_gap);

/**
 * writer_prune() - remove bundles and full tiles of entries below an index
 * @minimum: everything from here on stays, and what came with it in a bundle
 *
 * What the tail still has stays as well, so a log is pruned up to where its tail begins. What is
 * allowed to be missing is on the disk before anything is removed.
 * Return: 0; any errno of the store.
 */
int writer_prune(struct writer *writer, uint64_t minimum);

/* writer_count() - how far it is */
void writer_count(const struct writer *writer, struct writer_counts *ret_counts);
