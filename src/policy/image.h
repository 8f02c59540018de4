/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The policy image: what `policy compile` writes, what holdfastd checks, and, byte for byte, what
 * lies in the guard's policy banks and is searched by its programs. Owns the layout and its limits;
 * never holds a pointer, an enum or a number of the host's own byte order (little endian only).
 *
 * header | domains | executables | trusted | pins | files | admissions | slots |
 * limits | names | maps | digests | verities | signed | texts
 *
 * Tables follow each other without a gap.
 *
 * Included by kernel-side programs as well: <linux/types.h> or ktypes.h comes first.
 */

#define IMAGE_MAGIC 0x69706648u /* "Hfpi" */
#define IMAGE_ABI 4
#define IMAGE_MAX_SIZE (4u << 20)

#define IMAGE_NAME_LEN 64 /* policy name, with its terminating NUL */
#define IMAGE_DOMAIN_LEN 32 /* domain name, with its terminating NUL */
#define IMAGE_UNIT_LEN 64 /* unit name, with its terminating NUL */
#define IMAGE_PATH_LEN 256 /* path, with its terminating NUL */
#define IMAGE_DIGEST_LEN 32 /* SHA-256 */

#define IMAGE_MAX_DOMAINS 64
#define IMAGE_MAX_EXECUTABLES 256
#define IMAGE_MAX_TRUSTED 32768
#define IMAGE_MAX_PINS 256
#define IMAGE_MAX_OWNED 256 /* files and folders of one domain */
#define IMAGE_MAX_PATHS 1024 /* pins, and files of all domains */
#define IMAGE_MAX_FILES 1024
#define IMAGE_MAX_ADMISSIONS 16384
#define IMAGE_MAX_SLOTS (4 * IMAGE_MAX_ADMISSIONS)
#define IMAGE_MAX_LIMITS 1024
#define IMAGE_MAX_NAMES 4096
#define IMAGE_MAX_MAPS 4096
#define IMAGE_MAX_DIGESTS 8192
#define IMAGE_MAX_VERITIES 16384
#define IMAGE_MAX_TEXTS (1u << 20) /* bytes of all paths of admissions */

/* In so many slots, from the one of its id on, a rule is found or is not there. */
#define IMAGE_MAX_PROBES 32

#define IMAGE_RING_MIN_KIB 64
#define IMAGE_RING_MAX_KIB 65536
#define IMAGE_RING_DEFAULT_KIB 1024

/* Domain ids are derived from names (image_domain_id()), so that a label outlives a reload. */
#define DOMAIN_NONE 0u /* a stranger */
#define DOMAIN_SELF 1u /* the guard and holdfastd */
#define DOMAIN_CANARY 2u /* what the guard's self-proof is refused */
#define DOMAIN_FIRST 16u /* the least id of a policy's domain */

/* image_header.mode, image_domain.mode */
#define IMAGE_MODE_OBSERVE 1
#define IMAGE_MODE_ENFORCE 2
#define IMAGE_MODE_SEALED 3 /* of the whole policy only: it ends by a signed one, and by no word */
#define IMAGE_ENFORCES(mode) ((mode) >= IMAGE_MODE_ENFORCE)

/* image_executable.launch: which exec gives the label */
#define IMAGE_LAUNCH_ANY 1 /* every exec of that content */
#define IMAGE_LAUNCH_UNIT 2 /* by PID 1, in the cgroup of unit */
#define IMAGE_LAUNCH_PARENT 3 /* by a task of the domain launch_domain */
#define IMAGE_LAUNCH_HOLDFAST 4 /* by holdfastd, for `holdfast run` */

/*
 * image_header.admitted, image_admission.programs: bit N is the type N of bpf(2), up to the newest
 * that this version knows; bits above say what else of a program needs a permission.
 */
