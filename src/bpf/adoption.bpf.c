// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Adoption: processes that were there before the guard. holdfastd has sealed and measured the
 * files that may be theirs; everything else is judged here, from the kernel's objects. One pass is
 * four iterators: `adopt_begin` takes in who runs an executable of a domain, `adopt_look` and
 * `adopt_files` look for what speaks against it, `adopt_end` labels, and takes the label back from
 * whom a later pass finds fault with. A label is for the memory that was looked at: exec drops the
 * candidacy, and code that is mapped meanwhile makes the pass void (identity.bpf.c). holdfastd
 * makes passes until one changes nothing, and again when the guard is armed.
 *
 * `held_files` and `held_mappings` say who else has what was adopted.
 */

#include "bpf/lib/content.h"

#define VM_WRITE 2ul
#define VM_EXEC 4ul
#define PROC_MAGIC 0x9fa0

/* The executable of a domain that the file is by content, as measured and sealed. */
static struct image_executable *executable_of(struct file *exe)
{
	struct image_header *image = policy_in_force();
	struct image_executable *executable;
	struct measurement *measurement;

	if (!image || !superblock_qualifies(exe->f_inode->i_sb))
		return NULL;
	measurement = inode_measurement(exe->f_inode);
	if (!measurement)
		return NULL;
	executable = executable_find(image, measurement->digest);
	if (!executable || executable->size != (__u64)exe->f_inode->i_size)
		return NULL;
	return executable;
}

/*
 * Who forked it, and who started it, can no longer be known: the parent is asked that it has now,
 * which is whoever forked it, or PID 1 for an orphan.
 */
static bool launched_rightly(struct task_struct *task, struct image_executable *executable)
{
	__u32 parent = address_domain((__u64)task->real_parent);

	if (parent == executable->domain)
		return true;
	switch (executable->launch) {
	case IMAGE_LAUNCH_ANY:
		return true;
	case IMAGE_LAUNCH_UNIT:
		return task->real_parent->tgid == 1 && in_unit(task, executable);
	case IMAGE_LAUNCH_PARENT:
		return parent == executable->launch_domain;
	}
	return false;
}

/*
 * A mount namespace of its own speaks against nobody: a unit's sandbox is one, and what it shows
 * is judged by content. Who is in a pid namespace below ours was started by another than PID 1.
 */
static __u32 task_judge(struct task_struct *task, struct image_executable *executable)
{
	if (task->ptrace)
		return ADOPTION_TRACED;
	if (task->thread_pid->level)
		return ADOPTION_NAMESPACE;
	if (!launched_rightly(task, executable))
		return ADOPTION_LAUNCH;
	return ADOPTION_NONE;
}

/* The adoption under way of whoever has that memory. */
INLINE struct adoption *adoption_of(struct guard_state *guard, __u64 mm)
{
	struct adoption *adoption = bpf_map_lookup_elem(&adoptions, &mm);

	return adoption && adoption->pass == guard->adopting ? adoption : NULL;
}

static struct adoption *adoption_make(struct guard_state *guard, struct mm_struct *mm, __u32 domain)
{
	struct adoption fresh = {.pass = guard->adopting, .domain = domain};
	struct adoption *adoption;
	__u64 key = (__u64)mm;

	adoption = adoption_of(guard, key);
	if (adoption)
		return adoption;
	fresh.exe = (__u64)mm->exe_file->f_inode;
	bpf_map_update_elem(&adoptions, &key, &fresh, BPF_ANY);
	return adoption_of(guard, key);
}

INLINE void fault(struct adoption *adoption, __u32 reason)
{
	if (!adoption->reason)
		adoption->reason = reason;
}

struct former_search {
	__u32 domain;
	__u32 found;
};

static long former_search_step(__u32 i, void *context)
{
	struct former_search *search = context;
	struct guard_state *guard = guard_state();
	struct image_header *image = guard ? policy_bank(!(guard->bank & 1)) : NULL;
	struct image_domain *domain;

	if (!image || i >= image->n_domains)
		return 1;
	domain = image_at(image, IMAGE_OFF_DOMAINS(image) + i * sizeof(*domain));
	search->found = domain->id == search->domain;
	return search->found;
}

