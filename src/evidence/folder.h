/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of a log, read below its folder: regular files alone, through no symbolic link, and no
 * byte more than their kind can have. The only file of this room that reads anything. What comes
 * out of it is not verified.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/merkle.h"
#include "evidence/text.h"
#include "evidence/tile.h"

struct diag;

#define FOLDER_RETENTION_LEN 64 /* bytes of the file that says what was pruned */

enum folder_outcome {
	_FOLDER_E_SUCCESS,
	FOLDER_E_MISSING, /* there is no such file; the diag says so */
	FOLDER_E_WRONG, /* the diag says what is wrong, and what was expected */
};

/**
 * folder_parse_retention() - the file that says what was pruned: a size, and the first index that
 * stays, one a line
 * Return: whether it is one.
 */
bool folder_parse_retention(struct text text, uint64_t *ret_size, uint64_t *ret_first);

/**
 * folder_read_retention() - the first entry that the log says to have; 0 if it was never pruned
 * @dir_fd:      borrowed, the log's folder
 * @reterr_diag: filled unless 0 is returned; or NULL
 * Return: 0; FOLDER_E_WRONG; -ENOMEM; any other errno of openat2() or read().
 */
int folder_read_retention(int dir_fd, uint64_t *ret_first, struct diag *reterr_diag);

/* A place to read bundles into, one after the other; {0} to begin with. */
struct folder_buffer {
	uint8_t *data;
	size_t room;
};

/* folder_buffer_done() - for _cleanup_() */
void folder_buffer_done(struct folder_buffer *buffer);

/**
 * folder_read_checkpoint() - what is signed
 * @dir_fd:      borrowed, the log's folder
 * @ret_note:    *@ret_size bytes, at most NOTE_MAX_SIZE; the caller frees
 * @reterr_diag: filled unless 0 or -ENOMEM is returned; or NULL
 * Return: 0; FOLDER_E_MISSING; FOLDER_E_WRONG; -ENOMEM; any other errno of openat2() or read().
 */
int folder_read_checkpoint(int dir_fd, char **ret_note, size_t *ret_size, struct diag *reterr_diag);

/* folder_read_note() - another note; @path: below the folder. Others as above. */
int folder_read_note(int dir_fd, const char *path, char **ret_note, size_t *ret_size,
		     struct diag *reterr_diag);

/**
 * folder_read_tile() - the hashes of a tile
 * @tile:       not TILE_ENTRIES
 * @ret_hashes: @tile->width of them; undefined after a failure
 * others and Return: as folder_read_checkpoint()
 *
 * A partial tile may be gone once the full one is there, which is read in its place then.
 */
int folder_read_tile(int dir_fd, const struct tile *tile, struct merkle_hash ret_hashes[TILE_WIDTH],
		     struct diag *reterr_diag);

/**
 * folder_read_bundle() - the bytes of an entry bundle
 * @tile:       TILE_ENTRIES
 * @buffer:     where they go; keeps what it has allocated for the next bundle
 * @ret_bundle: all of the file, borrowed from @buffer; of a partial bundle that is gone the full
 *              one, which goes on after the entries that were asked for
 * others and Return: as folder_read_checkpoint()
 */
int folder_read_bundle(int dir_fd, const struct tile *tile, struct folder_buffer *buffer,
		       struct bundle *ret_bundle, struct diag *reterr_diag);
