// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Trust: a policy that whoever holds holdfastd cannot forge. The image and its signature are copied
 * into the guard's own maps; this verifies the copy against a keyring that nobody possesses, and
 * without its verdict control.bpf.c puts none in force. Keys can be asked only from a hook that may
 * sleep, so the verdict falls at the entry of the bpf(2) call that asks for it, and the hook is
 * attached for that long.
 *
 *   hook        refuses with   cost to others
 *   bpf         nothing        while a policy is changed: one lookup
 *   key_alloc   nothing        a comparison for each new key
 */

#include "bpf/lib/bank.h"

/* In this object alone: Debian 12's bpftool links none that two of them name. */
struct bpf_key *bpf_lookup_user_key(__u32 serial, __u64 flags) __ksym __weak;
void bpf_key_put(struct bpf_key *key) __ksym __weak;
int bpf_verify_pkcs7_signature(struct bpf_dynptr *data, struct bpf_dynptr *signature,
			       struct bpf_key *keys) __ksym __weak;

/* Is it the keyring that was there when the guard came up, and not another of its number? */
static __noinline int keys_are_trusted(struct trust_state *trust)
{
	if (!trust)
		return 0;
	if (!trust->anchor)
		trust->anchor = trust->found;
	return trust->anchor == trust->found;
}

/* Each size is compared where it is used: the verifier of 6.1 forgets it on the way. */
static int signature_judge(struct trust_state *trust, struct image_header *image)
{
	struct bpf_dynptr data, signature;
	struct bpf_key *keys;
	__u64 size = image->size;
	int r;

	barrier_var(size);
	if (size > IMAGE_MAX_SIZE || bpf_dynptr_from_mem(image, size, 0, &data))
		return -EMSGSIZE;
	size = trust->size;
	barrier_var(size);
	if (size > TRUST_SIGNATURE_MAX ||
	    bpf_dynptr_from_mem(trust->signature, size, 0, &signature))
		return -EMSGSIZE;
	keys = bpf_lookup_user_key(trust->serial, 0);
	if (!keys)
		return -ENOKEY;
	/* an address, kept as the number that it is */
	trust->found = (__u64)keys->key;
	r = keys_are_trusted(trust) ? bpf_verify_pkcs7_signature(&data, &signature, keys)
				    : -EKEYREVOKED;
	bpf_key_put(keys);
	return r;
}

/* The bank that is not in force is whole: control.bpf.c has seen to it. */
static int image_judge(struct trust_state *trust, struct guard_state *guard)
{
	__u32 idle = !(guard->bank & 1);
	struct image_header *image = policy_bank(idle), *old = policy_bank(guard->bank & 1);

	if (!image || !old)
		return -ENOENT;
	/* there is none before the first */
	if (old->magic == IMAGE_MAGIC && image->version <= old->version)
		return -ESTALE;
	return signature_judge(trust, image);
}

SEC("lsm.s/bpf")
int BPF_PROG(trust_judge, int command, union bpf_attr *attr)
{
	struct trust_state *trust = trust_state();
	struct guard_state *guard = guard_state();

	if (!trust || !guard || !trust->serial || current_domain() != DOMAIN_SELF)
		return 0;
	if (!bank_step(trust, TRUST_SIGNED, TRUST_JUDGING))
		return 0;
	trust->verdict = image_judge(trust, guard);
	trust->step = trust->verdict ? TRUST_IDLE : TRUST_JUDGED;
	return 0;
}

__noinline int statement_judge(__u32 length)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct signature_room *room = bpf_map_lookup_elem(&signature_rooms, &key);
	struct trust_state *trust = trust_state();
	struct bpf_dynptr statement, cms;
	struct bpf_key *keys;
	__u64 size = length;
	int r;

	if (!room || !trust ||
	    bpf_dynptr_from_mem(&room->statement, sizeof(room->statement), 0, &statement))
		return -EINVAL;
	barrier_var(size);
	if (size > IMAGE_SIGNATURE_MAX || bpf_dynptr_from_mem(room->cms, size, 0, &cms))
		return -EMSGSIZE;
	keys = bpf_lookup_user_key(trust->serial, 0);
	if (!keys)
		return -ENOKEY;
	/* an address, kept as the number that it is */
	room->found = (__u64)keys->key;
	r = room->found == trust->anchor ? bpf_verify_pkcs7_signature(&statement, &cms, keys)
					 : -EKEYREVOKED;
	bpf_key_put(keys);
	return r;
}

/* What the guard trusts is gone, or it would not be made again. */
SEC("lsm/key_alloc")
int BPF_PROG(trust_key_alloc, struct key *key, const struct cred *cred, unsigned long flags)
{
	struct trust_state *trust = trust_state();
	__u64 address = 0;

	bpf_get_func_arg(ctx, 0, &address);
	if (trust && address && trust->anchor == address)
		trust->anchor = TRUST_VOID;
	return 0;
}

/* Does nothing, and never runs: its link holds the keyring, see trust.c of holdfastd. */
SEC("perf_event")
int trust_hold(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
