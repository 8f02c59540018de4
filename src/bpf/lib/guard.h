/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What every room of the guard does the same way: ask for labels, ask for the mode, refuse and
 * report. A hook collects a struct act, and refuses if guard_refuses() says so.
 */

#include "bpf/lib/maps.h"
#include <asm/errno.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bpf/events-api.h"

#define INLINE static __always_inline
/*
 * A function that a verifier goes through once and not from each place that calls it, at the price
 * that it knows nothing of what comes back. Takes numbers and pointers to what has a size; none may
 * be NULL, and each is compared with it. Declared before, as any function that is not static.
 */
#define GLOBAL __weak __noinline

#define MAY_WRITE 2 /* of what inode_permission and file_permission are asked */

/*
 * A hook's refusal, on a branch of its own. Without the barrier the compiler makes arithmetic of
 * the branch, and the verifier no longer sees that the result is 0 or a negative errno.
 */
#define REFUSED(error)     \
	({                 \
		barrier(); \
		-(error);  \
	})

/*
 * argument_null() - is the hook's n-th argument NULL?
 *
 * Verifiers from 6.2 on take an LSM hook's arguments for never NULL, drop a test of the argument
 * itself, and let the program fault; they do not know what this reads. Later ones know which hooks
 * have such arguments, and want the test of the argument: so make both.
 */
#define argument_null(n)                                          \
	({                                                        \
		__u64 argument = 0;                               \
                                                                  \
		bpf_get_func_arg(ctx, n, &argument) || !argument; \
	})

/* One try of one task at one object: the event's part that the hook knows. */
struct act {
	__u32 act;
	__u32 command;
	__u32 row;
	__u32 error; /* of the refusal, positive */
	__u32 kind;
	__u32 id;
	__u64 ino;
	__u32 owner;
	__u32 seals; /* refused while the guard adopts, before it is armed */
	__u32 limit; /* IMAGE_LIMIT_* that it is beyond */
	__u32 pad0;
	char name[32];
};

INLINE struct guard_state *guard_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&state, &zero);
}

/* Most tasks are in nobody's storage: to see that takes a load, to be told a call. */
INLINE bool task_has_none(struct task_struct *task)
{
	return bpf_core_field_exists(task->bpf_storage) && !task->bpf_storage;
}

INLINE struct task_label *task_label(struct task_struct *task)
{
	if (task_has_none(task))
		return NULL;
	return bpf_task_storage_get(&task_labels, task, NULL, 0);
}

