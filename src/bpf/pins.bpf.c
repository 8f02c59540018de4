// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pins: the names that keep maps, programs and links alive, and the folders that hold them; the
 * same hooks keep the guard's own files, and those that a policy lists for a domain. What is made
 * in a bpffs by a domain's task is the domain's; strangers do not remove, rename, replace or change
 * it, nor put anything into a folder of it.
 *
 *   hook                                        refuses with   if the label cannot be stored
 *   d_instantiate                               -              an event says so
 *   inode_unlink, _rmdir, _rename, _create,
 *   _mkdir, _mknod, _link, _symlink             EPERM          -
 *   inode_rename over what a domain's tasks run -              noted, not refused
 *   inode_setattr, _setxattr, _removexattr,
 *   _set_acl, _remove_acl, _file_setattr        EPERM          holdfastd: ENOSPC, EEXIST
 *
 * Cost to others: a storage and a hash lookup or two per change of a folder; none per read.
 */

#include "bpf/lib/disks.h"
#include "bpf/lib/inodes.h"

/* bpffs only: elsewhere a name's first lookup instantiates what has long been there. */
SEC("lsm/d_instantiate")
int BPF_PROG(pins_instantiate, struct dentry *dentry, struct inode *inode)
{
	struct inode_label *label;
	struct act act = {};
	__u32 domain;

	if (!inode || inode->i_sb->s_magic != BPF_FS_MAGIC)
		return 0;
	domain = current_domain();
	if (!domain)
		return 0;
	label = bpf_inode_storage_get(&inode_labels, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (label) {
		label->domain = domain;
		return 0;
	}
	dentry_act(&act, dentry, EVENT_ACT_CREATE, 0, domain);
	guard_report(&act, EVENT_NOTED);
	return 0;
}

/* The entry's owner, or else the folder's: an entry of a domain's folder is the domain's. */
INLINE __u32 entry_owner(struct inode *folder, struct dentry *dentry)
{
	__u32 owner = dentry_place(dentry);

	if (!owner)
		owner = inode_owner(dentry->d_inode);
	if (!owner)
		owner = name_owner(dentry);
	if (!owner)
		owner = inode_owner(folder);
	return owner;
}

/* A link of the guard's lives by its pin, and a sealed guard's pins stay whoever asks. */
static bool pin_sealed(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct object_label *label;

	if (!self_bound(DOMAIN_SELF) || !inode || inode->i_sb->s_magic != BPF_FS_MAGIC)
		return false;
	label = object_label(inode->i_private);
	return label && label->kind == EVENT_OBJECT_LINK && label->domain == DOMAIN_SELF;
}

static bool entry_refused(struct dentry *dentry, __u32 owner, __u32 kind, __u32 row)
{
	__u32 actor = current_domain();
	struct act act = {};

	if (!strange(actor, owner) && (actor != DOMAIN_SELF || !pin_sealed(dentry)))
		return false;
	dentry_act(&act, dentry, kind, row, owner);
	return guard_refuses(&act);
}

SEC("lsm/inode_unlink")
int BPF_PROG(pins_unlink, struct inode *folder, struct dentry *dentry)
{
	if (entry_refused(dentry, entry_owner(folder, dentry), EVENT_ACT_UNLINK, EVENT_ROW('F', 1)))
		return REFUSED(EPERM);
	return 0;
}

/*
 * holdfastd removes a folder of its log for each few hundred entries: what is gone has no owner, or
 * the map of those that have one would fill.
 */
static void folder_forgotten(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct file_key key;

	if (current_domain() != DOMAIN_SELF || !inode)
		return;
	file_key(inode, &key);
	bpf_map_delete_elem(&files, &key);
}

/* Also of a mount point, from a namespace where nothing is mounted on it: the mounts would go. */
SEC("lsm/inode_rmdir")
int BPF_PROG(pins_rmdir, struct inode *folder, struct dentry *dentry)
{
	if (entry_refused(dentry, entry_owner(folder, dentry), EVENT_ACT_RMDIR, EVENT_ROW('F', 5)))
		return REFUSED(EPERM);
	folder_forgotten(dentry);
	return 0;
}

/* Not refused: package managers do it. What a domain's tasks run stays theirs, without a name. */
INLINE void replacement_noted(struct dentry *replaced)
{
	/* The name may be new: the helper takes NULL, which a test of ours would not survive. */
	struct inode_label *label =
		bpf_inode_storage_get(&inode_labels, replaced->d_inode, NULL, 0);
	struct act act = {};

	if (!label || !label->held)
		return;
	dentry_act(&act, replaced, EVENT_ACT_RENAME, EVENT_ROW('F', 12), label->held);
	act.error = 0;
	guard_report(&act, EVENT_NOTED);
}

/* Also of what leads to files: another in its place would have others. */
INLINE __u32 renamed_owner(struct inode *folder, struct dentry *dentry)
{
	__u32 owner = entry_owner(folder, dentry);

	return owner ? owner : way_owner(dentry->d_inode);
}

SEC("lsm/inode_rename")
int BPF_PROG(pins_rename, struct inode *old_folder, struct dentry *old, struct inode *new_folder,
	     struct dentry *new)
{
	if (entry_refused(old, renamed_owner(old_folder, old), EVENT_ACT_RENAME, EVENT_ROW('F', 2)))
		return REFUSED(EPERM);
	if (entry_refused(new, renamed_owner(new_folder, new), EVENT_ACT_RENAME, EVENT_ROW('F', 2)))
		return REFUSED(EPERM);
	replacement_noted(new);
	return 0;
}

static bool creation_refused(struct inode *folder, struct dentry *dentry)
{
	__u32 owner = name_owner(dentry);

	if (!owner)
		owner = inode_owner(folder);
	return entry_refused(dentry, owner, EVENT_ACT_CREATE, EVENT_ROW('M', 21));
}

SEC("lsm/inode_create")
int BPF_PROG(pins_create, struct inode *folder, struct dentry *dentry)
{
	if (creation_refused(folder, dentry))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_mkdir")
int BPF_PROG(pins_mkdir, struct inode *folder, struct dentry *dentry)
{
	if (creation_refused(folder, dentry))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_mknod")
int BPF_PROG(pins_mknod, struct inode *folder, struct dentry *dentry)
{
	if (creation_refused(folder, dentry))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_symlink")
int BPF_PROG(pins_symlink, struct inode *folder, struct dentry *dentry)
{
	if (creation_refused(folder, dentry))
		return REFUSED(EPERM);
	return 0;
}

/* A second name for a pin would survive the first; a foreign name in the folder would mislead. */
SEC("lsm/inode_link")
int BPF_PROG(pins_link, struct dentry *old, struct inode *folder, struct dentry *new)
{
	if (entry_refused(old, dentry_owner(old), EVENT_ACT_CREATE, EVENT_ROW('F', 2)))
		return REFUSED(EPERM);
	if (creation_refused(folder, new))
		return REFUSED(EPERM);
	return 0;
}

/*
 * Sealed first, by a digest of zeroes, and looked for writers then: who comes later is refused. One
 * who is there could write after the file was read, so such a file is not sealed, and what is not
 * sealed gets no digest.
 */
static void measurement_keep(struct inode *inode, const struct measurement *measurement)
{
	const __u64 *word = (const __u64 *)measurement->digest;
	bool seals = !(word[0] | word[1] | word[2] | word[3]);
	struct file_key key;

	file_key(inode, &key);
	disk_note(&key.superblock);
	if (bpf_map_update_elem(&measured, &key, measurement, seals ? BPF_ANY : BPF_EXIST))
		return;
	if (seals && inode->i_writecount.counter > 0)
		bpf_map_delete_elem(&measured, &key);
}

#define MARK_NONE 0 /* nothing was to be marked */
#define MARK_DONE 1
#define MARK_FULL 2
#define MARK_TAKEN 3

/* What is the guard's own no policy gives away, nor makes it nobody's. */
static int file_mark(struct inode *inode, const struct task_label *task)
{
	__u32 domain = task->mark_domain;
	struct file_key key;
	__u32 *owner;

	file_key(inode, &key);
	if (task->mark_kind == CONTROL_MARK_WAY)
		key.ino |= FILE_KEY_WAY;
	owner = bpf_map_lookup_elem(&files, &key);
	if (owner && *owner == DOMAIN_SELF && task->mark_kind == CONTROL_MARK_LISTED)
		return MARK_TAKEN;
	if (!domain)
		bpf_map_delete_elem(&files, &key);
	else if (bpf_map_update_elem(&files, &key, &domain, BPF_ANY))
		return MARK_FULL;
	if (domain)
		disk_note(&key.superblock);
	return MARK_DONE;
}

/*
 * holdfastd marks by asking for a change that changes nothing: this is the one hook that has both
 * the caller and the dentry on every kernel.
 */
static int mark(struct dentry *dentry)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());
	struct inode *inode = dentry->d_inode;
	struct inode_label *label;
	struct name_key name;

	if (!task || task->domain != DOMAIN_SELF || !inode)
		return MARK_NONE;
	switch (task->mark_kind) {
	case CONTROL_MARK_FILE:
	case CONTROL_MARK_LISTED:
	case CONTROL_MARK_WAY:
		return file_mark(inode, task);
	case CONTROL_MARK_PIN:
		label = bpf_inode_storage_get(&inode_labels, inode, NULL,
					      BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (label)
			label->domain = task->mark_domain;
		name_key(dentry, &name);
		bpf_map_update_elem(&names, &name, &task->mark_domain, BPF_ANY);
		return MARK_DONE;
	case CONTROL_MARK_MEASURED:
		measurement_keep(inode, &task->measurement);
		return MARK_DONE;
	case CONTROL_MARK_PLACE:
		place_mark(dentry, dentry_witness(dentry), task->mark_domain);
		return MARK_DONE;
	}
	return MARK_NONE;
}

static bool attribute_refused(struct dentry *dentry, __u32 kind)
{
	return entry_refused(dentry, dentry_owner(dentry), kind, EVENT_ROW('F', 7));
}

INLINE int setattr_refused(struct dentry *dentry)
{
	int marked = mark(dentry);

	if (marked == MARK_FULL)
		return REFUSED(ENOSPC);
	if (marked == MARK_TAKEN)
		return REFUSED(EEXIST);
	if (marked == MARK_NONE && attribute_refused(dentry, EVENT_ACT_SETATTR))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_setattr")
int BPF_PROG(pins_setattr, void *idmap, struct dentry *dentry)
{
	return setattr_refused(dentry);
}

/* COMPAT(6.8): without the idmap in front */
SEC("lsm/inode_setattr")
int BPF_PROG(pins_setattr_compat, struct dentry *dentry)
{
	return setattr_refused(dentry);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(pins_setxattr, void *idmap, struct dentry *dentry)
{
	if (attribute_refused(dentry, EVENT_ACT_SETXATTR))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(pins_removexattr, void *idmap, struct dentry *dentry)
{
	if (attribute_refused(dentry, EVENT_ACT_SETXATTR))
		return REFUSED(EPERM);
	return 0;
}

/* Since 6.2; before, ACLs went by inode_setxattr. */
SEC("lsm/inode_set_acl")
int BPF_PROG(pins_set_acl, void *idmap, struct dentry *dentry)
{
	if (attribute_refused(dentry, EVENT_ACT_SETXATTR))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(pins_remove_acl, void *idmap, struct dentry *dentry)
{
	if (attribute_refused(dentry, EVENT_ACT_SETXATTR))
		return REFUSED(EPERM);
	return 0;
}

/* Since 6.17, with file_setattr(2). */
SEC("lsm/inode_file_setattr")
int BPF_PROG(pins_file_setattr, struct dentry *dentry)
{
	if (attribute_refused(dentry, EVENT_ACT_SETATTR))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
