// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files: content that nobody may change in place: the guard's own files, those that a policy lists
 * for a domain, and what a domain's tasks have mapped executable, for a library that was trusted
 * when it was mapped must stay what it was. Replacing that by rename, as package managers do, stays
 * open. Where a policy closes that, nobody writes the disks below all of these either.
 *
 *   hook            refuses with               cost to others
 *   file_open       EPERM; ETXTBSY if held     shared.bpf.c; for writing two storage, a few hash
 *                                              lookups
 *   inode_setattr   ETXTBSY                    one storage lookup
 *   inode_free_security   -                    one hash lookup
 *   sb_free_security      -                    one hash operation per filesystem's end
 */

#include "bpf/lib/closed.h"
#include "bpf/lib/disks.h"
#include "bpf/lib/inodes.h"
#include "bpf/lib/shared.h"

#define FMODE_WRITE 2

/* What only its owner reads: the key that the log is signed with. */
static __noinline bool reading_refused(struct file *file)
{
	__u32 owner = inode_owner(file->f_inode);
	struct act act = {};

	if (owner != DOMAIN_SELF || current_domain() == DOMAIN_SELF)
		return false;
	dentry_act(&act, file->f_path.dentry, EVENT_ACT_OPEN_READ, EVENT_ROW('T', 2), owner);
	return guard_refuses(&act);
}

struct disk_search {
	__u32 device;
	__u32 found;
};

static long disk_compare(struct bpf_map *map, const __u64 *superblock,
			 const struct disk_label *label, struct disk_search *search)
{
	search->found = label->device == search->device || label->whole == search->device;
	return search->found;
}

/* By the device's number, whatever node it is opened by. */
static __noinline bool disk_refused(struct file *file)
{
	struct disk_search search = {.device = file->f_inode->i_rdev};
	struct act act = {};

	if (!closed_to_current(IMAGE_CLOSED_DISKS))
		return false;
	bpf_for_each_map_elem(&disks, disk_compare, &search, 0);
	if (!search.found)
		return false;
	dentry_act(&act, file->f_path.dentry, EVENT_ACT_SWITCH, EVENT_ROW('F', 13), DOMAIN_SELF);
	act.kind = EVENT_OBJECT_SWITCH;
	return guard_refuses(&act);
}

int files_open(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct inode_label *label;
	struct act act = {};
	__u32 owner, domain;

	if ((inode->i_mode & S_IFMT) == S_IFBLK && file->f_mode & FMODE_WRITE)
		return disk_refused(file) ? REFUSED(EPERM) : 0;
	if ((inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	if (!(file->f_mode & FMODE_WRITE))
		return reading_refused(file) ? REFUSED(EPERM) : 0;
	domain = current_domain();
	label = inode_label(inode);
	owner = labelled_owner(inode, label);
	if (!owner)
		owner = folder_owner(file->f_path.dentry);
	if (strange(domain, owner)) {
		dentry_act(&act, file->f_path.dentry, EVENT_ACT_OPEN_WRITE, EVENT_ROW('F', 12),
			   owner);
		if (guard_refuses(&act))
			return REFUSED(EPERM);
		measurement_void(inode);
		return 0;
	}
	owner = labelled_holder(inode, label);
	if (!owner)
		return 0;
	dentry_act(&act, file->f_path.dentry, EVENT_ACT_OPEN_WRITE, EVENT_ROW('I', 11), owner);
	act.error = ETXTBSY;
	act.seals = 1;
	if (guard_refuses(&act))
		return REFUSED(ETXTBSY);
	measurement_void(inode);
	return 0;
}

#define ATTR_SIZE 8

static bool truncation_refused(struct dentry *dentry, struct iattr *change)
{
	__u32 owner = inode_holder(dentry->d_inode);
	struct act act = {.seals = 1};

	if (!owner || !(change->ia_valid & ATTR_SIZE))
		return false;
	dentry_act(&act, dentry, EVENT_ACT_SETATTR, EVENT_ROW('I', 11), owner);
	act.error = ETXTBSY;
	if (guard_refuses(&act))
		return true;
	measurement_void(dentry->d_inode);
	return false;
}

SEC("lsm/inode_setattr")
int BPF_PROG(files_setattr, void *idmap, struct dentry *dentry, struct iattr *change)
{
	if (truncation_refused(dentry, change))
		return REFUSED(ETXTBSY);
	return 0;
}

/* COMPAT(6.8): without the idmap in front */
SEC("lsm/inode_setattr")
int BPF_PROG(files_setattr_compat, struct dentry *dentry, struct iattr *change)
{
	if (truncation_refused(dentry, change))
		return REFUSED(ETXTBSY);
	return 0;
}

/* The address of an inode behind an overlay's is used again. See stacked.h. */
SEC("lsm/inode_free_security")
int BPF_PROG(files_forget, struct inode *inode)
{
	__u64 address = (__u64)inode;

	if (bpf_map_lookup_elem(&stacked, &address))
		bpf_map_delete_elem(&stacked, &address);
	return 0;
}

/* The address of a superblock is used again, and so is the device that it was on. */
SEC("lsm/sb_free_security")
int BPF_PROG(files_disk_free, struct super_block *sb)
{
	__u64 address = (__u64)sb;

	bpf_map_delete_elem(&disks, &address);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
