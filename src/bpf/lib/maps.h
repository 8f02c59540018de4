/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The guard's maps: declared here, defined once, in state.bpf.c. User space never writes one: each
 * is frozen once the guard is up, and none was made read-only to programs.
 */

#include "bpf/ktypes.h"

#include <bpf/bpf_helpers.h>

#include "bpf/control-api.h"
#include "bpf/events-api.h"
#include "bpf/labels-api.h"
#include "bpf/trust-api.h"
#include "policy/image.h"

#ifdef MAPS_DEFINE
#define MAP(type_name, name) struct type_name name SEC(".maps")
#else
#define MAP(type_name, name) extern struct type_name name SEC(".maps")
#endif

struct measurement {
	__u8 digest[IMAGE_DIGEST_LEN]; /* zero: sealed, being measured */
};

/* struct fsverity_digest of linux/fsverity.h, with room for SHA-256. */
struct verity {
	__u16 algorithm; /* FS_VERITY_HASH_ALG_* */
	__u16 size; /* bytes of the whole digest */
	__u8 digest[IMAGE_DIGEST_LEN];
	__u32 pad0;
};

#define BORN_FORKED 1 /* and has executed nothing */
#define BORN_LAUNCHED 2 /* and PID 1's launcher runs in it, as long as it is admitted */

/* Of a task: only labelled tasks, tasks at a decision, and PID 1's newborn have one. */
struct task_label {
	LAYOUT_TEST_FIELD
	__u32 domain;
	__u32 pending; /* what the exec under way gives, if it ends with pending_file */
	__u64 pending_file; /* address */
	__u32 command; /* of the bpf(2) call under way */
	__u32 expect;
	__u32 mark_kind;
	__u32 mark_domain;
	__u32 born; /* BORN_*: forked by PID 1, and nobody else has run in it yet */
	__u32 canary; /* what it is refused is a proof, whatever the policy's mode */
	__u32 learn; /* CONTROL_LEARN */
	__u32 admission; /* which of the policy's rules on loading programs it is under; 0: none */
	__u32 pending_admission; /* as pending */
	__u32 pending_born; /* as pending */
	__u32 content; /* the first bytes of its executable's digest, for who looks */
	__u32 way; /* CONTENT_*: how that was known */
	__u32 pending_content; /* as pending */
	__u32 pending_way; /* as pending */
	__u32 adopt; /* domain that it may be adopted into, or was */
	__u64 moving; /* address of the protected task that it is about to move; MOVING_UNKNOWN */
	__u32 verifying; /* type and 1 of a signed program that it loads and the kernel verifies */
	__u32 runs; /* VERDICT_* of the loader program that runs for it */
	__u32 loading; /* its bpf(2) call under way is a program's load, not decided to its end */
	__u32 load_row; /* of what a rule has let that program be */
	__u64 judging; /* address of the inode behind the overlay's file that it is judged by */
	struct measurement measurement; /* what CONTROL_MARK_MEASURED marks with */
	struct verity verity; /* where the kernel writes it */
};

struct inode_label {
	LAYOUT_TEST_FIELD
	__u32 domain; /* owner of a pin; DOMAIN_NONE if only held */
	__u32 held; /* domain whose tasks have mapped it executable */
};

/* Of an inode behind an overlay's; the key is its address. */
struct stacked_label {
	__u32 held; /* domain whose tasks run it */
	__u32 trials; /* how many tasks are being judged by its content: it must stay meanwhile */
};

/* Of a unix socket: whose task has bound it. */
struct socket_label {
	LAYOUT_TEST_FIELD
	__u32 domain;
	__u32 pad0;
};

struct policy_bank {
	__u8 image[IMAGE_MAX_SIZE];
	__u8 slack[POLICY_BANK_SLACK];
};

struct task_labels_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_label);
};

struct inode_labels_map {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct inode_label);
};

struct socket_labels_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_label);
};

struct objects_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_OBJECTS);
	__type(key, __u64);
	__type(value, struct object_label);
};

struct ids_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_OBJECTS);
	__type(key, __u64); /* kind << 32 | id */
	__type(value, __u32);
};

struct files_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_FILES);
	__type(key, struct file_key);
	__type(value, __u32);
};

/*
 * Where the kernel cannot hash: what holdfastd has measured, of inodes that nobody may write since.
 */
struct measured_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_MEASURED);
	__type(key, struct file_key);
	__type(value, struct measurement);
};

struct stacked_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_STACKED);
	__type(key, __u64);
	__type(value, struct stacked_label);
};

struct places_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_PLACES);
	__type(key, __u64);
	__type(value, struct place_label);
};