#define IMAGE_PROGRAM_TYPES 33
#define IMAGE_PROGRAM(type) ((__u64)1 << (type))
#define IMAGE_PROGRAM_UNKNOWN IMAGE_PROGRAM(48) /* of a type, or an attach type, newer than this */
#define IMAGE_PROGRAM_MODIFY_RETURN IMAGE_PROGRAM(49)
#define IMAGE_PROGRAM_WRITE_USER IMAGE_PROGRAM(50)
#define IMAGE_PROGRAM_OVERRIDE_RETURN IMAGE_PROGRAM(51)
#define IMAGE_PROGRAM_SEND_SIGNAL IMAGE_PROGRAM(52)
#define IMAGE_PROGRAM_DESTRUCTIVE IMAGE_PROGRAM(53)
#define IMAGE_PROGRAM_LAUNCH \
	IMAGE_PROGRAM(       \
		54) /* none: what PID 1 executes before a unit's program, and may load nothing */
/* Of how a program is signed: anybody's by default; see bpf/lib/verdict.h. */
#define IMAGE_PROGRAM_UNSIGNED IMAGE_PROGRAM(55) /* not at all, or by keys that do not count */
#define IMAGE_PROGRAM_SYSTEM_SIGNED IMAGE_PROGRAM(56) /* by a key of the kernel's own keyrings */
#define IMAGE_PROGRAM_SIGNATURES (IMAGE_PROGRAM_UNSIGNED | IMAGE_PROGRAM_SYSTEM_SIGNED)
#define IMAGE_PROGRAM_KNOWN                                                                       \
	((IMAGE_PROGRAM(IMAGE_PROGRAM_TYPES) - 1) | IMAGE_PROGRAM_UNKNOWN |                       \
	 IMAGE_PROGRAM_MODIFY_RETURN | IMAGE_PROGRAM_WRITE_USER | IMAGE_PROGRAM_OVERRIDE_RETURN | \
	 IMAGE_PROGRAM_SEND_SIGNAL | IMAGE_PROGRAM_DESTRUCTIVE | IMAGE_PROGRAM_LAUNCH |           \
	 IMAGE_PROGRAM_SIGNATURES)

/* image_header.switches: control files of the kernel that an ordinary host writes */
#define IMAGE_SWITCH_HOTPLUG 1u /* processors taken off and on */
#define IMAGE_SWITCH_MAC 2u /* policy of AppArmor, SELinux, IMA */
#define IMAGE_SWITCH_SUSPEND 4u /* the system put to sleep */
#define IMAGE_SWITCH_HELPERS 8u /* programs that the kernel starts by itself, as root */
#define IMAGE_SWITCHES_ALL 15u
/* and what most hosts need strangers for, so that a policy has to close it: closed if set */
#define IMAGE_CLOSED_AUDIT 0x10000u /* the kernel's audit switched off, its rules deleted */
#define IMAGE_CLOSED_CLOCK 0x20000u /* the clock set */
#define IMAGE_CLOSED_LOG 0x40000u /* the kernel's log cleared, its console switched off */
#define IMAGE_CLOSED_MARKS 0x80000u /* permission marks of fanotify */
#define IMAGE_CLOSED_PROBES 0x100000u /* probe events of tracefs */
#define IMAGE_CLOSED_SOCKETS 0x200000u /* others' sockets closed by sock_diag */
#define IMAGE_CLOSED_TOKENS 0x400000u /* BPF delegated by a token */
#define IMAGE_CLOSED_DISKS 0x800000u /* the disks below what is protected written */
#define IMAGE_CLOSED_RESOURCES 0x1000000u /* what a control group may use, of agents' groups */
#define IMAGE_CLOSED_NETWORK 0x2000000u /* the network's configuration and firewall */
#define IMAGE_CLOSED_STATS 0x4000000u /* the kernel's times of BPF programs */
#define IMAGE_CLOSED_UPROBES 0x8000000u /* probes of user memory */
#define IMAGE_CLOSED_UNLOAD 0x10000000u /* modules taken out of the kernel */
#define IMAGE_CLOSED_ALL 0x1fff0000u

/* image_header.modules, image_header.kexec: what strangers put into the kernel, or in its place */
#define IMAGE_CODE_ANY 0
#define IMAGE_CODE_SIGNED 1 /* what the kernel itself could verify */
#define IMAGE_CODE_DENY 2

/* image_header.lockdown, image_header.require_lockdown: as kernel_lockdown(7) */
#define IMAGE_LOCKDOWN_NONE 0
#define IMAGE_LOCKDOWN_INTEGRITY 1
#define IMAGE_LOCKDOWN_CONFIDENTIALITY 2

#define IMAGE_MAX_REQUIRED 64

