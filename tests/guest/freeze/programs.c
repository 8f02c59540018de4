// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a program can do to a map. Each act loads its program anew and runs it once; what it
 * returns is what its helper said.
 */
#include "freeze.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INSNS_MAX 64
#define GROUP "/sys/fs/cgroup"
#define KEY_AT (-16)
#define VALUE_AT (-48)
#define PARENTS_AT (-56)

#define FUNC_CGRP_STORAGE_GET 210 /* newer than the build machine's headers */

#define STORE32(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, i)
#define LOAD32(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define LOAD_FUNCTION(d, o) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_FUNC, 0, o), INSN(0, 0, 0, 0, 0)
/* from a number to a pointer into an arena */
#define TO_ARENA(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 1, 1)

/* A program as it is written, and of which type. */
struct text {
	struct bpf_insn insns[INSNS_MAX];
	size_t n;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	int hook; /* of an LSM program */
	uint32_t callback; /* the instruction where its second function begins, or 0 */
};

#define ADD(text, ...)                                    \
	add(text, (const struct bpf_insn[]){__VA_ARGS__}, \
	    sizeof((const struct bpf_insn[]){__VA_ARGS__}) / sizeof(struct bpf_insn))

static void add(struct text *text, const struct bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n && text->n < INSNS_MAX; i++)
		text->insns[text->n++] = insns[i];
}

static int load(const struct text *text)
{
	static char log[8192];
	struct bpf_func_info functions[2] = {{}, {.insn_off = text->callback}};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = text->attach);
	bool verbose = getenv("FREEZE_VERBOSE");
	int fd;

	if (text->hook > 0)
		opts.attach_btf_id = (uint32_t)text->hook;
	if (text->callback) {
		fd = functions_btf(&functions[0].type_id, &functions[1].type_id);
		opts.prog_btf_fd = fd < 0 ? 0 : (uint32_t)fd;
		opts.func_info = functions;
		opts.func_info_cnt = 2;
		opts.func_info_rec_size = sizeof(functions[0]);
	}
	if (verbose) {
		opts.log_buf = log;
		opts.log_size = sizeof(log);
		opts.log_level = 1;
	}
	fd = bpf_prog_load(text->type, "writer", "GPL", text->insns, text->n, &opts);
	if (verbose && fd < 0)
		fprintf(stderr, "%s", log);
	return fd < 0 ? -errno : fd;
}

static int run_once(const struct text *text, int program)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (text->type == BPF_PROG_TYPE_SCHED_CLS) {
		opts.data_in = packet;
		opts.data_size_in = sizeof(packet);
	}
	return bpf_prog_test_run_opts(program, &opts) < 0 ? -errno : (int)opts.retval;
}

/* Return: what the program returned; the verifier's -errno, which is noted. */
static int load_and_run(struct subject *subject, const struct text *text)
{
	int program = load(text);

	subject->at_load = program < 0;
	return program < 0 ? program : run_once(text, program);
}

/* Runs it, and looks whether it has written. */
static int run_and_look(struct subject *subject, const struct text *text)
{
	int r = load_and_run(subject, text);

	return r ? r : map_forged(subject);
}

/* Bytes onto the program's stack; @at is an offset of the frame pointer. */
static void put(struct text *text, int at, const uint8_t *bytes, size_t n)
{
	int32_t word;

	for (size_t i = 0; i < n; i += 4) {
		memcpy(&word, bytes + i, 4);
		ADD(text, STORE32(BPF_REG_10, (int16_t)(at + (int)i), word));
	}
}

static void address_of(struct text *text, int reg, int at)
{
	ADD(text, MOV_REG((uint8_t)reg, BPF_REG_10), ADD_IMM((uint8_t)reg, at));
}

/* MAP and KEY are the first two arguments of what comes next. */
static struct text with_key(const struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};

	put(&text, KEY_AT, subject->key, 16);
	put(&text, VALUE_AT, subject->other, 32);
	ADD(&text, LOAD_MAP(BPF_REG_1, subject->fd));
	address_of(&text, BPF_REG_2, KEY_AT);
	return text;
}

/* Their elements are sockets to a program, and no numbers. */
static bool of_sockets(const struct kind *kind)
{
	return strcmp(kind->name, "sockmap") == 0 || strcmp(kind->name, "sockhash") == 0;
}

