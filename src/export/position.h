/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far a log has been exported, kept in a file: which log, and the index that is next. */

#include <stddef.h>
#include <stdint.h>

#include "evidence/note.h"

struct diag;

enum position_outcome {
	_POSITION_E_SUCCESS,
	POSITION_E_NONE, /* there is no such file */
	POSITION_E_REFUSED, /* it is none of ours; the diag says what to do */
};

struct position {
	char origin[NOTE_NAME_LEN];
	uint64_t next;
};

/**
 * position_parse() - read what position_write() has written
 * @ret_position: set on success
 * Return: 0; POSITION_E_REFUSED.
 */
int position_parse(const char *text, size_t size, struct position *ret_position);

/**
 * position_read() - read a file
 * @reterr_diag: filled on POSITION_E_REFUSED and an errno; borrows @path
 * Return: 0; POSITION_E_NONE; POSITION_E_REFUSED; -ENOMEM; any errno of open() or read().
 */
int position_read(const char *path, struct position *ret_position, struct diag *reterr_diag);

/**
 * position_write() - replace the file; on the disk when this returns 0
 * @reterr_diag: as of position_read()
 * Return: 0; POSITION_E_REFUSED if it is no regular file; as file_write_atomic().
 */
int position_write(const char *path, const struct position *position, struct diag *reterr_diag);
