// SPDX-License-Identifier: LGPL-2.1-or-later
/* The canary's other objects: canary-more.h. */
#include "canary-more.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"
#include "insn.h"
#include "whole.h"

#define DIGEST 32
#define XDP_PASSES 2
#define CODE_MAX 4096

/* As <linux/bpf.h> has it from 6.18 on; the build's may be older. */
struct attr_map_create {
	uint32_t map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
	char map_name[16];
	uint32_t map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id;
	uint32_t btf_vmlinux_value_type_id;
	uint64_t map_extra __attribute__((aligned(8)));
	int32_t value_type_btf_obj_fd, map_token_fd;
	uint64_t excl_prog_hash __attribute__((aligned(8)));
	uint32_t excl_prog_hash_size;
};

int canary_bound_map(void)
{
	static const unsigned char digest[DIGEST] = {1};
	struct attr_map_create attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.map_name = "canary_bound",
		.excl_prog_hash = (uint64_t)(uintptr_t)digest,
		.excl_prog_hash_size = DIGEST,
	};

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int must(int r, const char *what)
{
	if (r >= 0)
		return r;
	fprintf(stderr, "canary: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int load(const char *name, const struct bpf_insn *insns, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);

	return must(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, name, "GPL", insns, n, &opts), name);
}

uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

/* The fd goes: what is left is the pin, and the program, which is no user of it. */
static void make_chain(struct canary_more *more, const char *folder)
{
	int slots = must(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "canary_slots", 4, 4, 1, NULL),
			 "array of programs");
	const struct bpf_insn last[] = {MOV_IMM(BPF_REG_0, 2), EXIT()};
	const struct bpf_insn first[] = {
		LOAD_MAP(BPF_REG_2, slots),
		MOV_IMM(BPF_REG_3, 0),
		CALL(BPF_FUNC_tail_call),
		MOV_IMM(BPF_REG_0, 1),
		EXIT(),
	};
	uint32_t zero = 0;
	char path[128];

	more->tail = load("canary_tail", last, sizeof(last) / sizeof(last[0]));
	more->caller = load("canary_caller", first, sizeof(first) / sizeof(first[0]));
	must(bpf_map_update_elem(slots, &zero, &more->tail, BPF_ANY), "array of programs");
	snprintf(path, sizeof(path), "%s/slots", folder);
	must(bpf_obj_pin(slots, path), path);
	more->slots = map_id(slots);
	close(slots);
}

static void make_maps(struct canary_more *more, unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_map_create_opts, nested);
	uint32_t zero = 0, one = 1;

	more->inner = must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "canary_inner", 4, 4, 1, NULL),
			   "inner map");
	nested.inner_map_fd = (uint32_t)more->inner;
	more->outer =
		must(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "canary_outer", 4, 4, 1, &nested),
		     "map of maps");
	must(bpf_map_update_elem(more->outer, &zero, &more->inner, BPF_ANY), "map of maps");
	more->devices = must(bpf_map_create(BPF_MAP_TYPE_DEVMAP, "canary_devices", 4, 4, 1, NULL),
			     "map of interfaces");
	must(bpf_map_update_elem(more->devices, &zero, &ifindex, BPF_ANY), "map of interfaces");
	more->toggle =
		must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "canary_enabled", 4, 4, 1, NULL), "switch");
	must(bpf_map_update_elem(more->toggle, &zero, &one, BPF_ANY), "switch");
	more->bound = canary_bound_map();
}

void canary_more_none(struct canary_more *more)
{
	*more = (struct canary_more){.caller = -1,
				     .tail = -1,
				     .whole = -1,
				     .outer = -1,
				     .inner = -1,
				     .devices = -1,
				     .toggle = -1,
				     .bound = -1};
}

void canary_more_make(struct canary_more *more, const char *folder, unsigned int ifindex)
{
	make_maps(more, ifindex);
	make_chain(more, folder);
	more->whole = must(whole_load(XDP_PASSES), "program with types");
}

void canary_more_drop(struct canary_more *more)
{
	const int fds[] = {more->caller, more->tail,	more->whole,  more->outer,
			   more->inner,	 more->devices, more->toggle, more->bound};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	canary_more_none(more);
}

static uint32_t first_of(int map)
{
	uint32_t zero = 0, value = 0;

	return bpf_map_lookup_elem(map, &zero, &value) < 0 ? 0 : value;
}

/* What a program answers to a packet; 0 if it cannot be run. */
static uint32_t answer_of(int prog)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	return bpf_prog_test_run_opts(prog, &opts) < 0 ? 0 : opts.retval;
}

/* Does what it sends to its collector leave it? */
static bool exports(void)
{
	const struct sockaddr_in collector = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(CANARY_COLLECTOR),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent = fd >= 0 && sendto(fd, "", 1, 0, (const struct sockaddr *)&collector,
				      sizeof(collector)) == 1;

	if (fd >= 0)
		close(fd);
	return sent;
}

void canary_more_state(const struct canary_more *more,
		       void (*say)(void *text, const char *key, uint64_t value), void *text)
{
	uint64_t bound = 0;
	uint32_t zero = 0;

	if (more->bound >= 0)
		(void)bpf_map_lookup_elem(more->bound, &zero, &bound);
	say(text, "slots", more->slots);
	say(text, "called", answer_of(more->caller));
	say(text, "outer", map_id(more->outer));
	say(text, "inner", map_id(more->inner));
	say(text, "nested", first_of(more->outer) == map_id(more->inner));
	say(text, "inner_value", first_of(more->inner));
	say(text, "devices", map_id(more->devices));
	say(text, "device", first_of(more->devices));
	say(text, "toggle", map_id(more->toggle));
	say(text, "enabled", first_of(more->toggle));
	say(text, "bound", more->bound < 0 ? 0 : map_id(more->bound));
	say(text, "bound_value", bound);
	say(text, "whole", prog_id(more->whole));
	say(text, "passes", answer_of(more->whole));
	say(text, "exports", exports());
}

int canary_write(char *argument)
{
	const char *path = strsep(&argument, " ");
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0 || !argument || write(fd, argument, strlen(argument)) < 0)
		r = errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int canary_born(const char *group)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP};
	int folder = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC), r = 0;
	pid_t pid;

	if (folder < 0)
		return errno;
	args.cgroup = (uint64_t)folder;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		r = errno;
	close(folder);
	return r;
}

int canary_run(const char *argument, int map)
{
	bool memory = strncmp(argument, "memory ", 7) == 0;
	int fd = open(memory ? argument + 7 : argument, O_RDONLY | O_CLOEXEC);
	void *code;

	if (fd < 0)
		return errno;
	if (memory)
		code = mmap(NULL, CODE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	else
		code = mmap(NULL, CODE_MAX, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		return errno;
	if (memory &&
	    (read(fd, code, CODE_MAX) <= 0 || mprotect(code, CODE_MAX, PROT_READ | PROT_EXEC) < 0))
		return errno;
	return ((int (*)(int map))code)(map);
}
