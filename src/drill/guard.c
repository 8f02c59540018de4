// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guard's own objects and its daemon, as any other agent's. Where nothing is refused each act
 * is taken back, or is one that does no harm: the guard is still needed.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PINS "/sys/fs/bpf/holdfast"

/* The daemon is who listens at the socket. */
static pid_t daemon_pid(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX,
				      .sun_path = "/run/holdfast/control.sock"};
	struct ucred peer = {};
	socklen_t size = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer.pid = 0;
	if (fd >= 0)
		close(fd);
	return peer.pid;
}

/*
 * By id: all there are. The first of the guard's that is given out counts; names tell them apart.
 */
static int maps_by_id(uint32_t open_flags)
{
	static const char *const names[] = {"task_labels", "objects", "policy", "state",
					    "operator",	   "events",  "seeds",	"lost"};
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = open_flags);
	int refusal = PROBE_SETUP;

	for (uint32_t id = 0; bpf_map_get_next_id(id, &id) == 0;) {
		struct bpf_map_info info = {};
		uint32_t size = sizeof(info);
		int map = bpf_map_get_fd_by_id_opts(id, &opts);

		if (map < 0) {
			refusal = -errno;
			continue;
		}
		if (bpf_obj_get_info_by_fd(map, &info, &size) == 0)
			for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
				if (strcmp(info.name, names[i]) == 0)
					return 0;
		close(map);
	}
	return refusal;
}

static int maps_to_write(const struct target *target)
{
	return maps_by_id(0);
}

static int maps_to_read(const struct target *target)
{
	return maps_by_id(BPF_F_RDONLY);
}

static int programs_by_id(const struct target *target)
{
	int refusal = PROBE_SETUP;

	for (uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int prog = bpf_prog_get_fd_by_id(id);

		if (prog < 0) {
			refusal = -errno;
			continue;
		}
		if (bpf_obj_get_info_by_fd(prog, &info, &size) == 0 &&
		    strcmp(info.name, "control") == 0)
			return 0;
		close(prog);
	}
	return refusal;
}

static int links_by_id(const struct target *target)
{
	int refusal = PROBE_SETUP;

	for (uint32_t id = 0; bpf_link_get_next_id(id, &id) == 0;) {
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);
		int link = bpf_link_get_fd_by_id(id);

		if (link < 0) {
			refusal = -errno;
			continue;
		}
		if (bpf_obj_get_info_by_fd(link, &info, &size) == 0 &&
		    info.type == BPF_LINK_TYPE_TRACING)
			return 0;
		close(link);
	}
	return refusal;
}

static int map_pin(const struct target *target)
{
	return result(bpf_obj_get(PINS "/maps/events"));
}

static int control_pin(const struct target *target)
{
	return result(bpf_obj_get(PINS "/progs/control"));
}

static int link_pin(const struct target *target)
{
	return result(bpf_obj_get(PINS "/links/agents_kill"));
}

static int rename_pin(const struct target *target)
{
	if (rename(PINS "/links/agents_kill", "/sys/fs/bpf/stolen") < 0)
		return -errno;
	return result(rename("/sys/fs/bpf/stolen", PINS "/links/agents_kill"));
}

static int rename_pins(const struct target *target)
{
	if (rename(PINS, "/sys/fs/bpf/stolen") < 0)
		return -errno;
	return result(rename("/sys/fs/bpf/stolen", PINS));
}

/* A pin that nothing is lost with: the last link of it is in the daemon. */
static int unlink_pin(const struct target *target)
{
	if (link(PINS "/maps/lost", "/sys/fs/bpf/lost") < 0 && errno != EPERM)
		return setup_failed("second name");
	if (unlink(PINS "/maps/lost") < 0)
		return -errno;
	return result(rename("/sys/fs/bpf/lost", PINS "/maps/lost"));
}

static int remove_folder(const struct target *target)
{
	/* not empty: the hook is asked first */
	if (rmdir(PINS "/maps") < 0)
		return errno == ENOTEMPTY ? 0 : -errno;
	return 0;
}

