// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The canary, which the drill attacks: a small agent as agents are. It holds maps, programs, a link
 * and pins, and says on a socket how they are, so that the drill learns from it, and not from the
 * attacker, what an attack has done. It never looks at who attacks, and knows nothing of a guard.
 */
#include "canary.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary-files.h"
#include "canary-more.h"
#include "canary-socket.h"
#include "insn.h"
#include "probe.h"

#ifdef CANARY_DYNAMIC
const char *canary_library_word(void);
#else
static const char *canary_library_word(void)
{
	return "none";
}
#endif

#define PAGE 4096
#define LICENSE "GPL"
#define N_ARGS 16

struct canary {
	const char *name;
	int hash, array, ring, perf;
	int count, emit, guest, xdp,
		tc; /* programs; guest is the one put there by BPF_PROG_ATTACH */
	int link, event, cgroup, child;
	unsigned int ifindex;
	uint64_t *ring_page;
	void *event_page;
	enum bpf_attach_type type; /* of guest */
	struct canary_more more;
	pid_t last_child;
};

#ifdef CANARY_PADDING
/* Another content, of another size: what no policy names. */
static const char padding[CANARY_PADDING] __attribute__((used)) = "neighbour";
#endif

/* The attacker's aim in our memory. */
static volatile uint64_t canary = 0x5eed;
static volatile sig_atomic_t n_stops;

static void count_stop(int signal)
{
	n_stops++;
}

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;
	int error = errno;

	va_start(args, format);
	fprintf(stderr, "canary: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(args);
	exit(2);
}

static int must(int r, const char *what)
{
	if (r < 0)
		die("%s", what);
	return r;
}

/* ---- objects */

static int load(enum bpf_prog_type type, const char *name, const struct bpf_insn *insns, size_t n,
		enum bpf_attach_type attach)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);

	return must(bpf_prog_load(type, name, LICENSE, insns, n, &opts), name);
}

#define LOAD_PROG(type, name, insns, attach) \
	load(type, name, insns, sizeof(insns) / sizeof((insns)[0]), attach)

static void make_maps(struct canary *v)
{
	LIBBPF_OPTS(bpf_map_create_opts, mapped, .map_flags = BPF_F_MMAPABLE);
	uint64_t values[] = {CANARY_VALUE_1, CANARY_VALUE_2};

	v->hash = must(bpf_map_create(BPF_MAP_TYPE_HASH, "canary_hash", 4, 8, 16, NULL), "hash");
	for (uint32_t key = 1; key <= 2; key++)
		must(bpf_map_update_elem(v->hash, &key, &values[key - 1], BPF_ANY), "hash");
	/* one value: a word for those who map it, and the counter of the program `count` */
	v->array = must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "canary_array", 4, 16, 1, &mapped),
			"array");
	v->ring =
		must(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "canary_ring", 0, 0, PAGE, NULL), "ring");
	v->ring_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, v->ring, 0);
	if (v->ring_page == MAP_FAILED)
		die("mmap of the ring");
}

static void make_perf(struct canary *v)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
	};
	uint32_t zero = 0;

	v->perf = must(bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "canary_perf", 4, 4, 1, NULL),
		       "perf array");
	v->event = must((int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC),
			"perf_event_open");
	/* read-only: the kernel overwrites what nobody reads */
	v->event_page = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, v->event, 0);
	if (v->event_page == MAP_FAILED)
		die("mmap of the perf event");
	must(ioctl(v->event, PERF_EVENT_IOC_ENABLE, 0), "perf event");
	must(bpf_map_update_elem(v->perf, &zero, &v->event, BPF_ANY), "perf array");
}

