/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whom a verifier trusts: a C2SP tlog-policy file names logs, witnesses, groups of them, and the
 * quorum that has to have cosigned a checkpoint. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/note.h"

struct diag;

#define QUORUM_MAX 64 /* logs, witnesses and groups, of each; everybody must read 32 */
#define QUORUM_URL_LEN 1024 /* of a witness, with its NUL */
#define QUORUM_MAX_SIZE ((size_t)1 << 18) /* bytes of a file that are read */

struct quorum_witness {
	char name[NOTE_NAME_LEN]; /* in the policy; its key has a name of its own */
	struct note_key key;
	char url[QUORUM_URL_LEN]; /* where it is asked, as it stands there; "" if nowhere */
};

/* A group, whose members come before it: bit i is witness i, or group i. */
struct quorum_group {
	char name[NOTE_NAME_LEN];
	uint64_t witnesses;
	uint64_t groups;
	unsigned needed;
};

struct quorum {
	size_t n_logs, n_witnesses, n_groups;
	struct note_key logs[QUORUM_MAX];
	struct quorum_witness witnesses[QUORUM_MAX];
	struct quorum_group groups[QUORUM_MAX];
	struct quorum_group quorum; /* of one member, which is needed; of none, nothing is */
};

/* Who has signed a checkpoint. */
struct quorum_report {
	uint64_t witnesses; /* bit i: witness i has */
	uint64_t times[QUORUM_MAX]; /* when, in seconds since 1970, as the witness said */
};

/**
 * quorum_parse() - read a policy file
 * @ret_policy:  the caller frees by free()
 * @reterr_diag: filled on NOTE_E_REFUSED, with a line where there is one; or NULL
 * Return: 0; NOTE_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int quorum_parse(const char *data, size_t size, struct quorum **ret_policy,
		 struct diag *reterr_diag);

/**
 * quorum_check_log() - whether a checkpoint is signed by a log of the policy
 * @origin:      as the checkpoint says; the log's key has to have that name
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 * Return: 0 if one of the log's keys has signed; NOTE_E_REFUSED if not, also if a signature by one
 * of them is wrong; -ENOMEM; -EIO from libcrypto.
 */
int quorum_check_log(const struct quorum *policy, const struct note *note, const char *origin,
		     struct diag *reterr_diag);

/**
 * quorum_check() - whether a checkpoint is signed by a log of the policy, and by its quorum
 * @origin:      as the checkpoint says; the log's key has to have that name
 * @ret_report:  set on success
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 * Return: 0; NOTE_E_REFUSED if not, also if a signature by one of the policy's keys is wrong;
 * -ENOMEM; -EIO from libcrypto.
 */
int quorum_check(const struct quorum *policy, const struct note *note, const char *origin,
		 struct quorum_report *ret_report, struct diag *reterr_diag);