static int kill_daemon(const struct target *target)
{
	pid_t pid = daemon_pid();

	return pid ? result(kill(pid, SIGKILL)) : setup_failed("no daemon");
}

static int stop_daemon(const struct target *target)
{
	pid_t pid = daemon_pid();

	if (!pid)
		return setup_failed("no daemon");
	if (kill(pid, SIGSTOP) < 0)
		return -errno;
	return result(kill(pid, SIGCONT));
}

static int trace_daemon(const struct target *target)
{
	pid_t pid = daemon_pid();
	int status;

	if (!pid)
		return setup_failed("no daemon");
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid)
		return setup_failed("PTRACE_INTERRUPT");
	return result(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

static int steal_from_daemon(const struct target *target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, daemon_pid(), 0);

	if (pidfd < 0)
		return setup_failed("no daemon");
	return result(syscall(SYS_pidfd_getfd, pidfd, 3, 0));
}

static int limit_daemon(const struct target *target)
{
	struct rlimit now;
	pid_t pid = daemon_pid();

	if (!pid || prlimit(pid, RLIMIT_NOFILE, NULL, &now) < 0)
		return setup_failed("no daemon");
	return result(prlimit(pid, RLIMIT_NOFILE, &now, NULL));
}

static int starve_daemon(const struct target *target)
{
	pid_t pid = daemon_pid();

	return pid ? result(setpriority(PRIO_PROCESS, (id_t)pid, 0)) : setup_failed("no daemon");
}

#define OF_SELF (SELF | SILENT | LONELY)

const struct technique guard_techniques[] = {
	{"M01", "self-maps", "the guard's maps by id", ENOENT, "*", "*", OF_SELF, maps_to_write},
	{"M12", "self-maps-read", "the guard's maps by id, to read", ENOENT, "*", "*", OF_SELF,
	 maps_to_read},
	{"M04", "self-map-pin", "the guard's ring from its pin", EPERM, "M01", NULL, OF_SELF,
	 map_pin},
	{"P12", "self-progs", "the guard's programs by id", ENOENT, "*", "*", OF_SELF,
	 programs_by_id},
	{"P13", "self-prog-pin", "the control program from its pin", EPERM, "P12", NULL, OF_SELF,
	 control_pin},
	{"L02", "self-links", "the guard's links by id", ENOENT, "*", "*", OF_SELF, links_by_id},
	{"L03", "self-link-pin", "a link of the guard from its pin", EPERM, "L03", NULL, OF_SELF,
	 link_pin},
	{"F01", "self-pin-unlink", "a pin of the guard unlinked", EPERM, "F02 F01", "*", OF_SELF,
	 unlink_pin},
	{"F02", "self-pin-rename", "a pin of the guard renamed", EPERM, "F02", "*", OF_SELF,
	 rename_pin},
	{"F02", "self-pins-rename", "the guard's folder renamed", EPERM, "F02", "*", OF_SELF,
	 rename_pins},
	{"F05", "self-pins-rmdir", "a folder of the guard removed", EPERM, "F05", NULL, OF_SELF,
	 remove_folder},
	{"I02", "self-ptrace", "holdfastd traced", EPERM, "I02", NULL, OF_SELF, trace_daemon},
	{"I01", "self-pidfd-getfd", "an fd of holdfastd by pidfd_getfd", EPERM, "I02", "*", OF_SELF,
	 steal_from_daemon},
	{"A06", "self-prlimit", "rlimit of holdfastd set", EPERM, "A06", NULL, OF_SELF,
	 limit_daemon},
	{"A07", "self-nice", "priority of holdfastd set", EPERM, "A07", NULL, OF_SELF,
	 starve_daemon},
	{"A01", "self-stop", "holdfastd stopped", EPERM, "A01", NULL, OF_SELF, stop_daemon},
	{"A01", "self-kill", "holdfastd killed", EPERM, "A01", NULL, OF_SELF | KILLS, kill_daemon},
	{},
};