static int helper_update(struct subject *subject)
{
	struct text text = with_key(subject);

	if (subject->kind->key == KEY_NONE || of_sockets(subject->kind))
		return UNTRIED;
	address_of(&text, BPF_REG_3, VALUE_AT);
	ADD(&text, MOV_IMM(BPF_REG_4, 0), CALL(BPF_FUNC_map_update_elem), EXIT());
	return load_and_run(subject, &text);
}

static int helper_delete(struct subject *subject)
{
	struct text text = with_key(subject);

	if (subject->kind->key == KEY_NONE)
		return UNTRIED;
	ADD(&text, CALL(BPF_FUNC_map_delete_elem), EXIT());
	return load_and_run(subject, &text);
}

static int helper_push(struct subject *subject)
{
	struct text text = with_key(subject);

	if (subject->kind->key != KEY_NONE || subject->kind->content != CONTENT_NUMBER)
		return UNTRIED;
	address_of(&text, BPF_REG_2, VALUE_AT);
	ADD(&text, MOV_IMM(BPF_REG_3, 0), CALL(BPF_FUNC_map_push_elem), EXIT());
	return load_and_run(subject, &text);
}

static int helper_pop(struct subject *subject)
{
	struct text text = with_key(subject);

	if (subject->kind->key != KEY_NONE || subject->kind->content != CONTENT_NUMBER)
		return UNTRIED;
	address_of(&text, BPF_REG_2, VALUE_AT);
	ADD(&text, CALL(BPF_FUNC_map_pop_elem), EXIT());
	return load_and_run(subject, &text);
}

static int helper_output(struct subject *subject)
{
	struct text text = with_key(subject);

	if (strcmp(subject->kind->name, "ringbuf") != 0)
		return UNTRIED;
	address_of(&text, BPF_REG_2, VALUE_AT);
	ADD(&text, MOV_IMM(BPF_REG_3, 8), MOV_IMM(BPF_REG_4, 0), CALL(BPF_FUNC_ringbuf_output),
	    EXIT());
	return load_and_run(subject, &text);
}

/* A socket that the program has looked up by its port goes into the map. */
static int helper_socket(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};
	struct bpf_sock_tuple tuple = {.ipv4.daddr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int other;

	memcpy(&other, subject->other, sizeof(other));
	if (!of_sockets(subject->kind) ||
	    getsockname(other, (struct sockaddr *)&address, &size) < 0)
		return UNTRIED;
	tuple.ipv4.dport = address.sin_port;
	put(&text, KEY_AT, subject->key, 4);
	put(&text, VALUE_AT, (const uint8_t *)&tuple, sizeof(tuple.ipv4));
	address_of(&text, BPF_REG_2, VALUE_AT);
	ADD(&text, MOV_IMM(BPF_REG_3, sizeof(tuple.ipv4)), MOV_IMM(BPF_REG_4, -1),
	    MOV_IMM(BPF_REG_5, 0), CALL(BPF_FUNC_sk_lookup_udp), JUMP_EQ(BPF_REG_0, 0, 13),
	    MOV_REG(BPF_REG_6, BPF_REG_0), LOAD_MAP(BPF_REG_1, subject->fd));
	address_of(&text, BPF_REG_2, KEY_AT);
	ADD(&text, MOV_REG(BPF_REG_3, BPF_REG_6), MOV_IMM(BPF_REG_4, 0),
	    CALL(BPF_FUNC_map_update_elem), MOV_REG(BPF_REG_7, BPF_REG_0),
	    MOV_REG(BPF_REG_1, BPF_REG_6), CALL(BPF_FUNC_sk_release), MOV_REG(BPF_REG_0, BPF_REG_7),
	    EXIT(), MOV_IMM(BPF_REG_0, -ENOENT), EXIT());
	return load_and_run(subject, &text);
}

