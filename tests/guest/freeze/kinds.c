// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kinds of map, how one is made, what it can hold, and how to see what it holds.
 */
#include "freeze.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_PREALLOC BPF_F_NO_PREALLOC
#define GROUP "/sys/fs/cgroup"

/* Types by their numbers: the headers of the build machine know fewer than the kernels. */
const struct kind kinds[] = {
	{"array", 2, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 1, 0, SPECIALS | MAPPABLE},
	{"percpu_array", 6, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, 0, PER_CPU | SPECIALS},
	{"hash", 1, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, 0, SPECIALS},
	{"percpu_hash", 5, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, 0, PER_CPU | SPECIALS},
	{"lru_hash", 9, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, 0, SPECIALS},
	{"lru_percpu_hash", 10, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, 0, PER_CPU | SPECIALS},
	{"rhash", 35, KEY_NUMBER, CONTENT_NUMBER, 4, 8, 2, NO_PREALLOC, SPECIALS},
	{"lpm_trie", 11, KEY_LPM, CONTENT_NUMBER, 8, 8, 2, NO_PREALLOC, 0},
	{"queue", 22, KEY_NONE, CONTENT_NUMBER, 0, 8, 4, 0, 0},
	{"stack", 23, KEY_NONE, CONTENT_NUMBER, 0, 8, 4, 0, 0},
	{"bloom_filter", 30, KEY_NONE, CONTENT_NUMBER, 0, 8, 4, 0, 0},
	{"prog_array", 3, KEY_NUMBER, CONTENT_PROGRAM, 4, 4, 2, 0, 0},
	{"perf_event_array", 4, KEY_NUMBER, CONTENT_EVENT, 4, 4, 2, 0, 0},
	{"cgroup_array", 8, KEY_NUMBER, CONTENT_CGROUP, 4, 4, 2, 0, 0},
	{"array_of_maps", 12, KEY_NUMBER, CONTENT_MAP, 4, 4, 2, 0, 0},
	{"hash_of_maps", 13, KEY_NUMBER, CONTENT_MAP, 4, 4, 2, 0, 0},
	{"stack_trace", 7, KEY_NUMBER, CONTENT_STACK, 4, 64, 16, 0, 0},
	{"ringbuf", 27, KEY_NONE, CONTENT_RING, 0, 0, PAGE, 0, 0},
	{"user_ringbuf", 31, KEY_NONE, CONTENT_RING, 0, 0, PAGE, 0, 0},
	{"arena", 33, KEY_NONE, CONTENT_RING, 0, 0, 4, BPF_F_MMAPABLE, UNTOUCHED},
	{"sk_storage", 24, KEY_SOCKET, CONTENT_NUMBER, 4, 8, 0, NO_PREALLOC, STORAGE | SPECIALS},
	{"inode_storage", 28, KEY_FILE, CONTENT_NUMBER, 4, 8, 0, NO_PREALLOC, STORAGE | SPECIALS},
	{"task_storage", 29, KEY_TASK, CONTENT_NUMBER, 4, 8, 0, NO_PREALLOC, STORAGE | SPECIALS},
	{"cgrp_storage", 32, KEY_CGROUP, CONTENT_NUMBER, 4, 8, 0, NO_PREALLOC, STORAGE | SPECIALS},
	{"cgroup_storage", 19, KEY_GROUP_ID, CONTENT_NUMBER, 8, 8, 0, 0, 0},
	{"percpu_cgroup_storage", 21, KEY_GROUP_ID, CONTENT_NUMBER, 8, 8, 0, 0, PER_CPU},
	{"sockmap", 15, KEY_NUMBER, CONTENT_SOCKET, 4, 4, 2, 0, 0},
	{"sockhash", 18, KEY_NUMBER, CONTENT_SOCKET, 4, 4, 2, 0, 0},
	{"reuseport_sockarray", 20, KEY_NUMBER, CONTENT_SOCKET, 4, 4, 2, 0, 0},
	{"devmap", 14, KEY_NUMBER, CONTENT_SMALL, 4, 4, 2, 0, 0},
	{"devmap_hash", 25, KEY_NUMBER, CONTENT_SMALL, 4, 4, 2, 0, 0},
	{"cpumap", 16, KEY_NUMBER, CONTENT_SMALL, 4, 4, 1, 0, 0},
	{"xskmap", 17, KEY_NUMBER, CONTENT_XSK, 4, 4, 2, 0, 0},
	{"struct_ops", 26, KEY_NUMBER, CONTENT_OPS, 4, 0, 1, 0, 0},
	{"insn_array", 34, KEY_NUMBER, CONTENT_NUMBER, 4, 16, 2, 0, 0},
	{},
};