INLINE struct task_label *task_label_make(struct task_struct *task)
{
	return bpf_task_storage_get(&task_labels, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

INLINE __u32 task_domain(struct task_struct *task)
{
	struct task_label *label = task_label(task);

	return label ? label->domain : DOMAIN_NONE;
}

INLINE __u32 current_domain(void)
{
	return task_domain(bpf_get_current_task_btf());
}

INLINE struct object_label *object_label(const void *address)
{
	__u64 key = (__u64)address;

	return bpf_map_lookup_elem(&objects, &key);
}

INLINE __u32 id_owner(__u32 kind, __u32 id)
{
	__u64 key = (__u64)kind << 32 | id;
	__u32 *owner = bpf_map_lookup_elem(&ids, &key);

	return owner ? *owner : DOMAIN_NONE;
}

/* id_label() - set, or with DOMAIN_NONE clear, whose the object with that id is */
INLINE long id_label(__u32 kind, __u32 id, __u32 domain)
{
	__u64 key = (__u64)kind << 32 | id;

	if (!domain)
		return bpf_map_delete_elem(&ids, &key);
	return bpf_map_update_elem(&ids, &key, &domain, BPF_ANY);
}

/* Strings behind a kernel pointer: this helper is the one that lockdown leaves us. */
INLINE void read_name(char *name, __u32 size, const void *from)
{
	static const char format[] = "%s";
	__u64 argument = (__u64)from;

	if (from)
		bpf_snprintf(name, size, format, &argument, sizeof(argument));
}

/* A name that lies in the object itself: 16 bytes of map, program or task. */
INLINE void copy_name(char *name, const char *from)
{
	*(__u64 *)name = *(const __u64 *)from;
	*(__u64 *)(name + 8) = *(const __u64 *)(from + 8);
}

INLINE struct image_header *policy_bank(__u32 bank)
{
	return bpf_map_lookup_elem(&policy, &bank);
}

INLINE struct image_header *policy_in_force(void)
{
	struct guard_state *guard = guard_state();

	return guard ? policy_bank(guard->bank & 1) : NULL;
}

/* image_at() - the record at an offset; whoever made the offset has compared it with the tables */
INLINE void *image_at(struct image_header *image, __u32 offset)
{
	_Static_assert(sizeof(struct image_executable) <= POLICY_BANK_SLACK, "slack for a record");

	offset &= IMAGE_MAX_SIZE - 1;
	barrier_var(offset);
	offset &= IMAGE_MAX_SIZE - 1;
	return (void *)image + offset;
}

/*
 * domain_said() - what the policy in force says of a domain of its own: domains.bpf.c
 *
 * Return: DOMAIN_MODE() and DOMAIN_HOLD() are in it; 0: it knows no such domain.
 */
int domain_said(__u32 id);

#define DOMAIN_MODE(said) ((said)&0xffffu) /* IMAGE_MODE_* */
#define DOMAIN_HOLD(said) ((__u32)(said) >> 16) /* IMAGE_HOLD_*, IMAGE_CLOSES_SOCKETS */

static __noinline int respited(__u32 key)
{
	struct respite *respite = bpf_map_lookup_elem(&respites, &key);
	__u64 now = bpf_ktime_get_boot_ns();

	return respite && now >= respite->from && now < respite->until;
}

/* domain_mode() - IMAGE_MODE_* of a domain now; 0 if the policy in force does not know it. */
INLINE __u32 domain_mode(__u32 id)
{
	struct image_header *image = policy_in_force();
	__u32 mode;

	if (!image)
		return 0;
	if (id == DOMAIN_CANARY)
		return IMAGE_MODE_ENFORCE;
	mode = id == DOMAIN_SELF ? image->mode : DOMAIN_MODE(domain_said(id));
	if (image->mode != IMAGE_MODE_SEALED && IMAGE_ENFORCES(mode) &&
	    (respited(id) || respited(RESPITE_ALL)))
		return IMAGE_MODE_OBSERVE;
	return mode;
}

/* self_bound() - is the actor holdfastd, and may not even that end the guard? */
static __noinline __attribute__((unused)) int self_bound(__u32 actor)
{
	struct guard_state *guard;
	struct image_header *image;

	if (actor != DOMAIN_SELF)
		return 0;
	guard = guard_state();
	image = policy_in_force();
	return guard && guard->armed && !guard->rehearsing && image &&
	       image->mode == IMAGE_MODE_SEALED;
}

/* domain_holds() - does the domain enforce now, and keep what of its own is one of IMAGE_HOLD_*? */
static __noinline __attribute__((unused)) int domain_holds(__u32 id, __u32 what)
{
	if (id < DOMAIN_FIRST)
		return 0;
	return DOMAIN_HOLD(domain_said(id)) & what && IMAGE_ENFORCES(domain_mode(id));
}

/* keeps() - is the actor holdfastd, and are such things of that owner kept by it? */
INLINE bool keeps(__u32 actor, __u32 owner, __u32 what)
{
	return actor == DOMAIN_SELF && domain_holds(owner, what);
}

INLINE void event_who(struct event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct file *exe;

	event->pid = task->pid;
	event->tgid = task->tgid;
	event->uid = (__u32)bpf_get_current_uid_gid();
	event->label = task_domain(task);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->exe_dev = 0;
	event->exe_ino = 0;
	__builtin_memset(event->exe_name, 0, sizeof(event->exe_name));
	if (!mm)
		return;
	exe = mm->exe_file;
	if (!exe)
		return;
	event->exe_dev = exe->f_inode->i_sb->s_dev;
	event->exe_ino = exe->f_inode->i_ino;
	read_name(event->exe_name, sizeof(event->exe_name), exe->f_path.dentry->d_name.name);
}

#define REPEATS_MAX 64 /* events of one kind by one process in a second */

/*
 * at_risk() - does an event belong in the ring of its own?
 *
 * What aims at the guard, the kernel or its switches, and what holdfastd acts on, is rare, or has
 * to be seen whatever else goes on. All else anybody can have by the thousand: it never fills the
 * room of these.
 */
INLINE bool at_risk(const struct act *act, __u32 verdict)
{
	switch (act->act) {
	case EVENT_ACT_SWITCH:
	case EVENT_ACT_KERNEL:
	case EVENT_ACT_MADE:
	case EVENT_ACT_CLOSED:
		return true;
	}
	return act->owner == DOMAIN_SELF && verdict != EVENT_ADMITTED;
}

/* How many of them the process has made in this second, with this one. */
INLINE __u64 repeated(__u32 slot, __u32 verdict)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct repeat_key key = {
		.start = task->group_leader->start_boottime,
		.tgid = task->tgid,
		.kind = slot << 2 | ((verdict - 1) & 3),
	};
	__u64 second = bpf_ktime_get_boot_ns() / 1000000000, last;
	struct repeat *repeat = bpf_map_lookup_elem(&repeats, &key);
	struct repeat first = {.second = second, .n = 1};

	if (!repeat) {
		bpf_map_update_elem(&repeats, &key, &first, BPF_ANY);
		return 1;
	}
	last = repeat->second;
	if (last != second && __sync_val_compare_and_swap(&repeat->second, last, second) == last)
		repeat->n = 0;
	return __sync_fetch_and_add(&repeat->n, 1) + 1;
}

/*
 * folds() - is an event one too many? Then it is counted here, and has no record
 *
 * The last one before that says so. What has no row is not folded, but loads: holdfastd acts on it.
 */
INLINE bool folds(const struct act *act, __u32 verdict, __u32 *ret_flags)
{
	__u32 slot = FOLDED_SLOT(act->row, act->act) & (FOLDED_SLOTS - 1);
	struct folded *count;
	__u64 n;

	if (!act->row && act->act != EVENT_ACT_PROG_LOAD)
		return false;
	n = repeated(slot, verdict);
	if (n == REPEATS_MAX)
		*ret_flags |= EVENT_LIMITED;
	if (n <= REPEATS_MAX)
		return false;
	count = bpf_map_lookup_elem(&folded, &slot);
	if (!count)
		return false;
	__sync_fetch_and_add(&count->n[(verdict - 1) & 3], 1);
	return true;
}

INLINE void count_lost(__u32 ring)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &ring);

	if (count)
		__sync_fetch_and_add(count, 1);
}

