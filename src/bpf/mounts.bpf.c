// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mounts: the way to the pins. Strangers do not unmount a bpffs that holds protected pins, nor, in
 * the protected mount namespace or where it would spread there, a mount that leads to it; nor do
 * they mount over it, over what leads to it, or move it away. What a container or a service does
 * with its own copies in its own namespace stays open.
 *
 *   hook         refuses with   fails                                      cost to others
 *   sb_umount    EPERM          closed, where propagation is not readable  two hash lookups
 *   sb_mount     EPERM          the same                                   two hash lookups
 *   move_mount   EPERM          the same                                   three hash lookups
 */

#include "bpf/lib/inodes.h"

#define MNT_SHARED 0x1000
#define T_SHARED 1
#define MS_REMOUNT 32ul
#define MS_BIND 4096ul
#define MS_MOVE 8192ul
#define MS_PROPAGATION ((1ul << 17) | (1ul << 18) | (1ul << 19) | (1ul << 20))

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

/* Does what is done to this mount reach other namespaces? */
static bool mount_shared(struct vfsmount *vfsmount)
{
	struct mount *mount = NULL;

	if (!bpf_core_field_exists(mount->mnt_t_flags))
		return vfsmount->mnt_flags & MNT_SHARED;
	if (!bpf_rdonly_cast)
		return true;
	mount = bpf_rdonly_cast((void *)vfsmount - bpf_core_field_offset(struct mount, mnt),
				bpf_core_type_id_kernel(struct mount));
	return mount->mnt_t_flags & T_SHARED;
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

	if (!strange(current_domain(), owner))
		return false;
	dentry_act(&act, dentry, kind, row, owner);
	act.kind = EVENT_OBJECT_MOUNT;
	return guard_refuses(&act);
}

static void place_mark(const void *address, __u32 domain)
{
	__u64 key = (__u64)address;

	bpf_map_update_elem(&places, &key, &domain, BPF_ANY);
}

/* holdfastd asks to unmount, is refused, and the mount is known from then on. */
static bool mount_marked(struct vfsmount *vfsmount)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());

	if (!task || task->domain != DOMAIN_SELF || task->mark_kind != CONTROL_MARK_MOUNT)
		return false;
	place_mark(vfsmount, task->mark_domain);
	place_mark(vfsmount->mnt_root, task->mark_domain);
	if (vfsmount->mnt_sb->s_magic == BPF_FS_MAGIC)
		place_mark(vfsmount->mnt_sb, task->mark_domain);
	return true;
}

SEC("lsm/sb_umount")
int BPF_PROG(mounts_umount, struct vfsmount *vfsmount, int flags)
{
	__u32 owner;

	if (mount_marked(vfsmount))
		return REFUSED(EBUSY);
	owner = place_owner(vfsmount->mnt_sb);
	if (!owner && protected_namespace())
		owner = place_owner(vfsmount);
	/* a copy, elsewhere: another mount, of the same root */
	else if (!owner && mount_shared(vfsmount))
		owner = place_owner(vfsmount->mnt_root);
	if (mount_refused(vfsmount->mnt_root, owner, EVENT_ACT_UMOUNT, EVENT_ROW('F', 3)))
		return REFUSED(EPERM);
	return 0;
}

/* Whose is what a mount on this path would hide? */
static __u32 covered_owner(struct path *path)
{
	__u32 owner;

	if (!protected_namespace() && !mount_shared(path->mnt))
		return DOMAIN_NONE;
	owner = place_owner(path->dentry);
	return owner ? owner : inode_owner(path->dentry->d_inode);
}

SEC("lsm/sb_mount")
int BPF_PROG(mounts_mount, const char *device, struct path *path, const char *type,
	     unsigned long flags)
{
	__u32 owner = DOMAIN_NONE;

	/* in the order in which the kernel looks at them */
	if (flags & MS_REMOUNT || (!(flags & MS_BIND) && flags & MS_PROPAGATION))
		return 0;
	/* The old system call gives the mount to be moved as a string: nothing to be trusted. */
	if (flags & MS_MOVE && protected_namespace())
		owner = DOMAIN_SELF;
	if (!owner)
		owner = covered_owner(path);
	if (mount_refused(path->dentry, owner, EVENT_ACT_MOUNT, EVENT_ROW('F', 6)))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/move_mount")
int BPF_PROG(mounts_move, struct path *from, struct path *to)
{
	__u32 owner = covered_owner(to);

	if (!owner && (protected_namespace() || mount_shared(from->mnt)))
		owner = place_owner(from->mnt);
	if (mount_refused(to->dentry, owner, EVENT_ACT_MOUNT, EVENT_ROW('F', 6)))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
