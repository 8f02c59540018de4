/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What rooms decide at hooks that several of them share (shared.bpf.c): each is a function of its
 * room, which the verifier goes through as a part of the program that calls it. A room that is left
 * out of the build decides nothing.
 *
 * All return 0, or the negative errno that the hook refuses with.
 */

#include "bpf/lib/guard.h"

#define CGROUP2_MAGIC 0x63677270
#define FMODE_EXEC 0x20u /* of a file's flags: the kernel opens it to execute it */
#define O_NOATIME 01000000u /* as overlayfs opens what is behind */
#define S_ISVTX 01000 /* on no file of anybody's but LOGKEY_MODE */

/* ---- inode_permission, of a bpffs and of control groups: @inode is asked to be written */

__hidden int attachments_pin_open(struct inode *inode);

/* @mask: MAY_WRITE and what else it is asked for */
__hidden int switches_move(struct inode *inode, int mask);

/* ---- file_open */

/* Of what is opened to be executed, or without a trace. */
__hidden int identity_open(struct file *file);

/* Of what is opened to be written, or has S_ISVTX. */
__hidden int files_open(struct file *file);

/* ---- bpf, but for commands on a map's elements */

__hidden int commands_bpf(int command, union bpf_attr *attr);

/* Of PROG_LOAD and MAP_CREATE. @ctx: the program's own */
__hidden int admission_bpf(void *ctx, int command, union bpf_attr *attr);
