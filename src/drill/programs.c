// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs: an fd of somebody's program, and what it is good for.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int forge_run(int prog)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));

	return result(bpf_prog_test_run_opts(prog, &run));
}

static int run_by_id(const struct target *target)
{
	int prog = bpf_prog_get_fd_by_id((uint32_t)target_get(target, "prog"));

	return prog < 0 ? -errno : forge_run(prog);
}

static int run_from_pin(const struct target *target)
{
	int prog = bpf_obj_get(target_pin(target, "prog"));

	return prog < 0 ? -errno : forge_run(prog);
}

/* The canary's program at a cgroup of ours: it counts what it was not meant to see. */
static int attach_elsewhere(int prog)
{
	static const char path[] = "/sys/fs/cgroup/elsewhere.objects";
	int cgroup;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return setup_failed(path);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return setup_failed(path);
	return result(bpf_link_create(prog, cgroup, BPF_CGROUP_INET_EGRESS, NULL));
}

static int attach_by_id(const struct target *target)
{
	int prog = bpf_prog_get_fd_by_id((uint32_t)target_get(target, "prog"));

	return prog < 0 ? -errno : attach_elsewhere(prog);
}

static int attach_from_pin(const struct target *target)
{
	int prog = bpf_obj_get(target_pin(target, "prog"));

	return prog < 0 ? -errno : attach_elsewhere(prog);
}

const struct technique programs_techniques[] = {
	{"P12", "prog-run", "program run by id", ENOENT, "P12", NULL, 0, run_by_id},
	{"P12", "prog-pin-run", "program run from its pin", EPERM, "P12", NULL, 0, run_from_pin},
	{"P13", "prog-attach", "program attached elsewhere by id", ENOENT, "P12", NULL, SILENT,
	 attach_by_id},
	{"P13", "prog-pin-attach", "program attached elsewhere from its pin", EPERM, "P12", NULL,
	 SILENT, attach_from_pin},
	{},
};
