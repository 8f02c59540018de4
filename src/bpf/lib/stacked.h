/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A file on overlayfs: what is mapped, and read, is a file of another filesystem, the real one,
 * which has names of its own under which root may write it. overlayfs keeps it behind the file, and
 * says nowhere how: it is where it says that it stands for this very file.
 *
 * What is held is the real inode, by its address: nothing trusted leads to it from here.
 * inode_free_security ends the entry (files.bpf.c), and whoever has it open or mapped keeps it.
 *
 * A file that was open when overlayfs copied it up is read from the copy and mapped from what it
 * was: so it is judged only if reading it led to the real file. There is no way back from a copy,
 * so what was read before, its headers, came from there as well.
 */

#include "bpf/lib/content.h"
#include "bpf/lib/disks.h"

#define S_IMA 1024u /* of an inode's flags: IMA keeps a digest of it */
#define ASTRAY 1 /* in place of an address: another file was opened to be read */

/* The real file behind a file, as numbers. */
struct real_file {
	__u64 kept; /* where overlayfs keeps it with another beside, from 6.13 on */
	__u64 inode; /* address */
	__u64 size;
	__u32 writers;
	__u32 pad0;
	struct stacked_label *label; /* what holds it meanwhile */
};

/* Only a kernel that hashes knows what is on overlayfs: holdfastd measures nothing there. */
INLINE bool superblock_stacked(struct super_block *sb)
{
#ifdef WITHOUT_IMA
	return false;
#endif
	return sb->s_magic == 0x794c7630; /* overlayfs */
}

/* Does the file at that address stand for this one? COMPAT(6.5): it has this one's path then. */
INLINE bool backs(struct file *file, __u64 backing)
{
	__u64 dentry = 0;

	if (bpf_core_type_exists(struct backing_file))
		backing += bpf_core_field_offset(struct backing_file, user_path.dentry);
	else
		backing += bpf_core_field_offset(struct file, f_path.dentry);
	return !read_pointer((void *)backing, &dentry) && dentry == (__u64)file->f_path.dentry;
}

/*
 * COMPAT(6.13): up to there it is what private_data leads to, later the first member of that. The
 * later is tried first: a file begins with no pointer, but nobody knows what lies behind the two.
 */
static __noinline __u64 backing_file(struct file *file, struct real_file *real)
{
	__u64 keeper = (__u64)file->private_data, backing = 0;

	if (!real || !keeper)
		return 0;
	if (!read_pointer((void *)keeper, &backing) && backing && backs(file, backing)) {
		real->kept = keeper;
		return backing;
	}
	return backs(file, keeper) ? keeper : 0;
}

INLINE __u64 real_number(struct real_file *real, __u32 offset)
{
	__u64 number = 0;

	if (read_pointer((void *)(real->inode + offset), &number))
		real->inode = 0;
	return number;
}

/* real_find() - the real inode, if it is on a filesystem that gives labels */
INLINE bool real_find(struct file *file, struct real_file *real)
{
	__u64 backing = backing_file(file, real), superblock, magic = 0;

	if (!backing ||
	    read_pointer((void *)(backing + bpf_core_field_offset(struct file, f_inode)),
			 &real->inode) ||
	    !real->inode)
		return false;
	superblock = real_number(real, bpf_core_field_offset(struct inode, i_sb));
	if (read_pointer((void *)(superblock + bpf_core_field_offset(struct super_block, s_magic)),
			 &magic))
		return false;
	return real->inode && magic_qualifies(magic);
}

INLINE struct stacked_label *stacked_label_make(__u64 inode)
{
	struct stacked_label fresh = {}, *label;

	label = bpf_map_lookup_elem(&stacked, &inode);
	if (label)
		return label;
	bpf_map_update_elem(&stacked, &inode, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&stacked, &inode);
}

/*
 * stacked_begin() - nobody may write what is behind the file from now on, until stacked_end()
 *
 * Held first, its writers counted after, as in mapping_trusted().
 * Return: whether it is so.
 */
static __noinline __attribute__((unused)) bool stacked_begin(struct file *file,
							     struct real_file *real)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());

	if (!real || !task || !real_find(file, real))
		return false;
	real->label = stacked_label_make(real->inode);
	if (!real->label)
		return false;
	__sync_fetch_and_add(&real->label->trials, 1);
	real->size = real_number(real, bpf_core_field_offset(struct inode, i_size));
	real->writers = real_number(real, bpf_core_field_offset(struct inode, i_writecount));
	task->judging = real->inode;
	/* the size that the kernel hashes is the overlay's own */
	return real->inode && real->size == (__u64)file->f_inode->i_size && (int)real->writers <= 0;
}

/*
 * stacked_read() - has what was read since stacked_begin() been the real file?
 *
 * IMA's own digest, if it has one, is of any time. What is read from stays open from 6.13 on.
 */
static __noinline __attribute__((unused)) bool stacked_read(struct file *file,
							    struct real_file *real)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());
	__u64 judging, copy = 0;

	if (!real || !task)
		return false;
	judging = task->judging;
	task->judging = 0;
	if (real->kept && (read_pointer((void *)(real->kept + sizeof(copy)), &copy) || copy))
		return false;
	return judging == real->inode && !(file->f_inode->i_flags & S_IMA);
}

/* stacked_end() - for that domain it stays so, or with DOMAIN_NONE for nobody */
INLINE void stacked_end(struct real_file *real, __u32 domain)
{
	__u64 superblock;

	if (!real->label)
		return;
	if (domain) {
		superblock = real_number(real, bpf_core_field_offset(struct inode, i_sb));
		disk_note(&superblock);
	}
	/* who holds it already is not held against it */
	if (domain && (domain != DOMAIN_SELF || !real->label->held))
		real->label->held = domain;
	__sync_fetch_and_add(&real->label->trials, -1);
}
