// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Identity: which task is whose. A task gets a domain's label at exec, when the file is an
 * executable of the domain by content and the launch rule says yes; fork hands it on, the next exec
 * of anything else drops it. A labelled task maps executable pages from trusted content only.
 * Never looks at comm, path or pid.
 *
 *   hook                  refuses with   if the label cannot be stored   cost to others
 *   bprm_creds_for_exec   EACCES         exec goes on without a label    one array lookup
 *   file_open             -              exec goes on without a label    shared.bpf.c
 *   bprm_committed_creds  -              -                               one storage lookup
 *   task_alloc            ENOMEM         fork fails                      one storage lookup
 *   task_free             -              -                               one hash lookup
 *   mmap_file             EPERM          mapping fails                   one test; exec: a lookup
 *   file_mprotect         EPERM          -                               one test
 */

#include "bpf/lib/shared.h"
#include "bpf/lib/signed.h"
#include "bpf/lib/stacked.h"

#define PROT_EXEC 4
#define VM_EXEC 4ul
#define CLONE_VM 0x100ul
#define LSM_UNSAFE_PTRACE 2 /* include/linux/security.h; 1 is LSM_UNSAFE_SHARE */
#define BPF_F_SECUREEXEC 1

/* What an exec gives. */
struct exec_verdict {
	__u32 domain; /* DOMAIN_NONE if none */
	__u32 admission; /* 0 if none */
	__u32 born; /* BORN_* that is left of it */
	__u32 owner; /* the domain that the content would be of */
	__u32 row; /* why it is not */
	__u32 content, way; /* of the label, as there */
};

/*
 * The rule about this content, if there is one. What PID 1 executes before each unit's program
 * leaves the task as PID 1 forked it, as long as it is admitted: nothing else has run in it.
 */
static void admission_give(struct image_header *image, const __u8 *digest, __u64 size, bool born,
			   struct exec_verdict *verdict)
{
	struct digest_search search = {
		.table = IMAGE_OFF_ADMISSIONS(image),
		.stride = sizeof(struct image_admission),
		.high = image->n_admissions,
	};
	struct image_admission *admission;
	__u32 found;

	__builtin_memcpy(&search.digest, digest, sizeof(search.digest));
	found = digest_find(&search);
	if (!found)
		return;
	admission = image_at(image, found);
	if (admission->size != size)
		return;
	verdict->admission = admission->id;
	if (born && admission->programs & IMAGE_PROGRAM_LAUNCH)
		verdict->born = BORN_LAUNCHED;
}

/* Has nobody run in it but what PID 1 executes before a unit's program? */
static bool is_born(struct task_label *label)
{
	return label->born == BORN_FORKED || (label->born == BORN_LAUNCHED && label->admission);
}

/*
 * May this exec, by this task, give the label? A task of the domain re-executes its own freely.
 *
 * "By PID 1" means the first exec of a task that PID 1 itself has forked, or the first after PID
 * 1's own launcher: no stranger has run in it. Being PID 1's child means nothing, every orphan is;
 * nor does the cgroup alone, root moves tasks.
 */
static bool launched_rightly(struct image_executable *executable, __u32 domain, bool born)
{
	if (domain == executable->domain)
		return true;
	switch (executable->launch) {
	case IMAGE_LAUNCH_ANY:
		return true;
	case IMAGE_LAUNCH_UNIT:
		return born && in_unit(bpf_get_current_task_btf(), executable);
	case IMAGE_LAUNCH_PARENT:
		return domain == executable->launch_domain;
	case IMAGE_LAUNCH_HOLDFAST:
		return domain == DOMAIN_SELF;
	}
	return false;
}

/* holdfastd itself: no policy names it, its digest came with the guard. */
static bool launched_as_self(__u32 domain, bool born)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct guard_state *guard = guard_state();

	if (!guard || (__u64)task->nsproxy->mnt_ns != guard->mount_ns)
		return false;
	return domain == DOMAIN_SELF || born;
}