static int make_program(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "nothing", "GPL", insns, 2, NULL);
}

static int make_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Bound, and of a group of those that share a port: any map of sockets takes it. */
static int make_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

/* Some kernels want the ring into which packets would go. */
static int make_xsk(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), places = 64;

	if (fd < 0 || setsockopt(fd, SOL_XDP, XDP_RX_RING, &places, sizeof(places)) < 0)
		return -1;
	return fd;
}

static int make_content(enum content content)
{
	switch (content) {
	case CONTENT_PROGRAM:
		return make_program();
	case CONTENT_EVENT:
		return make_event();
	case CONTENT_CGROUP:
		return open(GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case CONTENT_MAP:
		return bpf_map_create(BPF_MAP_TYPE_ARRAY, "inner", 4, 8, 1, NULL);
	case CONTENT_SOCKET:
		return make_socket();
	case CONTENT_XSK:
		return make_xsk();
	case CONTENT_SMALL:
		return 1; /* the loopback interface, or one place in a queue */
	case CONTENT_NUMBER:
	case CONTENT_STACK:
	case CONTENT_RING:
	case CONTENT_OPS:
		break;
	}
	return 0;
}

static int make_key(enum key key)
{
	switch (key) {
	case KEY_SOCKET:
		return make_socket();
	case KEY_FILE:
		return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	case KEY_TASK:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case KEY_CGROUP:
		return open(GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case KEY_NUMBER:
	case KEY_LPM:
	case KEY_NONE:
	case KEY_GROUP_ID:
		break;
	}
	return 0;
}

static int keys_make(struct subject *subject)
{
	enum key kind = subject->kind->key;
	uint32_t words[2] = {};
	struct stat group;
	int fd;

	if (kind == KEY_GROUP_ID) {
		if (stat(GROUP, &group) < 0)
			return -errno;
		memcpy(subject->key, &group.st_ino, 8);
		return 0;
	}
	if (kind == KEY_LPM) {
		words[0] = 32;
		words[1] = 7;
	} else {
		fd = make_key(kind);
		if (fd < 0)
			return -errno;
		words[0] = (uint32_t)fd;
	}
	memcpy(subject->key, words, sizeof(words));
	return 0;
}

/* A number on each processor; or one fd that is in the map, and another. */
static int values_make(struct subject *subject)
{
	const uint64_t first = FIRST, forged = FORGED;
	int in, other;

	if (subject->kind->content == CONTENT_NUMBER) {
		/* the instruction that an insn_array points to is the first */
		if (strcmp(subject->kind->name, "insn_array") == 0)
			return 0;
		for (size_t at = 0; at + 8 <= VALUE_MAX; at += 8) {
			bool head = subject->kind->flags & PER_CPU || at == 0;

			memcpy(subject->value + at, head ? &first : &(uint64_t){0}, 8);
			memcpy(subject->other + at, head ? &forged : &(uint64_t){0}, 8);
		}
		return 0;
	}
	in = make_content(subject->kind->content);
	other = in < 0 ? -1 : make_content(subject->kind->content);
	if (other < 0)
		return -errno;
	memcpy(subject->value, &in, sizeof(in));
	memcpy(subject->other, &other, sizeof(other));
	subject->inner = in;
	return 0;
}

static int sizes_make(const struct subject *subject, struct bpf_map_create_opts *opts,
		      uint32_t *ret_value)
{
	const struct kind *kind = subject->kind;
	enum special special = subject->variant->special;
	int fd;

	*ret_value = special ? special_size(special) : kind->value_size;
	if (kind->content == CONTENT_MAP)
		opts->inner_map_fd = (uint32_t)subject->inner;
	if (strcmp(kind->name, "arena") == 0)
		opts->map_extra = ARENA_AT;
	if (!special && !(kind->flags & STORAGE) && kind->content != CONTENT_OPS)
		return 0;
	fd = special_btf(special, &opts->btf_key_type_id, &opts->btf_value_type_id);
	if (fd < 0)
		return fd;
	opts->btf_fd = (uint32_t)fd;
	if (kind->content == CONTENT_OPS) {
		opts->btf_key_type_id = opts->btf_value_type_id = 0;
		return ops_type(&opts->btf_vmlinux_value_type_id, ret_value);
	}
	return 0;
}

int map_make(const struct kind *kind, const struct variant *variant, struct subject *ret_subject)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info), value;
	int r;

	*ret_subject = (struct subject){.kind = kind, .variant = variant, .fd = -1, .inner = -1};
	r = keys_make(ret_subject);
	if (r == 0)
		r = values_make(ret_subject);
	if (r == 0)
		r = sizes_make(ret_subject, &opts, &value);
	if (r < 0)
		return r;
	opts.map_flags = kind->map_flags | variant->map_flags;
	ret_subject->fd =
		bpf_map_create(kind->type, "subject", kind->key_size, value, kind->entries, &opts);
	if (ret_subject->fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(ret_subject->fd, &info, &size) < 0)
		return -errno;
	ret_subject->id = info.id;
	return 0;
}