/* Takes the event that map_fill() has put in, and so moves the position of who reads. */
static int helper_drain(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};
	int r;

	if (strcmp(subject->kind->name, "user_ringbuf") != 0)
		return UNTRIED;
	ADD(&text, LOAD_MAP(BPF_REG_1, subject->fd), LOAD_FUNCTION(BPF_REG_2, 5),
	    MOV_IMM(BPF_REG_3, 0), MOV_IMM(BPF_REG_4, 0), CALL(BPF_FUNC_user_ringbuf_drain), EXIT(),
	    MOV_IMM(BPF_REG_0, 0), EXIT());
	text.callback = (uint32_t)text.n - 2;
	r = load_and_run(subject, &text);
	if (r < 0)
		return r;
	return r == 1 ? 0 : UNCHANGED;
}

/* ---- stores through a pointer to the value */

static void store_and_leave(struct text *text)
{
	ADD(text, JUMP_EQ(BPF_REG_0, 0, 3), STORE_IMM(BPF_REG_0, 0, FORGED), MOV_IMM(BPF_REG_0, 0),
	    EXIT(), MOV_IMM(BPF_REG_0, -ENOENT), EXIT());
}

static struct text storer(const struct subject *subject)
{
	struct text text = with_key(subject);

	ADD(&text, CALL(BPF_FUNC_map_lookup_elem));
	store_and_leave(&text);
	return text;
}

static bool stored_by_key(const struct kind *kind)
{
	return kind->content == CONTENT_NUMBER && !(kind->flags & STORAGE) &&
	       kind->key != KEY_NONE && kind->key != KEY_GROUP_ID;
}

static int store(struct subject *subject)
{
	const struct text text = storer(subject);

	return stored_by_key(subject->kind) ? run_and_look(subject, &text) : UNTRIED;
}

/* A program that was there before the map was frozen. */
static int store_old(struct subject *subject)
{
	const struct text text = storer(subject);
	int program, r;

	if (!stored_by_key(subject->kind))
		return UNTRIED;
	program = load(&text);
	subject->at_load = program < 0;
	if (program < 0)
		return program;
	if (bpf_map_freeze(subject->fd) < 0)
		return -errno;
	r = run_once(&text, program);
	return r ? r : map_forged(subject);
}

/* Through the address of the map's only value, as .data and .bss are used. */
static int store_direct(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};

	if (subject->kind->type != BPF_MAP_TYPE_ARRAY &&
	    strcmp(subject->kind->name, "insn_array") != 0)
		return UNTRIED;
	ADD(&text, LOAD_VALUE(BPF_REG_1, subject->fd, 0), STORE_IMM(BPF_REG_1, 0, FORGED),
	    MOV_IMM(BPF_REG_0, 0), EXIT());
	return run_and_look(subject, &text);
}

/* The program reads back what it wrote: to a frozen arena nobody else may have a way. */
static int store_arena(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};
	int r;

	if (strcmp(subject->kind->name, "arena") != 0)
		return UNTRIED;
	ADD(&text, LOAD_VALUE(BPF_REG_1, subject->fd, 0), TO_ARENA(BPF_REG_1, BPF_REG_1),
	    STORE_IMM(BPF_REG_1, 0, FORGED), LOAD(BPF_REG_0, BPF_REG_1, 0), EXIT());
	r = load_and_run(subject, &text);
	if (r < 0)
		return r;
	return r == FORGED ? 0 : UNCHANGED;
}

static int store_socket(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_SCHED_CLS};

	ADD(&text, LOAD(BPF_REG_2, BPF_REG_1, offsetof(struct __sk_buff, sk)),
	    MOV_IMM(BPF_REG_0, -ENOENT), JUMP_EQ(BPF_REG_2, 0, 8), LOAD_MAP(BPF_REG_1, subject->fd),
	    MOV_IMM(BPF_REG_3, 0), MOV_IMM(BPF_REG_4, 1), CALL(BPF_FUNC_sk_storage_get),
	    JUMP_EQ(BPF_REG_0, 0, 2), STORE_IMM(BPF_REG_0, 0, FORGED),
	    LOAD(BPF_REG_0, BPF_REG_0, 0), EXIT());
	return load_and_run(subject, &text);
}

