/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a guard takes a policy by that only the owner of a key can have made: a keyring that nobody
 * possesses, and where the image is that waits for its verdict. Read by holdfastd, written by the
 * guard's programs only.
 */

#define TRUST_SIGNATURE_MAX 8192 /* bytes */
#define TRUST_CERTIFICATE_MAX 8192

/* trust_state.step: of the bank that is not in force */
#define TRUST_IDLE 0
#define TRUST_FILLING 1
#define TRUST_FILLED 2 /* with an image that waits for its signature */
#define TRUST_SIGNING 3
#define TRUST_SIGNED 4 /* and has one, not judged yet */
#define TRUST_JUDGING 5
#define TRUST_JUDGED 6 /* and it may be put in force */

#define TRUST_VOID 1 /* no address: what was trusted is gone, and nothing will be */

struct trust_state {
	__u32 serial; /* of the keyring; 0: a policy needs no signature */
	__u32 step; /* TRUST_* */
	__s32 verdict; /* of the last image: 0 or a negative errno */
	__u32 size; /* of signature, in bytes */
	__u64 anchor; /* address of the keyring; 0: not looked up yet; TRUST_VOID */
	__u64 found; /* address of what has its serial */
	__u8 signature[TRUST_SIGNATURE_MAX];
};

_Static_assert(sizeof(struct trust_state) == 8224, "trust_state layout");
