/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's own verdict on a program's signature. The kernel verifies before it asks
 * bpf_prog_load, and fails the load if the signature is bad: who comes that far with a signature
 * has a good one. By which keyring is the caller's choice, who may name one of his own: so a good
 * signature counts for as much as its keyring does.
 */

#include "bpf/lib/bank.h"

#define VERDICT_NONE 0 /* unsigned, or by keys that anybody may have made */
#define VERDICT_SYSTEM 1 /* by one of the kernel's own keyrings */
#define VERDICT_TRUSTED 2 /* by the keyring that the guard takes policies by */

/* What the caller names: include/linux/verification.h. */
#define KEYRING_BUILTIN 0
#define KEYRING_PLATFORM 2

/* What the kernel says: enum bpf_sig_verdict, enum bpf_sig_keyring. */
#define SIGNATURE_VERIFIED 1
#define SIGNED_BY_BUILTIN 1
#define SIGNED_BY_PLATFORM 3
#define SIGNED_BY_USER 4

/* security_bpf() and security_bpf_prog_load() have a fourth argument since 6.17: who calls. */
#define ARGUMENT_KERNEL 3

INLINE bool is_signed(union bpf_attr *attr)
{
	union bpf_attr___signed *load = (void *)attr;

	return bpf_core_field_exists(load->signature) && load->signature;
}

/*
 * A serial number may come again once its keyring has gone. The guard's goes with the guard, and
 * trust_key_alloc in trust.bpf.c would notice.
 */
static __noinline int verdict_of_serial(__u32 serial)
{
	struct trust_state *trust = trust_state();

	if (!trust || !trust->serial || trust->anchor == TRUST_VOID)
		return VERDICT_NONE;
	return serial == trust->serial ? VERDICT_TRUSTED : VERDICT_NONE;
}

/* COMPAT(7.1): without a verdict to read; of a load whose signature the kernel has found good */
INLINE __u32 verdict_of_load(union bpf_attr *attr)
{
	union bpf_attr___signed *load = (void *)attr;
	__s32 keyring;

	if (!is_signed(attr))
		return VERDICT_NONE;
	keyring = load->keyring_id;
	if (keyring >= KEYRING_BUILTIN && keyring <= KEYRING_PLATFORM)
		return VERDICT_SYSTEM;
	return verdict_of_serial((__u32)keyring);
}

INLINE bool verdict_is_kept(void)
{
	return bpf_core_field_exists(((struct bpf_prog_aux___judged *)0)->sig);
}

/* verdict_of_program() - of one that is loaded, or past its signature */
INLINE __u32 verdict_of_program(struct bpf_prog *prog)
{
	struct bpf_prog_aux___judged *aux = (void *)prog->aux;
	__u64 key = (__u64)prog->aux;
	__u32 *kept;

	if (!verdict_is_kept()) {
		kept = bpf_map_lookup_elem(&loaders, &key);
		return kept ? *kept : VERDICT_NONE;
	}
	if (aux->sig.verdict != SIGNATURE_VERIFIED)
		return VERDICT_NONE;
	if (aux->sig.keyring_type == SIGNED_BY_USER)
		return verdict_of_serial((__u32)aux->sig.keyring_serial);
	if (aux->sig.keyring_type >= SIGNED_BY_BUILTIN &&
	    aux->sig.keyring_type <= SIGNED_BY_PLATFORM)
		return VERDICT_SYSTEM;
	return VERDICT_NONE;
}

/* verdict_take() - of the load of a signed program; what a loader is, is remembered */
INLINE __u32 verdict_take(struct bpf_prog *prog, union bpf_attr *attr)
{
	__u64 key = (__u64)prog->aux;
	__u32 verdict;

	if (verdict_is_kept())
		return verdict_of_program(prog);
	verdict = verdict_of_load(attr);
	if (verdict && prog->type == BPF_PROG_TYPE_SYSCALL)
		bpf_map_update_elem(&loaders, &key, &verdict, BPF_ANY);
	return verdict;
}
