// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mounts: the way to the pins. Strangers do not unmount a bpffs that holds protected pins, nor, in
 * the protected mount namespace or where it would spread there, a mount that leads to it; nor do
 * they mount over it, over what leads to it, or move it away; over a file that a domain's tasks
 * run, where the next one would be somebody else's; nor over what the kernel tells of itself. What
 * a container or a service does with its own copies in its own namespace stays open.
 *
 *   hook         refuses with   fails                                      cost to others
 *   sb_umount    EPERM          closed, where mounts are not readable      a walk over what goes
 *   sb_mount     EPERM          the same                                   six lookups
 *   move_mount   EPERM          the same                                   seven lookups
 */

#include "bpf/lib/inodes.h"
#include "bpf/lib/read.h"

#define MNT_SHARED 0x1000
#define T_SHARED 1
#define MNT_DETACH 2
#define UMOUNT_NONE (1 << 30) /* no flag of umount2() */
#define SUBTREE_MAX 65536
#define PROC_MAGIC 0x9fa0ul
#define SYSFS_MAGIC 0x62656572ul
#define TRACEFS_MAGIC 0x74726163ul
#define MS_REMOUNT 32ul
#define MS_BIND 4096ul
#define MS_MOVE 8192ul
#define MS_PROPAGATION ((1ul << 17) | (1ul << 18) | (1ul << 19) | (1ul << 20))

/*
 * A lazy unmount takes along all that lies upon the mount, and what goes from a mount that shares
 * goes from its peers: the pins from the protected namespace, if their bpffs has a copy somewhere
 * below, whatever the mount is that is named. So all of it is walked over, as by the kernel's
 * next_mnt(); the addresses are of struct mount. Nothing locks out who moves mounts meanwhile.
 */
struct walk {
	__u64 root;
	__u64 mount;
	__u32 up; /* has been visited */
	__u32 owner; /* of the bpffs that would go */
	__u32 unfinished;
};

struct pair {
	__u64 first, second;
};

#define AT(address, field) ((address) + bpf_core_field_offset(struct mount, field))

static int read_pair(__u64 address, struct pair *ret_pair)
{
	struct block block = {};
	int r;

	r = read_block((void *)address, 0, &block);
	ret_pair->first = (__u64)block.word[1] << 32 | block.word[0];
	ret_pair->second = (__u64)block.word[3] << 32 | block.word[2];
	return r;
}

/* What cannot be read is taken for shared. */
static bool shares(__u64 mount)
{
	struct mount *type = NULL;
	bool own = bpf_core_field_exists(type->mnt_t_flags);
	struct block block = {};
	__u64 flags;

	flags = own ? AT(mount, mnt_t_flags)
		    : AT(mount, mnt) + bpf_core_field_offset(struct vfsmount, mnt_flags);
	if (read_block((void *)flags, 0, &block))
		return true;
	return block.word[0] & (own ? T_SHARED : MNT_SHARED);
}

/* Does what is done to this mount reach other namespaces? */
static bool mount_shared(struct vfsmount *vfsmount)
{
	return shares((__u64)vfsmount - bpf_core_field_offset(struct mount, mnt));
}

/* A protected bpffs, on the folder that the protected one is mounted on, and it spreads? */
static __u32 taken_along(__u64 mount)
{
	struct place_label *sb, *folder;
	struct pair place, what;

	if (read_pair(AT(mount, mnt_parent), &place) || read_pair(AT(mount, mnt), &what))
		return DOMAIN_NONE;
	sb = bpf_map_lookup_elem(&places, &what.second);
	folder = bpf_map_lookup_elem(&places, &place.second);
	if (!sb || !folder || !shares(place.first))
		return DOMAIN_NONE;
	return sb->domain;
}

static long walk_step(__u32 i, void *context)
{
	struct walk *walk = context;
	struct pair list, place;

	if (!walk->up) {
		walk->owner = taken_along(walk->mount);
		if (walk->owner || read_pair(AT(walk->mount, mnt_mounts), &list))
			return 1;
		walk->up = list.first == AT(walk->mount, mnt_mounts);
		if (!walk->up)
			walk->mount = list.first - bpf_core_field_offset(struct mount, mnt_child);
		return 0;
	}
	if (walk->mount == walk->root) {
		walk->unfinished = 0;
		return 1;
	}
	if (read_pair(AT(walk->mount, mnt_child), &list) ||
	    read_pair(AT(walk->mount, mnt_parent), &place))
		return 1;
	walk->up = list.first == AT(place.first, mnt_mounts);
	walk->mount = walk->up ? place.first
			       : list.first - bpf_core_field_offset(struct mount, mnt_child);
	return 0;
}

/*
 * Verifiers before 6.7 follow the first step only, and drop what cannot happen in it: they must not
 * know that its mount is one to be visited.
 */
static __u32 subtree_owner(struct vfsmount *vfsmount, int flags)
{
	struct walk walk = {.up = flags & UMOUNT_NONE, .unfinished = 1};

	walk.root = (__u64)vfsmount - bpf_core_field_offset(struct mount, mnt);
	walk.mount = walk.root;
	bpf_loop(SUBTREE_MAX, walk_step, &walk, 0);
	return !walk.owner && walk.unfinished ? DOMAIN_SELF : walk.owner;
}

static bool protected_namespace(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct guard_state *guard = guard_state();

	return guard && (__u64)task->nsproxy->mnt_ns == guard->mount_ns;
}