static void make_programs(struct canary *v)
{
	const struct bpf_insn count[] = {
		LOAD_VALUE(BPF_REG_1, v->array, 8),
		MOV_IMM(BPF_REG_2, 1),
		ATOMIC_ADD(BPF_REG_1, BPF_REG_2, 0),
		MOV_IMM(BPF_REG_0, 1),
		EXIT(),
	};
	const struct bpf_insn emit[] = {
		STORE_IMM(BPF_REG_10, -8, 1),
		LOAD_MAP(BPF_REG_2, v->perf),
		MOV32_IMM(BPF_REG_3, -1),
		MOV_REG(BPF_REG_4, BPF_REG_10),
		ADD_IMM(BPF_REG_4, -8),
		MOV_IMM(BPF_REG_5, 8),
		CALL(BPF_FUNC_perf_event_output),
		JUMP_EQ(BPF_REG_0, 0, 2),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
		MOV_IMM(BPF_REG_0, 1),
		EXIT(),
	};
	const struct bpf_insn pass[] = {MOV_IMM(BPF_REG_0, 1), EXIT()};
	const struct bpf_insn xdp_pass[] = {MOV_IMM(BPF_REG_0, 2), EXIT()};

	v->count =
		LOAD_PROG(BPF_PROG_TYPE_CGROUP_SKB, "canary_count", count, BPF_CGROUP_INET_EGRESS);
	v->emit = LOAD_PROG(BPF_PROG_TYPE_CGROUP_SKB, "canary_emit", emit, BPF_CGROUP_INET_EGRESS);
	v->xdp = LOAD_PROG(BPF_PROG_TYPE_XDP, "canary_xdp", xdp_pass, BPF_XDP);
	/* attach types belong to domains: a stranger needs one that is no domain's */
	v->type = strcmp(v->name, CANARY_NEIGHBOUR) != 0 ? BPF_CGROUP_INET_INGRESS
							 : BPF_CGROUP_INET_SOCK_CREATE;
	v->guest = LOAD_PROG(v->type == BPF_CGROUP_INET_INGRESS ? BPF_PROG_TYPE_CGROUP_SKB
								: BPF_PROG_TYPE_CGROUP_SOCK,
			     "canary_guest", pass, v->type);
}

static int open_cgroup(const char *name, const char *sub)
{
	char path[128];

	snprintf(path, sizeof(path), CANARY_CGROUP_ROOT "/%s.objects%s", name, sub);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die("%s", path);
	return must(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
}

static void attach(struct canary *v)
{
	int r;

	v->cgroup = open_cgroup(v->name, "");
	v->child = open_cgroup(v->name, "/child");
	v->link = must(bpf_link_create(v->count, v->cgroup, BPF_CGROUP_INET_EGRESS, NULL), "link");
	must(bpf_prog_attach(v->guest, v->cgroup, v->type, BPF_F_ALLOW_OVERRIDE),
	     "BPF_PROG_ATTACH");
	v->ifindex = if_nametoindex(v->name);
	if (!v->ifindex)
		die("interface %s", v->name);
	r = bpf_xdp_attach((int)v->ifindex, v->xdp, XDP_FLAGS_SKB_MODE, NULL);
	/* where a policy closes the network to strangers, one of them lives without */
	if (r != -EPERM || strcmp(v->name, CANARY_NEIGHBOUR) != 0)
		must(r, "XDP");
	v->tc = canary_tc_attach(v->ifindex);
}

static const char *const pin_names[] = {"map", "prog", "link"};

static void pin_path(const struct canary *v, const char *pin, char path[128])
{
	snprintf(path, 128, CANARY_PIN_ROOT "/%s/%s", v->name, pin);
}

static void pin(struct canary *v)
{
	const int fds[] = {v->hash, v->count, v->link};
	char path[128];

	snprintf(path, sizeof(path), CANARY_PIN_ROOT "/%s", v->name);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		die("%s", path);
	for (size_t i = 0; i < 3; i++) {
		pin_path(v, pin_names[i], path);
		must(bpf_obj_pin(fds[i], path), path);
	}
	snprintf(path, sizeof(path), CANARY_PIN_ROOT "/%s", v->name);
	canary_more_make(&v->more, path, v->ifindex);
}

static void empty_folder(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) < 0 &&
		    unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) < 0)
			die("%s/%s", path, entry->d_name);
	closedir(dir);
}

