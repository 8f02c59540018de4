// SPDX-License-Identifier: LGPL-2.1-or-later
/* What bpf(2) costs who has maps, programs and links of his own. */
#include "cost.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drill/insn.h"

static int map = -1, group = -1, filter = -1;

static int map_make(void)
{
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "cost", 4, 8, 1, NULL);
	return map < 0 ? -errno : 0;
}

static int64_t map_update(void)
{
	uint32_t key = 0;
	uint64_t value = 1;

	return counted(!bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int64_t map_lookup(void)
{
	uint32_t key = 0;
	uint64_t value;

	return counted(!bpf_map_lookup_elem(map, &key, &value));
}

static int64_t map_create(void)
{
	int fd = -1;
	int64_t cost =
		counted((fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "cost", 4, 8, 1, NULL)) >= 0);

	if (fd >= 0)
		close(fd);
	return cost;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 1), EXIT()};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);

	return bpf_prog_load(type, "cost", "GPL", insns, 2, &opts);
}

static int64_t prog_load(void)
{
	int fd = -1;
	int64_t cost = counted((fd = load(BPF_PROG_TYPE_SOCKET_FILTER, 0)) >= 0);

	if (fd >= 0)
		close(fd);
	return cost;
}

/* One link stays, or each of the others would be the one that turns the hook on, and off. */
static int group_make(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/cost-%d", getpid());
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	filter = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS);
	if (group < 0 || filter < 0)
		return -errno;
	return bpf_link_create(filter, group, BPF_CGROUP_INET_EGRESS, NULL) < 0 ? -errno : 0;
}

static int64_t link_create(void)
{
	int fd = -1;
	int64_t cost =
		counted((fd = bpf_link_create(filter, group, BPF_CGROUP_INET_EGRESS, NULL)) >= 0);

	if (fd >= 0)
		close(fd);
	return cost;
}

const struct operation bpf_operations[] = {
	{"map_update", map_make, map_update, SAMPLES_CHEAP},
	{"map_lookup", NULL, map_lookup, SAMPLES_CHEAP},
	{"map_create", NULL, map_create, SAMPLES_CHEAP},
	{"prog_load", NULL, prog_load, SAMPLES_DEAR},
	{"link_create", group_make, link_create, SAMPLES_DEAR},
	{NULL, NULL, NULL, 0},
};
