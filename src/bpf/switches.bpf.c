// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Switches: the kernel's control files that end or blind the guard or an agent. The kernel makes
 * their names and nobody renames them, so the chain of names up to the filesystem's root is what
 * they are, on every instance of it. Every way of writing passes one hook. What a stranger writes
 * is not looked at: it can change between our look and the kernel's.
 *
 *   hook                        refuses with   cost to others
 *   file_permission             EPERM, ENOMEM  one test per read; a few per write elsewhere
 *   cgroup/sysctl               EPERM          one test per read of a sysctl
 *   fexit cgroup_procs_write_start
 *                               -              one hash lookup per task moved
 *   inode_permission            EPERM          shared.bpf.c; of clone3 into a group, too
 *   tp_btf cgroup_attach_task   -              one hash lookup per task moved
 *   tp_btf cgroup_rmdir         -              one hash operation per group's end
 *
 * A new switch is a row of the table.
 */

#include "bpf/lib/calls.h"
#include "bpf/lib/closed.h"
#include "bpf/lib/read.h"
#include "bpf/lib/shared.h"
#include "bpf/lib/tasks.h"

#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define CGROUP_MAGIC 0x27e0eb
#define TRACEFS_MAGIC 0x74726163
#define DEBUGFS_MAGIC 0x64626720
#define SECURITYFS_MAGIC 0x73636673
#define SELINUX_MAGIC 0xf97cff8c
#define APPARMOR_MAGIC 0x5a3c69f0 /* what securityfs's apparmor/policy leads to */

#define DEPTH 6
#define NAME_LEN 32

#define CLONE3 435 /* clone3(2), of 64 bits and of 32 */

/* task_label.moving: whom it moves is not known yet, or was not noted */
#define MOVING_UNKNOWN 1

/* Whose is the switch? */
enum whose {
	OF_SELF, /* the guard's own foundation */
	OF_CGROUP, /* of whoever has a task in the file's group, or below it */
	OF_TASK, /* of the process that the file is about */
};

#define ANYWHERE 1 /* in whatever folder */
#define PREFIX 2 /* the topmost name is the first four letters of names */

union name {
	char text[NAME_LEN];
	__u64 word[NAME_LEN / 8];
};

struct row {
	__u32 magic; /* of the filesystem */
	__u32 row; /* of the threat catalogue */
	__u32 group; /* IMAGE_SWITCH_*, or some of IMAGE_CLOSED_*: a policy's word; 0: none */
	enum whose whose;
	__u32 flags;
	__u32 leaf; /* length of the file's own name; 0: any */
	union name names[DEPTH]; /* from the file up; * is any one name */
};

