// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Passing for the canary by its looks: its name, its path. What is run in its stead is another
 * build of it, which writes into the canary's map by id; the task is the probe's own, so its events
 * are told by the same process id.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canary.h"
#include "stage.h"

#define JAIL "/run/holdfast-drill"

/* Only returns if it cannot be run. */
static int run_as(const struct target *target, const char *path, const char *name)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", (uint32_t)target_get(target, "map"));
	execl(path, name, "forge", id, NULL);
	return setup_failed(path);
}

static int bind_over(const struct target *target)
{
	if (private_namespace(false) < 0)
		return setup_failed("unshare");
	if (mount(STAGE_NEIGHBOUR, STAGE_CANARY, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return run_as(target, STAGE_CANARY, STAGE_CANARY);
}

static int make_folders(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *p = strchr(part + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return setup_failed(part);
		*p = '/';
	}
	return 0;
}

static int copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	struct stat st;
	off_t done = 0;

	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		return setup_failed(to);
	while (done < st.st_size && sendfile(out, in, &done, (size_t)(st.st_size - done)) > 0)
		;
	close(in);
	close(out);
	return done == st.st_size ? 0 : setup_failed(to);
}

/* On a tmpfs of our own, which goes with our namespace. */
static int in_chroot(const struct target *target)
{
	if (private_namespace(false) < 0 || mount("none", "/run", "tmpfs", 0, "mode=0755") < 0)
		return setup_failed("private /run");
	if (make_folders(JAIL STAGE_CANARY) || copy_file(STAGE_NEIGHBOUR, JAIL STAGE_CANARY))
		return PROBE_SETUP;
	if (chroot(JAIL) < 0 || chdir("/") < 0)
		return -errno;
	return run_as(target, STAGE_CANARY, STAGE_CANARY);
}

/* The tool's own file, one byte longer, in its place. */
static int changed_file(const struct target *target)
{
	static const char changed[] = "/mnt/tool";
	int fd;

	if (private_namespace(false) < 0 || mount("none", "/mnt", "tmpfs", 0, NULL) < 0)
		return setup_failed("private /mnt");
	if (copy_file(STAGE_CANARY, changed))
		return PROBE_SETUP;
	fd = open(changed, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || write(fd, "", 1) != 1)
		return setup_failed(changed);
	close(fd);
	if (mount(changed, STAGE_CANARY, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return run_as(target, STAGE_CANARY, STAGE_CANARY);
}

static int other_argv0(const struct target *target)
{
	return run_as(target, STAGE_NEIGHBOUR, STAGE_CANARY);
}

static int other_comm(const struct target *target)
{
	uint32_t key = 1;
	uint64_t value = 1;
	int map;

	if (prctl(PR_SET_NAME, strrchr(STAGE_CANARY, '/') + 1) < 0)
		return setup_failed("PR_SET_NAME");
	map = bpf_map_get_fd_by_id((uint32_t)target_get(target, "map"));
	return map < 0 ? -errno : result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

const struct technique identity_techniques[] = {
	{"I09", "exec-bind", "map update from a bind mount over the tool's path", ENOENT, "M01",
	 NULL, 0, bind_over},
	{"F12", "exec-changed", "map update by the tool's file, one byte longer", ENOENT, "M01",
	 NULL, 0, changed_file},
	{"I09", "exec-chroot", "map update from the tool's path in a chroot", ENOENT, "M01", NULL,
	 0, in_chroot},
	{"I09", "exec-argv0", "map update with the tool's argv[0]", ENOENT, "M01", NULL, 0,
	 other_argv0},
	{"I09", "comm", "map update with the tool's comm", ENOENT, "M01", NULL, 0, other_comm},
	{},
};
