// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is done by BPF programs, and to maps. Programs are a few instructions each. */

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "ground.h"

#define CONSTANT 0x5eaf00d
#define SLOTS 64 /* more than there is room for: BPF_MAX_TRAMP_LINKS is 38 */

#define MOVE(reg, value)                                                              \
	{                                                                             \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (value) \
	}
#define EXIT                               \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}

/* A guard of one command that nothing else here gives: -EPERM to all who ask for the next BTF. */
static const struct bpf_insn refuses[] = {
	{.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1},
	MOVE(BPF_REG_0, 0),
	{.code = BPF_JMP | BPF_JNE | BPF_K,
	 .dst_reg = BPF_REG_1,
	 .imm = BPF_BTF_GET_NEXT_ID,
	 .off = 1},
	MOVE(BPF_REG_0, -EPERM),
	EXIT,
};
static const struct bpf_insn says_nothing[] = {MOVE(BPF_REG_0, 0), EXIT};
static const struct bpf_insn says_one[] = {MOVE(BPF_REG_0, 1), EXIT};
static const struct bpf_insn passes[] = {MOVE(BPF_REG_0, XDP_PASS), EXIT};
static const struct bpf_insn has_constant[] = {MOVE(BPF_REG_0, CONSTANT), EXIT};
static const struct bpf_insn overrides[] = {
	MOVE(BPF_REG_2, 0),
	{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_override_return},
	MOVE(BPF_REG_0, 0),
	EXIT,
};

static int load_as(enum bpf_prog_type type, const struct bpf_insn *program, size_t n,
		   struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(type, "ground", "GPL", program, n, opts);

	return fd < 0 ? -errno : fd;
}

/* On the hook of bpf(2), before whatever is there: the newest is asked first. */
static int hang(const struct bpf_insn *program, size_t n, enum bpf_attach_type attach)
{
	static int functions[2];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	bool lsm = attach == BPF_LSM_MAC;
	int *function = &functions[lsm], fd, link;

	if (!*function)
		*function = libbpf_find_vmlinux_btf_id(lsm ? "bpf" : "security_bpf", attach);
	if (*function < 0)
		return -ENOENT;
	opts.attach_btf_id = (__u32)*function;
	fd = load_as(lsm ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING, program, n, &opts);
	if (fd < 0)
		return fd;
	link = bpf_link_create(fd, 0, attach, NULL);
	if (link < 0)
		link = -errno;
	(void)close(fd);
	return link;
}

static int command(void)
{
	__u32 id = 0;

	return bpf_btf_get_next_id(0, &id) < 0 ? -errno : 0;
}

/* Return: whether the kernel does what the guard refuses. */
static int pass_guard(char **arguments)
{
	int guard = hang(refuses, ARRAY_SIZE(refuses), BPF_LSM_MAC);

	return guard < 0 ? ACT_IMPOSSIBLE : command();
}

/* A guard that is there, and a word of root's that has nobody ask it. */
static int switch_off(char **arguments)
{
	int guard = hang(refuses, ARRAY_SIZE(refuses), BPF_LSM_MAC);
	_cleanup_close_ int fd = open("/proc/sys/kernel/ftrace_enabled", O_WRONLY | O_CLOEXEC);

	if (guard < 0 || fd < 0 || command() != -EPERM)
		return ACT_IMPOSSIBLE;
	if (write(fd, "0", 1) != 1)
		return -errno;
	return command();
}

/* Until we are killed somebody's programs are where others come later. */
static int stay(void)
{
	(void)printf("ready\n");
	(void)fflush(stdout);
	(void)pause();
	return -errno;
}

static int stay_with(const struct bpf_insn *program, size_t n, enum bpf_attach_type attach)
{
	int link = hang(program, n, attach);

	return link < 0 ? link : stay();
}

static int stay_refusing(char **arguments)
{
	return stay_with(refuses, ARRAY_SIZE(refuses), BPF_LSM_MAC);
}

