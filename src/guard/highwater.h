/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The highest version of a signed policy that this host has seen, across boots: an older one has a
 * good signature as well. One mark is kept, of the key that was last started with; whoever takes
 * the file away, or starts with another key, has it begin anew, and it says since when it counts.
 */

#include <stdint.h>

struct diag;
struct guard_policy;

#define HIGHWATER_FILE "version"

struct highwater {
	uint8_t key[32]; /* SHA-256 of the certificate */
	uint64_t version;
	uint64_t since; /* CLOCK_REALTIME, seconds */
};

enum highwater_error {
	HIGHWATER_E_NONE = 1, /* no mark is kept */
	HIGHWATER_E_FILE, /* there is a file, and it is not ours */
	HIGHWATER_E_OLDER, /* the image is below the mark */
};

/**
 * highwater_load() - the mark that is kept
 * @dir_fd: the state folder
 * Return: 0; HIGHWATER_E_NONE; HIGHWATER_E_FILE; -errno.
 */
int highwater_load(int dir_fd, struct highwater *ret_mark);

/**
 * highwater_begin() - the mark that a policy shall set, with what vouches for it
 * @policy:      with its certificate
 * @ret_mark:    to be kept when the policy is in force
 * @reterr_diag: says what is kept, if the policy is older
 *
 * Return: 0; HIGHWATER_E_FILE, HIGHWATER_E_OLDER; -errno.
 */
int highwater_begin(int dir_fd, const struct guard_policy *policy, struct highwater *ret_mark,
		    struct diag *reterr_diag);

/**
 * highwater_keep() - write it, so that it outlives a power cut
 * Return: 0 or -errno: no space, read-only.
 */
int highwater_keep(int dir_fd, const struct highwater *mark);