struct image_header {
	__u32 magic;
	__u32 abi;
	__u32 size; /* of the whole image, in bytes */
	__u32 mode; /* of `self`: enforce if any domain's is */
	__u64 version; /* metadata.version; only goes up */
	__u32 ring_kib; /* events.ring, a power of two */
	__u32 n_domains;
	__u32 n_executables;
	__u32 n_trusted;
	__u32 n_pins;
	__u32 n_files;
	__u32 n_admissions;
	__u32 switches; /* IMAGE_SWITCH_*: open to strangers; IMAGE_CLOSED_*: closed to them */
	__u64 admitted; /* what anybody may load */
	char name[IMAGE_NAME_LEN]; /* metadata.name, NUL padded */
	__u8 digest[IMAGE_DIGEST_LEN]; /* SHA-256 of the image with this field zero */
	__u32 n_slots; /* image_slots() */
	__u32 n_limits;
	__u32 n_names;
	__u32 n_maps;
	__u32 n_digests;
	__u32 n_texts; /* bytes, a multiple of 8 */
	__u32 limits; /* of who has no rule: 1 + its place in that table; 0: none */
	__u32 n_verities;
	__u32 n_signed;
	__u8 modules; /* IMAGE_CODE_*, which strangers load */
	__u8 kexec; /* IMAGE_CODE_*, of kernels that they boot */
	__u8 lockdown; /* IMAGE_LOCKDOWN_*: what the guard holds strangers to */
	__u8 require_lockdown; /* IMAGE_LOCKDOWN_*, of the kernel itself */
	__u32 n_required; /* the last names: checks of the host that have to be good */
	__u32 degraded; /* 1: a guard comes up where they are not */
	__u64 size_filter[64]; /* bit (size % 4096) of each executable: exec prefilter */
};

/* image_domain.hold: what outlives the domain's tasks */
#define IMAGE_HOLD_LINKS 1u
#define IMAGE_HOLD_MAPS 2u
#define IMAGE_HOLD_ALL 3u
/* in the same word: strangers reach no socket that the domain's tasks have bound */
#define IMAGE_CLOSES_SOCKETS 4u

struct image_domain { /* sorted by id, ids are unique */
	__u32 id;
	__u16 mode;
	__u16 hold; /* IMAGE_HOLD_*, IMAGE_CLOSES_SOCKETS */
	char name[IMAGE_DOMAIN_LEN]; /* NUL padded; [a-z0-9][a-z0-9._-]* */
};

struct image_executable { /* sorted by digest; a digest appears once */
	__u8 digest[IMAGE_DIGEST_LEN];
	__u64 size; /* of the file, in bytes */
	__u32 domain;
	__u32 launch;
	__u32 launch_domain; /* IMAGE_LAUNCH_PARENT only, else 0 */
	__u32 pad0;
	char unit[IMAGE_UNIT_LEN]; /* IMAGE_LAUNCH_UNIT only, else zero: "x.service" */
	char path[IMAGE_PATH_LEN]; /* as the policy writes it; zero if it named a digest */
};

struct image_trusted { /* sorted by (digest, domain); what a domain's tasks may map executable */
	__u8 digest[IMAGE_DIGEST_LEN];
	__u32 domain;
	__u32 pad0;
};

/* image_pin.kind */
#define IMAGE_PIN_OBJECT 0 /* below a bpffs */
#define IMAGE_PIN_FILE 1 /* a file or folder of the agent's, anywhere else */

struct image_pin { /* sorted by path; a path appears once */
	__u32 domain;
	__u32 kind; /* IMAGE_PIN_*; images of before it have none but pins */
	char path[IMAGE_PATH_LEN]; /* absolute, normalised */
};

/* What digests were taken of: holdfastd measures these where the kernel cannot hash (no IMA). */
struct image_file { /* sorted by path; a path appears once */
	char path[IMAGE_PATH_LEN];
};

/* A tool that may load more than anybody, without being an agent. */
struct image_admission { /* sorted by digest; a digest appears once */
	__u8 digest[IMAGE_DIGEST_LEN];
	__u64 size; /* of the file, in bytes */
	__u64 programs;
	__u32 id; /* image_admission_id(): stands for it in the table of trusted content */
	__u32 path; /* as the policy writes it: offset in the texts; 0 if it named a digest */
	__u32 limits; /* 1 + its place in that table; 0: none */
	__u32 pad0;
};

