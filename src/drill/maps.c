// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Maps: every way to their content, or to an fd that leads there.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "insn.h"

#define PAGE 4096
#define FORGED 1

static int fd_by_id(const struct target *target, const char *key)
{
	return bpf_map_get_fd_by_id((uint32_t)target_get(target, key));
}

static int fd_read_only(const struct target *target, const char *key)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);

	return bpf_map_get_fd_by_id_opts((uint32_t)target_get(target, key), &opts);
}

static int forge(int map)
{
	uint32_t key = 1;
	uint64_t value = FORGED;

	return result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int update(const struct target *target)
{
	int map = fd_by_id(target, "map");

	return map < 0 ? -errno : forge(map);
}

static int erase(const struct target *target)
{
	int map = fd_by_id(target, "map");
	uint32_t key = 2;

	return map < 0 ? -errno : result(bpf_map_delete_elem(map, &key));
}

static int take(const struct target *target)
{
	int map = fd_by_id(target, "map");
	uint32_t key = 2;
	uint64_t value;

	return map < 0 ? -errno : result(bpf_map_lookup_and_delete_elem(map, &key, &value));
}

static int update_batch(const struct target *target)
{
	int map = fd_by_id(target, "map");
	uint32_t keys[] = {1, 2}, n = 2;
	uint64_t values[] = {FORGED, FORGED};

	return map < 0 ? -errno : result(bpf_map_update_batch(map, keys, values, &n, NULL));
}

static int delete_batch(const struct target *target)
{
	int map = fd_by_id(target, "map");
	uint32_t keys[] = {1, 2}, n = 2;

	return map < 0 ? -errno : result(bpf_map_delete_batch(map, keys, &n, NULL));
}

static int open_pin(const struct target *target)
{
	int map = bpf_obj_get(target_pin(target, "map"));

	return map < 0 ? -errno : forge(map);
}

static int open_pin_read_only(const struct target *target)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);

	return result(bpf_obj_get_opts(target_pin(target, "map"), &opts));
}

static int map_memory(const struct target *target)
{
	int map = fd_by_id(target, "array");
	uint64_t *page;

	if (map < 0)
		return -errno;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (page == MAP_FAILED)
		return -errno;
	page[0] = FORGED;
	return 0;
}

static int consume(const struct target *target)
{
	int map = fd_by_id(target, "ring");
	uint64_t *page;

	if (map < 0)
		return -errno;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (page == MAP_FAILED)
		return -errno;
	page[0] += 8;
	return 0;
}

static int clear_perf(const struct target *target)
{
	int map = fd_by_id(target, "perf");
	uint32_t zero = 0;

	return map < 0 ? -errno : result(bpf_map_delete_elem(map, &zero));
}

/* The canary's events go to an event of ours, which is not enabled: they go nowhere. */
static int redirect_perf(const struct target *target)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.disabled = 1,
	};
	uint32_t zero = 0;
	int event, map;

	event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return setup_failed("perf_event_open");
	map = fd_by_id(target, "perf");
	return map < 0 ? -errno : result(bpf_map_update_elem(map, &zero, &event, BPF_ANY));
}

static int read_only(const struct target *target)
{
	return result(fd_read_only(target, "map"));
}

/* The verifier does not look at the fd's mode: a program built on it writes. */
static int write_by_program(const struct target *target)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	int map = fd_read_only(target, "array"), prog;

	if (map < 0)
		return -errno;
	{
		const struct bpf_insn insns[] = {
			LOAD_VALUE(BPF_REG_1, map, 0),
			STORE_IMM(BPF_REG_1, 0, FORGED),
			MOV_IMM(BPF_REG_0, 1),
			EXIT(),
		};

		prog = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "forger", "GPL", insns,
				     sizeof(insns) / sizeof(insns[0]), &load);
	}
	if (prog < 0)
		return -errno;
	return result(bpf_prog_test_run_opts(prog, &run));
}

/* Writes each value that the iterator passes. */
static int forger_iterator(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_ITER);
	const struct bpf_insn insns[] = {
		LOAD(BPF_REG_1, BPF_REG_1, 24),
		JUMP_EQ(BPF_REG_1, 0, 1),
		STORE_IMM(BPF_REG_1, 0, FORGED),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	int id = libbpf_find_vmlinux_btf_id("bpf_map_elem", BPF_TRACE_ITER);

	if (id < 0)
		return -1;
	opts.attach_btf_id = (uint32_t)id;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "forger", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), &opts);
}

static int iterate(const struct target *target)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	int map, prog, link, iterator;
	char bytes[64];

	prog = forger_iterator();
	if (prog < 0)
		return setup_failed("iterator program");
	map = fd_read_only(target, "map");
	if (map < 0)
		return -errno;
	info.map.map_fd = (uint32_t)map;
	link = bpf_link_create(prog, 0, BPF_TRACE_ITER, &opts);
	if (link < 0)
		return -errno;
	iterator = bpf_iter_create(link);
	if (iterator < 0)
		return -errno;
	return result(read(iterator, bytes, sizeof(bytes)));
}

static int freeze(const struct target *target)
{
	int map = fd_by_id(target, "map");

	return map < 0 ? -errno : result(bpf_map_freeze(map));
}

const struct technique maps_techniques[] = {
	{"M01", "map-update", "map update by id", ENOENT, "M01", NULL, 0, update},
	{"M02", "map-delete", "map delete by id", ENOENT, "M01", NULL, 0, erase},
	{"M02", "map-take", "map lookup-and-delete by id", ENOENT, "M01", NULL, 0, take},
	{"M03", "map-update-batch", "batch update by id", ENOENT, "M01", NULL, 0, update_batch},
	{"M03", "map-delete-batch", "batch delete by id", ENOENT, "M01", NULL, 0, delete_batch},
	{"M04", "map-pin", "map's pin opened and written", EPERM, "M01", NULL, 0, open_pin},
	{"M04", "map-pin-read", "map's pin opened to read", EPERM, "M12", NULL, SILENT,
	 open_pin_read_only},
	{"M08", "map-mmap", "array written through mmap", ENOENT, "M01", NULL, 0, map_memory},
	{"M10", "ring-consume", "ring's consumer position moved", ENOENT, "M01", NULL, 0, consume},
	{"M11", "perf-clear", "perf array cleared", ENOENT, "M01", NULL, 0, clear_perf},
	{"M11", "perf-redirect", "perf array redirected", ENOENT, "M01", NULL, 0, redirect_perf},
	{"M12", "map-read", "read-only fd by id", ENOENT, "M12", NULL, SILENT, read_only},
	{"M12", "map-program", "program on a read-only fd writes", ENOENT, "M12", "M12 M12", 0,
	 write_by_program},
	{"M13", "map-iterator", "iterator writes the map's values", ENOENT, "M12", NULL, 0,
	 iterate},
	{"M15", "map-freeze", "map frozen by id", ENOENT, "M01", NULL, 0, freeze},
	{},
};