static int store_task(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};

	ADD(&text, CALL(BPF_FUNC_get_current_task_btf), MOV_REG(BPF_REG_2, BPF_REG_0),
	    LOAD_MAP(BPF_REG_1, subject->fd), MOV_IMM(BPF_REG_3, 0), MOV_IMM(BPF_REG_4, 1),
	    CALL(BPF_FUNC_task_storage_get), JUMP_EQ(BPF_REG_0, 0, 2),
	    STORE_IMM(BPF_REG_0, 0, FORGED), LOAD(BPF_REG_0, BPF_REG_0, 0), EXIT());
	return load_and_run(subject, &text);
}

/* The group of this task in the one hierarchy: where it is, the kernel's types say. */
static int store_cgroup(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};
	int groups = member_at("task_struct", "cgroups"), own = member_at("css_set", "dfl_cgrp");

	if (groups < 0 || own < 0)
		return UNTRIED;
	ADD(&text, CALL(BPF_FUNC_get_current_task_btf), LOAD(BPF_REG_1, BPF_REG_0, (int16_t)groups),
	    LOAD(BPF_REG_2, BPF_REG_1, (int16_t)own), LOAD_MAP(BPF_REG_1, subject->fd),
	    MOV_IMM(BPF_REG_3, 0), MOV_IMM(BPF_REG_4, 1), CALL(FUNC_CGRP_STORAGE_GET),
	    JUMP_EQ(BPF_REG_0, 0, 2), STORE_IMM(BPF_REG_0, 0, FORGED),
	    LOAD(BPF_REG_0, BPF_REG_0, 0), EXIT());
	return load_and_run(subject, &text);
}

/* What the program made for its own object, it also read back. */
static int store_storage(struct subject *subject)
{
	int r;

	if (strcmp(subject->kind->name, "sk_storage") == 0)
		r = store_socket(subject);
	else if (strcmp(subject->kind->name, "task_storage") == 0)
		r = store_task(subject);
	else if (strcmp(subject->kind->name, "cgrp_storage") == 0)
		r = store_cgroup(subject);
	else
		return UNTRIED;
	if (r < 0)
		return r;
	return r == FORGED ? 0 : UNCHANGED;
}

/* ---- the element of a map in a map */

static int helper_inner(struct subject *subject)
{
	struct text text = with_key(subject);

	if (subject->kind->content != CONTENT_MAP)
		return UNTRIED;
	ADD(&text, CALL(BPF_FUNC_map_lookup_elem), JUMP_EQ(BPF_REG_0, 0, 10),
	    MOV_REG(BPF_REG_1, BPF_REG_0), STORE_IMM(BPF_REG_10, KEY_AT, 0),
	    STORE_IMM(BPF_REG_10, VALUE_AT, FORGED));
	address_of(&text, BPF_REG_2, KEY_AT);
	address_of(&text, BPF_REG_3, VALUE_AT);
	ADD(&text, MOV_IMM(BPF_REG_4, 0), CALL(BPF_FUNC_map_update_elem), EXIT(),
	    MOV_IMM(BPF_REG_0, -ENOENT), EXIT());
	return load_and_run(subject, &text);
}

/* ---- what runs on other occasions than a test */

static struct text tracer(const struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};

	ADD(&text, LOAD_MAP(BPF_REG_2, subject->fd), MOV_IMM(BPF_REG_3, BPF_F_REUSE_STACKID),
	    CALL(BPF_FUNC_get_stackid), EXIT());
	return text;
}

static int helper_stack(struct subject *subject)
{
	const struct text text = tracer(subject);
	int r;

	if (subject->kind->content != CONTENT_STACK)
		return UNTRIED;
	r = load_and_run(subject, &text);
	return r < 0 ? r : 0;
}

int stack_fill(struct subject *subject)
{
	const struct text text = tracer(subject);
	int r = load_and_run(subject, &text);

	if (r < 0)
		return r;
	memcpy(subject->key, &r, sizeof(r));
	return 0;
}

