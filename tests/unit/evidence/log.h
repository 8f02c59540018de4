/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A log in a temporary folder, written by the formats' text alone: nothing of src/ makes a hash. */

#include <stddef.h>
#include <stdint.h>

#include "evidence/note.h"
#include "naive.h"

#define LOG_ORIGIN "holdfast.example/log"
#define LOG_ENTRY_MAX 64

struct log {
	char dir[32];
	int dir_fd;
	size_t size;
	struct naive_hash *leaves;
	struct note_key key;
};

/* The secret key of all of them. */
extern const uint8_t log_secret[NOTE_KEY_LEN];

/* log_make() - a log of so many entries, complete and right */
void log_make(size_t size, struct log *ret_log);

/* log_done() - remove it; for _cleanup_() */
void log_done(struct log *log);

/* log_entry() - entry @index, into @ret; returns its bytes */
size_t log_entry(size_t index, uint8_t ret[LOG_ENTRY_MAX]);

/* log_sign() - write a checkpoint that says this */
void log_sign(const struct log *log, const char *origin, size_t size,
	      const struct naive_hash *root);

/* log_write() - replace a file of the log; its folders are made */
void log_write(const struct log *log, const char *path, const void *data, size_t size);

/* log_read() - all of a file of the log; the caller frees */
uint8_t *log_read(const struct log *log, const char *path, size_t *ret_size);

/* log_remove() - unlink a file of the log */
void log_remove(const struct log *log, const char *path);
