// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a policy may close to strangers: each act changes nothing that matters, or is one that the
 * kernel's own code turns down: that it was asked is the act.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_CREATE 36 /* enum bpf_cmd, since 6.9 */
#define LOG_CLEAR 5 /* of syslog(2) */
#define LOG_SIZE 10
#define DELETE_MODULE_32 129 /* delete_module(2), of programs of 32 bits */
#define STATS "/proc/sys/kernel/bpf_stats_enabled"

/* ---- netlink */

/* One message; what is answered to it. -ETIMEDOUT: nothing. */
static int ask(int protocol, uint16_t type, const void *body, size_t size)
{
	struct timeval patience = {.tv_sec = 5};
	struct {
		struct nlmsghdr header;
		char body[128];
	} message = {
		.header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), r = -ETIMEDOUT;

	if (fd < 0)
		return setup_failed("netlink");
	memcpy(message.body, body, size);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
		r = -errno;
	else if (recv(fd, &answer, sizeof(answer), 0) > 0)
		r = answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : 0;
	close(fd);
	return r;
}

/* What the kernel says of an object that there is not, or of a family that it has not loaded. */
static int asked(int r)
{
	return r == -EPERM || r > 0 ? r : 0;
}

static int diagnose(uint16_t type)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = AF_INET,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = ~0u,
		.id = {.idiag_sport = htons(9),
		       .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};

	return asked(ask(NETLINK_SOCK_DIAG, type, &request, sizeof(request)));
}

static int sockets_close(const struct target *target)
{
	return diagnose(SOCK_DESTROY);
}

static int sockets_look(const struct target *target)
{
	return diagnose(SOCK_DIAG_BY_FAMILY);
}

/* It is off in a guest, and nobody is asked whether it was on. */
static int audit_off(const struct target *target)
{
	const struct audit_status off = {.mask = AUDIT_STATUS_ENABLED};

	return ask(NETLINK_AUDIT, AUDIT_SET, &off, sizeof(off));
}

static int audit_rule_delete(const struct target *target)
{
	return asked(ask(NETLINK_AUDIT, AUDIT_DEL_RULE, "", 1));
}

static int audit_look(const struct target *target)
{
	return ask(NETLINK_AUDIT, AUDIT_GET, "", 0);
}

static int audit_backlog(const struct target *target)
{
	const struct audit_status same = {.mask = AUDIT_STATUS_BACKLOG_WAIT_TIME,
					  .backlog_wait_time = 15000};

	return asked(ask(NETLINK_AUDIT, AUDIT_SET, &same, sizeof(same)));
}

/* ---- system calls */

static int set_clock(const struct target *target)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return setup_failed("clock_gettime");
	return result(clock_settime(CLOCK_REALTIME, &now));
}

static int read_clock(const struct target *target)
{
	struct timex timex = {};

	return result(adjtimex(&timex));
}

static int clear_log(const struct target *target)
{
	return result(klogctl(LOG_CLEAR, NULL, 0));
}

static int measure_log(const struct target *target)
{
	return result(klogctl(LOG_SIZE, NULL, 0));
}

/* Whoever opens it waits from here on until this process has ended. */
static int mark(unsigned int class, unsigned int flags, uint64_t mask, const struct target *target)
{
	char path[64];
	int fd = fanotify_init(class | FAN_CLOEXEC, O_RDONLY);

	if (fd < 0)
		return setup_failed("fanotify_init");
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)target_get(target, "pid"));
	return result(fanotify_mark(fd, FAN_MARK_ADD | flags, mask, AT_FDCWD, path));
}

static int hold_opens(const struct target *target)
{
	return mark(FAN_CLASS_CONTENT, 0, FAN_OPEN_PERM, target);
}

static int hold_execs(const struct target *target)
{
	return mark(FAN_CLASS_CONTENT, 0, FAN_OPEN_EXEC_PERM, target);
}

static int hold_mount(const struct target *target)
{
	return mark(FAN_CLASS_CONTENT, FAN_MARK_MOUNT, FAN_ACCESS_PERM, target);
}

static int hear_opens(const struct target *target)
{
	return mark(FAN_CLASS_NOTIF, 0, FAN_OPEN, target);
}

/* Whoever makes one is in a user namespace of its own; the kernel says so to all others. */
static int make_token(const struct target *target)
{
	struct {
		uint32_t flags, bpffs;
	} attributes = {.bpffs = (uint32_t)open("/sys/fs/bpf", O_DIRECTORY | O_CLOEXEC)};

	if (syscall(SYS_bpf, TOKEN_CREATE, &attributes, sizeof(attributes)) >= 0)
		return 0;
	return errno == EINVAL ? -EOPNOTSUPP : -errno;
}