static bool mount_refused(struct dentry *dentry, __u32 owner, __u32 kind, __u32 row)
{
	struct act act = {};

	if (!strange(current_domain(), owner) &&
	    !(owner == DOMAIN_SELF && self_bound(current_domain())))
		return false;
	dentry_act(&act, dentry, kind, row, owner);
	act.kind = EVENT_OBJECT_MOUNT;
	return guard_refuses(&act);
}

/* holdfastd asks to unmount, is refused, and the mount is known from then on. */
static bool mount_marked(struct vfsmount *vfsmount)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());
	struct dentry *root = vfsmount->mnt_root;
	struct super_block *sb = vfsmount->mnt_sb;

	if (!task || task->domain != DOMAIN_SELF || task->mark_kind != CONTROL_MARK_MOUNT)
		return false;
	place_mark(vfsmount, (__u64)root, task->mark_domain);
	place_mark(root, dentry_witness(root), task->mark_domain);
	if (sb->s_magic == BPF_FS_MAGIC)
		place_mark(sb, dentry_witness(sb->s_root), task->mark_domain);
	return true;
}

/* Is it a copy in another namespace, and the protected one is still there afterwards? */
static bool umount_stays(struct vfsmount *vfsmount)
{
	__u64 mount = (__u64)vfsmount - bpf_core_field_offset(struct mount, mnt);
	struct pair place;

	return !protected_namespace() && !read_pair(AT(mount, mnt_parent), &place) &&
	       !shares(place.first);
}

SEC("lsm/sb_umount")
int BPF_PROG(mounts_umount, struct vfsmount *vfsmount, int flags)
{
	__u32 owner;

	if (mount_marked(vfsmount))
		return REFUSED(EBUSY);
	owner = superblock_place(vfsmount->mnt_sb);
	/* where holdfastd looks at what a mount lies upon: places.c */
	if (owner && self_bound(current_domain()) && umount_stays(vfsmount))
		owner = DOMAIN_NONE;
	if (!owner && protected_namespace())
		owner = mount_place(vfsmount);
	if (!owner && flags & MNT_DETACH)
		owner = subtree_owner(vfsmount, flags);
	if (mount_refused(vfsmount->mnt_root, owner, EVENT_ACT_UMOUNT, EVENT_ROW('F', 3)))
		return REFUSED(EPERM);
	return 0;
}

INLINE bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * What the kernel tells of itself: a file of procfs, sysfs or tracefs, or the folder of a task. On
 * folders other filesystems are mounted every day; on these nobody does it where a container's own
 * mounts are not.
 */
static __u32 metadata_row(struct path *path)
{
	struct dentry *dentry = path->dentry;
	unsigned long magic = dentry->d_sb->s_magic;
	char name[2] = {};

	if ((magic != PROC_MAGIC && magic != SYSFS_MAGIC && magic != TRACEFS_MAGIC) ||
	    (!protected_namespace() && !mount_shared(path->mnt)))
		return 0;
	if ((dentry->d_inode->i_mode & S_IFMT) != S_IFDIR)
		return EVENT_ROW('F', 10);
	if (magic != PROC_MAGIC || (__u64)dentry->d_parent != (__u64)dentry->d_sb->s_root)
		return 0;
	read_name(name, sizeof(name), dentry->d_name.name);
	return is_digit(name[0]) ? EVENT_ROW('T', 9) : 0;
}

/* Whose is what a mount on this path would hide? */
static __u32 covered_owner(struct path *path, __u32 *ret_row)
{
	__u32 owner;

	*ret_row = EVENT_ROW('F', 6);
	if (!protected_namespace() && !mount_shared(path->mnt))
		return DOMAIN_NONE;
	owner = dentry_place(path->dentry);
	if (owner)
		return owner;
	owner = dentry_owner(path->dentry);
	if (owner)
		return owner;
	owner = way_owner(path->dentry->d_inode);
	if (owner)
		return owner;
	*ret_row = EVENT_ROW('F', 11);
	return inode_holder(path->dentry->d_inode);
}

SEC("lsm/sb_mount")
int BPF_PROG(mounts_mount, const char *device, struct path *path, const char *type,
	     unsigned long flags)
{
	__u32 owner = DOMAIN_NONE, row = EVENT_ROW('F', 6), metadata;

	/* in the order in which the kernel looks at them */
	if (flags & MS_REMOUNT || (!(flags & MS_BIND) && flags & MS_PROPAGATION))
		return 0;
	/* The old system call gives the mount to be moved as a string: nothing to be trusted. */
	if (flags & MS_MOVE && protected_namespace())
		owner = DOMAIN_SELF;
	if (!owner)
		owner = covered_owner(path, &row);
	metadata = metadata_row(path);
	if (!owner && metadata) {
		owner = DOMAIN_SELF;
		row = metadata;
	}
	if (mount_refused(path->dentry, owner, EVENT_ACT_MOUNT, row))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/move_mount")
int BPF_PROG(mounts_move, struct path *from, struct path *to)
{
	__u32 row, owner = covered_owner(to, &row), metadata = metadata_row(to);

	if (!owner && (protected_namespace() || mount_shared(from->mnt))) {
		owner = mount_place(from->mnt);
		row = EVENT_ROW('F', 6);
	}
	if (!owner && metadata) {
		owner = DOMAIN_SELF;
		row = metadata;
	}
	if (mount_refused(to->dentry, owner, EVENT_ACT_MOUNT, row))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