const void *map_key(const struct subject *subject)
{
	return subject->kind->key == KEY_NONE ? NULL : subject->key;
}

/* Pages of an arena are there once somebody has touched them. */
static int arena_fill(const struct subject *subject)
{
	size_t size = (size_t)subject->kind->entries * PAGE;
	uint64_t *memory = mmap((void *)ARENA_AT, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED_NOREPLACE, subject->fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	memory[0] = FIRST;
	return munmap(memory, size) < 0 ? -errno : 0;
}

/* One event of eight bytes: the producer's page and the first of the data follow each other. */
static int user_ring_fill(const struct subject *subject)
{
	uint64_t *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, subject->fd, PAGE);

	if (pages == MAP_FAILED)
		return -errno;
	pages[PAGE / 8] = 8;
	pages[0] = 16;
	return munmap(pages, 2 * PAGE) < 0 ? -errno : 0;
}

int map_fill(struct subject *subject)
{
	if (subject->variant->wants & UNTOUCHED)
		return 0;
	if (strcmp(subject->kind->name, "arena") == 0)
		return arena_fill(subject);
	if (strcmp(subject->kind->name, "user_ringbuf") == 0)
		return user_ring_fill(subject);
	if (subject->kind->key == KEY_GROUP_ID && group_fill(subject) < 0)
		return -errno;
	switch (subject->kind->content) {
	case CONTENT_RING:
	case CONTENT_OPS:
		return 0;
	case CONTENT_STACK:
		return stack_fill(subject);
	case CONTENT_NUMBER:
	case CONTENT_PROGRAM:
	case CONTENT_EVENT:
	case CONTENT_CGROUP:
	case CONTENT_MAP:
	case CONTENT_SOCKET:
	case CONTENT_XSK:
	case CONTENT_SMALL:
		break;
	}
	return bpf_map_update_elem(subject->fd, map_key(subject), subject->value, BPF_ANY) < 0
		       ? -errno
		       : 0;
}

int map_forged(const struct subject *subject)
{
	uint64_t values[VALUE_MAX / 8] = {};
	size_t n = subject->kind->flags & PER_CPU ? (size_t)libbpf_num_possible_cpus() : 1;

	if (bpf_map_lookup_elem(subject->fd, map_key(subject), values) < 0)
		return -errno;
	for (size_t i = 0; i < n && i < VALUE_MAX / 8; i++) {
		if (values[i] == FORGED)
			return 0;
	}
	return UNCHANGED;
}
