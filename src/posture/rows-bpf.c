// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is loaded into the kernel beside the guard, and who could load more. */

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "posture/ground.h"

static const char *kind_name(enum proc_kind kind)
{
	return kind == PROC_MAP ? "map" : kind == PROC_PROG ? "program" : "link";
}

/* Return: whether there is something to judge; else the finding says why not. */
static bool objects_there(const struct ground *ground, struct posture_finding *finding)
{
	if (ground->objects_wanted && !ground->objects_errno)
		return true;
	(void)finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	if (!ground->objects_wanted)
		finding_reason(finding, "with another root the kernel's own objects are not looked "
					"at");
	else
		finding_reason(finding, "BPF objects cannot be read: %s%s",
			       strerror(-ground->objects_errno),
			       ground->objects_errno == -EPERM ? ", it needs CAP_SYS_ADMIN" : "");
	return false;
}

/* What a guard keeps from us has an owner: the policy in force. */
static void say_kept(const struct ground *ground, struct posture_finding *finding)
{
	if (ground->objects.n_kept)
		finding_reason(finding, "%zu more are kept from strangers by a guard",
			       ground->objects.n_kept);
}

static int look_owners(struct ground *ground, struct posture_finding *finding)
{
	const struct objects *objects = &ground->objects;
	size_t n[_PROC_KIND_MAX] = {0};
	int r = 0;

	if (!objects_there(ground, finding))
		return 0;
	for (size_t i = 0; i < objects->n && !r; i++) {
		const struct objects_item *item = &objects->items[i];

		if (item->owned)
			continue;
		n[item->kind]++;
		if (item->kind == PROC_LINK)
			r = finding_item(finding, "link of type %u", item->type);
		else
			r = finding_item(finding, "%s '%s' of type %u", kind_name(item->kind),
					 item->name, item->type);
	}
	if (r)
		return r;
	if (!finding->n_items) {
		(void)finding_set(finding, POSTURE_GOOD, "none");
		say_kept(ground, finding);
		return 0;
	}
	finding_reason(finding, ground->policy ? "no executable and no pin of the policy has them"
					       : "there is no policy, which could name an owner");
	return finding_set(finding, POSTURE_WEAK, "%zu programs, %zu maps, %zu links", n[PROC_PROG],
			   n[PROC_MAP], n[PROC_LINK]);
}

/* What can out-rank a guard, or change what it is told. */
static bool on_hooks(const struct ground *ground, const struct objects_item *program,
		     bool *ret_worse)
{
	const struct objects *objects = &ground->objects;

	*ret_worse = false;
	if (program->kind != PROC_PROG || program->owned)
		return false;
	if (program->type == BPF_PROG_TYPE_LSM)
		return true;
	if (program->type != BPF_PROG_TYPE_TRACING)
		return false;
	for (size_t i = 0; i < objects->n; i++) {
		if (objects->items[i].kind == PROC_LINK &&
		    objects->items[i].program == program->id &&
		    objects->items[i].attach_type == BPF_MODIFY_RETURN) {
			/* without a name it may be any */
			*ret_worse = !program->hook[0] ||
				     strncmp(program->hook, "security_", 9) == 0;
			return true;
		}
	}
	return strncmp(program->hook, "bpf_lsm_", 8) == 0;
}

static int look_foreign(struct ground *ground, struct posture_finding *finding)
{
	enum posture_status status = POSTURE_WEAK;
	int r = 0;

	if (!objects_there(ground, finding))
		return 0;
	for (size_t i = 0; i < ground->objects.n && !r; i++) {
		const struct objects_item *item = &ground->objects.items[i];
		bool worse;

		if (!on_hooks(ground, item, &worse))
			continue;
		if (worse)
			status = POSTURE_BAD;
		r = finding_item(finding, "'%s'%s%s", item->name, item->hook[0] ? " on " : "",
				 item->hook);
	}
	if (r)
		return r;
	if (!finding->n_items)
		return finding_set(finding, POSTURE_GOOD, "none");
	finding_reason(finding, status == POSTURE_BAD ? "it skips security hooks for everybody"
						      : "it refuses for everybody, or is asked "
							"before the guard");
	return finding_set(finding, status, "%s%s", finding->items[0],
			   finding->n_items > 1 ? ", and more" : "");
}