static int no_token(void)
{
	return EOPNOTSUPP;
}

/* Counted until the fd is closed. */
static int time_programs(const struct target *target)
{
	union bpf_attr attr = {.enable_stats.type = BPF_STATS_RUN_TIME};

	return result(syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr)));
}

/* What it is already. */
static int time_by_sysctl(const struct target *target)
{
	int fd = open(STATS, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return setup_failed(STATS);
	r = result(write(fd, "0", 1));
	close(fd);
	return r > 0 ? 0 : r;
}

static int ask_times(const struct target *target)
{
	char state[2];
	int fd = open(STATS, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return setup_failed(STATS);
	r = result(read(fd, state, sizeof(state)));
	close(fd);
	return r > 0 ? 0 : r;
}

/* Modules that nothing uses, loaded before; who is told that one is gone has been let through. */
#define MODULE "sch_prio"
#define MODULE_32 "xt_mark"

static int removed(int r)
{
	return r == -ENOENT ? 0 : r;
}

static int remove_module(const struct target *target)
{
	return removed(result(syscall(SYS_delete_module, MODULE, O_NONBLOCK)));
}

/* As a program of 32 bits: the name has to lie where such a pointer reaches. */
static int remove_module_32(const struct target *target)
{
	long r = DELETE_MODULE_32;
	char *name = mmap(NULL, sizeof(MODULE_32), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (name == MAP_FAILED)
		return setup_failed("memory below 4 GiB");
	memcpy(name, MODULE_32, sizeof(MODULE_32));
	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"((long)name), "c"((long)O_NONBLOCK)
			 : "memory", "r8", "r9", "r10", "r11");
	munmap(name, sizeof(MODULE_32));
	return removed((int)r);
}

/* The kernel asks for a capability here as well. */
static int name_host(const struct target *target)
{
	char name[65];

	if (gethostname(name, sizeof(name)) < 0)
		return setup_failed("gethostname");
	return result(sethostname(name, strlen(name)));
}

static int no_permissions(void)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	if (fd < 0)
		return errno == EINVAL || errno == ENOSYS ? ENOENT : 0;
	close(fd);
	return 0;
}

#define QUIET (SILENT | GUEST_ONLY)
#define NO_MARKS "no fanotify_init() with FAN_CLASS_CONTENT"

const struct technique closed_techniques[] = {
	{"A11", "mark-open", "its executable's opens held by fanotify", EPERM, "A11", NULL, QUIET,
	 hold_opens, hear_opens, "to hear of its opens", no_permissions, NO_MARKS},
	{"A11", "mark-exec", "its executable's execs held by fanotify", EPERM, "A11", NULL, QUIET,
	 hold_execs, hear_opens, "to hear of its opens", no_permissions, NO_MARKS},
	{"A11", "mark-mount", "all reads from its mount held by fanotify", EPERM, "A11", NULL,
	 QUIET, hold_mount, hear_opens, "to hear of its opens", no_permissions, NO_MARKS},
	{"A18", "sockets-close", "a socket closed by sock_diag", EPERM, "A18", NULL, QUIET,
	 sockets_close, sockets_look, "to look for it, as ss does"},
	{"T03", "audit-off", "audit switched off", EPERM, "T03", NULL, QUIET, audit_off, audit_look,
	 "to ask how it is"},
	{"T03", "audit-rule", "a rule of audit deleted", EPERM, "T03", NULL, QUIET,
	 audit_rule_delete, audit_backlog, "another of its settings"},
	{"T04", "log-clear", "the kernel's log cleared", EPERM, "T04", NULL, QUIET, clear_log,
	 measure_log, "its size"},
	{"T05", "clock-set", "clock_settime", EPERM, "T05", NULL, QUIET, set_clock, read_clock,
	 "adjtimex, to read"},
	{"L18", "module-remove", "a module removed by delete_module", EPERM, "L18", NULL, QUIET,
	 remove_module, name_host, "sethostname"},
	{"L18", "module-remove-32", "the same as a program of 32 bits", EPERM, "L18", NULL, QUIET,
	 remove_module_32, name_host, "sethostname"},
	{"F14", "token-create", "a BPF token made (the kernel: in a user namespace only)", EPERM,
	 "F14", NULL, QUIET | LONELY, make_token, NULL, NULL, no_token},
	{"K18", "stats-on", "programs' times switched on by BPF_ENABLE_STATS", EPERM, "K18", NULL,
	 QUIET, time_programs, ask_times, "bpf_stats_enabled, to read"},
	{"K18", "stats-sysctl", "bpf_stats_enabled written", EPERM, "K18", NULL, QUIET,
	 time_by_sysctl, ask_times, "to read it"},
	{},
};