/*
 * Where a load finds its caller's rule, however many there are: 1 + its place among the admissions,
 * in the first slot that was free from IMAGE_SLOT(id) on; 0: free.
 */
#define IMAGE_SLOT(h, id) ((id) & ((h)->n_slots - 1))

/* image_limits.given */
#define IMAGE_LIMIT_ATTACH 1u
#define IMAGE_LIMIT_TARGETS 2u
#define IMAGE_LIMIT_HELPERS 4u
#define IMAGE_LIMIT_KFUNCS 8u /* those alone that are listed may be called */
#define IMAGE_LIMIT_MAPS 16u
#define IMAGE_LIMIT_DIGESTS 32u
#define IMAGE_LIMITS_ALL 63u

/* image_limits.attach: bit N is the attach type N of bpf(2) */
#define IMAGE_ATTACH_TYPES 59
#define IMAGE_ATTACH_NONE 63u /* of a program that names none */
#define IMAGE_ATTACH_KNOWN \
	((((__u64)1 << IMAGE_ATTACH_TYPES) - 1) | ((__u64)1 << IMAGE_ATTACH_NONE))

#define IMAGE_HELPERS 256 /* numbers of bpf(2), from 1 */

/*
 * What the programs and maps of a caller are held to, each that is given, beside the programs'
 * types. In the order in which the header and the admissions name them first; so are their parts.
 */
struct image_limits {
	__u32 given; /* IMAGE_LIMIT_* */
	__u32 targets; /* place of the first one in the names; kfuncs follow them there */
	__u32 n_targets;
	__u32 maps; /* so in the maps */
	__u32 n_maps;
	__u32 digests; /* so in the digests */
	__u32 n_digests;
	__u32 pad0;
	__u64 attach;
	__u64 helpers[IMAGE_HELPERS / 64];
	__u32 kfuncs; /* as targets */
	__u32 n_kfuncs;
};

#define IMAGE_SYMBOL_LEN 64 /* with its terminating NUL */

struct image_name { /* NUL padded; sorted within one list of an image_limits */
	char text[IMAGE_SYMBOL_LEN];
};

#define IMAGE_ANY 0xffffffffu
#define IMAGE_ANY_BYTES (~(__u64)0) /* beyond what a limit can say */

/* Maps that may be made: of that type, and each number at most. */
struct image_map { /* in the policy's order */
	__u32 type; /* of bpf(2) */
	__u32 flags; /* BPF_F_*: those that may be set */
	__u32 max_entries;
	__u32 max_key; /* bytes */
	__u32 max_value; /* bytes */
	__u32 pad0;
	__u64 max_bytes; /* as map_bytes() counts them */
};

/* image_program.kind */
#define IMAGE_DIGEST_SHA256 1 /* of the instructions, as the kernel has it from 6.18 on */
#define IMAGE_DIGEST_TAG 2 /* 8 bytes of their SHA-1, as it had it before */
#define IMAGE_TAG_LEN 8

struct image_program { /* sorted by (digest, kind) within one image_limits; as image_trusted */
	__u8 digest[IMAGE_DIGEST_LEN]; /* zero padded */
	__u32 kind;
	__u32 pad0;
};

/*
 * The same content by its fs-verity digest (SHA-256): a file that has it need not be hashed to be
 * known, and the kernel holds each page to it when it is read, at exec and ever after.
 */
struct image_verity { /* sorted by verity; one appears once */
	__u8 verity[IMAGE_DIGEST_LEN];
	__u8 digest[IMAGE_DIGEST_LEN]; /* trusted by a domain or a tool */
};

/*
 * Executables that a domain takes by their signature, whatever they hold: struct image_executable
 * with no digest, size and path; sorted by domain, which appears once. What is signed is an
 * image_statement, by a key of the keyring that policies are signed by.
 */
#define IMAGE_STATEMENT_MAGIC "holdfast-file-1" /* 16 bytes with its NUL */

struct image_statement {
	char magic[16];
	__u32 domain; /* that the file is for */
	__u16 algorithm; /* FS_VERITY_HASH_ALG_SHA256 */
	__u16 size; /* of verity, in bytes */
	__u8 verity[IMAGE_DIGEST_LEN]; /* its fs-verity digest */
};

