// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hooks at which more than one room decides, and that everybody passes all the time: one program
 * for each, for an empty one costs 140 to 290 instructions. Here is what lets most callers go; what
 * is decided is in the rooms.
 *
 *   hook               refuses with                            rooms
 *   inode_permission   EPERM                                   attachments, switches
 *   file_open          EPERM; ETXTBSY if held                  identity, files
 *   bpf                EPERM; ENOENT: an object by its id;     commands, admission
 *                      ENOSPC: no label for a link
 *
 * Cost to others: a test per component of a path; four per open; two per command on an element.
 */

#include "bpf/lib/shared.h"

#include "bpf/lib/inodes.h"

#define FMODE_WRITE 2

/* What the linker takes where the room is not there. */
#define ABSENT __weak __hidden

ABSENT int attachments_pin_open(struct inode *inode)
{
	return 0;
}

ABSENT int switches_move(struct inode *inode, int mask)
{
	return 0;
}

ABSENT int identity_open(struct file *file)
{
	return 0;
}

ABSENT int files_open(struct file *file)
{
	return 0;
}

ABSENT int commands_bpf(int command, union bpf_attr *attr)
{
	return 0;
}

ABSENT int admission_bpf(void *ctx, int command, union bpf_attr *attr)
{
	return 0;
}

SEC("lsm/inode_permission")
int BPF_PROG(shared_permission, struct inode *inode, int mask)
{
	if (!(mask & MAY_WRITE))
		return 0;
	switch (inode->i_sb->s_magic) {
	case BPF_FS_MAGIC:
		return attachments_pin_open(inode);
	case CGROUP2_MAGIC:
		return switches_move(inode, mask);
	}
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(shared_open, struct file *file)
{
	int r = 0;

	if (file->f_flags & (FMODE_EXEC | O_NOATIME))
		r = identity_open(file);
	if (r || !(file->f_mode & FMODE_WRITE || file->f_inode->i_mode & S_ISVTX))
		return r;
	return files_open(file);
}

/*
 * What is done to a map's elements asks nothing of us, and leaves no program's fd: so what is known
 * of a load that failed waits for the next command.
 */
SEC("lsm/bpf")
int BPF_PROG(shared_bpf, int command, union bpf_attr *attr)
{
	int r;

	if (command >= BPF_MAP_LOOKUP_ELEM && command <= BPF_MAP_GET_NEXT_KEY)
		return 0;
	r = commands_bpf(command, attr);
	if (r || (command != BPF_PROG_LOAD && command != BPF_MAP_CREATE))
		return r;
	return admission_bpf(ctx, command, attr);
}

char LICENSE[] SEC("license") = "GPL";
