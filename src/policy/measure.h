/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A policy's paths read on a host: what `policy lock` writes down. Reads files, writes none. */

struct diag;
struct lock;
struct policy;

/**
 * measure_launcher() - add to the policy what the host's PID 1 executes before a unit's program
 * @policy:      nothing is added if the host has no such thing
 * @root_path:   as of measure_policy()
 * @reterr_diag: filled on POLICY_E_INVALID; or NULL
 * Return: 0; POLICY_E_INVALID, if it is there and no ordinary file; -ENOMEM.
 */
int measure_launcher(struct policy *policy, const char *root_path, struct diag *reterr_diag);

/**
 * measure_policy() - digests of a policy's files and of what they need
 * @policy:      borrowed during the call
 * @root_path:   folder to take for "/"
 * @ret_lock:    to be released with lock_free()
 * @reterr_diag: filled on POLICY_E_INVALID, at the place of the policy that names the file; or NULL
 * Return: 0; POLICY_E_INVALID; -ENOMEM; -EIO from libelf or libcrypto.
 */
int measure_policy(const struct policy *policy, const char *root_path, struct lock **ret_lock,
		   struct diag *reterr_diag);
