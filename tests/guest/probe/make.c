// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps and programs by numbers, as rules of admission have limits for; and what a load costs. */
#include "suite.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "drill/insn.h"
#include "drill/probe.h"

#define MAX_CALLS 4
#define LOADS 500

static int verdict(int fd)
{
	if (fd >= 0)
		return PROBE_ALLOWED;
	fprintf(stderr, "probe: %m\n");
	return errno == EPERM ? PROBE_DENIED : PROBE_OTHERWISE;
}

/* TYPE KEY VALUE ENTRIES FLAGS */
static int make_map(char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = (uint32_t)atoi(argv[4]));

	return verdict(bpf_map_create((enum bpf_map_type)atoi(argv[0]), "made",
				      (uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2]),
				      (uint32_t)atoi(argv[3]), &opts));
}

/* A helper by its number, or a function of the kernel by its name; @: as if it were a module's. */
static struct bpf_insn call(const char *what)
{
	bool module = what[0] == '@';
	struct btf *btf;
	int id;

	if (what[0] >= '0' && what[0] <= '9')
		return CALL(atoi(what));
	btf = btf__load_vmlinux_btf();
	id = btf ? btf__find_by_name_kind(btf, what + module, BTF_KIND_FUNC) : -1;
	btf__free(btf);
	return INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, module, id);
}

/* CALLED[,CALLED]..., or - for none. Returns how many calls. */
static size_t make_calls(char *called, struct bpf_insn *insns, size_t max)
{
	size_t n = 0;

	if (strcmp(called, "-") == 0)
		return 0;
	for (char *what = strtok(called, ","); what && n < max; what = strtok(NULL, ","))
		insns[n++] = call(what);
	return n;
}

/* TYPE ATTACH TARGET CALLED [PIN]: a program of the calls and two instructions */
static int make_prog(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)atoi(argv[1]));
	struct bpf_insn insns[MAX_CALLS + 2];
	size_t n = make_calls(argv[3], insns, MAX_CALLS);
	int fd, id;

	insns[n] = MOV_IMM(BPF_REG_0, 0);
	insns[n + 1] = EXIT();

	if (strcmp(argv[2], "-") != 0) {
		id = libbpf_find_vmlinux_btf_id(argv[2], opts.expected_attach_type);
		if (id < 0)
			return PROBE_IMPOSSIBLE;
		opts.attach_btf_id = (uint32_t)id;
	}
	fd = bpf_prog_load((enum bpf_prog_type)atoi(argv[0]), "made", "GPL", insns, n + 2, &opts);
	if (fd >= 0 && argc > 4 && bpf_obj_pin(fd, argv[4]))
		return PROBE_IMPOSSIBLE;
	return verdict(fd);
}

/*
 * By the time stamp counter, which `run.sh --icount` makes a count of instructions. The least of
 * many: every load looks for its rule, and some are interrupted by what the kernel does meanwhile.
 */
static int load_cost(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < LOADS; i++) {
		uint64_t begin = __rdtsc(), cost;
		int fd = bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, "cost", "GPL", insns, 2, NULL);

		cost = __rdtsc() - begin;
		if (fd < 0)
			return verdict(fd);
		close(fd);
		least = cost < least ? cost : least;
	}
	printf("%ju\n", (uintmax_t)least);
	return PROBE_ALLOWED;
}

/* Loads one program, fails to load another, and asks for the first by its id. */
static int load_and_ask(void)
{
	const struct bpf_insn good[] = {MOV_IMM(BPF_REG_0, 0), EXIT()}, bad[] = {EXIT()};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "good", "GPL", good, 2, NULL);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return verdict(-1);
	if (bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "bad", "GPL", bad, 1, NULL) >= 0)
		return PROBE_OTHERWISE;
	printf("%u\n", info.id);
	return verdict(bpf_prog_get_fd_by_id(info.id));
}

int make_main(int argc, char **argv)
{
	if (strcmp(argv[1], "ask") == 0)
		return load_and_ask();
	if (strcmp(argv[1], "map") == 0 && argc == 7)
		return make_map(argv + 2);
	if (strcmp(argv[1], "prog") == 0 && argc >= 6)
		return make_prog(argc - 2, argv + 2);
	if (strcmp(argv[1], "cost") == 0)
		return load_cost();
	fprintf(stderr,
		"probe: make map TYPE KEY VALUE ENTRIES FLAGS, make prog TYPE ATTACH TARGET "
		"CALLED [PIN], make cost\n");
	return PROBE_IMPOSSIBLE;
}