static int stay_positive(char **arguments)
{
	return stay_with(says_one, ARRAY_SIZE(says_one), BPF_LSM_MAC);
}

static int stay_modifying(char **arguments)
{
	return stay_with(says_one, ARRAY_SIZE(says_one), BPF_MODIFY_RETURN);
}

static int stay_filling(char **arguments)
{
	int link = 0;

	for (int i = 0; i < SLOTS && link >= 0; i++)
		link = hang(says_nothing, ARRAY_SIZE(says_nothing), BPF_LSM_MAC);
	return link < 0 && link != -E2BIG ? link : stay();
}

/* As who was there before anyone looked: a map that is written without a system call. */
static int stay_mapped(char **arguments)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ground_mapped", 4, 8, 1, &opts);
	volatile uint64_t *value;

	if (fd < 0)
		return -errno;
	value = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (value == MAP_FAILED)
		return -errno;
	(void)printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		++*value;
		ground_nap(10);
	}
}

static int ask(char **arguments)
{
	return command();
}

/* Here the act is another's, and has gone through when we are refused. */
static int kept_from_asking(char **arguments)
{
	return command() == -EPERM ? 0 : -EPERM;
}

static int kept_from_hanging(char **arguments)
{
	return hang(says_nothing, ARRAY_SIZE(says_nothing), BPF_LSM_MAC) == -E2BIG ? 0 : -EPERM;
}

static int modify(char **arguments)
{
	int r = hang(says_nothing, ARRAY_SIZE(says_nothing), BPF_MODIFY_RETURN);

	return r < 0 ? r : 0;
}

static int load_by_user(char **arguments)
{
	int r;

	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	r = load_as(BPF_PROG_TYPE_SOCKET_FILTER, says_nothing, ARRAY_SIZE(says_nothing), NULL);
	return r < 0 ? r : 0;
}

/* Looks for the number that the program's author chose in what the processor runs. */
static int constant_of(int fd)
{
	static unsigned char code[1024];
	const int wanted = CONSTANT;
	struct bpf_prog_info info = {.jited_prog_insns = (uintptr_t)code,
				     .jited_prog_len = sizeof(code)};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !info.jited_prog_insns)
		return ACT_IMPOSSIBLE;
	return memmem(code, info.jited_prog_len, &wanted, sizeof(wanted)) ? 0 : -EPERM;
}

static int constant(char **arguments)
{
	int fd = load_as(BPF_PROG_TYPE_SOCKET_FILTER, has_constant, ARRAY_SIZE(has_constant), NULL);

	return fd < 0 ? ACT_IMPOSSIBLE : constant_of(fd);
}

/* The program is a user's, and only who is root and has opened it so sees what became of it. */
static int constant_by_user(char **arguments)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int fd;

	if (seteuid(NOBODY) < 0)
		return ACT_IMPOSSIBLE;
	fd = load_as(BPF_PROG_TYPE_SOCKET_FILTER, has_constant, ARRAY_SIZE(has_constant), NULL);
	if (seteuid(0) < 0 || fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return ACT_IMPOSSIBLE;
	fd = bpf_prog_get_fd_by_id(info.id);
	return fd < 0 ? ACT_IMPOSSIBLE : constant_of(fd);
}

static int override(char **arguments)
{
	int r = load_as(BPF_PROG_TYPE_KPROBE, overrides, ARRAY_SIZE(overrides), NULL);

	return r < 0 ? r : 0;
}

/* Return: the map of that name, by its number. */
static int find_map(const char *name)
{
	for (__u32 id = 0; bpf_map_get_next_id(id, &id) == 0;) {
		struct bpf_map_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			return -errno;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && strcmp(info.name, name) == 0)
			return fd;
		(void)close(fd);
	}
	errno = errno == EPERM ? EPERM : ENOENT;
	return -errno;
}

static int update(char **arguments)
{
	_cleanup_close_ int fd = find_map(arguments[0]);
	char value[64] = {1};
	__u32 key = 0;

	if (fd < 0)
		return fd == -EPERM ? fd : ACT_IMPOSSIBLE;
	return bpf_map_update_elem(fd, &key, value, BPF_ANY) < 0 ? -errno : 0;
}