static int look_unfrozen(struct ground *ground, struct posture_finding *finding)
{
	int r = 0;

	if (!objects_there(ground, finding))
		return 0;
	for (size_t i = 0; i < ground->objects.n_unfrozen && !r; i++)
		r = finding_item(finding, "map '%s'", ground->objects.unfrozen[i]);
	if (r)
		return r;
	if (!finding->n_items) {
		(void)finding_set(finding, POSTURE_GOOD, "none");
		say_kept(ground, finding);
		return 0;
	}
	finding_reason(finding, "nothing but a guard keeps them from being written");
	return finding_set(finding, POSTURE_WEAK, "%zu maps", ground->objects.n_unfrozen);
}

const struct posture_check rows_bpf[] = {
	{
		.id = "capabilities",
		.title = "tasks with capabilities that reach an agent",
		.group = POSTURE_BPF,
		.reads = "/proc/PID/status and exe of every task of this user namespace",
		.threats = "M01 P04 K01 I02 L08",
		.why = "CAP_BPF, CAP_SYS_ADMIN, CAP_PERFMON, CAP_SYS_MODULE, CAP_SYS_PTRACE and "
		       "CAP_NET_ADMIN are what techniques of the catalogue begin with. Each task "
		       "that holds one and is neither PID 1 nor of the policy is listed with its "
		       "executable.",
		.fix = "CapabilityBoundingSet= in the units of services that need none of them",
		.source = "capabilities(7), Documentation/filesystems/proc.rst",
		.sights = SIGHT_TASKS,
		.look = tasks_look,
	},
	{
		.id = "owners",
		.title = "BPF objects without an owner in the policy",
		.group = POSTURE_BPF,
		.reads = "bpf(2): every program, map and link; /proc/PID/fd of the policy's "
			 "executables; pins",
		.threats = "K15 M09",
		.why = "What is loaded and belongs to no executable and no pin of the policy is "
		       "either an agent that nobody protects, or somebody's who should not be "
		       "here.",
		.fix = "holdfast policy learn writes rules for an agent that runs; look at the "
		       "others with bpftool",
		.source = "kernel/bpf/syscall.c",
		.look = look_owners,
	},
	{
		.id = "foreign-programs",
		.title = "programs of others on guarded hooks",
		.group = POSTURE_BPF,
		.reads = "bpf(2): programs of the type LSM, on bpf_lsm_ functions, and those that "
			 "modify results",
		.threats = "P04 P05 P06 P19",
		.why = "A program that modifies the result of a security hook of bpf(2) has the "
		       "kernel skip every guard. One on the guard's own hooks may refuse the "
		       "agent everything, or take the last slot. systemd loads one of its own "
		       "where units restrict file systems.",
		.fix = "look at it with bpftool prog show, and end who holds it; a guard that is "
		       "up refuses new ones",
		.source = "kernel/bpf/trampoline.c, kernel/bpf/bpf_lsm.c",
		.look = look_foreign,
	},
	{
		.id = "unfrozen-maps",
		.title = "maps that could be frozen, and are not",
		.group = POSTURE_BPF,
		.reads = "bpf(2): every map, and what each loaded program does to it",
		.threats = "M01 M02 M05 M23",
		.why = "A map that its agent has filled and never writes again can be frozen, and "
		       "then no system call writes it any more, a guard or none. holdfast object "
		       "advise --all says which and why.",
		.fix = "bpf_map_freeze() in the agent, or holdfast object load",
		.source = "docs/freeze.md, kernel/bpf/syscall.c",
		.look = look_unfrozen,
	},
	{0},
};