/* Attaches to the root group, where each new socket of the guest runs it. Return: 0 or -errno. */
static int group_attach(struct subject *subject, bool writes)
{
	struct text text = {.type = BPF_PROG_TYPE_CGROUP_SOCK,
			    .attach = BPF_CGROUP_INET_SOCK_CREATE};
	int program, group = open(GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ADD(&text, LOAD_MAP(BPF_REG_1, subject->fd), MOV_IMM(BPF_REG_2, 0),
	    CALL(BPF_FUNC_get_local_storage));
	if (writes)
		ADD(&text, STORE_IMM(BPF_REG_0, 0, FORGED));
	ADD(&text, MOV_IMM(BPF_REG_0, 1), EXIT());
	program = load(&text);
	subject->at_load = program < 0;
	if (program < 0)
		return program;
	return bpf_link_create(program, group, BPF_CGROUP_INET_SOCK_CREATE, NULL) < 0 ? -errno : 0;
}

int group_fill(struct subject *subject)
{
	int r = group_attach(subject, false);

	errno = -r;
	return r;
}

static int store_group(struct subject *subject)
{
	int r;

	if (subject->kind->key != KEY_GROUP_ID)
		return UNTRIED;
	r = group_attach(subject, true);
	if (r < 0)
		return r;
	close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	return map_forged(subject);
}

/* A hook at each opening of a file, which stores into the storage of the file's inode. */
static int store_inode(struct subject *subject)
{
	struct text text = {.type = BPF_PROG_TYPE_LSM, .attach = BPF_LSM_MAC};
	int inode = member_at("file", "f_inode"), program;

	if (strcmp(subject->kind->name, "inode_storage") != 0 || inode < 0)
		return UNTRIED;
	ADD(&text, LOAD(BPF_REG_1, BPF_REG_1, 0), LOAD(BPF_REG_2, BPF_REG_1, (int16_t)inode),
	    LOAD_MAP(BPF_REG_1, subject->fd), MOV_IMM(BPF_REG_3, 0), MOV_IMM(BPF_REG_4, 1),
	    CALL(BPF_FUNC_inode_storage_get), JUMP_EQ(BPF_REG_0, 0, 1),
	    STORE_IMM(BPF_REG_0, 0, FORGED), MOV_IMM(BPF_REG_0, 0), EXIT());
	text.hook = hook_id("bpf_lsm_file_open");
	program = load(&text);
	subject->at_load = program < 0;
	if (program < 0)
		return program;
	if (bpf_raw_tracepoint_open(NULL, program) < 0)
		return -errno;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
		return -errno;
	return map_forged(subject);
}

/* ---- iterators, which pass each value to a program */

static int iterator(bool of_storage)
{
	static int ids[2]; /* a search of all the kernel's types takes a guest long */
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_ITER);
	const struct bpf_insn insns[] = {
		LOAD(BPF_REG_1, BPF_REG_1, 24),
		JUMP_EQ(BPF_REG_1, 0, 1),
		STORE_IMM(BPF_REG_1, 0, FORGED),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	int *id = &ids[of_storage], fd;

	if (!*id)
		*id = hook_id(of_storage ? "bpf_iter_bpf_sk_storage_map" : "bpf_iter_bpf_map_elem");
	if (*id < 0)
		return *id;
	opts.attach_btf_id = (uint32_t)*id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "forger", "GPL", insns, 5, &opts);
	return fd < 0 ? -errno : fd;
}

static int iterate(struct subject *subject)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	char bytes[64];
	int program, link, reader;

	program = iterator(strcmp(subject->kind->name, "sk_storage") == 0);
	subject->at_load = program < 0;
	if (program < 0)
		return program;
	info.map.map_fd = (uint32_t)subject->fd;
	link = bpf_link_create(program, 0, BPF_TRACE_ITER, &opts);
	if (link < 0)
		return -errno;
	reader = bpf_iter_create(link);
	if (reader < 0 || read(reader, bytes, sizeof(bytes)) < 0)
		return -errno;
	return map_forged(subject);
}

const struct act program_acts[] = {
	{"helper-update", helper_update, false},
	{"helper-delete", helper_delete, false},
	{"helper-push", helper_push, false},
	{"helper-pop", helper_pop, false},
	{"helper-output", helper_output, false},
	{"helper-drain", helper_drain, false},
	{"helper-socket", helper_socket, false},
	{"helper-stack", helper_stack, false},
	{"store", store, false},
	{"store-direct", store_direct, false},
	{"store-arena", store_arena, false},
	{"store-storage", store_storage, false},
	{"store-group", store_group, false},
	{"store-inode", store_inode, false},
	{"store-old", store_old, true},
	{"inner-helper", helper_inner, false},
	{"iterator", iterate, false},
	{},
};