static int delete (char **arguments)
{
	_cleanup_close_ int fd = find_map(arguments[0]);
	__u32 key = 0;

	if (fd < 0)
		return fd == -EPERM ? fd : ACT_IMPOSSIBLE;
	return bpf_map_delete_elem(fd, &key) < 0 ? -errno : 0;
}

/* Whether a mapping of it keeps it from being frozen, and writes it. */
static int held(char **arguments)
{
	_cleanup_close_ int fd = find_map("ground_mapped");
	uint64_t before = 0, after = 0;
	__u32 key = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_freeze(fd) == 0 || errno != EBUSY)
		return -EPERM;
	if (bpf_map_lookup_elem(fd, &key, &before) < 0)
		return ACT_IMPOSSIBLE;
	for (int i = 0; i < 100; i++) {
		if (bpf_map_lookup_elem(fd, &key, &after) < 0)
			return ACT_IMPOSSIBLE;
		if (after > before)
			return 0;
		ground_nap(10);
	}
	return -EPERM;
}

static int take_xdp_off(char **arguments)
{
	unsigned lo = if_nametoindex("lo");

	return lo ? bpf_xdp_attach((int)lo, -1, XDP_FLAGS_SKB_MODE, NULL) : ACT_IMPOSSIBLE;
}

static int put_xdp_on(char **arguments)
{
	int fd = load_as(BPF_PROG_TYPE_XDP, passes, ARRAY_SIZE(passes), NULL);
	unsigned lo = if_nametoindex("lo");

	if (fd < 0 || !lo)
		return ACT_IMPOSSIBLE;
	return bpf_xdp_attach((int)lo, fd, XDP_FLAGS_SKB_MODE, NULL);
}

/* The name that an agent would use for its own. */
static int pin_by_user(char **arguments)
{
	int fd;

	if (ground_nobody() < 0)
		return ACT_IMPOSSIBLE;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "squatter", 4, 8, 1, NULL);
	if (fd < 0)
		return ACT_IMPOSSIBLE;
	return bpf_obj_pin(fd, arguments[0]) < 0 ? -errno : 0;
}

const struct act acts_bpf[] = {
	{"pass-guard", pass_guard, 0, "does what its own guard refuses"},
	{"switch-off", switch_off, 0, "turns ftrace off under its guard"},
	{"stay-refusing", stay_refusing, 0, "keeps a program that refuses on a hook"},
	{"stay-positive", stay_positive, 0, "keeps a program that answers 1 on a hook"},
	{"stay-mapped", stay_mapped, 0, "keeps a map and writes its memory"},
	{"held", held, 0, "finds that map written, and not to be frozen"},
	{"stay-filling", stay_filling, 0, "keeps a hook full of programs"},
	{"stay-modifying", stay_modifying, 0, "keeps a program that has the hook skipped"},
	{"ask", ask, 0, "does what the guards here refuse"},
	{"kept-from-asking", kept_from_asking, 0, "finds that it is refused"},
	{"kept-from-hanging", kept_from_hanging, 0, "finds no room on a hook"},
	{"modify", modify, 0, "hangs a program that modifies a result"},
	{"load-by-user", load_by_user, 0, "as nobody, loads a program"},
	{"constant", constant, 0, "puts a number of its choice into machine code"},
	{"constant-by-user", constant_by_user, 0, "as nobody, does that"},
	{"override", override, 0, "loads a program that overrides results"},
	{"update", update, 1, "writes the map of that name"},
	{"delete", delete, 1, "deletes the first entry of the map of that name"},
	{"xdp-on", put_xdp_on, 0, "puts an XDP program on lo"},
	{"xdp-off", take_xdp_off, 0, "takes it off by netlink"},
	{"user-pins", pin_by_user, 1, "as nobody, pins a map there"},
	{0},
};