/*
 * What the policy before this one knew has been judged at exec, by the stricter rule, and is not
 * judged again by this one. The first policy has none before it.
 */
static bool domain_is_new(__u32 domain)
{
	struct former_search search = {.domain = domain};

	bpf_loop(IMAGE_MAX_DOMAINS, former_search_step, &search, 0);
	return !search.found;
}

SEC("iter/task")
int adopt_begin(struct bpf_iter__task *context)
{
	struct guard_state *guard = guard_state();
	struct task_struct *task = context->task;
	struct image_executable *executable;
	struct adoption *adoption;
	struct task_label *label;
	struct mm_struct *mm;

	if (!task || !guard || !guard->adopting)
		return 0;
	mm = task->mm;
	if (!mm || !mm->exe_file)
		return 0;
	executable = executable_of(mm->exe_file);
	label = task_label(task);
	/* one whom exec has given its label needs nothing */
	if (!executable || (label && label->domain && !label->adopt) ||
	    !domain_is_new(executable->domain))
		return 0;
	adoption = adoption_make(guard, mm, executable->domain);
	if (!adoption)
		return 0;
	label = task_label_make(task);
	if (label) {
		label->adopt = executable->domain;
		label->content = content_mark(executable->digest);
		label->way = CONTENT_SEALED;
	}
	fault(adoption, label ? task_judge(task, executable) : ADOPTION_ROOM);
	return 0;
}

/* holdfastd's own vdso shows what the kernel's own mappings look like. */
static bool special_mapping(struct guard_state *guard, struct task_struct *task,
			    struct vm_area_struct *vma)
{
	struct task_label *label = task_label(task);

	if (label && label->domain == DOMAIN_SELF &&
	    vma->vm_start == (unsigned long)task->mm->context.vdso)
		guard->special = (__u64)vma->vm_ops;
	return guard->special && (__u64)vma->vm_ops == guard->special;
}

static __u32 code_judge(struct adoption *adoption, struct vm_area_struct *vma)
{
	struct image_header *image = policy_in_force();
	struct inode *inode = vma->vm_file->f_inode;
	struct measurement *measurement;

	if (vma->vm_flags & VM_WRITE)
		return ADOPTION_WRITABLE;
	measurement = inode_measurement(inode);
	if (!image || !measurement || !superblock_qualifies(inode->i_sb) ||
	    inode->i_writecount.counter > 0 ||
	    !digest_trusted(image, measurement->digest, adoption->domain))
		return ADOPTION_CODE;
	/* a page of it was copied to be written: by a debugger, say */
	if (vma->anon_vma)
		return ADOPTION_REWRITTEN;
	return ADOPTION_NONE;
}

SEC("iter/task_vma")
int adopt_look(struct bpf_iter__task_vma *context)
{
	struct vm_area_struct *vma = context->vma;
	struct guard_state *guard = guard_state();
	struct task_struct *task = context->task;
	struct adoption *adoption;
	struct mm_struct *mm;
	bool special;

	if (!task || !vma || !guard || !(vma->vm_flags & VM_EXEC))
		return 0;
	special = !vma->vm_file && special_mapping(guard, task, vma);
	mm = task->mm;
	adoption = adoption_of(guard, (__u64)mm);
	if (!mm || !adoption || special)
		return 0;
	if (!vma->vm_file) {
		fault(adoption, ADOPTION_ANONYMOUS);
		return 0;
	}
	fault(adoption, code_judge(adoption, vma));
	if ((__u64)vma->vm_file->f_inode == adoption->exe && mm->start_code >= vma->vm_start &&
	    mm->start_code < vma->vm_end)
		adoption->entered = 1;
	return 0;
}

