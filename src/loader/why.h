/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why libbpf could not do it: what it says of the one map or program that stopped it, the kernel's
 * errno, and the verifier's last lines. libbpf returns a number and prints the rest, so its
 * warnings are listened to while it works.
 */

struct diag;
struct object;

#define WHY_ABOUT 160 /* bytes of what libbpf begins with: map 'NAME', prog 'NAME' */
#define WHY_SAID 320 /* bytes of one warning */
#define WHY_LOG 480 /* bytes of the verifier's last lines, as one */
#define WHY_LOG_LINES 3

struct why {
	char about[WHY_ABOUT]; /* whom the last warning was about that was about anybody; or "" */
	char said[WHY_SAID]; /* the first warning about it, which is the cause; or "" */
	char log[WHY_LOG]; /* of the verifier, on it; or "" */
	void *print; /* whose the warnings were before */
};

/**
 * why_listen() - have libbpf's warnings come here, and nowhere else, until why_done()
 * @ret_why: stays where it is until then; one at a time, for all of the process
 */
void why_listen(struct why *ret_why);

/* why_done() - give the warnings back to whose they were; what was heard stays */
void why_done(struct why *why);

/**
 * why_hear() - one warning, as libbpf prints it
 *
 * What follows on a failure, of the object as a whole, is no cause and is not kept.
 */
void why_hear(struct why *why, const char *warning);

/**
 * why_tell() - fill a diag with it
 * @why:    after why_done()
 * @object: whose maps may be meant
 * @step:   that failed: "load"
 * @error:  the kernel's, positive
 */
void why_tell(const struct why *why, const struct object *object, const char *step, int error,
	      struct diag *reterr_diag);
