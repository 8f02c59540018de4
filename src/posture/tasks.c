// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds capabilities that reach a guard or an agent, by the executable. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "policy/image-check.h"
#include "posture/ground.h"
#include "posture/text.h"

#define PATH_LEN 192 /* of an executable, as it is shown */

static const struct {
	unsigned bit;
	const char *name;
} capabilities[] = {
	{CAP_BPF, "bpf"},
	{CAP_NET_ADMIN, "net_admin"},
	{CAP_PERFMON, "perfmon"},
	{CAP_SYS_ADMIN, "sys_admin"},
	{CAP_SYS_MODULE, "sys_module"},
	{CAP_SYS_PTRACE, "sys_ptrace"},
};

struct tasks {
	const struct ground *ground;
	struct posture_finding *finding;
	char user[64]; /* our own user namespace; "" if it cannot be told */
	char self[32]; /* our own number */
	size_t n_seen; /* whose status could be read */
	size_t n; /* that count */
};

bool tasks_of_policy(const void *policy, const char *path)
{
	if (!policy)
		return false;
	for (uint32_t i = 0; i < image_header(policy)->n_executables; i++) {
		if (strcmp(image_executables(policy)[i].path, path) == 0)
			return true;
	}
	return false;
}

static void say_capabilities(uint64_t set, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities) && used < size; i++) {
		if (set & (1ull << capabilities[i].bit))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "",
						 capabilities[i].name);
	}
}

static bool in_other_namespace(const struct tasks *tasks, const char *pid)
{
	char path[48], user[64];

	(void)snprintf(path, sizeof(path), "proc/%s/ns/user", pid);
	return tasks->user[0] && ground_link(tasks->ground, path, user, sizeof(user)) == 0 &&
	       strcmp(user, tasks->user) != 0;
}

static int add_task(struct tasks *tasks, const char *pid, const struct text_task *task)
{
	char path[48], exe[PATH_LEN], held[80];
	uint64_t set = task->permitted | task->effective, all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		all |= 1ull << capabilities[i].bit;
	if (!(set & all) || !task->has_memory || in_other_namespace(tasks, pid))
		return 0;
	(void)snprintf(path, sizeof(path), "proc/%s/exe", pid);
	if (ground_link(tasks->ground, path, exe, sizeof(exe)) < 0)
		(void)snprintf(exe, sizeof(exe), "(%s)", task->name);
	/* PID 1 cannot do without, and the policy's own are why they are protected */
	if (strcmp(pid, "1") == 0 || strcmp(pid, tasks->self) == 0 ||
	    tasks_of_policy(tasks->ground->policy, exe))
		return 0;
	tasks->n++;
	say_capabilities(set, held, sizeof(held));
	return finding_item(tasks->finding, "%s: %s", exe, held);
}

static int look_at(struct tasks *tasks, const char *pid)
{
	_cleanup_free_ char *text = NULL;
	struct text_task task;
	char path[48];
	int r;

	(void)snprintf(path, sizeof(path), "proc/%s/status", pid);
	r = ground_text(tasks->ground, path, &text, NULL);
	if (r == -ENOMEM)
		return r;
	/* gone meanwhile, or not to be seen: the mount's hidepid says so */
	if (r || !text_read_task(text, &task))
		return 0;
	tasks->n_seen++;
	return add_task(tasks, pid, &task);
}

/* Whether /proc shows a user no tasks of others. */
static bool tasks_hidden(const struct ground *ground)
{
	_cleanup_free_ char *text = ground->mounts ? strdup(ground->mounts) : NULL;
	struct text_mount mount;
	char *rest = text, value[16];

	while (text && text_next_mount(&rest, &mount)) {
		if (strcmp(mount.where, "/proc") == 0 && strcmp(mount.type, "proc") == 0 &&
		    text_option(mount.options, "hidepid", value, sizeof(value)))
			return geteuid() != 0 && strcmp(value, "0") != 0 &&
			       strcmp(value, "off") != 0;
	}
	return false;
}

static int judge(const struct tasks *tasks)
{
	struct posture_finding *finding = tasks->finding;

	if (!tasks->n_seen) {
		finding_reason(finding, "/proc shows no task");
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (!tasks->n && tasks_hidden(tasks->ground)) {
		finding_reason(finding, "/proc is mounted with hidepid and shows no others' tasks");
		return finding_set(finding, POSTURE_UNKNOWN, "%s", "");
	}
	if (!tasks->n) {
		finding_reason(finding, "PID 1 and the policy's alone");
		return finding_set(finding, POSTURE_GOOD, "no others");
	}
	finding_reason(finding, "who takes one of them over reaches an agent, or the kernel");
	return finding_set(finding, POSTURE_WEAK, "%zu tasks of %zu kinds", tasks->n,
			   finding->n_items + finding->n_dropped);
}

int tasks_look(struct ground *ground, struct posture_finding *finding)
{
	struct tasks tasks = {.ground = ground, .finding = finding};
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd, r = 0;

	fd = openat(ground->root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return finding_unread(finding, "proc", -errno);
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	(void)ground_link(ground, "proc/self/ns/user", tasks.user, sizeof(tasks.user));
	(void)ground_link(ground, "proc/self", tasks.self, sizeof(tasks.self));
	while (!r && (entry = readdir(dir))) {
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
		    strlen(entry->d_name) < 12)
			r = look_at(&tasks, entry->d_name);
	}
	return r ?: judge(&tasks);
}
