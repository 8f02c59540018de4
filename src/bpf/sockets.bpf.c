// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sockets: an agent's control socket answers whoever reaches it, and some of what it is asked is to
 * stop. What a domain's task has bound is the domain's, whatever its name; where the policy closes
 * the domain's sockets (`sockets: closed`), strangers neither connect nor send to it.
 *
 *   hook                  refuses with   if the label cannot be stored   cost to others
 *   socket_bind           -              the socket stays open           one storage lookup
 *   unix_stream_connect   EPERM          -                               one storage lookup
 *   unix_may_send         EPERM          -                               one storage lookup
 *
 * A socket that the service manager has bound, and handed over, is nobody's.
 */

#include "bpf/lib/guard.h"

#define AF_UNIX 1

SEC("lsm/socket_bind")
int BPF_PROG(sockets_bind, struct socket *socket)
{
	struct sock *sk = socket->sk;
	__u32 domain = current_domain();
	struct socket_label *label;

	if (!domain || !sk || sk->__sk_common.skc_family != AF_UNIX)
		return 0;
	label = bpf_sk_storage_get(&socket_labels, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (label)
		label->domain = domain;
	return 0;
}

/* The proof's canary closes its own whatever the policy says. */
INLINE bool closes(__u32 owner)
{
	return owner == DOMAIN_CANARY || DOMAIN_HOLD(domain_said(owner)) & IMAGE_CLOSES_SOCKETS;
}

static __noinline bool reaching_refused(__u32 owner, __u32 command)
{
	struct act act = {
		.act = EVENT_ACT_CONNECT,
		.command = command,
		.row = EVENT_ROW('I', 19),
		.error = EPERM,
		.kind = EVENT_OBJECT_SOCKET,
		.owner = owner,
	};

	return strange(current_domain(), owner) && closes(owner) && guard_refuses(&act);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(sockets_connect, struct sock *sk, struct sock *other)
{
	struct socket_label *label = bpf_sk_storage_get(&socket_labels, other, NULL, 0);

	if (label && reaching_refused(label->domain, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/unix_may_send")
int BPF_PROG(sockets_send, struct socket *socket, struct socket *other)
{
	struct sock *sk = other->sk;
	struct socket_label *label;

	if (!sk)
		return 0;
	label = bpf_sk_storage_get(&socket_labels, sk, NULL, 0);
	if (label && reaching_refused(label->domain, 1))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
