// SPDX-License-Identifier: LGPL-2.1-or-later
/* See follow.h. */

#include "learn/follow.h"

#include <dirent.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "learn/look.h"
#include "learn/objects.h"
#include "learn/seen.h"

#define MAX_TASKS 4096
#define YOUNG_MS 2000 /* that long a new process is looked at as often as can be */
#define SHORT_MS 2
#define LONG_MS 100
#define SCAN_MS 1000 /* all of /proc, and the pins */

struct task {
	pid_t pid;
	uint64_t since; /* ms */
	char *exe; /* as look_program() has it; NULL before the first look */
	bool gone;
};

struct following {
	const struct follow_options *options;
	struct seen *seen;
	struct task *tasks;
	size_t n_tasks;
	uint64_t now, scanned;
};

static uint64_t milliseconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct task *find(const struct following *f, pid_t pid)
{
	for (size_t i = 0; i < f->n_tasks; i++) {
		if (f->tasks[i].pid == pid && !f->tasks[i].gone)
			return &f->tasks[i];
	}
	return NULL;
}

static int parent_of(pid_t pid, pid_t *ret_parent)
{
	_cleanup_free_ char *text = look_text(pid, "stat");
	struct proc_stat stat;

	if (!text || proc_read_stat(text, &stat) < 0)
		return -ESRCH;
	*ret_parent = stat.parent;
	return 0;
}

/* Is the group of that process the unit's, or one below it? @ret_exact: as the guard demands it. */
static bool in_unit(const struct following *f, pid_t pid, bool *ret_exact)
{
	_cleanup_free_ char *text = look_text(pid, "cgroup");
	const char *group = text ? proc_read_cgroup(text) : NULL;
	size_t length = strlen(f->options->unit);

	*ret_exact = false;
	for (const char *p = group; p; p = strchr(p, '/')) {
		p++;
		if (strncmp(p, f->options->unit, length) == 0 &&
		    (p[length] == '\0' || p[length] == '/')) {
			*ret_exact = p == group + strlen("/system.slice/") && !p[length] &&
				     strncmp(group, "/system.slice/", 14) == 0;
			return true;
		}
	}
	return false;
}

static bool belongs(const struct following *f, pid_t pid)
{
	bool exact;
	pid_t parent;

	if (f->options->unit)
		return in_unit(f, pid, &exact);
	return pid == f->options->pid || (parent_of(pid, &parent) == 0 && find(f, parent));
}

static void add_task(struct following *f, pid_t pid)
{
	if (find(f, pid) || !belongs(f, pid))
		return;
	if (f->n_tasks >= MAX_TASKS) {
		f->seen->dropped++;
		return;
	}
	if (array_grow(&f->tasks, f->n_tasks, sizeof(*f->tasks)) < 0) {
		f->seen->out_of_memory = true;
		return;
	}
	f->tasks[f->n_tasks++] = (struct task){.pid = pid, .since = f->now};
}

/* Who made this process execute what it does. */
static void judge_launch(struct following *f, const struct task *task, struct seen_program *program)
{
	enum seen_launch launch = SEEN_OTHER;
	const char *by = task->exe; /* executed before, in the same process */
	const struct task *parent;
	bool exact = false;
	pid_t pid = 0;

	(void)parent_of(task->pid, &pid);
	parent = find(f, pid);
	if (!by && parent)
		by = parent->exe;
	if (by) {
		launch = SEEN_PARENT;
		if (strcmp(by, program->path) != 0)
			seen_say(f->seen, &program->launchers, "%s", by);
		else
			launch = SEEN_OTHER; /* a fork: says nothing of the first one */
	} else if (pid == 1 && f->options->unit && in_unit(f, task->pid, &exact) && exact) {
		launch = SEEN_UNIT;
	}
	if (launch > program->launch)
		program->launch = launch;
}

static void look_at(struct following *f, struct task *task)
{
	struct seen_program *program = NULL;
	char path[LOOK_PATH_LEN];

	if (!look_program(f->seen, task->pid, path)) {
		if (!task->exe)
			seen_say(f->seen, &f->seen->notes,
				 "a process had ended before it could be looked at");
		task->gone = true;
		return;
	}
	for (size_t i = 0; i < f->seen->n_programs && !program; i++) {
		if (strcmp(f->seen->programs[i].path, path) == 0)
			program = &f->seen->programs[i];
	}
	if (program && (!task->exe || strcmp(task->exe, path) != 0)) {
		judge_launch(f, task, program);
		free(task->exe);
		task->exe = strdup(path);
		if (!task->exe)
			f->seen->out_of_memory = true;
	}
	look_mappings(f->seen, task->pid);
	if (look_fds(f->seen, task->pid) && program)
		program->has_objects = true;
}

