// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Succession: labels that only the kernel can reach, of tasks and inodes, are taken over from a
 * guard of another build. Its two maps of them stand here in place of `former_tasks` and
 * `former_inodes`, with a layout of their own. Loaded for that alone, never pinned: these programs
 * end with the holdfastd that takes over.
 *
 * Both guards see every fork and exec of these moments, and come to the same; what has begun before
 * this one was attached is found by passes, until one changes nothing.
 */

#include "bpf/lib/disks.h"
#include "bpf/lib/inodes.h"
#include "bpf/lib/tasks.h"
#include "bpf/succession-api.h"

#define VM_EXEC 4ul

struct task_labels_map former_tasks SEC(".maps");
struct inode_labels_map former_inodes SEC(".maps");

const volatile struct succession former SEC(".rodata.former");

#define FORMER(label, member) (*(__u32 *)((void *)(label) + former.member))

/* What the guard before says of a task. */
struct claim {
	__u32 domain, admission, born, adopt;
};

INLINE void claim_read(struct task_struct *task, struct claim *ret_claim)
{
	void *label = bpf_task_storage_get(&former_tasks, task, NULL, 0);

	if (!label)
		return;
	ret_claim->domain = FORMER(label, task_domain);
	ret_claim->admission = FORMER(label, task_admission);
	ret_claim->born = FORMER(label, task_born);
	ret_claim->adopt = FORMER(label, task_adopt);
}

INLINE bool claim_is_kept(const struct claim *claim, const struct task_label *label)
{
	if (!label)
		return !claim->domain && !claim->admission && !claim->born;
	return claim->domain == label->domain && claim->admission == label->admission &&
	       claim->born == label->born;
}

/* Return: whether there is room for it. */
static bool task_take(struct task_struct *task, const struct claim *claim)
{
	struct task_label *label = task_label_make(task);

	/* before its group is looked at: see identity_committed */
	if (!label || task_note(task, claim->domain))
		return false;
	label->domain = claim->domain;
	label->admission = claim->admission;
	label->born = claim->born;
	label->adopt = claim->adopt;
	if (claim->domain)
		task_cgroups_protect(task, claim->domain);
	return true;
}

/* One line for each label that was not as before: 1, or 0 if there is no room for it. */
SEC("iter/task")
int succeed_tasks(struct bpf_iter__task *context)
{
	static const char format[] = "%d\n";
	struct task_struct *task = context->task;
	struct task_label *label;
	struct claim claim = {};
	__u64 taken;

	if (!task)
		return 0;
	claim_read(task, &claim);
	label = task_label(task);
	/* the canary's proof begins anew */
	if (claim.domain == DOMAIN_CANARY || claim_is_kept(&claim, label))
		return 0;
	taken = task_take(task, &claim);
	bpf_seq_printf(context->meta->seq, format, sizeof(format), &taken, sizeof(taken));
	return 0;
}

/*
 * Content that a domain's tasks run stays what it is. An inode's own label cannot be had here, so
 * the file is sealed by its number: as one that is being measured, which nobody trusts.
 */
SEC("iter/task_vma")
int succeed_code(struct bpf_iter__task_vma *context)
{
	static const struct measurement sealed;
	struct vm_area_struct *vma = context->vma;
	struct task_struct *task = context->task;
	struct file_key key = {};

	if (!task || !vma || !(vma->vm_flags & VM_EXEC) || !vma->vm_file)
		return 0;
	if (task_domain(task) < DOMAIN_FIRST)
		return 0;
	file_key(vma->vm_file->f_inode, &key);
	bpf_map_update_elem(&measured, &key, &sealed, BPF_NOEXIST);
	disk_note(&key.superblock);
	return 0;
}

/* holdfastd asks for the attributes of each file whose label shall be taken over. */
SEC("lsm/inode_getattr")
int BPF_PROG(succeed_inode, const struct path *path)
{
	struct inode *inode = path->dentry->d_inode;
	struct inode_label *label;
	void *before;

	if (!inode || current_domain() != DOMAIN_SELF)
		return 0;
	before = bpf_inode_storage_get(&former_inodes, inode, NULL, 0);
	if (!before)
		return 0;
	label = bpf_inode_storage_get(&inode_labels, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!label)
		return 0;
	label->domain = FORMER(before, inode_domain);
	label->held = FORMER(before, inode_held);
	inode_disk_note(inode);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