/* Whatever this canary, or one before it, has left. */
static void drop(struct canary *v)
{
	int *fds[] = {&v->hash,	 &v->array, &v->ring,  &v->perf,   &v->count, &v->emit, &v->xdp,
		      &v->guest, &v->link,  &v->event, &v->cgroup, &v->child, &v->tc};
	char path[128];

	snprintf(path, sizeof(path), CANARY_PIN_ROOT "/%s", v->name);
	empty_folder(path);
	if (v->ifindex) {
		bpf_xdp_detach((int)v->ifindex, XDP_FLAGS_SKB_MODE, NULL);
		canary_tc_detach(v->ifindex);
	}
	if (v->cgroup >= 0)
		bpf_prog_detach(v->cgroup, v->type);
	if (v->child >= 0)
		bpf_prog_detach(v->child, v->type);
	if (v->ring_page)
		munmap(v->ring_page, PAGE);
	if (v->event_page)
		munmap(v->event_page, 2 * PAGE);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	v->ring_page = NULL;
	v->event_page = NULL;
	canary_more_drop(&v->more);
	canary_files_drop(v->name);
}

/* What an attacker may have taken from the task itself. */
static void recover(void)
{
	const struct rlimit files = {.rlim_cur = 1024, .rlim_max = 4096};
	const struct sched_param parameter = {};

	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)sched_setscheduler(0, SCHED_OTHER, &parameter);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)syscall(SYS_ioprio_set, 1, 0, 0);
}

static void make(struct canary *v)
{
	recover();
	make_maps(v);
	make_perf(v);
	make_programs(v);
	attach(v);
	pin(v);
	canary_files_make(v->name);
	canary = 0x5eed;
	n_stops = 0;
}

/* ---- state */

struct text {
	char bytes[CANARY_REPLY_MAX];
	size_t length;
};

static void say(void *into, const char *key, uint64_t value)
{
	struct text *text = into;
	int n = snprintf(text->bytes + text->length, sizeof(text->bytes) - text->length,
			 "%s%s=%llu", text->length ? " " : "", key, (unsigned long long)value);

	if (n > 0 && (size_t)n < sizeof(text->bytes) - text->length)
		text->length += (size_t)n;
}

/* A number from a line `KEY:	NUMBER` of a file in /proc. */
static uint64_t proc_number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	unsigned long long value = 0;
	char line[256];

	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file)) {
		size_t n = strlen(key);

		if (strncmp(line, key, n) == 0 && line[n] == ':')
			value = strtoull(line + n + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

static void say_maps(const struct canary *v, struct text *text)
{
	struct {
		uint64_t word, count;
	} value = {};
	uint32_t keys[] = {1, 2}, zero = 0, key = 0, next, n = 0;
	uint64_t values[2] = {};
	char path[64];

	for (int i = 0; i < 2; i++)
		(void)bpf_map_lookup_elem(v->hash, &keys[i], &values[i]);
	for (const uint32_t *from = NULL; bpf_map_get_next_key(v->hash, from, &next) == 0; n++) {
		key = next;
		from = &key;
	}
	(void)bpf_map_lookup_elem(v->array, &zero, &value);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", v->hash);

	say(text, "map", map_id(v->hash));
	say(text, "map_fd", (uint64_t)v->hash);
	say(text, "value1", values[0]);
	say(text, "value2", values[1]);
	say(text, "entries", n);
	say(text, "frozen", proc_number(path, "frozen"));
	say(text, "array", map_id(v->array));
	say(text, "word", value.word);
	say(text, "count", value.count);
	say(text, "ring", map_id(v->ring));
	say(text, "consumed", *v->ring_page);
	say(text, "perf", map_id(v->perf));
	say(text, "event_fd", (uint64_t)v->event);
}

/* 1 if the program at that place of the cgroup is ours. */
static uint64_t is_ours(int cgroup, enum bpf_attach_type type, uint32_t flags, int prog)
{
	uint32_t ids[8], n = 8, id = prog_id(prog);

	if (bpf_prog_query(cgroup, type, flags, NULL, ids, &n) < 0)
		return 0;
	return n == 1 && ids[0] == id;
}

static void say_programs(const struct canary *v, struct text *text)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info), xdp = 0;
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	(void)bpf_obj_get_info_by_fd(v->link, &info, &size);
	(void)bpf_prog_test_run_opts(v->emit, &opts);
	(void)bpf_xdp_query_id((int)v->ifindex, XDP_FLAGS_SKB_MODE, &xdp);
	say(text, "emitted", opts.retval);
	say(text, "prog", prog_id(v->count));
	say(text, "link", info.id);
	say(text, "link_prog", info.prog_id == prog_id(v->count));
	say(text, "link_cgroup", info.cgroup.cgroup_id);
	say(text, "guest", prog_id(v->guest));
	say(text, "type", v->type);
	say(text, "attached", is_ours(v->cgroup, v->type, 0, v->guest));
	say(text, "in_child", is_ours(v->child, v->type, BPF_F_QUERY_EFFECTIVE, v->guest));
	say(text, "xdp", xdp == prog_id(v->xdp));
	say(text, "ifindex", v->ifindex);
	say(text, "tc", v->tc < 0 ? 2 : canary_tc_attached(v->ifindex, prog_id(v->tc)));
}