INLINE struct event *event_reserve(__u32 flags)
{
	struct event *event;

	if (flags & EVENT_RISK) {
		event = bpf_ringbuf_reserve(&risk, sizeof(*event), 0);
		if (!event)
			count_lost(RING_RISK);
		return event;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		count_lost(RING_EVENTS);
	return event;
}

/*
 * guard_report() - one event, or one more of a kind that is only counted; one that finds no room is
 * counted as well, and its number stays a gap. The numbers are one row over both rings.
 */
static __noinline int guard_report(const struct act *act, __u32 verdict)
{
	struct guard_state *guard = guard_state();
	struct event *event;
	__u32 flags = 0;
	__u64 sequence;

	if (!guard || !act || guard->rehearsing)
		return 0;
	if (folds(act, verdict, &flags))
		return 0;
	if (at_risk(act, verdict))
		flags |= EVENT_RISK;
	sequence = __sync_fetch_and_add(&guard->sequence, 1) + 1;
	event = event_reserve(flags);
	if (!event)
		return 0;
	event->abi = EVENT_ABI;
	event->size = sizeof(*event);
	event->sequence = sequence;
	event->boot_ns = bpf_ktime_get_boot_ns();
	event->act = act->act;
	event->command = act->command;
	event->verdict = verdict;
	event->row = act->row;
	event->error = verdict == EVENT_REFUSED ? act->error : 0;
	event_who(event);
	event->object_kind = act->kind;
	event->object_id = act->id;
	event->object_ino = act->ino;
	event->owner = act->owner;
	event->limit = act->limit;
	__builtin_memcpy(event->object_name, act->name, sizeof(event->object_name));
	event->flags = flags;
	event->pad0 = 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* The guard's own proof is refused in every mode, and counted: it is no event. */
INLINE bool proof_refused(struct guard_state *guard, const struct act *act)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (act->owner != DOMAIN_CANARY && !(label && label->canary))
		return false;
	__sync_fetch_and_add(&guard->canary, 1);
	return true;
}

/*
 * guard_refuses() - what the owner's mode makes of an act that only strangers do
 *
 * Reports it either way. A domain that the policy in force no longer has owns nothing.
 */
INLINE bool guard_refuses(const struct act *act)
{
	struct guard_state *guard = guard_state();
	__u32 mode;

	if (!guard || !(guard->armed || (act->seals && guard->adopting)))
		return false;
	if (proof_refused(guard, act))
		return true;
	if (guard->rehearsing)
		return false;
	mode = domain_mode(act->owner);
	if (!mode)
		return false;
	guard_report(act, IMAGE_ENFORCES(mode) ? EVENT_REFUSED : EVENT_OBSERVED);
	return IMAGE_ENFORCES(mode);
}

/* strange() - is this task a stranger to what owner owns? */
INLINE bool strange(__u32 task, __u32 owner)
{
	return owner != DOMAIN_NONE && task != owner;
}