INLINE void exec_act(struct act *act, struct file *file, __u32 owner, __u32 row)
{
	act->act = EVENT_ACT_EXEC;
	act->row = row;
	act->error = EACCES;
	act->kind = EVENT_OBJECT_EXECUTABLE;
	act->ino = file->f_inode->i_ino;
	act->owner = owner;
	read_name(act->name, sizeof(act->name), file->f_path.dentry->d_name.name);
}

/* The daemon that came with the guard, or the one that the operator has admitted since. */
static bool digest_is_self(struct guard_state *guard, const __u8 *digest, __u64 size)
{
	struct digest *file = (struct digest *)digest;

	if (size == guard->build.daemon_size &&
	    digest_same(file, (struct digest *)guard->build.daemon))
		return true;
	return size == guard->next.daemon_size &&
	       digest_same(file, (struct digest *)guard->next.daemon);
}

static void exec_judge_content(struct linux_binprm *bprm, struct task_label *label,
			       const __u8 *digest, struct exec_verdict *verdict)
{
	__u32 domain = label ? label->domain : DOMAIN_NONE;
	bool born = label && is_born(label);
	struct image_executable *executable;
	struct image_header *image = policy_in_force();
	struct guard_state *guard = guard_state();
	__u64 size = bprm->file->f_inode->i_size;
	bool self;

	if (!image || !guard)
		return;
	verdict->content = content_mark(digest);
	self = digest_is_self(guard, digest, size);
	executable = self ? NULL : executable_find(image, digest);
	if (executable && executable->size != size)
		executable = NULL;
	verdict->owner = self ? DOMAIN_SELF : executable ? executable->domain : DOMAIN_NONE;
	if (bprm->unsafe & LSM_UNSAFE_PTRACE) {
		verdict->row = EVENT_ROW('I', 17);
		return;
	}
	if (!verdict->owner) {
		admission_give(image, digest, size, born, verdict);
	} else if (self ? launched_as_self(domain, born)
			: launched_rightly(executable, domain, born)) {
		verdict->domain = verdict->owner;
	} else {
		verdict->row = EVENT_ROW('I', 12);
		admission_give(image, digest, size, born, verdict);
	}
}

/* By whoever may sign policies, for one domain: which content it is nobody has to know. */
static void exec_judge_signed(struct linux_binprm *bprm, struct task_label *label,
			      struct exec_verdict *verdict)
{
	__u32 domain = content_signed(bprm->file);
	struct image_header *image = policy_in_force();
	struct image_executable *executable;

	if (!image || domain < DOMAIN_FIRST)
		return;
	executable = signed_find(image, domain);
	if (!executable)
		return;
	verdict->owner = domain;
	verdict->content = domain;
	verdict->way = CONTENT_SIGNED;
	if (bprm->unsafe & LSM_UNSAFE_PTRACE)
		verdict->row = EVENT_ROW('I', 17);
	else if (launched_rightly(executable, label ? label->domain : DOMAIN_NONE,
				  label && is_born(label)))
		verdict->domain = domain;
	else
		verdict->row = EVENT_ROW('I', 12);
}

static void exec_judge_stacked(struct linux_binprm *bprm, struct task_label *label,
			       struct exec_verdict *verdict)
{
	__u8 digest[IMAGE_DIGEST_LEN];
	struct real_file real = {};
	bool sealed = stacked_begin(bprm->file, &real);

	verdict->way = kernel_digest(bprm->file, digest) ? CONTENT_HASHED : CONTENT_UNKNOWN;
	if (verdict->way)
		exec_judge_content(bprm, label, digest, verdict);
	sealed = stacked_read(bprm->file, &real) && sealed;
	/* what holdfastd runs is not judged again when it is mapped */
	if (verdict->owner == DOMAIN_SELF)
		sealed = false;
	if (!sealed && (verdict->domain || verdict->admission)) {
		verdict->domain = DOMAIN_NONE;
		verdict->admission = 0;
		verdict->row = EVENT_ROW('I', 11);
	}
	stacked_end(&real, verdict->domain	? verdict->domain
			   : verdict->admission ? DOMAIN_SELF
						: DOMAIN_NONE);
}