/* The file's extended attribute: the domain that the statement names, and the signature. */
#define IMAGE_SIGNATURE_XATTR "user.holdfast"
#define IMAGE_SIGNATURE_MAX 2048 /* bytes of the CMS */

struct image_signature {
	__u32 domain;
	__u8 cms[];
};

/* The texts: a NUL, then each admission's path with its NUL, in their order, then NULs. */

#define IMAGE_OFF_DOMAINS(h) ((__u32)sizeof(struct image_header))
#define IMAGE_OFF_EXECUTABLES(h) \
	(IMAGE_OFF_DOMAINS(h) + (h)->n_domains * (__u32)sizeof(struct image_domain))
#define IMAGE_OFF_TRUSTED(h) \
	(IMAGE_OFF_EXECUTABLES(h) + (h)->n_executables * (__u32)sizeof(struct image_executable))
#define IMAGE_OFF_PINS(h) \
	(IMAGE_OFF_TRUSTED(h) + (h)->n_trusted * (__u32)sizeof(struct image_trusted))
#define IMAGE_OFF_FILES(h) (IMAGE_OFF_PINS(h) + (h)->n_pins * (__u32)sizeof(struct image_pin))
#define IMAGE_OFF_ADMISSIONS(h) \
	(IMAGE_OFF_FILES(h) + (h)->n_files * (__u32)sizeof(struct image_file))
#define IMAGE_OFF_SLOTS(h) \
	(IMAGE_OFF_ADMISSIONS(h) + (h)->n_admissions * (__u32)sizeof(struct image_admission))
#define IMAGE_OFF_LIMITS(h) (IMAGE_OFF_SLOTS(h) + (h)->n_slots * (__u32)sizeof(__u32))
#define IMAGE_OFF_NAMES(h) \
	(IMAGE_OFF_LIMITS(h) + (h)->n_limits * (__u32)sizeof(struct image_limits))
#define IMAGE_OFF_MAPS(h) (IMAGE_OFF_NAMES(h) + (h)->n_names * (__u32)sizeof(struct image_name))
#define IMAGE_OFF_DIGESTS(h) (IMAGE_OFF_MAPS(h) + (h)->n_maps * (__u32)sizeof(struct image_map))
#define IMAGE_OFF_VERITIES(h) \
	(IMAGE_OFF_DIGESTS(h) + (h)->n_digests * (__u32)sizeof(struct image_program))
#define IMAGE_OFF_SIGNED(h) \
	(IMAGE_OFF_VERITIES(h) + (h)->n_verities * (__u32)sizeof(struct image_verity))
#define IMAGE_OFF_TEXTS(h) \
	(IMAGE_OFF_SIGNED(h) + (h)->n_signed * (__u32)sizeof(struct image_executable))
#define IMAGE_OFF_END(h) (IMAGE_OFF_TEXTS(h) + (h)->n_texts)

#define IMAGE_FILTER_BIT(size) ((__u32)(size) % 4096u)

_Static_assert(sizeof(struct image_header) == 720, "image_header layout");
_Static_assert(sizeof(struct image_domain) == 40, "image_domain layout");
_Static_assert(sizeof(struct image_executable) == 376, "image_executable layout");
_Static_assert(sizeof(struct image_trusted) == 40, "image_trusted layout");
_Static_assert(sizeof(struct image_pin) == 264, "image_pin layout");
_Static_assert(sizeof(struct image_file) == 256, "image_file layout");
_Static_assert(sizeof(struct image_admission) == 64, "image_admission layout");
_Static_assert(sizeof(struct image_limits) == 80, "image_limits layout");
_Static_assert(sizeof(struct image_name) == 64, "image_name layout");
_Static_assert(sizeof(struct image_statement) == 56, "image_statement layout");
_Static_assert(sizeof(struct image_signature) == 4, "image_signature layout");
_Static_assert(sizeof(struct image_verity) == 64, "image_verity layout");
_Static_assert(sizeof(struct image_map) == 32, "image_map layout");
_Static_assert(sizeof(struct image_program) == sizeof(struct image_trusted),
	       "image_program layout");