static void say_pins(const struct canary *v, struct text *text)
{
	char path[128], key[32];
	struct stat st;
	uint64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CANARY_PIN_ROOT "/%s", v->name);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	say(text, "pins", n);
	for (size_t i = 0; i < 3; i++) {
		pin_path(v, pin_names[i], path);
		if (stat(path, &st) < 0)
			memset(&st, 0, sizeof(st));
		snprintf(key, sizeof(key), "%s_pin", pin_names[i]);
		say(text, key, st.st_ino);
		snprintf(key, sizeof(key), "%s_mode", pin_names[i]);
		say(text, key, (uint64_t)st.st_mode << 32 | (st.st_uid << 8 | st.st_nlink));
	}
}

static void say_task(struct text *text)
{
	struct rlimit files = {};
	cpu_set_t cpus;
	uint64_t mask = 0;

	CPU_ZERO(&cpus);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		for (int i = 0; i < 64; i++)
			mask |= CPU_ISSET(i, &cpus) ? 1ull << i : 0;
	say(text, "pid", (uint64_t)getpid());
	say(text, "address", (uint64_t)(uintptr_t)&canary);
	say(text, "canary", canary);
	say(text, "stops", (uint64_t)n_stops);
	say(text, "files", files.rlim_cur);
	say(text, "scheduler", (uint64_t)sched_getscheduler(0));
	say(text, "nice", (uint64_t)(getpriority(PRIO_PROCESS, 0) + 20));
	say(text, "io", (uint64_t)syscall(SYS_ioprio_get, 1, 0));
	say(text, "cpus", mask);
	say(text, "tracer", proc_number("/proc/self/status", "TracerPid"));
}

/* ---- requests */