/* The file's size alone lets most execs out. */
INLINE bool exec_may_give(struct linux_binprm *bprm)
{
	struct image_header *image = policy_in_force();
	struct guard_state *guard = guard_state();
	struct inode *inode = bprm->file->f_inode;
	__u64 size = inode->i_size;

	bool stack = superblock_stacked(inode->i_sb);

	if (!image || !guard || (!stack && !superblock_qualifies(inode->i_sb)))
		return false;
	if (size == guard->build.daemon_size || size == guard->next.daemon_size)
		return true;
	if (image->n_signed && inode->i_flags & S_VERITY)
		return true;
	return image->size_filter[IMAGE_FILTER_BIT(size) / 64] >> (IMAGE_FILTER_BIT(size) % 64) & 1;
}

static void exec_judge(struct linux_binprm *bprm, struct task_label *label,
		       struct exec_verdict *verdict)
{
	__u8 digest[IMAGE_DIGEST_LEN];

	if (!exec_may_give(bprm))
		return;
	if (superblock_stacked(bprm->file->f_inode->i_sb)) {
		exec_judge_stacked(bprm, label, verdict);
		return;
	}
	verdict->way = file_content(bprm->file, digest);
	if (verdict->way)
		exec_judge_content(bprm, label, digest, verdict);
	if (!verdict->owner && !verdict->admission)
		exec_judge_signed(bprm, label, verdict);
}

/* A function of its own for its room: what judges is deep. */
static __noinline void exec_note(struct file *file, __u32 owner, __u32 row)
{
	struct act act = {};

	exec_act(&act, file, owner, row);
	guard_report(&act, EVENT_NOTED);
}

SEC("lsm.s/bprm_creds_for_exec")
int BPF_PROG(identity_exec, struct linux_binprm *bprm)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct exec_verdict verdict = {};
	__u32 expect;

	/* of a file that may give something: see identity_exec_early */
	if (!label)
		return 0;
	expect = label->expect;
	exec_judge(bprm, label, &verdict);
	label->pending = verdict.domain;
	label->pending_admission = verdict.admission;
	label->pending_born = verdict.born;
	label->pending_content = verdict.content;
	label->pending_way = verdict.way;
	label->pending_file = (__u64)bprm->file;
	label->expect = DOMAIN_NONE;
	if (verdict.domain || verdict.admission)
		bpf_bprm_opts_set(bprm, BPF_F_SECUREEXEC);
	if (verdict.owner && verdict.owner != DOMAIN_SELF)
		exec_note(bprm->file, verdict.owner, verdict.row);
	if (expect && verdict.domain != expect)
		return REFUSED(EACCES);
	return 0;
}

/*
 * Its label is made here and not there: a program that may sleep would sleep for the memory with
 * the CPU's task storage locked, and in 6.1 nobody's label is found meanwhile. Attached later than
 * the one above, this one runs first; without a label that one gives nothing.
 */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(identity_exec_early, struct linux_binprm *bprm)
{
	if (exec_may_give(bprm))
		task_label_make(bpf_get_current_task_btf());
	return 0;
}

/*
 * The interpreter's headers are read before it is mapped, and judged when it is mapped: nobody may
 * write it from the first on. On overlayfs the kernel's own ETXTBSY is for the overlay's inode; the
 * real file comes here as well.
 */
