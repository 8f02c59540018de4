/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a label is, as the label maps hold it. Read by holdfastd for `status`; written by the
 * guard's programs only.
 */

#ifdef LAYOUT_TEST /* a build whose labels lie otherwise, for the tests of the take-over */
#define LABELS_ABI 1004
#define LAYOUT_TEST_FIELD __u64 layout_test;
#define LAYOUT_TEST_SIZE 8
#else
#define LABELS_ABI 5
#define LAYOUT_TEST_FIELD
#define LAYOUT_TEST_SIZE 0
#endif

#define LABELS_MAX_LOADERS 1024
#define LABELS_MAX_OBJECTS 16384
#define LABELS_MAX_LINKS 4096
#define LABELS_LINKS_RESERVE 256 /* of these: for links being made meanwhile */
#define LABELS_MAX_FILES 16384
#define LABELS_MAX_MEASURED 4096
#define LABELS_MAX_STACKED 8192
#define LABELS_MAX_PLACES 256
#define LABELS_MAX_DISKS 1024
#define LABELS_MAX_NAMES 1024
#define LABELS_MAX_INTERFACES 256
#define LABELS_MAX_ATTACH_TYPES 128
#define LABELS_MAX_KNOWN 1024
#define LABELS_MAX_TASKS 16384
#define LABELS_MAX_CGROUPS 4096
#define LABELS_MAX_ADOPTIONS 4096

/* A record that begins within the image ends within the bank: offsets are masked, not compared. */
#define POLICY_BANK_SLACK 512

/* Of a map, program or link; the key is its kernel address, EVENT_OBJECT_* its kind. */
struct object_label {
	LAYOUT_TEST_FIELD
	__u32 domain;
	__u32 kind;
	__u32 id; /* 0 until the kernel has given it one; of who awaits, its maker's rule */
	__u32 awaits; /* a stranger's program that the policy's limits have not let through yet */
};

/* How the content of a task's executable was known. */
#define CONTENT_UNKNOWN 0 /* by a guard before this one */
#define CONTENT_VERITY 1 /* its fs-verity digest, which the kernel holds each page to */
#define CONTENT_HASHED 2 /* the kernel hashed it when it was executed */
#define CONTENT_SEALED 3 /* holdfastd hashed it, and nobody could write it since */
#define CONTENT_SIGNED 4 /* signed for its domain, and held by its fs-verity digest */
#define CONTENT_WAYS 5

/* What keeps a process from being adopted that looks like a domain's. */
#define ADOPTION_NONE 0 /* nothing */
#define ADOPTION_CHANGED 1 /* it mapped code while it was looked at: to be looked at again */
#define ADOPTION_LAUNCH 2
#define ADOPTION_NAMESPACE 3
#define ADOPTION_TRACED 4
#define ADOPTION_ANONYMOUS 5 /* executable memory of no file */
#define ADOPTION_WRITABLE 6 /* executable memory that can be written */
#define ADOPTION_CODE 7 /* executable content that is not trusted */
#define ADOPTION_REWRITTEN 8 /* pages of its code are no longer the file's */
#define ADOPTION_ENTRY 9 /* its code is not that of its executable */
#define ADOPTION_MEMORY 10 /* a stranger holds its memory open */
#define ADOPTION_ROOM 11 /* its label cannot be stored */
#define ADOPTION_SEAL 12 /* its executable cannot be sealed: holdfastd's own finding */

/* A process that is looked at; the key is the address of its memory (mm_struct). */
struct adoption {
	__u32 pass; /* of CONTROL_ADOPT; of an earlier one it means nothing */
	__u32 domain;
	__u32 reason; /* ADOPTION_* */
	__u32 changed; /* code was mapped since the pass began */
	__u64 exe; /* address of its executable's inode */
	__u32 entered; /* the code of its executable is where the kernel has put it */
	__u32 pad0;
};

/* A file outlives the cache's inode: superblock, number and generation together name it. */
struct file_key {
	__u64 superblock;
	__u64 ino;
	__u32 generation;
	__u32 pad0;
};

/*
 * In file_key.ino: the entry is of a folder that leads to files, which nobody renames or mounts
 * over, and what else it has is anybody's. No filesystem has numbers beyond it beside those below.
 */
#define FILE_KEY_WAY (1ull << 63)

/* A mount, superblock or dentry on the way to pins; the key is its kernel address. */
struct place_label {
	__u32 domain;
	__u32 pad0;
	__u64 witness; /* what another at that address would not have */
};

