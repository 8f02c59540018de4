/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The lock: what a policy's paths held when a host was read. A text file, one file a line, sorted,
 * so that two readings of one host are the same bytes and a change shows in a diff:
 *
 *	holdfast-lock 1
 *	policy edge
 *	executable xdp-filter sha256:... fsverity:... 75312 /usr/sbin/xdp-filter
 *	library xdp-filter sha256:... fsverity:... 31032 /usr/lib/agent/plugin.so
 *	needed xdp-filter sha256:... fsverity:... 1926256 /usr/lib/x86_64-linux-gnu/libc.so.6
 *
 * The second digest is fs-verity's for the same content. Locks of before it have none.
 *
 * A path may have several digests, one a line, sorted by them: what is there and what an upgrade
 * will put there (`policy admit`). Each counts.
 *
 * A rule of admission stands in the domain's place as `admission:1`, its place among the rules, and
 * what the host's PID 1 executes before each unit's program as `admission:launcher`.
 *
 * `executable` and `library` are the paths of the policy, as it writes them; `needed` is what the
 * dynamic linker loads for them, by its real path. Paths are image_path_valid(); bytes of theirs
 * outside 0x21..0x7e, and '\', are written \xHH.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

struct diag;
struct policy;

#define LOCK_FORMAT 1
#define LOCK_MAX_SIZE ((size_t)8 << 20) /* bytes of text */
#define LOCK_MAX_FILES 10000

enum lock_kind {
	LOCK_EXECUTABLE,
	LOCK_LIBRARY,
	LOCK_NEEDED,
	_LOCK_KIND_MAX,
	_LOCK_KIND_INVALID = -22,
};

struct lock_file {
	enum lock_kind kind;
	unsigned line; /* in the lock, from 1; 0 if it was not read from one */
	char *domain;
	uint8_t digest[SHA256_LEN];
	uint8_t verity[SHA256_LEN]; /* content_read()'s second; zero: not known */
	uint64_t size; /* in bytes */
	char *path;
};

struct lock {
	char *policy; /* metadata.name */
	struct lock_file *files;
	size_t n_files;
};

enum lock_error {
	_LOCK_E_SUCCESS,
	LOCK_E_INVALID, /* not a lock, or not one that this version reads */
	LOCK_E_MISMATCH, /* the lock was made for another policy or another state of this one */
	LOCK_E_TOO_MANY, /* LOCK_MAX_FILES */
};

/**
 * lock_new() - an empty lock for a policy
 * @policy_name: copied
 * @ret_lock:    to be released with lock_free()
 * Return: 0; -ENOMEM.
 */
int lock_new(const char *policy_name, struct lock **ret_lock);

/**
 * lock_free() - release a lock
 * Return: NULL. NULL and a half-built lock are accepted.
 */
struct lock *lock_free(struct lock *lock);

static inline void lock_freep(struct lock **lock)
{
	(void)lock_free(*lock);
}

/**
 * lock_add() - add a file
 * @file: its strings are copied
 *
 * A file of the same kind, domain, path and digest is there once, however often it is added.
 * Return: 0; LOCK_E_TOO_MANY; -ENOMEM.
 */
int lock_add(struct lock *lock, const struct lock_file *file);

/* lock_has_verity() - whether the fs-verity digest is known */
bool lock_has_verity(const struct lock_file *file);

/**
 * lock_is() - whether a file is of that kind, domain and path
 */
bool lock_is(const struct lock_file *file, enum lock_kind kind, const char *domain,
	     const char *path);

/**
 * lock_find() - a file of a kind, a domain and a path, the first if there are several
 * Return: borrowed from @lock; NULL if there is none.
 */
const struct lock_file *lock_find(const struct lock *lock, enum lock_kind kind, const char *domain,
				  const char *path);

/**
 * lock_write() - the lock as text
 * @lock:     its files are sorted by this
 * @ret_text: NUL terminated, the caller frees
 * Return: 0; -ENOMEM.
 */
int lock_write(struct lock *lock, char **ret_text, size_t *ret_size);

/**
 * lock_read() - a lock from text
 * @file:        name for errors, borrowed by @reterr_diag
 * @text:        borrowed, @size bytes
 * @ret_lock:    to be released with lock_free()
 * @reterr_diag: filled on LOCK_E_INVALID; or NULL
 *
 * Strict: exactly the bytes that lock_write() would write are accepted.
 * Return: 0; LOCK_E_INVALID; -ENOMEM.
 */
int lock_read(const char *file, const char *text, size_t size, struct lock **ret_lock,
	      struct diag *reterr_diag);

/**
 * lock_agrees() - whether a lock was made for this policy
 * @lock_name:   name of the lock's file for errors, borrowed by @reterr_diag
 * @reterr_diag: filled on LOCK_E_MISMATCH: the first entry that is missing or too many; or NULL
 * Return: 0; LOCK_E_MISMATCH.
 */
int lock_agrees(const struct lock *lock, const char *lock_name, const struct policy *policy,
		struct diag *reterr_diag);