#define ROW(fs, letter, number, open, owner, flag, file, ...)                                 \
	{                                                                                     \
		.magic = fs##_MAGIC, .row = EVENT_ROW(letter, number), .group = open,         \
		.whose = owner, .flags = flag, .leaf = file[0] == '*' ? 0 : sizeof(file) - 1, \
		.names = {{.text = file}, ##__VA_ARGS__},                                     \
	}
#define IN(name)             \
	{                    \
		.text = name \
	}
#define SYSCTL(letter, number, file, ...) \
	ROW(PROC, letter, number, 0, OF_SELF, 0, file, ##__VA_ARGS__, IN("sys"))
#define HOTPLUG(file, ...)                                                                    \
	ROW(SYSFS, 'L', 19, IMAGE_SWITCH_HOTPLUG, OF_SELF, 0, file, ##__VA_ARGS__, IN("cpu"), \
	    IN("system"), IN("devices"))
#define OF_PROCESS(letter, number, file)                         \
	ROW(PROC, letter, number, 0, OF_TASK, 0, file, IN("*")), \
		ROW(PROC, letter, number, 0, OF_TASK, 0, file, IN("*"), IN("task"), IN("*"))
#define MAC(fs, flag, file, ...) \
	ROW(fs, 'A', 12, IMAGE_SWITCH_MAC, OF_SELF, flag, file, ##__VA_ARGS__)
#define HELPER(fs, flag, file, ...) \
	ROW(fs, 'K', 3, IMAGE_SWITCH_HELPERS, OF_SELF, flag, file, ##__VA_ARGS__)
#define PROBES(file, groups) ROW(TRACEFS, 'L', 13, groups, OF_SELF, 0, file)
#define SQUEEZE(file) ROW(CGROUP2, 'M', 18, IMAGE_CLOSED_RESOURCES, OF_CGROUP, ANYWHERE, file)
#define POWER(file) ROW(SYSFS, 'A', 16, IMAGE_SWITCH_SUSPEND, OF_SELF, 0, file, IN("power"))

static const struct row rows[] = {
	ROW(DEBUGFS, 'L', 14, 0, OF_SELF, 0, "enabled", IN("kprobes")),
	PROBES("kprobe_events", IMAGE_CLOSED_PROBES),
	PROBES("uprobe_events", IMAGE_CLOSED_PROBES | IMAGE_CLOSED_UPROBES),
	PROBES("dynamic_events", IMAGE_CLOSED_PROBES | IMAGE_CLOSED_UPROBES),
	ROW(PROC, 'K', 18, IMAGE_CLOSED_STATS, OF_SELF, 0, "bpf_stats_enabled", IN("kernel"),
	    IN("sys")),
	SYSCTL('L', 15, "ftrace_enabled", IN("kernel")),
	HOTPLUG("online", IN("*")),
	HOTPLUG("target", IN("hotplug"), IN("*")),
	HOTPLUG("control", IN("smt")),
	ROW(SYSFS, 'L', 21, 0, OF_SELF, 0, "enabled", IN("*"), IN("livepatch"), IN("kernel")),
	ROW(CGROUP2, 'A', 2, 0, OF_CGROUP, ANYWHERE, "cgroup.kill"),
	ROW(CGROUP2, 'A', 3, 0, OF_CGROUP, ANYWHERE, "cgroup.freeze"),
	ROW(CGROUP, 'A', 3, 0, OF_CGROUP, ANYWHERE, "freezer.state"),
	SQUEEZE("memory.max"),
	SQUEEZE("memory.high"),
	SQUEEZE("memory.swap.max"),
	SQUEEZE("pids.max"),
	SQUEEZE("cpu.max"),
	SQUEEZE("io.max"),
	ROW(PROC, 'A', 4, 0, OF_SELF, 0, "sysrq-trigger"),
	OF_PROCESS('A', 5, "oom_score_adj"),
	OF_PROCESS('A', 5, "oom_adj"),
	MAC(SECURITYFS, 0, ".load", IN("apparmor")),
	MAC(SECURITYFS, 0, ".replace", IN("apparmor")),
	MAC(SECURITYFS, 0, ".remove", IN("apparmor")),
	MAC(APPARMOR, ANYWHERE, ".load"),
	MAC(APPARMOR, ANYWHERE, ".replace"),
	MAC(APPARMOR, ANYWHERE, ".remove"),
	MAC(SECURITYFS, 0, "policy", IN("ima"), IN("integrity")),
	MAC(SECURITYFS, 0, "policy", IN("ima")),
	MAC(SELINUX, 0, "load"),
	MAC(SELINUX, 0, "enforce"),
	MAC(SELINUX, 0, "disable"),
	MAC(SELINUX, 0, "commit_pending_bools"),
	MAC(SELINUX, 0, "*", IN("booleans")),
	ROW(SECURITYFS, 'A', 13, 0, OF_SELF, 0, "lockdown"),
	SYSCTL('A', 13, "modules_disabled", IN("kernel")),
	SYSCTL('A', 13, "kptr_restrict", IN("kernel")),
	OF_PROCESS('A', 14, "make-it-fail"),
	OF_PROCESS('A', 14, "fail-nth"),
	ROW(DEBUGFS, 'A', 14, 0, OF_SELF, PREFIX, "*", IN("fail")),
	ROW(DEBUGFS, 'A', 14, 0, OF_SELF, PREFIX, "*", IN("*"), IN("fail")),
	ROW(SYSFS, 'A', 15, 0, OF_SELF, 0, "hard_offline_page", IN("memory"), IN("system"),
	    IN("devices")),
	ROW(SYSFS, 'A', 15, 0, OF_SELF, 0, "soft_offline_page", IN("memory"), IN("system"),
	    IN("devices")),
	ROW(DEBUGFS, 'A', 15, 0, OF_SELF, 0, "corrupt-pfn", IN("hwpoison")),
	POWER("state"),
	POWER("autosleep"),
	POWER("resume"),
	HELPER(PROC, 0, "modprobe", IN("kernel"), IN("sys")),
	HELPER(PROC, 0, "core_pattern", IN("kernel"), IN("sys")),
	HELPER(PROC, 0, "hotplug", IN("kernel"), IN("sys")),
	HELPER(PROC, 0, "poweroff_cmd", IN("kernel"), IN("sys")),
	HELPER(SYSFS, 0, "uevent_helper", IN("kernel")),
	HELPER(CGROUP, ANYWHERE, "release_agent"),
	SYSCTL('K', 17, "unprivileged_bpf_disabled", IN("kernel")),
	SYSCTL('K', 17, "perf_event_paranoid", IN("kernel")),
	SYSCTL('K', 17, "io_uring_disabled", IN("kernel")),
	SYSCTL('K', 17, "ptrace_scope", IN("yama"), IN("kernel")),
	SYSCTL('K', 17, "bpf_jit_harden", IN("core"), IN("net")),
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct search {
	union name names[DEPTH]; /* of the file, as rows have them */
	__u32 magic;
	__u32 leaf;
	__u32 depth; /* names up to the root; DEPTH + 1: more than fit */
	__u32 found; /* number of the row, from 1 */
};

/* Lengths of the names that rows of that filesystem have, a bit for each: a constant. */
INLINE __u64 row_lengths(__u32 magic)
{
	__u64 lengths = 0;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < N_ROWS; i++)
		lengths |= rows[i].magic == magic ? 1ull << rows[i].leaf : 0;
	return lengths;
}

/* Could the file be a row, by what costs nothing? */
INLINE bool row_glance(unsigned long magic, __u32 leaf)
{
	__u64 lengths;

	switch (magic) {
	case PROC_MAGIC:
		lengths = row_lengths(PROC_MAGIC);
		break;
	case SYSFS_MAGIC:
		lengths = row_lengths(SYSFS_MAGIC);
		break;
	case CGROUP_MAGIC:
		lengths = row_lengths(CGROUP_MAGIC);
		break;
	case CGROUP2_MAGIC:
		lengths = row_lengths(CGROUP2_MAGIC);
		break;
	case TRACEFS_MAGIC:
		lengths = row_lengths(TRACEFS_MAGIC);
		break;
	case DEBUGFS_MAGIC:
		lengths = row_lengths(DEBUGFS_MAGIC);
		break;
	case SECURITYFS_MAGIC:
		lengths = row_lengths(SECURITYFS_MAGIC);
		break;
	case SELINUX_MAGIC:
		lengths = row_lengths(SELINUX_MAGIC);
		break;
	case APPARMOR_MAGIC:
		lengths = row_lengths(APPARMOR_MAGIC);
		break;
	default:
		return false;
	}
	return lengths & 1 || (leaf < NAME_LEN && lengths >> leaf & 1);
}

INLINE bool name_fits(const union name *pattern, const union name *name, bool prefix)
{
	if (pattern->text[0] == '*')
		return true;
	if (prefix)
		return (__u32)pattern->word[0] == (__u32)name->word[0];
	return pattern->word[0] == name->word[0] && pattern->word[1] == name->word[1] &&
	       pattern->word[2] == name->word[2] && pattern->word[3] == name->word[3];
}

static long row_compare(__u32 i, void *context)
{
	struct search *search = context;
	const struct row *row;

	if (i >= N_ROWS)
		return 1;
	row = &rows[i];
	if (row->magic != search->magic || (row->leaf && row->leaf != search->leaf))
		return 0;
	if (!name_fits(&row->names[0], &search->names[0], false))
		return 0;
	if (row->flags & ANYWHERE) {
		search->found = i + 1;
		return 1;
	}
	for (__u32 k = 1; k < DEPTH; k++) {
		bool top = k + 1 == search->depth;

		if (!row->names[k].text[0]) {
			if (search->depth != k)
				return 0;
			break;
		}
		if (k >= search->depth ||
		    !name_fits(&row->names[k], &search->names[k], top && row->flags & PREFIX))
			return 0;
	}
	if (search->depth > DEPTH)
		return 0;
	search->found = i + 1;
	return 1;
}

/*
 * process_of() - whose is the process that a file of procfs is about?
 *
 * The inode knows the process by the kernel's own struct pid, whatever number it has in the pid
 * namespace of that procfs. Where that cannot be read, it may be anybody's. What is about the very
 * task that asks counts as nobody's: to itself it is no stranger.
 * Return: whether the file is about a process.
 */
static __noinline bool process_of(struct file *file, __u32 *ret_owner)
{
	const void *inode = file->f_inode;
	__u64 pid = 0, link = 0;

	if (!ret_owner)
		return false;
	*ret_owner = DOMAIN_SELF;
	if (read_pointer(inode - bpf_core_field_offset(struct proc_inode, vfs_inode) +
				 bpf_core_field_offset(struct proc_inode, pid),
			 &pid))
		return true;
	if (pid == (__u64)bpf_get_current_task_btf()->thread_pid) {
		*ret_owner = DOMAIN_NONE;
		return true;
	}
	if (pid && read_pointer((void *)pid + bpf_core_field_offset(struct pid, tasks), &link))
		return true;
	*ret_owner = DOMAIN_NONE;
	if (link)
		*ret_owner =
			address_domain(link - bpf_core_field_offset(struct task_struct, pid_links));
	return pid;
}

INLINE __u32 process_owner(struct file *file)
{
	__u32 owner = DOMAIN_NONE;

	process_of(file, &owner);
	return owner;
}

/* About a process that is nobody's: whatever file it is, no row is about it. */
INLINE bool process_nobodys(struct file *file)
{
	__u32 owner = DOMAIN_NONE;

	return process_of(file, &owner) && !owner;
}

/* The number, from 1, of the row that this file is; 0 if it is no switch. */
static __noinline __u32 row_of(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct search search = {
		.magic = file->f_inode->i_sb->s_magic,
		.leaf = dentry->d_name.len,
	};
	__u32 depth;

	for (depth = 0; depth < DEPTH; depth++) {
		struct dentry *parent = dentry->d_parent;

		if ((__u64)parent == (__u64)dentry)
			break;
		read_name(search.names[depth].text, NAME_LEN, dentry->d_name.name);
		dentry = parent;
	}
	search.depth = depth;
	if (depth == DEPTH && (__u64)dentry->d_parent != (__u64)dentry)
		search.depth++;
	bpf_loop(N_ROWS, row_compare, &search, 0);
	return search.found;
}

/* A group's folder has its node's address; no group that we know of: nobody's. */
INLINE __u32 cgroup_owner(struct file *file)
{
	struct inode *folder = file->f_path.dentry->d_parent->d_inode;
	struct guard_state *guard = guard_state();
	__u64 node;
	__u32 *owner;

	if (!folder || !guard)
		return DOMAIN_NONE;
	node = (__u64)folder->i_private;
	owner = bpf_map_lookup_elem(&cgroups, &node);
	if (owner)
		return *owner;
	return guard->all_cgroups ? DOMAIN_SELF : DOMAIN_NONE;
}

INLINE __u32 switch_owner(const struct row *row, struct file *file)
{
	if (row->whose == OF_CGROUP)
		return cgroup_owner(file);
	if (row->whose == OF_TASK)
		return process_owner(file);
	return DOMAIN_SELF;
}

static __noinline bool switch_refused(struct file *file, __u32 number)
{
	struct image_header *image = policy_in_force();
	struct guard_state *guard = guard_state();
	__u32 i = number - 1; /* 0 is beyond all of them */
	const struct row *row;
	struct act act = {
		.act = EVENT_ACT_SWITCH,
		.error = EPERM,
		.kind = EVENT_OBJECT_SWITCH,
		.ino = file->f_inode->i_ino,
	};

	/* Folded into one comparison of the number, the bound would be lost on the verifier. */
	barrier_var(i);
	if (i >= N_ROWS)
		return false;
	row = &rows[i];
	act.row = row->row;
	act.owner = switch_owner(row, file);
	if (!strange(current_domain(), act.owner) ||
	    (row->group & IMAGE_CLOSED_ALL && !closed_to_current(row->group)))
		return false;
	if (row->group & IMAGE_CLOSED_UPROBES && !closed_to_current(IMAGE_CLOSED_PROBES))
		act.row = EVENT_ROW('P', 15);
	read_name(act.name, sizeof(act.name), file->f_path.dentry->d_name.name);
	if (image && guard && guard->armed && row->group & IMAGE_SWITCHES_ALL & image->switches) {
		guard_report(&act, EVENT_NOTED);
		return false;
	}
	return guard_refuses(&act);
}

static bool file_moves(struct file *file)
{
	static const union name procs = {.text = "cgroup.procs"},
				threads = {.text = "cgroup.threads"};
	struct dentry *dentry = file->f_path.dentry;
	union name name = {};

	if (dentry->d_name.len != sizeof("cgroup.procs") - 1 &&
	    dentry->d_name.len != sizeof("cgroup.threads") - 1)
		return false;
	read_name(name.text, sizeof(name.text), dentry->d_name.name);
	return name_fits(&procs, &name, false) || name_fits(&threads, &name, false);
}

/*
 * Whom it moves is noted further on, by a program that the kernel may pass over (P17). That it
 * moves somebody is noted here. Return: whether there is room for that.
 */
static bool move_begins(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_label *label = task_label(task);

	if (!label)
		label = task_label_make(task);
	if (label)
		label->moving = MOVING_UNKNOWN;
	return label;
}

SEC("lsm/file_permission")
int BPF_PROG(switches_write, struct file *file, int mask)
{
	unsigned long magic = file->f_inode->i_sb->s_magic;

	if (!(mask & MAY_WRITE))
		return 0;
	if (magic == CGROUP2_MAGIC && file_moves(file) && !move_begins(file))
		return REFUSED(ENOMEM);
	if (!row_glance(magic, file->f_path.dentry->d_name.len) ||
	    (magic == PROC_MAGIC && process_nobodys(file)))
		return 0;
	if (switch_refused(file, row_of(file)))
		return REFUSED(EPERM);
	return 0;
}

/*
 * The second line of the switch that would end the first: where ftrace is off already, or whoever
 * writes has our label. It does not hang on ftrace.
 */
SEC("cgroup/sysctl")
int switches_sysctl(struct bpf_sysctl *context)
{
	struct guard_state *guard = guard_state();
	union name wanted = {.text = "kernel/ftrace_enabled"};
	union name name = {};

	if (!context->write || !guard || !guard->armed)
		return 1;
	if (!IMAGE_ENFORCES(domain_mode(DOMAIN_SELF)))
		return 1;
	if (bpf_sysctl_get_name(context, name.text, sizeof(name.text), 0) < 0)
		return 1;
	return !name_fits(&wanted, &name, false);
}

/*
 * A group that is frozen already, or about to be killed, needs no write once a task is in it: so
 * strangers do not move a domain's. Here the kernel has found the task that a write to cgroup.procs
 * means; next it asks whether the writer may write there.
 */
SEC("fexit/cgroup_procs_write_start")
int BPF_PROG(switches_moving)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	__u64 moved = 0;

	bpf_get_func_ret(ctx, &moved);
	if (label)
		label->moving = strange(label->domain, address_domain(moved)) ? moved : 0;
	return 0;
}

/* What the node of a group, or of one of its files, hangs below. Return: as read_block(). */
INLINE int node_above(__u64 node, __u64 *ret_above)
{
	__u32 offset = bpf_core_field_exists(struct kernfs_node, parent)
			       ? bpf_core_field_offset(struct kernfs_node, parent)
			       : bpf_core_field_offset(struct kernfs_node___hidden, __parent);

	return read_pointer((void *)(node + offset), ret_above);
}

/* The group of that file of its own, and all above it, as cgroup_protect() has them. */
static __noinline void file_group_protect(__u64 file_node, __u32 domain)
{
	struct guard_state *guard = guard_state();
	__u64 node = file_node, above = 0;

	if (!guard)
		return;
	for (int i = 0; i <= CGROUP_DEPTH_MAX && !node_above(node, &above); i++) {
		if (!above)
			return;
		/* the file's own node is no group's */
		if (i > 0)
			cgroup_claim(guard, node, domain);
		node = above;
	}
	guard->all_cgroups = 1;
}

/* Nothing else is between that and the move. A v1 hierarchy does not ask. */
int switches_move(struct inode *inode, int mask)
{
	struct act act = {.act = EVENT_ACT_SWITCH, .row = EVENT_ROW('A', 3), .error = EPERM};
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (!label)
		return 0;
	/* A child that begins in that group, if it may, has its label already. */
	if (label->domain && current_call() == CLONE3)
		file_group_protect((__u64)inode->i_private, label->domain);
	if (!label->moving)
		return 0;
	/* a write that failed before the note, and now something else is opened */
	if (label->moving == MOVING_UNKNOWN && mask != MAY_WRITE)
		return 0;
	act.owner = label->moving == MOVING_UNKNOWN ? DOMAIN_SELF : address_domain(label->moving);
	label->moving = 0;
	act.kind = EVENT_OBJECT_SWITCH;
	act.ino = inode->i_ino;
	__builtin_memcpy(act.name, "cgroup.procs", 13);
	if (strange(label->domain, act.owner) && guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/* A labelled task came into another group, by whomever. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(switches_moved, struct cgroup *group, const char *path, struct task_struct *task)
{
	struct task_label *mover = task_label(bpf_get_current_task_btf());
	__u32 domain = address_domain((__u64)task);

	if (mover)
		mover->moving = 0;
	if (domain)
		cgroup_protect(group, domain);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(switches_group_gone, struct cgroup *group)
{
	__u64 node = (__u64)group->kn;

	bpf_map_delete_elem(&cgroups, &node);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