/*
 * Of a filesystem that has what carries a label; the key is its superblock's address. Numbers of
 * devices as the kernel has them; 0: it lies on none.
 */
struct disk_label {
	__u32 device;
	__u32 whole; /* the disk that the device is a partition of, or itself */
};

/* A name that a policy reserves for a domain, whether anything has it or not. */
struct name_key {
	__u64 folder; /* address of its dentry */
	__u64 witness; /* of that dentry */
	__u64 name; /* hash and length, as the kernel keeps them; salted by the folder's address */
};

struct interface_key {
	__u32 netns; /* inode number of the network namespace */
	__u32 ifindex; /* of an XDP program; with INTERFACE_TC of what is at clsact or ingress */
};

#define INTERFACE_TC 0x80000000u

/*
 * What a program may be made of or hang on, as numbers of the running kernel; holdfastd fills it in
 * before anything is decided.
 */
#define KNOWN_FUNCTION 1 /* by its id in the kernel's BTF */
#define KNOWN_HELPER 2 /* by its number in bpf(2) */
#define KNOWN_CALL 3 /* by the immediate that the verifier has made of it */
#define KNOWN_PROCESSORS 4 /* 0: the value is how many the kernel may ever have */
#define KNOWN_KEY(kind, number) ((__u64)(kind) << 32 | (__u32)(number))

/* values of `known` */
#define KNOWN_HOOK 1u /* the guard hangs on it */
#define KNOWN_AROUND 2u /* calls one that the guard hangs on */
#define KNOWN_WRITE_USER 4u
#define KNOWN_OVERRIDE_RETURN 8u
#define KNOWN_SEND_SIGNAL 16u
#define KNOWN_DESTRUCTIVE 32u

/*
 * When a domain that the policy enforces is only observed, by CLOCK_BOOTTIME, which nobody can set.
 * The key is the domain's id, or RESPITE_ALL.
 */
#define RESPITE_ALL 0
#define LABELS_MAX_RESPITES 128

struct respite {
	__u64 from;
	__u64 until; /* not included */
};

/* What the guard was built and started from. */
struct guard_build {
	__u8 object[32]; /* SHA-256 of the guard object */
	__u8 daemon[32]; /* SHA-256 of holdfastd */
	__u64 daemon_size; /* of its file, in bytes */
};

/* The holdfastd that the operator has admitted beside the one that the guard came with. */
struct guard_next {
	__u8 daemon[32]; /* as of guard_build; size 0: none */
	__u64 daemon_size;
};

struct guard_state {
	LAYOUT_TEST_FIELD
	__u32 abi;
	__u32 claimed; /* holdfastd has taken the guard for its own */
	__u32 armed; /* decisions are made; before, everything passes */
	__u32 bank; /* of the image in force */
	__u32 interfaces; /* how many places of `interfaces` are claimed */
	__u32 ima; /* executables have been hashed by the kernel here */
	__u32 links; /* how many carry a label */
	__u32 all_cgroups; /* not every control group to be protected could be noted: all are */
	__u64 mount_ns; /* address of the mount namespace whose mounts are protected */
	__u64 sequence; /* of the newest event */
	__u64 armed_ns; /* CLOCK_BOOTTIME: programs loaded before are not judged */
	struct guard_build build;
	__u32 adopting; /* CONTROL_ADOPT; files are sealed, though the guard be not armed */
	__u32 rehearsing; /* a guard of another build decides yet: this one but proves itself */
	__u64 special; /* address of what the kernel does with its own mappings in a process */
	__u64 canary; /* acts refused of the canary, or on it: no events are made of them */
	struct guard_next next;
};

_Static_assert(sizeof(struct object_label) == 16 + LAYOUT_TEST_SIZE, "object_label layout");
_Static_assert(sizeof(struct file_key) == 24, "file_key layout");
_Static_assert(sizeof(struct place_label) == 16, "place_label layout");
_Static_assert(sizeof(struct disk_label) == 8, "disk_label layout");
_Static_assert(sizeof(struct name_key) == 24, "name_key layout");
_Static_assert(sizeof(struct interface_key) == 8, "interface_key layout");
_Static_assert(sizeof(struct respite) == 16, "respite layout");
_Static_assert(sizeof(struct guard_build) == 72, "guard_build layout");
_Static_assert(sizeof(struct adoption) == 32, "adoption layout");
_Static_assert(sizeof(struct guard_next) == 40, "guard_next layout");
_Static_assert(sizeof(struct guard_state) == 192 + LAYOUT_TEST_SIZE, "guard_state layout");
