/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The operator's secret: made once, shown once, kept only as salt and slow hash. Owns its form, its
 * hash and the file that lets the hash survive a reboot. Never keeps the secret longer than a call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/guard.h"

#define SECRET_SIZE 20 /* 160 bits */
#define SECRET_TEXT_LEN 40 /* eight groups of four, seven dashes, NUL */

#define SECRET_MAX_TRIES 5
#define SECRET_TRIES_NS 60000000000ull /* within a minute */
#define SECRET_LOCKED_NS 60000000000ull /* and then none for a minute */

#define SECRET_FILE "operator"

enum secret_error {
	SECRET_E_FORM = 1, /* not the form of a secret */
	SECRET_E_WRONG, /* a secret, not this operator's */
	SECRET_E_NONE, /* there is no file */
	SECRET_E_FILE, /* there is one, and it is not ours */
};

struct secret {
	uint8_t bytes[SECRET_SIZE];
};

/* Wrong tries: the times of the last ones. */
struct secret_tries {
	uint64_t at[SECRET_MAX_TRIES];
	size_t next;
	uint64_t locked_until;
	uint64_t wrong; /* since start */
};

/* secret_init() - libcrypto without its configuration file, which an attacker could write */
int secret_init(void);

/* secret_make() - a new one, of the kernel's random numbers. Return: 0 or -errno. */
int secret_make(struct secret *ret_secret);

/* secret_forget() - overwrite; a cleanup function */
void secret_forget(struct secret *secret);

/* secret_format() - for people to type: XXXX-XXXX-..., without I, L, O and U */
void secret_format(const struct secret *secret, char ret_text[SECRET_TEXT_LEN]);

/**
 * secret_parse() - what a person typed
 *
 * Small letters, missing or other dashes, blanks, and O, I, L for 0, 1, 1 are forgiven.
 * Return: 0; SECRET_E_FORM.
 */
int secret_parse(const char *text, struct secret *ret_secret);

/* secret_keep() - what may be kept of it. Return: 0; -ENOMEM, -EIO or an errno of getrandom(). */
int secret_keep(const struct secret *secret, struct guard_operator *ret_operator);

/* secret_verify() - in constant time. Return: 0; SECRET_E_WRONG; -ENOMEM or -EIO. */
int secret_verify(const struct secret *secret, const struct guard_operator *operator);

/* secret_tries_wait() - how long no secret is looked at, in nanoseconds; 0: now */
uint64_t secret_tries_wait(const struct secret_tries *tries, uint64_t now);

/* secret_tries_wrong() - count a wrong one. Return: whether that was one too many. */
bool secret_tries_wrong(struct secret_tries *tries, uint64_t now);

/**
 * operator_load() - what was kept before
 * @dir_fd: the state folder
 * Return: 0; SECRET_E_NONE; SECRET_E_FILE; -errno.
 */
int operator_load(int dir_fd, struct guard_operator *ret_operator);

/**
 * operator_prepare() - write the file beside its place, so that what can fail has not yet changed
 * anything
 * Return: 0 or -errno: no space, read-only.
 */
int operator_prepare(int dir_fd, const struct guard_operator *operator);

/* operator_commit() - put it into its place. Return: 0 or -errno. */
int operator_commit(int dir_fd);

/* operator_discard() - or do not */
void operator_discard(int dir_fd);