/* Runs a function in a child: 0 to 255 as its exit code. */
static int in_child(int (*run)(struct canary *v, char *argument), struct canary *v, char *argument)
{
	int status;
	pid_t pid = v->last_child = fork();

	if (pid < 0)
		return 255;
	if (pid == 0)
		_exit(run(v, argument));
	if (waitpid(pid, &status, 0) < 0)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int peek(uint32_t id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int run_fork(struct canary *v, char *argument)
{
	return peek(map_id(v->hash));
}

static int run_exec(struct canary *v, char *argument)
{
	char *argv[N_ARGS + 1] = {};
	size_t n = 0;

	for (char *word; n < N_ARGS && (word = strsep(&argument, " "));)
		argv[n++] = word;
	execv(argv[0], argv);
	return 126;
}

static int run_leave(struct canary *v, char *argument)
{
	return dup2(v->array, LEFT_FD) < 0 ? 126 : run_exec(v, argument);
}

static int run_map(struct canary *v, char *argument)
{
	const char *path;
	char header[64];
	void *page;
	int fd;

	if (strcmp(argument, "change") == 0) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return mprotect(page, PAGE, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
	}
	if (strcmp(argument, "anon") == 0) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return page == MAP_FAILED ? errno : 0;
	}
	path = strsep(&argument, " ");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* until somebody else has opened the fifo as well; then as a linker does */
	if (fd < 0 || (argument && (open(argument, O_RDONLY | O_CLOEXEC) < 0 ||
				    read(fd, header, sizeof(header)) < 0)))
		return 255;
	page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return page == MAP_FAILED ? errno : 0;
}

static int run_code(struct canary *v, char *argument)
{
	return canary_run(argument, v->hash);
}

static int run_plugin(struct canary *v, char *argument)
{
#ifdef CANARY_DYNAMIC
	if (dlopen(argument, RTLD_NOW))
		return 0;
	fprintf(stderr, "canary: %s\n", dlerror());
	return 1;
#else
	return 255;
#endif
}

static void send_fd(int client, const char *reply, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec io = {.iov_base = (void *)reply, .iov_len = strlen(reply)};
	struct msghdr message = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	(void)sendmsg(client, &message, MSG_NOSIGNAL);
}

/* Whoever waits at the listener gets our map's fd: its system call returns it. */
static int add_fd(int listener, int fd)
{
	struct seccomp_notif call = {};
	struct seccomp_notif_addfd add = {.srcfd = (uint32_t)fd, .newfd_flags = O_CLOEXEC};
	struct seccomp_notif_resp answer = {};
	int r;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return errno;
	add.id = call.id;
	r = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	answer.id = call.id;
	answer.error = r < 0 ? -errno : 0;
	answer.val = r < 0 ? 0 : r;
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	return -answer.error;
}

static void answer_number(struct text *text, int number)
{
	text->length = (size_t)snprintf(text->bytes, sizeof(text->bytes), "%d", number);
}

static void answer(struct canary *v, char *request, int passed, struct text *text)
{
	char *argument = request;
	char *verb = strsep(&argument, " ");

	if (strcmp(verb, "state") == 0) {
		say_task(text);
		say_maps(v, text);
		say_programs(v, text);
		say_pins(v, text);
		canary_more_state(&v->more, say, text);
		say(text, "conf", canary_files_state(v->name));
	} else if (strcmp(verb, "reset") == 0) {
		drop(v);
		make(v);
		answer_number(text, 0);
	} else if (strcmp(verb, "addfd") == 0 && passed >= 0) {
		answer_number(text, add_fd(passed, v->hash));
	} else if (strcmp(verb, "fork") == 0) {
		answer_number(text, in_child(run_fork, v, NULL));
	} else if (strcmp(verb, "exec") == 0 && argument) {
		answer_number(text, in_child(run_exec, v, argument));
	} else if (strcmp(verb, "child") == 0) {
		answer_number(text, in_child(argument ? run_exec : run_fork, v, argument));
		say(text, "by", (uint64_t)v->last_child);
	} else if (strcmp(verb, "leave") == 0 && argument) {
		answer_number(text, in_child(run_leave, v, argument));
	} else if (strcmp(verb, "map") == 0 && argument) {
		answer_number(text, in_child(run_map, v, argument));
	} else if (strcmp(verb, "run") == 0 && argument) {
		answer_number(text, in_child(run_code, v, argument));
		say(text, "by", (uint64_t)v->last_child);
	} else if (strcmp(verb, "write") == 0 && argument) {
		answer_number(text, canary_write(argument));
	} else if (strcmp(verb, "born") == 0 && argument) {
		answer_number(text, canary_born(argument));
	} else if (strcmp(verb, "plugin") == 0 && argument) {
		answer_number(text, in_child(run_plugin, v, argument));
	} else {
		text->length = (size_t)snprintf(text->bytes, sizeof(text->bytes), "error request");
	}
}

/* Return: the fd that came with it, -1 if none; the request is "" at the end of the connection. */
static int receive(int client, char *request, size_t size)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec io = {.iov_base = request, .iov_len = size - 1};
	struct msghdr message = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	ssize_t n;
	int fd = -1;

	n = recvmsg(client, &message, MSG_CMSG_CLOEXEC);
	request[n > 0 ? n : 0] = '\0';
	header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void remove_under(const char *root, const char *suffix, const struct canary *v)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s%s", root, v->name, suffix);
	(void)rmdir(path);
}

