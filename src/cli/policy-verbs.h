/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs of `holdfast policy` that have a file of their own. */

#include <stddef.h>

struct cli_call;
struct diag;

/**
 * policy_admit() - digests of an upgrade into the lock, or old ones out of it
 * Return: enum cli_exit.
 */
int policy_admit(const struct cli_call *call);

/**
 * policy_diff() - two policies by what they permit
 * Return: as diff(1): 0 the same, 1 not, 2 it cannot be told.
 */
int policy_diff(const struct cli_call *call);

/**
 * policy_image() - the image of a policy, or the one that a file is
 * @path:      a policy, whose lock lies beside it, or an image
 * @ret_image: checked; the caller frees
 * Return: 0; enum cli_exit, after it has said why.
 */
int policy_image(const char *path, void **ret_image, size_t *ret_size);

/**
 * policy_learn() - a policy for an agent that runs
 * Return: enum cli_exit.
 */
int policy_learn(const struct cli_call *call);

/**
 * policy_sign() - a signature over an image, beside it
 * Return: enum cli_exit.
 */
int policy_sign(const struct cli_call *call);

/**
 * policy_sign_file() - signatures of files for a domain, left with the files
 * Return: enum cli_exit.
 */
int policy_sign_file(const struct cli_call *call);

/**
 * policy_verify() - whether an image is signed by the key of a certificate
 * Return: enum cli_exit; CLI_DONE only if it is.
 */
int policy_verify(const struct cli_call *call);