static int for_each_process(struct following *f, void (*look)(struct following *f, pid_t pid))
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			look(f, (pid_t)pid);
	}
	return 0;
}

static void look_at_other(struct following *f, pid_t pid)
{
	if (!find(f, pid) && pid != getpid())
		look_fds_of_other(f->seen, pid);
}

static int scan(struct following *f)
{
	int r = for_each_process(f, add_task);

	f->scanned = f->now;
	objects_pins(f->seen);
	return r;
}

/* -1 if there is none: then only /proc tells. */
static int open_connector(void)
{
	struct {
		struct nlmsghdr head;
		struct cn_msg message;
		uint32_t op;
	} __attribute__((packed)) listen = {
		.head = {.nlmsg_len = sizeof(listen), .nlmsg_type = NLMSG_DONE},
		.message = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(uint32_t)},
		.op = PROC_CN_MCAST_LISTEN,
	};
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, &listen, sizeof(listen), 0) != (ssize_t)sizeof(listen))
		return -1;
	return TAKE_FD(fd);
}

static void take_message(struct following *f, const void *data, size_t size)
{
	struct proc_message m;
	struct task *task;

	if (!proc_read_event(data, size, &m))
		return;
	task = find(f, m.pid);
	if (m.what == PROC_EXIT) {
		if (task)
			task->gone = true;
		return;
	}
	if (m.what == PROC_FORK && !find(f, m.parent))
		return; /* it is not there yet, where it will run */
	add_task(f, m.pid);
	task = find(f, m.pid);
	if (task) {
		task->since = f->now;
		look_at(f, task);
	}
}

static void take_messages(struct following *f, int connector)
{
	char data[4096] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = recv(connector, data, sizeof(data), 0);

		if (n < 0 && errno == ENOBUFS)
			seen_say(f->seen, &f->seen->notes,
				 "processes started faster than they could be looked at");
		else if (n < 0)
			return;
		else
			take_message(f, data, (size_t)n);
	}
}

/* A look at each, and how long until the next. */
static int look_at_all(struct following *f)
{
	int wait = LONG_MS;

	for (size_t i = 0; i < f->n_tasks; i++) {
		if (f->tasks[i].gone)
			continue;
		look_at(f, &f->tasks[i]);
		if (f->now - f->tasks[i].since < YOUNG_MS)
			wait = SHORT_MS;
	}
	return wait;
}

static int watch(struct following *f)
{
	_cleanup_close_ int connector = f->options->milliseconds ? open_connector() : -1;
	uint64_t end = milliseconds() + f->options->milliseconds;
	int r;

	if (f->options->milliseconds && connector < 0)
		seen_say(f->seen, &f->seen->notes,
			 "the kernel does not tell of new processes: short ones were missed");
	for (;;) {
		struct pollfd fds = {.fd = connector, .events = POLLIN};
		int wait;

		f->now = milliseconds();
		if (!f->scanned || f->now - f->scanned >= SCAN_MS) {
			r = scan(f);
			if (r < 0)
				return r;
		}
		wait = look_at_all(f);
		if (f->now >= end)
			break;
		(void)poll(&fds, 1, wait);
		if (connector >= 0)
			take_messages(f, connector);
	}
	objects_pins(f->seen);
	return for_each_process(f, look_at_other);
}

/* Of a process: whose it is, for a person to find the launch rule. */
static void say_starter(struct following *f)
{
	char path[LOOK_PATH_LEN], link[32];
	pid_t parent;
	ssize_t n;

	if (f->options->unit || parent_of(f->options->pid, &parent) < 0)
		return;
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", parent);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	f->seen->started_by = strdup(n > 0 ? path : "?");
	if (!f->seen->started_by)
		f->seen->out_of_memory = true;
}

int follow(const struct follow_options *options, struct seen *seen, struct diag *reterr_diag)
{
	struct following f = {.options = options, .seen = seen};
	bool any;
	int r;

	say_starter(&f);
	r = watch(&f);
	any = f.n_tasks > 0 && seen->n_programs > 0;
	for (size_t i = 0; i < f.n_tasks; i++)
		free(f.tasks[i].exe);
	free(f.tasks);
	if (r < 0)
		return r;
	if (seen->out_of_memory)
		return -ENOMEM;
	if (any)
		return 0;
	if (options->unit)
		diag_set(reterr_diag, NULL, 0, 0,
			 "nothing ran in %s: start it, or start it while `--for 1m` waits",
			 options->unit);
	else
		diag_set(reterr_diag, NULL, 0, 0, "there is no process %d", options->pid);
	return FOLLOW_E_NONE;
}