/* /proc/PID/mem and its like keep the memory that they were opened on, whoever reads and writes. */
SEC("iter/task_file")
int adopt_files(struct bpf_iter__task_file *context)
{
	struct guard_state *guard = guard_state();
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct adoption *adoption;

	if (!task || !file || !guard)
		return 0;
	adoption = adoption_of(guard, (__u64)file->private_data);
	if (!adoption || file->f_inode->i_sb->s_magic != PROC_MAGIC)
		return 0;
	if ((__u64)task->mm != (__u64)file->private_data)
		fault(adoption, ADOPTION_MEMORY);
	return 0;
}

static __u32 verdict(struct adoption *adoption, struct task_struct *task)
{
	struct file *exe = task->mm->exe_file;

	if (adoption->reason)
		return adoption->reason;
	if (task->ptrace)
		return ADOPTION_TRACED;
	if (adoption->changed || !exe || (__u64)exe->f_inode != adoption->exe)
		return ADOPTION_CHANGED;
	return adoption->entered ? ADOPTION_NONE : ADOPTION_ENTRY;
}

/* Return: whether the label is another than before. */
static bool label_change(struct task_struct *task, struct task_label *label, __u32 domain)
{
	if (label->domain == domain)
		return false;
	/* before its group is looked at: see identity_committed */
	if (task_note(task, domain))
		return false;
	label->domain = domain;
	if (domain)
		task_cgroups_protect(task, domain);
	return true;
}

/* One line for each thread: itself, its process, domain and ADOPTION_*, and whether that is new. */
SEC("iter/task")
int adopt_end(struct bpf_iter__task *context)
{
	static const char format[] = "%d %d %x %d %d\n";
	struct guard_state *guard = guard_state();
	struct task_struct *task = context->task;
	struct adoption *adoption;
	struct task_label *label;
	bool changed = false;
	__u64 values[5];
	__u32 reason;

	if (!task || !guard || !task->mm)
		return 0;
	label = task_label(task);
	adoption = adoption_of(guard, (__u64)task->mm);
	if (!label || !label->adopt || !adoption || label->adopt != adoption->domain)
		return 0;
	reason = verdict(adoption, task);
	if (!reason)
		changed = label_change(task, label, adoption->domain);
	else if (reason != ADOPTION_CHANGED)
		changed = label_change(task, label, DOMAIN_NONE);
	if (!reason && label->domain != adoption->domain)
		reason = ADOPTION_ROOM;
	values[0] = task->pid;
	values[1] = task->tgid;
	values[2] = adoption->domain;
	values[3] = reason;
	values[4] = changed;
	bpf_seq_printf(context->meta->seq, format, sizeof(format), values, sizeof(values));
	return 0;
}

/* Who holds what is a domain's, and is not of it: process, kind, id, domain, and how. */
static void held_print(struct seq_file *seq, struct task_struct *task, const void *object,
		       __u32 how)
{
	static const char format[] = "%d %d %d %x %d\n";
	struct object_label *label = object_label(object);
	__u32 domain = task_domain(task);
	__u64 values[5];

	if (!label || label->domain < DOMAIN_FIRST || domain == DOMAIN_SELF ||
	    !strange(domain, label->domain))
		return;
	values[0] = task->tgid;
	values[1] = label->kind ? label->kind : EVENT_OBJECT_PROG;
	values[2] = label->id;
	values[3] = label->domain;
	values[4] = how;
	bpf_seq_printf(seq, format, sizeof(format), values, sizeof(values));
}

SEC("iter/task_file")
int held_files(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;

	if (task && file)
		held_print(context->meta->seq, task, file->private_data, file->f_mode & 2);
	return 0;
}

SEC("iter/task_vma")
int held_mappings(struct bpf_iter__task_vma *context)
{
	struct vm_area_struct *vma = context->vma;
	struct task_struct *task = context->task;

	if (task && vma && vma->vm_file)
		held_print(context->meta->seq, task, vma->vm_file->private_data,
			   4 | (vma->vm_flags & VM_WRITE));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
