// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Closed: system calls that an ordinary host needs strangers for, and that a policy may close to
 * them (switches.close).
 *
 *   hook                refuses with   cost to others
 *   path_notify         EPERM          one test per mark; a permission mark: two lookups
 *   settime             EPERM          two lookups per setting of the clock
 *   syslog              EPERM          one test per question; clearing: two lookups
 *   capable             EPERM          one test per question for a capability
 *   perf_event_alloc    EPERM          a name's copy per event; of a uprobe: two lookups
 *   socket_setsockopt   EPERM          two tests per option
 *   file_ioctl          EPERM          one test per ioctl
 *   file_ioctl_compat   EPERM          the same, by programs of 32 bits (6.8 and later)
 *
 * Each is attached only when a policy needs it: src/guard/wants.c. adjtimex(2) asks no hook that
 * knows what is asked, and steps the clock as well.
 */

#include "bpf/lib/closed.h"
#include "bpf/lib/calls.h"

/* Of fanotify(7): who waits for such an event waits for whoever has made the mark. */
#define FAN_OPEN_PERM 0x10000ull
#define FAN_ACCESS_PERM 0x20000ull
#define FAN_OPEN_EXEC_PERM 0x40000ull
#define FAN_PRE_ACCESS 0x100000ull
#define FAN_PERM (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM | FAN_PRE_ACCESS)

/* Of syslog(2): all that changes what others read, or see. */
#define SYSLOG_READ_CLEAR 4
#define SYSLOG_CONSOLE_LEVEL 8

static const struct closed marks = CLOSED(MARKS, 'A', 11, "marks");
static const struct closed clock = CLOSED(CLOCK, 'T', 5, "clock");
static const struct closed log = CLOSED(LOG, 'T', 4, "log");
static const struct closed unload = CLOSED(UNLOAD, 'L', 18, "unload");
static const struct closed uprobes = CLOSED(UPROBES, 'P', 15, "uprobes");
static const struct closed network = CLOSED(NETWORK, 'A', 19, "network");

/* Of setsockopt(2), at the levels of IPv4 and IPv6: the tables of x_tables, arptables, ebtables. */
#define SOL_IP 0
#define SOL_IPV6 41
#define IPT_SO_SET_REPLACE 64
#define ARPT_SO_SET_REPLACE 96
#define EBT_SO_SET_ENTRIES 128

#define CAP_SYS_MODULE 16
/* delete_module(2), of 64 bits and of 32: neither number is, of the other, a call that asks so. */
#define DELETE_MODULE 176
#define DELETE_MODULE_32 129

#define SIOC 0x89 /* upper half of every ioctl(2) that sockets have had from the beginning */

SEC("lsm/path_notify")
int BPF_PROG(closed_mark, const struct path *path, __u64 mask)
{
	if (!(mask & FAN_PERM))
		return 0;
	if (closed_refused(&marks, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/settime")
int BPF_PROG(closed_clock)
{
	if (closed_refused(&clock, 0))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/syslog")
int BPF_PROG(closed_log, int type)
{
	if (type < SYSLOG_READ_CLEAR || type > SYSLOG_CONSOLE_LEVEL)
		return 0;
	if (closed_refused(&log, type))
		return REFUSED(EPERM);
	return 0;
}

/*
 * The kernel asks for the capability alone, also of who loads a module: the call itself is told by
 * the registers that it came with.
 */
SEC("lsm/capable")
int BPF_PROG(closed_module, const struct cred *cred, struct user_namespace *namespace, int cap)
{
	unsigned long call;

	if (cap != CAP_SYS_MODULE)
		return 0;
	call = current_call();
	if (call != DELETE_MODULE && call != DELETE_MODULE_32)
		return 0;
	if (closed_refused(&unload, 0))
		return REFUSED(EPERM);
	return 0;
}

/*
 * Asked when the kernel has found whose event it is: attr has its PMU as a number only. What a fork
 * inherits is no new one, and who forks has not asked for it.
 */
SEC("lsm/perf_event_alloc")
int BPF_PROG(closed_uprobe, struct perf_event *event)
{
	static const __u64 uprobe = 0x65626f727075; /* "uprobe" */
	union {
		char text[8];
		__u64 word;
	} name = {};

	if (event->parent || !event->pmu)
		return 0;
	read_name(name.text, sizeof(name.text), event->pmu->name);
	if (name.word == uprobe && closed_refused(&uprobes, 0))
		return REFUSED(EPERM);
	return 0;
}

/* What each of the tables is set by; counters are set apart, by the next number. */
SEC("lsm/socket_setsockopt")
int BPF_PROG(closed_tables, struct socket *socket, int level, int option)
{
	if ((level != SOL_IP && level != SOL_IPV6) ||
	    (option != IPT_SO_SET_REPLACE && option != ARPT_SO_SET_REPLACE &&
	     option != EBT_SO_SET_ENTRIES))
		return 0;
	if (closed_refused(&network, option))
		return REFUSED(EPERM);
	return 0;
}

/* All that sets routes, addresses, neighbours and interfaces without netlink. */
static bool sets_network(__u32 command)
{
	switch (command & 0xff) {
	case 0x0b ... 0x0c: /* SIOCADDRT, SIOCDELRT */
	case 0x14: /* SIOCSIFFLAGS */
	case 0x16: /* SIOCSIFADDR */
	case 0x18: /* SIOCSIFDSTADDR */
	case 0x1a: /* SIOCSIFBRDADDR */
	case 0x1c: /* SIOCSIFNETMASK */
	case 0x1e: /* SIOCSIFMETRIC */
	case 0x22 ... 0x24: /* SIOCSIFMTU, SIOCSIFNAME, SIOCSIFHWADDR */
	case 0x36: /* SIOCDIFADDR */
	case 0x41: /* SIOCSIFBR */
	case 0x53: /* SIOCDARP */
	case 0x55: /* SIOCSARP */
	case 0x71: /* SIOCSIFMAP */
	case 0x83: /* SIOCSIFVLAN */
	case 0x90 ... 0x92: /* SIOCBONDENSLAVE, SIOCBONDRELEASE, SIOCBONDSETHWADDR */
	case 0x95: /* SIOCBONDCHANGEACTIVE */
	case 0xa0 ... 0xa3: /* SIOCBRADDBR to SIOCBRDELIF */
	case 0xf0 ... 0xff: /* SIOCDEVPRIVATE: tunnels, and bridges of old */
		return true;
	}
	return false;
}

INLINE int ioctl_refused(__u32 command)
{
	if (command >> 8 != SIOC || !sets_network(command))
		return 0;
	return closed_refused(&network, command) ? REFUSED(EPERM) : 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(closed_ioctl, struct file *file, unsigned int command)
{
	return ioctl_refused(command);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(closed_ioctl_32, struct file *file, unsigned int command)
{
	return ioctl_refused(command);
}

char LICENSE[] SEC("license") = "GPL";
