/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Digests of what an upgrade will put at a policy's paths, beside those of what is there now.
 * Reads an unpacked package and the host, writes nothing.
 */

#include <stddef.h>

struct diag;
struct lock;

enum admit_error {
	_ADMIT_E_SUCCESS,
	ADMIT_E_REFUSED, /* the diag says which file, why, and what to do */
};

struct admit {
	const char *host; /* folder to take for "/" */
	const char *tree; /* the unpacked packages; NULL if there are none */
};

/**
 * admit_tree() - add the digests of what a package has of a policy's files
 * @lock:        is added to, agrees with its policy; undefined on failure
 * @ret_added:   lines that are new; 0 if the lock has all of them already
 * @reterr_diag: filled on ADMIT_E_REFUSED; or NULL
 *
 * A file counts at the path of the lock, or there without "/usr". A library also counts at its new
 * path if it has the name that programs load it by (DT_SONAME); so does what new files need.
 * Return: 0; ADMIT_E_REFUSED; -ENOMEM; -EIO from libelf or libcrypto.
 */
int admit_tree(const struct admit *admit, struct lock *lock, size_t *ret_added,
	       struct diag *reterr_diag);

/**
 * admit_prune() - a lock without what is neither on the host nor in a package
 * @ret_lock:    to be released with lock_free(); may miss a path of the policy: ask lock_agrees()
 * @ret_dropped: lines that are gone
 * @reterr_diag: filled on ADMIT_E_REFUSED; or NULL
 * Return: as admit_tree().
 */
int admit_prune(const struct admit *admit, const struct lock *lock, struct lock **ret_lock,
		size_t *ret_dropped, struct diag *reterr_diag);
