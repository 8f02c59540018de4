/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What writing, recovering and pruning a log share. */

#include "evidence/publisher.h"
#include "evidence/writer.h"

#define WRITER_CHECKPOINT "checkpoint"
#define WRITER_SIGNING "signing" /* the text of the last checkpoint that may have been signed */
#define WRITER_RETENTION "retention"
#define WRITER_TAILS "tail"

struct writer {
	struct writer_options options;
	struct store store;
	int lock_fd; /* the folder, locked */
	struct merkle *merkle;
	struct mac *mac; /* at the key of the next entry */
	struct publisher publisher;

	uint64_t first; /* entry of the tail */
	int tail_fd;
	char tail_path[STORE_PATH_LEN];
	uint64_t tail_size; /* bytes that are durable */
	uint64_t durable; /* entries */
	uint64_t read_offset; /* of the tail: where the publisher goes on */

	uint8_t *buffer; /* records as they go into the tail; of options.room bytes */
	size_t used;
	uint64_t waiting; /* entries in it */
	bool closed; /* to what comes, until there is room for all of it */

	uint64_t offered; /* entries that writer_append() was given */
	struct writer_gap gap; /* lost is 0 if there is none */
	uint64_t lost, syncs;
	uint64_t minimum; /* what retention says */
	bool signed_out; /* the checkpoint is that of publisher.published */
	int broken; /* the chain of keys is */
	int error;
};

/* writer_tail_path() - where the tail that begins with an entry is */
void writer_tail_path(uint64_t first, char ret_path[STORE_PATH_LEN]);

/**
 * writer_put() - as writer_append(), without counting what finds no room
 * Return: 0; WRITER_E_LOST; -EIO if libcrypto refuses, and from then on.
 */
int writer_put(struct writer *writer, const void *entry, size_t size);

/**
 * writer_begin_tail() - write a tail anew, from the publisher's front and bundle
 *
 * Whatever is in it is published, and nothing waits. After a failure the tail is as it was.
 * Return: 0; -ENOMEM; any errno of the store, of chain_key; -EIO if libcrypto refuses.
 */
int writer_begin_tail(struct writer *writer);

/**
 * writer_advance() - let the publisher have what is durable, up to a size
 * Return: 0; MERKLE_E_FULL; -EBADMSG if the tail has changed; -ENOMEM; any errno of the store.
 */
int writer_advance(struct writer *writer, uint64_t size);

/**
 * writer_recover() - find out where the log is, and mend it
 * Return: as writer_open().
 */
int writer_recover(struct writer *writer, struct writer_found *ret_found, struct diag *reterr_diag);

/**
 * writer_read_retention() - what is allowed to be missing; a removal that was cut short goes on
 * @ret_unread: whether there is a file that says nothing
 * Return: 0; -ENOMEM; any errno of the store.
 */
int writer_read_retention(struct writer *writer, bool *ret_unread);
