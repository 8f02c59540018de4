/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

/*
 * A policy that only the owner of a key can have made: the keyring behind it, and what the guard in
 * the kernel says of an image. See trust.bpf.c.
 */

/**
 * trust_choose() - load the programs for it, or leave them out
 * @object: not loaded yet
 *
 * Return: 0 or negative errno.
 */
int trust_choose(struct bpf_object *object, bool wanted);

/* trust_program() - is that one attached while a policy changes, and then only? */
bool trust_program(const char *name);

/**
 * trust_anchor() - put a certificate into a keyring that nobody can change or possess, and have the
 * guard take policies by it from here on
 * @object:   loaded; its guard is claimed and not armed
 * @policy:   its certificate is X.509, DER
 * @ret_link: what the keyring lives by; the caller pins it and closes it
 *
 * The keyring lives as long as that link: the link holds a perf event, whose file holds the
 * credentials that it was opened with, and these their session keyring (measured, docs/kernels.md).
 * Return: 0; GUARD_E_TRUST if the kernel takes no such certificate; negative errno.
 */
int trust_anchor(struct bpf_object *object, int control, const struct guard_policy *policy,
		 int *ret_link, struct diag *reterr_diag);

/**
 * trust_offer() - hand the guard an image, and have it judge that
 * @judge: fd of the program trust_judge; negative where the guard takes unsigned images
 *
 * Nothing changes yet: the image waits for trust_force(), and the next one offered displaces it.
 * Return: 0; GUARD_E_IMAGE, GUARD_E_TRUST; negative errno.
 */
int trust_offer(int control, int judge, const struct guard_policy *policy,
		struct diag *reterr_diag);

/**
 * trust_force() - put in force what was offered last
 *
 * Return: 0; -EPERM if the guard has not found it good; another negative errno.
 */
int trust_force(int control);
