/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The one way into the guard's maps: holdfastd runs the control program with these arguments. The
 * program answers to tasks of `self` only; each operation returns 0 or a negative errno.
 */

/*
 * A holdfastd of another build speaks to this guard as well, when it takes over from it: numbers
 * keep their meaning.
 */
#define CONTROL_CLAIM 1 /* the caller becomes `self`; once. kind 1: the guard rehearses first */
/* 2 was an image that came into force at once */
#define CONTROL_ARM 3
#define CONTROL_DISARM 4
#define CONTROL_SEED 5 /* kind, id, domain: what the seed iterators shall label */
#define CONTROL_MARK 6 /* kind, domain: the caller's next setattr or umount marks, not acts */
#define CONTROL_EXPECT 7 /* domain: the caller's next exec must give this label or fail */
#define CONTROL_OPERATOR 8 /* pointer, size: what is kept of the operator's secret */
#define CONTROL_BUILD 9 /* pointer, size: struct guard_build */
#define CONTROL_INTERFACE 10 /* kind: netns, id: ifindex, domain: a protected XDP program's place */
#define CONTROL_MEASURE 12 /* pointer, size: SHA-256 that CONTROL_MARK_MEASURED marks with */
#define CONTROL_ACT_AS 11 /* domain: the caller becomes the canary, or a stranger, for the proof */

#define CONTROL_LEARN 13 /* id: KNOWN_*, of the call in the program that the caller loads next */
#define CONTROL_ATTACH_TYPE 15 /* id, domain: an attach type at cgroups is that domain's */
#define CONTROL_ADOPT 14 /* id: the pass of adoption that begins, from 1; 0: it is over */

#define CONTROL_TAKE 18 /* kind, pointer, size: struct control_taken, of the guard before this */
#define CONTROL_NEXT 19 /* pointer, size: struct guard_next; size 0: none */
#define CONTROL_RESPITE 20 /* domain, pointer, size: struct respite; size 0 ends it */

#define CONTROL_ANCHOR 21 /* id: serial number of a keyring; from here on images are signed */
#define CONTROL_SIGNATURE 22 /* pointer, size: of the image that CONTROL_IMAGE took before */
#define CONTROL_VERDICT 23 /* of that image, while trust_judge is attached */
#define CONTROL_IMAGE 24 /* pointer, size: copy into the bank that is not in force, and check */
#define CONTROL_FORCE 25 /* what lies there, if nothing is missing */
#define CONTROL_TOLD 26 /* kind: slot, id: verdict - 1, size: so many are in the log by now */

/* control_args.kind of CONTROL_MARK */
#define CONTROL_MARK_NONE 0
#define CONTROL_MARK_FILE 1 /* a file of that domain, or of nobody any more */
#define CONTROL_MARK_PIN 2 /* a pin, or a folder of pins, of that domain */
#define CONTROL_MARK_PLACE 3 /* a folder that leads to pins: nothing is mounted over it */
#define CONTROL_MARK_MEASURED 5 /* content as CONTROL_MEASURE said; nobody writes it from here on */
#define CONTROL_MARK_MOUNT 4 /* by umount: the mount, and if it is a bpffs its superblock */
#define CONTROL_MARK_WAY 6 /* a folder that leads to files of a domain: FILE_KEY_WAY */
#define CONTROL_MARK_LISTED \
	7 /* a file as FILE, which a policy lists: not if it is the guard's own */

/* control_args.kind of CONTROL_TAKE */
#define CONTROL_TAKE_OBJECT 1
#define CONTROL_TAKE_FILE 2
#define CONTROL_TAKE_MEASURED 3
#define CONTROL_TAKE_PLACE 4
#define CONTROL_TAKE_NAME 5
#define CONTROL_TAKE_CGROUP 6
#define CONTROL_TAKE_OFFICE 7 /* value: struct control_office; the rehearsal is over */
#define CONTROL_TAKE_GONE 8 /* key: of an object that is no more */
#define CONTROL_TAKE_STACKED 9 /* value 0: it is no more */
#define CONTROL_TAKE_FOLDED 10 /* key: slot, value: by verdict, folded and not told; at any time */

/* A record of a map of labels, as this build lays it out. */
struct control_taken {
	__u64 key[3];
	__u64 value[4];
};

struct control_office {
	__u64 sequence; /* of the newest event of the guard before */
	__u64 armed_ns;
	__u64 all_cgroups;
	__u64 pad0;
};

struct control_args {
	__u32 op;
	__u32 kind;
	__u32 id;
	__u32 domain;
	__u64 pointer;
	__u64 size; /* in bytes */
};

struct operator_record {
	__u8 salt[32];
	__u8 hash[32];
	__u64 set;
};

_Static_assert(sizeof(struct control_args) == 32, "control_args layout");
_Static_assert(sizeof(struct control_taken) == 56, "control_taken layout");
_Static_assert(sizeof(struct control_office) == 32, "control_office layout");
_Static_assert(sizeof(struct operator_record) == 72, "operator_record layout");
