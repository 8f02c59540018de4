/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The key that the log of events is signed with, and what else its writer has to keep to itself: a
 * file in the state folder. The guard lets nobody but `self` read it.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/mac.h"
#include "evidence/note.h"

#define LOGKEY_FILE "log.key"
#define LOGKEY_NEW LOGKEY_FILE ".new" /* the next one, until the log says so */
/* What the guard knows a file by that strangers do not even read (files.bpf.c). */
#define LOGKEY_MODE 01600

enum logkey_error {
	LOGKEY_E_NONE = 1, /* there is none */
	LOGKEY_E_FILE, /* there is a file, and it is not ours */
};

struct logkey {
	struct note_key public; /* its name is the log's origin */
	uint8_t secret[NOTE_KEY_LEN];
	uint64_t since; /* CLOCK_REALTIME, seconds */
};

/**
 * logkey_load() - the key that is in use
 * @dir_fd: the state folder; borrowed
 * @name:   LOGKEY_FILE or LOGKEY_NEW
 * Return: 0; LOGKEY_E_NONE; LOGKEY_E_FILE; -ENOMEM; -EIO from libcrypto; any errno of reading.
 */
int logkey_load(int dir_fd, const char *name, struct logkey *ret_key);

/**
 * logkey_begin() - make the key of a log that begins, and keep it; the log gets a name of its own
 * Return: 0; -ENOMEM; -EIO from libcrypto; any errno of writing or of getrandom().
 */
int logkey_begin(int dir_fd, struct logkey *ret_key);

/**
 * logkey_prepare() - make the next key of the same log, and keep it beside
 * Return: as logkey_begin(), and as logkey_load().
 */
int logkey_prepare(int dir_fd, const struct logkey *old, struct logkey *ret_key);

/* logkey_commit() - the next key is the one in use from now on. Return: 0 or negative errno. */
int logkey_commit(int dir_fd);

/**
 * logkey_chain() - the first key of the chain of a tail; read from the file, kept nowhere
 * @first: entry that the tail begins with
 * Return: 0; -EIO; -ENOKEY if there is no file of ours; any errno of reading.
 */
int logkey_chain(int dir_fd, uint64_t first, uint8_t ret_key[MAC_LEN]);

/**
 * logkey_sign() - a note of a text
 * @ret_note: *@ret_size bytes; the caller frees it
 * Return: 0; -ENOMEM; -EIO from libcrypto; -EINVAL if the text can be none of a note.
 */
int logkey_sign(const struct logkey *key, struct text text, char **ret_note, size_t *ret_size);

/* logkey_forget() - wipe it; for _cleanup_() */
void logkey_forget(struct logkey *key);
