// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Agents: a domain's tasks, against strangers who would stop, enter or starve them. Reading about
 * them (ps, lsof, /proc) is nobody's harm and stays open.
 *
 *   hook                   refuses with   cost to others
 *   task_kill              EPERM          one hash lookup per signal
 *   file_send_sigiotask    - (not sent)   one hash lookup per SIGIO
 *   ptrace_access_check    EPERM          one test; attach: a hash and a storage lookup
 *   ptrace_traceme         EPERM          a hash and a storage lookup
 *   task_setrlimit         EPERM          one hash lookup
 *   task_setscheduler      EPERM          one hash lookup
 *   task_setnice           EPERM          one hash lookup
 *   task_setioprio         EPERM          one hash lookup
 */

#include "bpf/lib/read.h"
#include "bpf/lib/tasks.h"

#define SIGUSR1 10
#define SIGUSR2 12
#define SIGCHLD 17
#define SIGCONT 18
#define SIGURG 23
#define SIGWINCH 28
#define SIGIO 29
#define SIGRTMIN 32
#define SIGMAX 64
#define PTRACE_MODE_ATTACH 2

/*
 * Would this task be a stranger acting on that one? Fills the act in if so. By address: in 6.1 a
 * task's storage is not found while another's is being made on this CPU.
 */
static bool task_act(struct act *act, struct task_struct *target, __u32 actor, __u32 kind,
		     __u32 row)
{
	__u32 owner = address_domain((__u64)target);

	if (!strange(actor, owner))
		return false;
	act->act = kind;
	act->row = row;
	act->error = EPERM;
	act->kind = EVENT_OBJECT_TASK;
	act->id = target->tgid;
	act->owner = owner;
	copy_name(act->name, target->comm);
	return true;
}

INLINE bool harmless(int signal)
{
	return !signal || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG ||
	       signal == SIGWINCH;
}

SEC("lsm/task_kill")
int BPF_PROG(agents_kill, struct task_struct *target, struct kernel_siginfo *info, int signal)
{
	struct act act = {.command = signal};
	__u32 actor;

	if (harmless(signal))
		return 0;
	actor = current_domain();
	/* holdfastd passes on to what it launched the signals of whoever launched it. */
	if (actor == DOMAIN_SELF && !self_bound(actor))
		return 0;
	if (task_act(&act, target, actor, EVENT_ACT_SIGNAL, EVENT_ROW('A', 1)) &&
	    guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/* Neither handled nor blocked: the signal ends the task. What cannot be read is taken for that. */
static bool signal_ends(struct task_struct *task, __u32 signal)
{
	__u64 actions = 0, handler = 0;

	if (task->blocked.sig[0] >> ((signal - 1) & 63) & 1)
		return false;
	/* read as a number: 6.1 adds nothing unknown to a pointer */
	if (read_pointer((void *)task + bpf_core_field_offset(struct task_struct, sighand),
			 &actions))
		return true;
	actions += bpf_core_field_offset(struct sighand_struct, action) +
		   (signal - 1) * bpf_core_type_size(struct k_sigaction);
	return read_pointer((void *)actions, &handler) || !handler;
}

/*
 * A file that is ready sends a signal, of any number, to whomever F_SETOWN named: with no word of
 * task_kill, and often with somebody else as the current task. An agent's own files do so as well,
 * by signals that it has asked for, and so handles.
 */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(agents_sigio, struct task_struct *target, struct fown_struct *owner, int signal)
{
	struct act act = {};

	if (!signal)
		signal = SIGIO;
	act.command = signal;
	if (harmless(signal) || signal < 0 || signal > SIGMAX ||
	    !task_act(&act, target, current_domain(), EVENT_ACT_SIGNAL, EVENT_ROW('A', 17)))
		return 0;
	if ((signal >= SIGRTMIN || signal == SIGIO || signal == SIGUSR1 || signal == SIGUSR2) &&
	    !signal_ends(target, signal))
		return 0;
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/* Whoever may write a tool's memory loads programs through it (admission.bpf.c). */
INLINE void admission_clear(struct task_struct *target)
{
	struct task_label *label = task_label(target);

	if (label)
		label->admission = 0;
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(agents_ptrace, struct task_struct *target, unsigned int mode)
{
	struct act act = {.command = mode};

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	admission_clear(target);
	if (task_act(&act, target, current_domain(), EVENT_ACT_PTRACE, EVENT_ROW('I', 2)) &&
	    guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/* The caller asks its parent to trace it: the parent is the actor. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(agents_traceme, struct task_struct *parent)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct act act = {};

	admission_clear(task);
	if (task_act(&act, task, task_domain(parent), EVENT_ACT_PTRACE, EVENT_ROW('I', 17)) &&
	    guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/task_setrlimit")
int BPF_PROG(agents_rlimit, struct task_struct *target, unsigned int resource)
{
	struct act act = {.command = resource};

	if (task_act(&act, target, current_domain(), EVENT_ACT_RLIMIT, EVENT_ROW('A', 6)) &&
	    guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

static bool scheduling_refused(struct task_struct *target, __u32 command)
{
	struct act act = {.command = command};

	return task_act(&act, target, current_domain(), EVENT_ACT_SCHEDULER, EVENT_ROW('A', 7)) &&
	       guard_refuses(&act);
}

SEC("lsm/task_setscheduler")
int BPF_PROG(agents_scheduler, struct task_struct *target)
{
	if (scheduling_refused(target, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/task_setnice")
int BPF_PROG(agents_nice, struct task_struct *target, int nice)
{
	if (scheduling_refused(target, 1))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/task_setioprio")
int BPF_PROG(agents_ioprio, struct task_struct *target, int ioprio)
{
	if (scheduling_refused(target, 2))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
