// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Verdict: what admission.bpf.c cannot see of signatures from its hooks. A load whose signature is
 * bad fails before the kernel asks anybody, and is told of here; a loader program that was signed
 * answers for what it loads. Refuses nothing.
 *
 *   hook                          refuses with   cost to others
 *   bpf_verify_pkcs7_signature    -              a lookup for each signature
 *   bpf_prog_test_run_syscall     -              two lookups for each run of a loader program
 *   bpf_prog_free                 -              up to 7.1 a lookup for each program that ends
 *
 * Such a program is passed over on a processor where it is being run already: then an event is
 * missing, or what a signed loader loads counts as unsigned.
 */

#include "bpf/lib/verdict.h"

SEC("fexit/bpf_verify_pkcs7_signature")
int BPF_PROG(verdict_failed)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct guard_state *guard = guard_state();
	struct act act = {
		.act = EVENT_ACT_PROG_LOAD,
		.kind = EVENT_OBJECT_PROG,
		.owner = DOMAIN_SELF,
		.row = EVENT_ROW('P', 24),
	};
	__u64 result = 0;

	if (!label || !label->verifying || bpf_get_func_ret(ctx, &result))
		return 0;
	act.command = label->verifying - 1;
	label->verifying = 0;
	act.error = -(__u32)result;
	if (!act.error || !guard || !guard->armed)
		return 0;
	/* a key that is known, and other bytes than it has signed */
	if (act.error == EKEYREJECTED)
		act.row = EVENT_ROW('P', 7);
	guard_report(&act, EVENT_REFUSED);
	return 0;
}

/* No program runs another one of that type: so one mark a task will do. */
SEC("fentry/bpf_prog_test_run_syscall")
int BPF_PROG(verdict_run, struct bpf_prog *prog)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 verdict = verdict_of_program(prog);
	struct task_label *label = verdict ? task_label_make(task) : task_label(task);

	if (label)
		label->runs = verdict;
	return 0;
}

SEC("fexit/bpf_prog_test_run_syscall")
int BPF_PROG(verdict_ran, struct bpf_prog *prog)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (label)
		label->runs = VERDICT_NONE;
	return 0;
}

/* Another program at that address has another signature. */
SEC("lsm/bpf_prog_free")
int BPF_PROG(verdict_freed, struct bpf_prog *prog)
{
	__u64 key = (__u64)prog->aux;

	if (!verdict_is_kept())
		bpf_map_delete_elem(&loaders, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
