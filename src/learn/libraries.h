/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which of the libraries that were mapped the policy has to name. Reads them as the lock will. */

struct diag;
struct seen;

enum libraries_error {
	_LIBRARIES_E_SUCCESS,
	LIBRARIES_E_REFUSED, /* the lock would refuse a file: the diag says which and why */
};

/**
 * libraries_reduce() - drop those that come with a program, or with another library
 * @seen:        sorted; only programs with a rule count, see stanza.h
 * @reterr_diag: filled on LIBRARIES_E_REFUSED; or NULL
 * Return: 0; LIBRARIES_E_REFUSED; -ENOMEM; -EIO from libelf or libcrypto.
 */
int libraries_reduce(struct seen *seen, struct diag *reterr_diag);
