// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The least that the guard can cost, and the least that it takes to have it: empty programs on the
 * hooks that it uses, and its own programs loaded and attached by libbpf alone. Which hooks these
 * are is read from the guard's object; which of its programs it attaches here, the suite says.
 */
#include "cost.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drill/insn.h"

#define NAMES_MAX 128
#define NAME_LEN 64

extern const char guard_object_start[], guard_object_end[];

static char names[NAMES_MAX][NAME_LEN];
static unsigned int n_names;

/* Return: 0; -errno, -E2BIG where a list is longer than any that the guard can have. */
static int names_read(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	n_names = 0;
	while (n_names < NAMES_MAX && fscanf(file, "%63s", names[n_names]) == 1)
		n_names++;
	fclose(file);
	if (n_names == NAMES_MAX)
		return -E2BIG;
	return n_names ? 0 : -ENODATA;
}

static bool named(const struct bpf_program *program)
{
	for (unsigned int i = 0; i < n_names; i++) {
		if (!strcmp(names[i], bpf_program__name(program)))
			return true;
	}
	return false;
}

static bool on_hook(const struct bpf_program *program)
{
	return strncmp(bpf_program__section_name(program), "iter", 4) != 0;
}

static struct bpf_object *guard_open(void)
{
	return bpf_object__open_mem(guard_object_start,
				    (size_t)(guard_object_end - guard_object_start), NULL);
}

static int cgroup_root(void)
{
	return open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* An empty program where that one hangs. Return: a link's fd, or -errno. */
static int empty_attach(const struct btf *btf, const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *hook = strchr(section, '/');
	enum bpf_prog_type type = bpf_program__type(program);
	enum bpf_attach_type attach = bpf_program__expected_attach_type(program);
	bool sysctl = type == BPF_PROG_TYPE_CGROUP_SYSCTL;
	/* what runs for sysctls permits by 1, all else by 0 */
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, sysctl), EXIT()};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	char target[128];
	int id, fd;

	if (!hook)
		return -EINVAL;
	if (!sysctl) {
		(void)snprintf(target, sizeof(target), "%s%s",
			       type == BPF_PROG_TYPE_LSM    ? "bpf_lsm_"
			       : attach == BPF_TRACE_RAW_TP ? "btf_trace_"
							    : "",
			       hook + 1);
		id = btf__find_by_name_kind(
			btf, target, attach == BPF_TRACE_RAW_TP ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
		if (id < 0)
			return id;
		opts.attach_btf_id = (uint32_t)id;
	}
	opts.prog_flags = strncmp(section, "lsm.s", 5) ? 0 : BPF_F_SLEEPABLE;
	fd = bpf_prog_load(type, "floor", "GPL", insns, 2, &opts);
	if (fd < 0)
		return -errno;
	fd = sysctl ? bpf_link_create(fd, cgroup_root(), attach, NULL)
		    : bpf_raw_tracepoint_open(NULL, fd);
	return fd < 0 ? -errno : fd;
}

/* Return: how many there are now; 0 if one is missing, after saying so. */
static unsigned int floor_make(void)
{
	struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	struct bpf_object *object = guard_open();
	struct bpf_program *program;
	unsigned int n = 0;
	int r;

	if (!btf || !object) {
		fprintf(stderr, "cost: the guard's object or the kernel's types: %m\n");
		return 0;
	}
	bpf_object__for_each_program(program, object) {
		if (!named(program) || !on_hook(program))
			continue;
		r = empty_attach(btf, program);
		if (r < 0) {
			fprintf(stderr, "cost: nothing empty where %s is: %s\n",
				bpf_program__name(program), strerror(-r));
			return 0;
		}
		n++;
	}
	bpf_object__close(object);
	btf__free(btf);
	return n;
}

int floor_main(char **argv)
{
	unsigned int n;
	int status, r;
	pid_t pid;

	r = names_read(argv[0]);
	if (r) {
		fprintf(stderr, "cost: %s: %s\n", argv[0], strerror(-r));
		return 2;
	}
	n = floor_make();
	if (!n)
		return 2;
	printf("# cost-floor %u\n", n);
	pid = fork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* As the guard has it: what it attaches, and the program that all of holdfastd's asking goes to. */
static int bare_load(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		bool wanted = named(program) || !strcmp(bpf_program__name(program), "control");
		int r = bpf_program__set_autoload(program, wanted);

		if (r < 0)
			return r;
	}
	return bpf_object__load(object);
}

static int bare_attach(const struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		bool sysctl = bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SYSCTL;

		if (named(program) && !(sysctl ? bpf_program__attach_cgroup(program, cgroup_root())
					       : bpf_program__attach(program)))
			return -errno;
	}
	return 0;
}

int bare_main(char **argv)
{
	struct bpf_object *object = NULL;
	uint64_t begin;
	int r = names_read(argv[0]);

	begin = __rdtsc();
	if (!r) {
		object = guard_open();
		r = object ? bare_load(object) : -errno;
	}
	if (!r)
		r = bare_attach(object);
	if (r) {
		fprintf(stderr, "cost: the guard's programs by libbpf alone: %s\n", strerror(-r));
		return 2;
	}
	printf("# cost-bare %ju\n", (uintmax_t)(__rdtsc() - begin));
	return 0;
}
