/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whose is an inode? Pins carry their label themselves, and a bpffs never forgets an inode that has
 * a name; other marked files are known by superblock, number and generation, which together outlive
 * the inode cache.
 */

#include "bpf/lib/guard.h"
#include "bpf/lib/read.h"

#define S_IFMT 00170000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFREG 0100000
#define BPF_FS_MAGIC 0xcafe4a11u

INLINE void file_key(struct inode *inode, struct file_key *ret_key)
{
	ret_key->superblock = (__u64)inode->i_sb;
	ret_key->ino = inode->i_ino;
	ret_key->generation = inode->i_generation;
	ret_key->pad0 = 0;
}

INLINE struct inode_label *inode_label(struct inode *inode)
{
	return bpf_inode_storage_get(&inode_labels, inode, NULL, 0);
}

/* @label: the inode's, for who has it already */
INLINE __u32 labelled_owner(struct inode *inode, const struct inode_label *label)
{
	struct file_key key;
	__u32 *owner;

	if (label && label->domain)
		return label->domain;
	file_key(inode, &key);
	owner = bpf_map_lookup_elem(&files, &key);
	return owner ? *owner : DOMAIN_NONE;
}

INLINE __u32 inode_owner(struct inode *inode)
{
	return inode ? labelled_owner(inode, inode_label(inode)) : DOMAIN_NONE;
}

/* For whom a folder leads to files; DOMAIN_NONE: for nobody, or it is no folder. */
INLINE __u32 way_owner(struct inode *inode)
{
	struct file_key key;
	__u32 *owner;

	if (!inode || (inode->i_mode & S_IFMT) != S_IFDIR)
		return DOMAIN_NONE;
	file_key(inode, &key);
	key.ino |= FILE_KEY_WAY;
	owner = bpf_map_lookup_elem(&files, &key);
	return owner ? *owner : DOMAIN_NONE;
}

/* What lies in a folder of somebody's is his as well, whoever has made it; but for the proof's. */
INLINE __u32 folder_owner(struct dentry *dentry)
{
	struct file_key key;
	__u32 *owner;

	/* by its number: no helper takes an inode that was reached this way */
	file_key(dentry->d_parent->d_inode, &key);
	owner = bpf_map_lookup_elem(&files, &key);
	return owner && *owner != DOMAIN_CANARY ? *owner : DOMAIN_NONE;
}

/* @dentry: a hook's own argument */
INLINE __u32 dentry_owner(struct dentry *dentry)
{
	__u32 owner = inode_owner(dentry->d_inode);

	return owner ? owner : folder_owner(dentry);
}

INLINE struct measurement *inode_measurement(struct inode *inode)
{
	struct file_key key;

	file_key(inode, &key);
	return bpf_map_lookup_elem(&measured, &key);
}

/* Somebody may change it, and nobody refuses that: it is not any more what was measured. */
INLINE void measurement_void(struct inode *inode)
{
	struct file_key key;

	/* 7.3 asks for the test */
	if (!inode)
		return;
	file_key(inode, &key);
	bpf_map_delete_elem(&measured, &key);
}

/*
 * For whom its content must stay: who has mapped it executable, or measured it; DOMAIN_NONE:
 * nobody.
 */
INLINE __u32 labelled_holder(struct inode *inode, const struct inode_label *label)
{
	__u64 address = (__u64)inode;
	struct stacked_label *stack;

	if (label && label->held)
		return label->held;
	stack = bpf_map_lookup_elem(&stacked, &address);
	if (stack && (stack->held || stack->trials))
		return stack->held ? stack->held : DOMAIN_SELF;
	return inode_measurement(inode) ? DOMAIN_SELF : DOMAIN_NONE;
}

INLINE __u32 inode_holder(struct inode *inode)
{
	return inode ? labelled_holder(inode, inode_label(inode)) : DOMAIN_NONE;
}

/* Nobody tells of a dentry's end, and its address is used again: by another inode. */
INLINE __u64 dentry_witness(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	/* 7.3 asks for the test */
	return inode ? (__u64)inode->i_ino << 32 | inode->i_generation : 0;
}

INLINE struct place_label *place(const void *address)
{
	__u64 key = (__u64)address;

	return bpf_map_lookup_elem(&places, &key);
}

INLINE __u32 place_owner(const void *address, __u64 witness)
{
	struct place_label *label = place(address);

	return label && label->witness == witness ? label->domain : DOMAIN_NONE;
}

/* There may be no inode, and a verifier may drop a test of the pointer: a number is tested. */
INLINE __u32 dentry_place(struct dentry *dentry)
{
	struct place_label *label = place(dentry);
	__u64 inode = 0;

	if (!label || read_pointer(&dentry->d_inode, &inode) || !inode)
		return DOMAIN_NONE;
	return label->witness == dentry_witness(dentry) ? label->domain : DOMAIN_NONE;
}

INLINE __u32 mount_place(struct vfsmount *vfsmount)
{
	return place_owner(vfsmount, (__u64)vfsmount->mnt_root);
}

INLINE __u32 superblock_place(struct super_block *sb)
{
	return place_owner(sb, dentry_witness(sb->s_root));
}

INLINE void place_mark(const void *address, __u64 witness, __u32 domain)
{
	struct place_label label = {.domain = domain, .witness = witness};
	__u64 key = (__u64)address;

	bpf_map_update_elem(&places, &key, &label, BPF_ANY);
}

INLINE void name_key(struct dentry *dentry, struct name_key *ret_key)
{
	ret_key->folder = (__u64)dentry->d_parent;
	ret_key->witness = dentry_witness(dentry->d_parent);
	ret_key->name = (__u64)dentry->d_name.len << 32 | dentry->d_name.hash;
}

INLINE __u32 name_owner(struct dentry *dentry)
{
	struct name_key key;
	__u32 *owner;

	name_key(dentry, &key);
	owner = bpf_map_lookup_elem(&names, &key);
	return owner ? *owner : DOMAIN_NONE;
}

INLINE void dentry_act(struct act *act, struct dentry *dentry, __u32 kind, __u32 row, __u32 owner)
{
	struct inode *inode = dentry->d_inode;

	act->act = kind;
	act->row = row;
	act->error = EPERM;
	act->kind = EVENT_OBJECT_FILE;
	act->owner = owner;
	if (inode)
		act->ino = inode->i_ino;
	read_name(act->name, sizeof(act->name), dentry->d_name.name);
}
