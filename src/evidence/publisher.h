/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Entries to tiles and bundles, as C2SP tlog-tiles has them. Takes entries one after the other and
 * writes a file as soon as it is full; those that are not, when it is told to. Writing the same
 * entries again writes nothing where the files are right, and mends those that are not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/front.h"
#include "evidence/store.h"

struct publisher {
	const struct store *store; /* borrowed */
	struct merkle *merkle; /* borrowed */
	struct front front;
	uint64_t published; /* size of the last checkpoint: its files stay; 0 if there is none */
	bool durable; /* each file is synced at once; otherwise by store_sync_all() afterwards */
	bool unsynced; /* some were not */
	bool settled; /* what the last entry has filled is written */
	uint8_t *bundle; /* records of the last bundle; full if an entry has just filled it */
	size_t used, room;
};

/**
 * publisher_path() - where a tile or a bundle is
 * @level: as of struct tile
 * @width: hashes or entries that it has; 0 if it is full
 */
void publisher_path(int level, uint64_t tile, unsigned width, char ret_path[STORE_PATH_LEN]);

/* publisher_start() - begin anew with the front, in which the caller has put what there is */
void publisher_start(struct publisher *publisher);

/* publisher_done() - free what it owns */
void publisher_done(struct publisher *publisher);

/**
 * publisher_push() - one more entry; only after publisher_settle() has returned 0
 * @entry: at most 65535 bytes
 * Return: 0; MERKLE_E_FULL; -ENOMEM and nothing has happened; -EIO if libcrypto refuses.
 */
int publisher_push(struct publisher *publisher, const void *entry, size_t size);

/**
 * publisher_settle() - write what the last entry has filled; to be tried again if it fails
 * Return: 0; any errno of store_put() or store_remove().
 */
int publisher_settle(struct publisher *publisher);

/**
 * publisher_rest() - write what a checkpoint of this size needs beside what is full
 * Return: as publisher_settle(), and any errno of store_sync_all().
 */
int publisher_rest(struct publisher *publisher);

/**
 * publisher_published() - there is a checkpoint of this size; what only the one before needed goes
 * Return: 0; any errno of store_remove().
 */
int publisher_published(struct publisher *publisher);