static void __attribute__((noreturn)) clear(struct canary *v)
{
	drop(v);
	remove_under(CANARY_PIN_ROOT, "", v);
	remove_under(CANARY_CGROUP_ROOT, ".objects/child", v);
	remove_under(CANARY_CGROUP_ROOT, ".objects", v);
	exit(0);
}

static void serve_one(struct canary *v, int client)
{
	struct text text = {};
	char request[512];
	int passed = receive(client, request, sizeof(request));

	if (strcmp(request, "quit") == 0)
		exit(0);
	if (strcmp(request, "clear") == 0)
		clear(v);
	if (strcmp(request, "send map") == 0) {
		send_fd(client, "0", v->hash);
	} else if (strcmp(request, "send link") == 0) {
		send_fd(client, "0", v->link);
	} else {
		answer(v, request, passed, &text);
		(void)send(client, text.bytes, text.length, MSG_NOSIGNAL);
	}
	if (passed >= 0)
		close(passed);
}

static int listen_as(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length;
	int fd;

	length = (socklen_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
				     CANARY_SOCKET_PREFIX "%s", name) +
		 (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	fd = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket");
	must(bind(fd, (struct sockaddr *)&address, length), "bind");
	must(listen(fd, 16), "listen");
	return fd;
}

static void serve(const char *name)
{
	struct canary v = {.name = name,
			   .hash = -1,
			   .array = -1,
			   .ring = -1,
			   .perf = -1,
			   .count = -1,
			   .emit = -1,
			   .guest = -1,
			   .xdp = -1,
			   .tc = -1,
			   .link = -1,
			   .event = -1,
			   .cgroup = -1,
			   .child = -1};
	struct sigaction action = {.sa_handler = count_stop};
	int fd;

	canary_more_none(&v.more);
	sigaction(SIGTERM, &action, NULL);
	drop(&v);
	make(&v);
	fd = listen_as(name);
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		serve_one(&v, client);
		close(client);
	}
}

/* What root does with an id, run from wherever the canary is thought to be. */
static int forge(uint32_t id)
{
	uint32_t key = 1;
	uint64_t value = 1;
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return errno == ENOENT ? PROBE_DENIED : PROBE_OTHERWISE;
	return bpf_map_update_elem(fd, &key, &value, BPF_ANY) < 0 ? PROBE_OTHERWISE : PROBE_ALLOWED;
}

int main(int argc, char **argv)
{
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "peek") == 0) {
#ifdef CANARY_DYNAMIC
		if (argc == 4) /* the C library loads code of its own accord */
			(void)iconv_open(argv[3], "UTF-8");
#endif
		r = peek((uint32_t)strtoul(argv[2], NULL, 10));
		r = r == EPERM || r == ENOENT ? 1 : r ? 2 : 0;
		printf("library %s\npeek %d\n", canary_library_word(), r);
		return r;
	}
	if (argc == 3 && strcmp(argv[1], "forge") == 0)
		return forge((uint32_t)strtoul(argv[2], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "socket") == 0)
		return canary_socket(argv[2], argv[3]);
	if (argc == 2)
		serve(argv[1]);
	fprintf(stderr, "usage: canary NAME\n       canary peek|forge ID\n");
	return 2;
}