struct names_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_NAMES);
	__type(key, struct name_key);
	__type(value, __u32);
};

struct interfaces_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_INTERFACES);
	__type(key, struct interface_key);
	__type(value, __u32);
};

struct attach_types_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LABELS_MAX_ATTACH_TYPES);
	__type(key, __u32);
	__type(value, __u32);
};

struct known_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_KNOWN);
	__type(key, __u64); /* KNOWN_KEY() */
	__type(value, __u32);
};

/*
 * What the names of the functions that rules let programs call are in the running kernel: for each
 * name of either policy bank its id, 0 if it has none. Found out by the program that fills the
 * bank, in the kernel; holdfastd has no say in it.
 */
#define KFUNC_KEY(bank, place) (((bank)&1) * IMAGE_MAX_NAMES + (place))

struct kfuncs_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * IMAGE_MAX_NAMES);
	__type(key, __u32); /* KFUNC_KEY() */
	__type(value, __u32);
};

struct seeds_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_OBJECTS);
	__type(key, __u64); /* kind << 32 | id */
	__type(value, __u32);
};

/* Labelled tasks by their address. */
struct tasks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_TASKS);
	__type(key, __u64);
	__type(value, __u32);
};

/* Control groups that hold or held labelled tasks, and their ancestors; by their node's address. */
struct cgroups_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, __u32);
};

struct respites_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_RESPITES);
	__type(key, __u32);
	__type(value, struct respite);
};

/* Processes that are older than the guard and look like a domain's. */
struct adoptions_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_ADOPTIONS);
	__type(key, __u64);
	__type(value, struct adoption);
};

/*
 * Where the kernel keeps no verdict: of signed programs of the type SYSCALL, by the address of
 * prog->aux.
 */
struct loaders_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_LOADERS);
	__type(key, __u64);
	__type(value, __u32); /* VERDICT_* */
};

#define SIGNATURE_ROOMS 256

/* Where a task has a file's signature while it is judged. */
struct signature_room {
	struct image_statement statement;
	__u64 found; /* address of the keyring that has the serial number */
	__u32 domain; /* as the attribute begins */
	__u8 cms[IMAGE_SIGNATURE_MAX];
	__u32 pad0;
};

struct disks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LABELS_MAX_DISKS);
	__type(key, __u64);
	__type(value, struct disk_label);
};

struct signature_rooms_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SIGNATURE_ROOMS);
	__type(key, __u64); /* process and thread */
	__type(value, struct signature_room);
};

struct policy_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct policy_bank);
};

struct trust_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trust_state);
};

struct state_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guard_state);
};

struct operator_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct operator_record);
};

#define RING_EVENTS 0
#define RING_RISK 1

struct lost_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* RING_* */
	__type(key, __u32);
	__type(value, __u64);
};

struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, IMAGE_RING_DEFAULT_KIB * 1024);
};

/* Always as large: whoever writes the policy cannot make it too small for what matters most. */
struct risk_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
};

/* How often a process has made an event of one kind in the second that is noted. */
struct repeat_key {
	__u64 start; /* of the process: its number may be another's later */
	__u32 tgid;
	__u32 kind; /* FOLDED_SLOT() and verdict */
};

struct repeat {
	__u64 second; /* CLOCK_BOOTTIME */
	__u64 n;
};

/* Who falls out of it has a new second: more records, and no less counted. */
struct repeats_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct repeat_key);
	__type(value, struct repeat);
};

struct folded_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FOLDED_SLOTS);
	__type(key, __u32);
	__type(value, struct folded);
};

MAP(task_labels_map, task_labels);
MAP(inode_labels_map, inode_labels);
MAP(socket_labels_map, socket_labels);
MAP(objects_map, objects);
MAP(ids_map, ids);
MAP(files_map, files);
MAP(measured_map, measured);
MAP(stacked_map, stacked);
MAP(places_map, places);
MAP(disks_map, disks);
MAP(names_map, names);
MAP(interfaces_map, interfaces);
MAP(attach_types_map, attach_types);
MAP(known_map, known);
MAP(kfuncs_map, kfuncs);
MAP(seeds_map, seeds);
MAP(tasks_map, tasks);
MAP(cgroups_map, cgroups);
MAP(respites_map, respites);
MAP(adoptions_map, adoptions);
MAP(loaders_map, loaders);
MAP(signature_rooms_map, signature_rooms);
MAP(policy_map, policy);
MAP(trust_map, trust);
MAP(state_map, state);
MAP(operator_map, operator);
MAP(lost_map, lost);
MAP(events_map, events);
MAP(risk_map, risk);
MAP(repeats_map, repeats);
MAP(folded_map, folded);