static void interpreter_hold(struct file *file, struct task_label *label)
{
	struct inode *inode = file->f_inode;
	struct inode_label *held;
	struct act act = {};

	if (!superblock_qualifies(inode->i_sb))
		return;
	inode_disk_note(inode);
	held = bpf_inode_storage_get(&inode_labels, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (held && !held->held)
		held->held = label->pending ? label->pending : DOMAIN_SELF;
	if (held && inode->i_writecount.counter <= 0)
		return;
	exec_act(&act, file, label->pending ? label->pending : DOMAIN_SELF, EVENT_ROW('I', 11));
	guard_report(&act, EVENT_NOTED);
	label->pending = DOMAIN_NONE;
	label->pending_admission = 0;
}

int identity_open(struct file *file)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (!label)
		return 0;
	/* overlayfs opens what it reads a copy from: while this task's file is judged, another */
	if (file->f_flags & O_NOATIME && label->judging && label->judging != (__u64)file->f_inode)
		label->judging = ASTRAY;
	if (file->f_flags & FMODE_EXEC && (label->pending || label->pending_admission))
		interpreter_hold(file, label);
	return 0;
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(identity_committed, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_label *label = task_label(task);

	if (!label)
		return 0;
	/* Before its group is looked at: who moves it meanwhile sees this, or we the group. */
	if (label->pending && task_note(task, label->pending))
		label->pending = DOMAIN_NONE;
	/* A script or binfmt handler has put another file in its place: that one was not judged. */
	if ((label->pending || label->pending_admission) &&
	    label->pending_file == (__u64)bprm->file) {
		label->domain = label->pending;
		label->admission = label->pending_admission;
		label->pending = DOMAIN_NONE;
		label->pending_admission = 0;
		label->mark_kind = CONTROL_MARK_NONE;
		label->born = label->pending_born;
		label->content = label->pending_content;
		label->way = label->pending_way;
		label->adopt = DOMAIN_NONE;
		if (label->domain)
			task_cgroups_protect(task, label->domain);
		else
			task_note(task, DOMAIN_NONE);
		return 0;
	}
	task_note(task, DOMAIN_NONE);
	bpf_task_storage_delete(&task_labels, task);
	return 0;
}

SEC("lsm/task_alloc")
int BPF_PROG(identity_fork, struct task_struct *task, unsigned long clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	struct task_label *label = task_label(parent);
	__u32 domain = label ? label->domain : DOMAIN_NONE, admission = 0;
	__u32 content = label ? label->content : 0, way = label ? label->way : CONTENT_UNKNOWN;
	bool born = parent->tgid == 1;

	if (!label && !born)
		return 0;
	/* Memory that two share would be written through the one, and run by the other. */
	if (label && clone_flags & CLONE_VM)
		label->admission = 0;
	else if (label)
		admission = label->admission;
	if (!domain && !born && !admission)
		return 0;
	label = task_label_make(task);
	if (!label)
		return REFUSED(ENOMEM);
	label->domain = domain;
	label->admission = admission;
	label->born = born ? BORN_FORKED : 0;
	label->content = content;
	label->way = way;
	if (domain && task_note(task, domain))
		return REFUSED(ENOMEM);
	return 0;
}

/* By the kernel's own hash: holdfastd has measured nothing on overlayfs. */
static __noinline bool content_trusted(struct file *file, __u32 trust)
{
	struct image_header *image = policy_in_force();
	__u8 digest[IMAGE_DIGEST_LEN];

	return image && kernel_digest(file, digest) && digest_trusted(image, digest, trust);
}

/* Held for good if it is trusted: what is mapped is the real file, now and later. */
static __noinline bool stacked_trusted(struct file *file, __u32 trust, __u32 holder)
{
	struct real_file real = {};
	bool trusted;

	trusted = stacked_begin(file, &real) && content_trusted(file, trust) &&
		  stacked_read(file, &real);
	stacked_end(&real, trusted ? holder : DOMAIN_NONE);
	return trusted;
}

/*
 * The inode is held first and its writers counted after: a writer that comes between counts, one
 * that comes later meets the hold (files.bpf.c).
 */
static bool mapping_trusted(struct file *file, __u32 trust, __u32 holder)
{
	struct image_header *image = policy_in_force();
	struct inode *inode = file->f_inode;
	__u8 digest[IMAGE_DIGEST_LEN];
	struct inode_label *label;

	if (superblock_stacked(inode->i_sb))
		return stacked_trusted(file, trust, holder);
	if (!image || (inode->i_mode & S_IFMT) != S_IFREG || !superblock_qualifies(inode->i_sb))
		return false;
	inode_disk_note(inode);
	label = bpf_inode_storage_get(&inode_labels, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!label)
		return false;
	/* who holds it already is not held against it */
	if (holder != DOMAIN_SELF || !label->held)
		label->held = holder;
	if (inode->i_writecount.counter > 0)
		return false;
	if (file_content(file, digest) && digest_trusted(image, digest, trust))
		return true;
	return content_signed(file) == trust;
}

/* Whoever is being judged for adoption, by whichever of its threads, is to be judged again. */
static void adoption_disturb(void)
{
	struct guard_state *guard = guard_state();
	struct adoption *adoption;
	__u64 key;

	if (!guard || !guard->adopting)
		return;
	key = (__u64)bpf_get_current_task_btf()->mm;
	adoption = bpf_map_lookup_elem(&adoptions, &key);
	if (adoption)
		adoption->changed = 1;
}

INLINE void mapping_act(struct act *act, struct file *file, __u32 domain)
{
	act->act = EVENT_ACT_MAP_EXECUTABLE;
	act->row = EVENT_ROW('I', 11);
	act->error = EPERM;
	act->kind = EVENT_OBJECT_FILE;
	act->owner = domain;
	if (!file)
		return;
	act->ino = file->f_inode->i_ino;
	read_name(act->name, sizeof(act->name), file->f_path.dentry->d_name.name);
}

/* Only a tool that runs nothing but its own code is the tool: what it maps is not refused. */
static __noinline void admission_lose(struct task_label *label, struct file *file)
{
	struct act act = {};

	label->admission = 0;
	mapping_act(&act, file, DOMAIN_SELF);
	guard_report(&act, EVENT_NOTED);
}

/* A function of its own for its room: what leads to the real file is deep (stacked.h). */
static __noinline bool mapping_refused(struct file *file, __u32 domain)
{
	struct act act = {};

	mapping_act(&act, file, domain);
	return guard_refuses(&act);
}

SEC("lsm.s/mmap_file")
int BPF_PROG(identity_mmap, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags)
{
	struct task_label *label;
	__u32 domain, trust;
	bool absent;

	if (!(prot & PROT_EXEC))
		return 0;
	adoption_disturb();
	label = task_label(bpf_get_current_task_btf());
	/* holdfastd is static: what it runs was judged at exec. */
	if (!label || label->domain == DOMAIN_SELF)
		return 0;
	domain = label->domain;
	trust = domain ? domain : label->admission;
	if (!trust)
		return 0;
	absent = argument_null(0) || !file; /* memory of no file */
	if (!absent && mapping_trusted(file, trust, domain ? domain : DOMAIN_SELF))
		return 0;
	if (!domain) {
		admission_lose(label, absent ? NULL : file);
		return 0;
	}
	if (mapping_refused(absent ? NULL : file, domain))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(identity_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
	     unsigned long prot)
{
	struct task_label *label;
	struct act act = {};
	__u32 domain;

	if (!(prot & PROT_EXEC))
		return 0;
	adoption_disturb();
	label = task_label(bpf_get_current_task_btf());
	if (!label || label->domain == DOMAIN_SELF || vma->vm_flags & VM_EXEC)
		return 0;
	domain = label->domain;
	if (!domain) {
		if (label->admission)
			admission_lose(label, vma->vm_file);
		return 0;
	}
	mapping_act(&act, vma->vm_file, domain);
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/* Its address is used again. Whoever is noted has a label, and his storage goes after this. */
SEC("lsm/task_free")
int BPF_PROG(identity_gone, struct task_struct *task)
{
	if (!task_has_none(task))
		task_note(task, DOMAIN_NONE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
