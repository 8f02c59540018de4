// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Uprobes on the canary's code, by each of the three ways to make one: a trap where it begins,
 * which it has passed, and which is gone with the probe.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "insn.h"
#include "writes.h"

#define PMU "/sys/bus/event_source/devices/uprobe/type"
#define UPROBE_MULTI 48 /* enum bpf_attach_type, since 6.6 */

struct place {
	char path[64];
	uint64_t offset;
};

/* Where its executable is entered, as an offset in the file. Return: 0; PROBE_SETUP. */
static int find_entry(const struct target *target, struct place *ret_place)
{
	struct place place = {};
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	int fd;

	snprintf(place.path, sizeof(place.path), "/proc/%d/exe", (int)target_get(target, "pid"));
	fd = open(place.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return setup_failed(place.path);
	for (int i = 0; i < header.e_phnum && !place.offset; i++) {
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			break;
		if (segment.p_type == PT_LOAD && header.e_entry >= segment.p_vaddr &&
		    header.e_entry - segment.p_vaddr < segment.p_filesz)
			place.offset = header.e_entry - segment.p_vaddr + segment.p_offset;
	}
	close(fd);
	*ret_place = place;
	return place.offset ? 0 : setup_failed("where its executable begins");
}

/* Return: the PMU's number; -ENOENT: none. */
static int pmu_type(void)
{
	FILE *file = fopen(PMU, "re");
	int type = -ENOENT;

	if (!file)
		return -ENOENT;
	if (fscanf(file, "%d", &type) != 1)
		type = -ENOENT;
	fclose(file);
	return type;
}

static int open_event(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int by_perf(const struct target *target)
{
	struct perf_event_attr attr = {.type = (uint32_t)pmu_type()};
	struct place place;
	int r = find_entry(target, &place);

	if (r)
		return r;
	attr.config1 = (uint64_t)(uintptr_t)place.path;
	attr.config2 = place.offset;
	return open_event(&attr);
}

static int other_event(const struct target *target)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CONTEXT_SWITCHES,
		.exclude_kernel = 1,
	};

	return open_event(&attr);
}

static int no_pmu(void)
{
	return pmu_type() < 0 ? ENOENT : 0;
}

static int by_tracefs(const struct target *target)
{
	struct place place;
	char text[128];
	int r = find_entry(target, &place);

	if (r)
		return r;
	if (private_namespace(false) < 0 || mount("none", "/mnt", "tracefs", 0, NULL) < 0)
		return setup_failed("tracefs");
	snprintf(text, sizeof(text), "p:holdfast/entry %s:0x%llx", place.path,
		 (unsigned long long)place.offset);
	r = write_text("/mnt/uprobe_events", text);
	if (r == 0 && write_text("/mnt/uprobe_events", "-:holdfast/entry") < 0)
		return setup_failed("uprobe_events");
	return r;
}

/* What is traced, and how, anybody may read who may read tracefs. */
static int other_tracefs(const struct target *target)
{
	int fd, r;
	char text[16];

	if (no_tracefs())
		return other_event(target);
	if (private_namespace(false) < 0 || mount("none", "/mnt", "tracefs", 0, NULL) < 0)
		return setup_failed("tracefs");
	fd = open("/mnt/uprobe_events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = result(read(fd, text, sizeof(text)));
	close(fd);
	return r > 0 ? 0 : r;
}

static int load_probe(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = UPROBE_MULTI);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "probe", "GPL", insns, 2, &opts);
}

/* struct bpf_attr's part for BPF_LINK_CREATE, which the build's headers may not have yet */
struct attr_uprobe_multi {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_counters, cookies;
	uint32_t count, multi_flags, pid, rest;
};

static int no_multi(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool there = btf &&
		     btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) > 0;

	btf__free(btf);
	return there ? 0 : EOPNOTSUPP;
}

static int by_link(const struct target *target)
{
	struct attr_uprobe_multi attr = {.attach_type = UPROBE_MULTI, .count = 1};
	struct place place;
	int r = find_entry(target, &place), prog;

	if (r)
		return r;
	prog = load_probe();
	if (prog < 0)
		return setup_failed("program for a uprobe");
	attr.prog_fd = (uint32_t)prog;
	attr.path = (uint64_t)(uintptr_t)place.path;
	attr.offsets = (uint64_t)(uintptr_t)&place.offset;
	r = result(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
	return r == -EINVAL && no_multi() ? -EOPNOTSUPP : r;
}

static int other_link(const struct target *target)
{
	return load_probe() < 0 ? -errno : 0;
}

#define QUIET (SILENT | GUEST_ONLY)
#define NO_PMU "no number of a PMU in " PMU

const struct technique uprobes_techniques[] = {
	{"P15", "uprobe-perf", "a uprobe by perf_event_open", EPERM, "P15", NULL, QUIET, by_perf,
	 other_event, "an event of another kind", no_pmu, NO_PMU},
	{"P15", "uprobe-tracefs", "a uprobe by uprobe_events", EPERM, "L13", "L13 L13", QUIET,
	 by_tracefs, other_tracefs, "to read it", no_tracefs, NO_TRACEFS},
	{"P15", "uprobe-multi", "a uprobe by a link", EPERM, "P15", NULL, QUIET, by_link,
	 other_link, "a program for one", no_multi},
	{},
};
