/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A policy and its lock to the flat image. Pure: the same input gives the same bytes. */

#include <stddef.h>

struct diag;
struct lock;
struct policy;

/**
 * compile_policy() - make the image
 * @policy:      borrowed during the call
 * @lock:        borrowed during the call; agrees with @policy by lock_agrees()
 * @ret_image:   *@ret_size bytes that pass image_check(); the caller frees
 * @reterr_diag: filled on POLICY_E_INVALID, at a place of the policy; or NULL
 * Return: 0; POLICY_E_INVALID if one content is two executables, or there are too many trusted
 * files; -ENOMEM; -EIO from libcrypto.
 */
int compile_policy(const struct policy *policy, const struct lock *lock, void **ret_image,
		   size_t *ret_size, struct diag *reterr_diag);
