/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The record of one decision, as it leaves the guard's ring. Owns its layout: append only, the
 * first field is the ABI number, a reader refuses shorter records and unknown numbers. It is
 * meant to become, unchanged, a leaf of a signed log.
 */

#define EVENT_ABI 1

/* A threat row: 'M', 1 is M01. 0 is none. */
#define EVENT_ROW(letter, number) ((__u32)(letter) << 8 | (__u32)(number))

/* event.verdict */
#define EVENT_REFUSED 1 /* enforce: the act failed */
#define EVENT_OBSERVED 2 /* observe: the act went through, enforce would have refused it */
#define EVENT_NOTED \
	3 /* not a refusal: something the log should know (a label given, a file replaced) */
#define EVENT_ADMITTED 4 /* a program's load that nothing in the guard refuses */
#define EVENT_VERDICTS 4

/* event.flags */
#define EVENT_LIMITED 1u /* the last of its kind by this process for this second: more are folded */
#define EVENT_RISK 2u /* came through the ring of its own, see lib/guard.h */

/* event.object_kind */
#define EVENT_OBJECT_NONE 0
#define EVENT_OBJECT_MAP 1
#define EVENT_OBJECT_PROG 2
#define EVENT_OBJECT_LINK 3
#define EVENT_OBJECT_TASK 4
#define EVENT_OBJECT_FILE 5 /* any inode: pins, files, directories */
#define EVENT_OBJECT_MOUNT 6
#define EVENT_OBJECT_INTERFACE 7 /* a network interface */
#define EVENT_OBJECT_ATTACH_TYPE 8 /* a BPF attach type at cgroups */
#define EVENT_OBJECT_EXECUTABLE 9
#define EVENT_OBJECT_SWITCH 11 /* a control file of the kernel */
#define EVENT_OBJECT_KERNEL 12 /* the kernel itself: a way into it, or what would take its place */
#define EVENT_OBJECT_SOCKET 13 /* a bound unix socket */

/* event.act: what was tried; the name is the hook's where one hook is one act */
#define EVENT_ACT_EXEC 1 /* a label given or refused at exec */
#define EVENT_ACT_MAP_EXECUTABLE 2 /* an executable mapping by a labelled task */
#define EVENT_ACT_MAP_CREATE 3
#define EVENT_ACT_MAP_FD 4
#define EVENT_ACT_PROG_FD 5
#define EVENT_ACT_LINK_FD 6
#define EVENT_ACT_FILE_RECEIVE 7 /* SCM_RIGHTS, pidfd_getfd, seccomp addfd */
#define EVENT_ACT_BPF 8 /* a bpf(2) command; event.command says which */
#define EVENT_ACT_NETLINK 9
#define EVENT_ACT_UNLINK 10
#define EVENT_ACT_RMDIR 11
#define EVENT_ACT_RENAME 12
#define EVENT_ACT_CREATE 13 /* create, mknod, mkdir, link or symlink in a guarded folder */
#define EVENT_ACT_SETATTR 14
#define EVENT_ACT_SETXATTR 15
#define EVENT_ACT_MOUNT 16
#define EVENT_ACT_UMOUNT 17
#define EVENT_ACT_OPEN_WRITE 18
#define EVENT_ACT_SIGNAL 19 /* event.command is the signal */
#define EVENT_ACT_PTRACE 20
#define EVENT_ACT_RLIMIT 21
#define EVENT_ACT_SCHEDULER 22
#define EVENT_ACT_CONTROL 23 /* the guard's own control program */
#define EVENT_ACT_PROG_LOAD 24 /* event.command is the program's type */
#define EVENT_ACT_SWITCH 25 /* a control file of the kernel written */
#define EVENT_ACT_MADE 26 /* a link or map by a domain that holds those */
#define EVENT_ACT_CLOSED 27 /* an fd of one by its domain; command 1: by a task that ends */
#define EVENT_ACT_KERNEL 28 /* a way into the kernel; command 1: past its own lockdown */
#define EVENT_ACT_OPEN_READ 29 /* of what nobody but its owner reads */
#define EVENT_ACT_CONNECT 30 /* to a unix socket; command 1: a datagram sent, or asked about */

struct event {
	__u32 abi;
	__u32 size; /* of this record, in bytes */
	__u64 sequence; /* from 1; a gap is a lost event, counted per CPU */
	__u64 boot_ns; /* CLOCK_BOOTTIME */
	__u32 act;
	__u32 command; /* of bpf(2), or as the act says */
	__u32 verdict;
	__u32 row;
	__u32 error; /* the errno that refused it, positive; 0 if it went through */

	/* who */
	__u32 pid; /* thread, in the init pid namespace */
	__u32 tgid; /* process */
	__u32 uid; /* in the init user namespace */
	__u32 label; /* domain id, DOMAIN_NONE for a stranger */
	__u32 exe_dev; /* kernel dev_t of the executable's superblock; 0 for a kernel thread */
	__u64 exe_ino;
	char comm[16];
	char exe_name[32]; /* last component, cut */

	/* what */
	__u32 object_kind;
	__u32 object_id; /* map, prog, link id; tgid; ifindex; attach type; 0 if unknown */
	__u64 object_ino; /* files only */
	__u32 owner; /* domain id of the object */
	__u32 limit; /* IMAGE_LIMIT_* of a policy that it is beyond; 0: none */
	char object_name[32]; /* map, prog name; comm; last component of a path; cut */

	__u32 flags; /* EVENT_LIMITED, EVENT_RISK; 0 where a record ends before it */
	__u32 pad0;
};

#define EVENT_SIZE_MIN 176 /* of the first build's records, without flags */

/*
 * Events that had no record, because their process made too many of the kind in one second: how
 * many, by verdict. The slot is the row's, or where there is none the act's.
 */
#define FOLDED_SLOTS 2048
#define FOLDED_SLOT(row, act) ((row) ? ((row) >> 8 & 31) << 6 | ((row)&63) : ((act)&63))

struct folded {
	__u64 n[EVENT_VERDICTS]; /* by verdict - 1, since the guard came up */
	__u64 former[EVENT_VERDICTS]; /* left untold by the guard before this one */
	__u64 told[EVENT_VERDICTS]; /* of the sum, written to the log */
};

_Static_assert(sizeof(struct event) == 184, "event layout");
_Static_assert(sizeof(struct folded) == 96, "folded layout");
