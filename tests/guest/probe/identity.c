// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an attacker does to pass for a task of the domain. Each helper ends in asking the kernel for
 * the victim's map, or in running a program that does: 0 it was given, 1 it was refused.
 *
 *   ask NAME REQUEST          prints the victim's reply (src/drill/canary.h); 0 if it came
 *   peek ID                   without any disguise
 *   comm NAME ID              under another name
 *   exe FILE ID               with /proc/PID/exe leading to FILE (PR_SET_MM_EXE_FILE); if ID is 0
 *                             it stays so
 *   argv0 NAME CMD [ARG]...   CMD with another argv[0]
 *   traced CMD [ARG]...       CMD traced from its birth
 *   memory FILE [ARG]...      FILE's content, from a memfd
 *   mapped CMD [ARG]...       CMD after code of no file was mapped
 *   zero CMD [ARG]...         CMD with a page at address 0, which the kernel maps at exec
 *   orphan CGROUP CMD [ARG].. CMD as a child of PID 1, in CGROUP
 *
 * And some that pretend nothing:
 *   raw N                     opens a raw socket of protocol N
 *   hammer FILE VERB          attacks until FILE is there; 1 if none of many went through
 *   burst N ID [TASKS [FILE]] N attacks on a map by each of so many tasks, before anybody else gets
 *                             the processor; each in the end tries to remove the file as well
 *   passing FILE, reach       links, see links.c
 *   load VERB, bind FD        programs of admission.c
 *   after WHAT VERB           the same, after fork, attach, traceme, map, protect, share, exec
 *   hold ID                   keeps the map, mapped, and a program that uses it
 *   poke PID ADDRESS          writes a word there that is there already
 *   verbs                     prints the techniques against an agent's objects and tasks
 *   sniff                     a packet filter of its own on a raw socket, as tcpdump has
 */
#include "suite.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drill/insn.h"
#include "drill/probe.h"

#define MAPPINGS_MAX 16

static int peek(const char *id)
{
	int fd = bpf_map_get_fd_by_id((uint32_t)strtoul(id, NULL, 10));

	if (fd >= 0)
		return PROBE_ALLOWED;
	/* the guard refuses an id as if it were not there */
	return errno == EPERM || errno == ENOENT ? PROBE_DENIED : PROBE_IMPOSSIBLE;
}

static int as_ask(int argc, char **argv)
{
	char reply[PROBE_STATE_MAX], request[512] = "";

	for (int i = 2; i < argc; i++)
		snprintf(request + strlen(request), sizeof(request) - strlen(request), "%s%s",
			 i > 2 ? " " : "", argv[i]);
	if (target_ask(argv[1], request, reply, sizeof(reply)) < 0)
		return PROBE_DENIED;
	puts(reply);
	return PROBE_ALLOWED;
}

static int as_peek(int argc, char **argv)
{
	return peek(argv[1]);
}

static int as_comm(int argc, char **argv)
{
	if (prctl(PR_SET_NAME, argv[1]) < 0)
		return setup_failed("PR_SET_NAME");
	return peek(argv[2]);
}

/* ---- another exe */

struct mapping {
	unsigned long start, end;
	int prot;
};

/* Our own file's mappings; the kernel lets exe change only when none is left. */
static size_t own_mappings(struct mapping *mappings, size_t max)
{
	char line[512], exe[256], *path, access[5];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	FILE *file = fopen("/proc/self/maps", "re");
	size_t count = 0;

	if (!file || n < 0)
		return 0;
	exe[n] = '\0';
	while (count < max && fgets(line, sizeof(line), file)) {
		struct mapping *m = &mappings[count];

		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '/');
		if (!path || strcmp(path, exe) != 0 ||
		    sscanf(line, "%lx-%lx %4s", &m->start, &m->end, access) != 3)
			continue;
		m->prot = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
			  (access[2] == 'x' ? PROT_EXEC : 0);
		count++;
	}
	fclose(file);
	return count;
}

/* Puts a copy of itself under our feet. Nothing here may be written between copy and move. */
static int replace_mapping(const struct mapping *m)
{
	size_t size = m->end - m->start;
	void *copy;

	copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return -1;
	memcpy(copy, (const void *)m->start, size);
	if (mprotect(copy, size, m->prot) < 0)
		return -1;
	return mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)m->start) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static int as_exe(int argc, char **argv)
{
	struct mapping mappings[MAPPINGS_MAX];
	char now[256] = "";
	size_t n = own_mappings(mappings, MAPPINGS_MAX);
	int fd;

	for (size_t i = 0; i < n; i++)
		if (replace_mapping(&mappings[i]) < 0)
			return setup_failed("mappings");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0) < 0)
		return setup_failed("PR_SET_MM_EXE_FILE") ? PROBE_IMPOSSIBLE : 0;
	if (readlink("/proc/self/exe", now, sizeof(now) - 1) < 0 || strcmp(now, argv[1]) != 0) {
		fprintf(stderr, "probe: exe is %s\n", now);
		return PROBE_IMPOSSIBLE;
	}
	while (strcmp(argv[2], "0") == 0)
		(void)pause();
	return peek(argv[2]);
}

/* ---- running it */

static int as_argv0(int argc, char **argv)
{
	char *name = argv[1], *path = argv[2];

	argv[2] = name;
	execv(path, argv + 2);
	return PROBE_IMPOSSIBLE;
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int as_traced(int argc, char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(PROBE_IMPOSSIBLE);
		execv(argv[1], argv + 1);
		_exit(PROBE_IMPOSSIBLE);
	}
	while (waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return exit_code(status);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	return PROBE_IMPOSSIBLE;
}

static int as_zero(int argc, char **argv)
{
	if (personality(MMAP_PAGE_ZERO) < 0)
		return PROBE_IMPOSSIBLE;
	execv(argv[1], argv + 1);
	return PROBE_IMPOSSIBLE;
}

static int as_memory(int argc, char **argv)
{
	int file = open(argv[1], O_RDONLY | O_CLOEXEC), memory = memfd_create("m", MFD_CLOEXEC), fd;
	struct stat st;
	char path[64];
	off_t done = 0;

	if (file < 0 || memory < 0 || fstat(file, &st) < 0)
		return setup_failed(argv[1]) ? PROBE_IMPOSSIBLE : 0;
	while (done < st.st_size && sendfile(memory, file, &done, (size_t)(st.st_size - done)) > 0)
		;
	/* who can write it keeps it from being run */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	close(memory);
	fexecve(fd, argv + 1, environ);
	return setup_failed("fexecve") ? PROBE_IMPOSSIBLE : 0;
}

static void orphan_run(const char *cgroup, char **argv)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(PROBE_IMPOSSIBLE);
	while (getppid() != 1)
		(void)poll(NULL, 0, 1);
	execv(argv[0], argv);
	_exit(PROBE_IMPOSSIBLE);
}

/* PID 1 gets its exit code; what it says comes to us: `peek CODE`. */
static int as_orphan(int argc, char **argv)
{
	int pipes[2], code = PROBE_IMPOSSIBLE;
	char line[128];
	FILE *said;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return PROBE_IMPOSSIBLE;
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			dup2(pipes[1], STDOUT_FILENO);
			orphan_run(argv[1], argv + 2);
		}
		_exit(0);
	}
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	said = fdopen(pipes[0], "r");
	while (said && fgets(line, sizeof(line), said))
		(void)sscanf(line, "peek %d", &code);
	return code;
}

static int as_raw(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, (int)strtoul(argv[1], NULL, 10));

	if (fd < 0)
		return errno == EPERM ? PROBE_DENIED : PROBE_IMPOSSIBLE;
	close(fd);
	return PROBE_ALLOWED;
}

static int as_mapped(int argc, char **argv)
{
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return PROBE_IMPOSSIBLE;
	execv(argv[1], argv + 1);
	return PROBE_IMPOSSIBLE;
}

/* ---- no disguise */

static int as_hammer(int argc, char **argv)
{
	const struct technique *technique = technique_find(argv[2]);
	unsigned int n = 0, allowed = 0, denied = 0;
	struct target target;

	if (!technique || target_load(SUITE_VICTIM, &target) < 0)
		return PROBE_IMPOSSIBLE;
	for (; access(argv[1], F_OK) < 0; n++) {
		int code = exit_of(technique, technique->run(&target));

		allowed += code == PROBE_ALLOWED;
		denied += code == PROBE_DENIED;
		/* an attack leaves its fds to the exit that is not there */
		(void)close_range(STDERR_FILENO + 1, ~0u, 0);
		/*
		 * Often enough to fall into any gap, seldom enough for the ring to hold it all, and
		 * for holdfastd to have most of the processor.
		 */
		(void)poll(NULL, 0, 5);
	}
	printf("%u attacks, %u refused, %u went through\n", n, denied, allowed);
	if (allowed)
		return PROBE_ALLOWED;
	return n > 10 && denied == n ? PROBE_DENIED : PROBE_OTHERWISE;
}

static int burst(unsigned long n, uint32_t id, const char *file)
{
	for (unsigned long i = 0; i < n; i++) {
		if (bpf_map_get_fd_by_id(id) >= 0 || errno != ENOENT)
			return PROBE_ALLOWED;
	}
	return file && (unlink(file) == 0 || errno != EPERM) ? PROBE_ALLOWED : PROBE_DENIED;
}

static int as_burst(int argc, char **argv)
{
	const struct sched_param param = {.sched_priority = 50};
	unsigned long tasks = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	int status, code = PROBE_DENIED;

	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		return PROBE_IMPOSSIBLE;
	for (unsigned long i = 0; i < tasks; i++) {
		if (fork() == 0)
			_exit(burst(strtoul(argv[1], NULL, 10),
				    (uint32_t)strtoul(argv[2], NULL, 10),
				    argc > 4 ? argv[4] : NULL));
	}
	for (unsigned long i = 0; i < tasks; i++) {
		if (wait(&status) < 0 || status != PROBE_DENIED << 8)
			code = PROBE_ALLOWED;
	}
	return code;
}

static int as_hold(int argc, char **argv)
{
	int map = bpf_map_get_fd_by_id((uint32_t)strtoul(argv[1], NULL, 10));
	const struct bpf_insn insns[] = {LOAD_MAP(BPF_REG_1, map), MOV_IMM(BPF_REG_0, 0), EXIT()};
	int prog;
	void *page;

	if (map < 0)
		return PROBE_DENIED;
	prog = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "hold", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (prog < 0 || page == MAP_FAILED)
		return setup_failed("hold");
	puts("holds");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static int as_poke(int argc, char **argv)
{
	pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
	void *address = (void *)strtoul(argv[2], NULL, 16);
	long word;
	int status;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid)
		return setup_failed("PTRACE_ATTACH");
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, address, NULL);
	if (errno || ptrace(PTRACE_POKETEXT, pid, address, word) < 0)
		return setup_failed("PTRACE_POKETEXT");
	return ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 ? setup_failed("PTRACE_DETACH") : 0;
}

static int as_verbs(int argc, char **argv)
{
	static const struct technique *const families[] = {maps_techniques,    programs_techniques,
							   links_techniques,   pins_techniques,
							   netlink_techniques, tasks_techniques};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct technique *t = families[i]; t->verb; t++)
			printf("%s %s\n", t->id, t->verb);
	return 0;
}

static int as_sniff(int argc, char **argv)
{
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 64), EXIT()};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(9)};
	struct timeval patience = {.tv_sec = 5};
	int prog, raw, sender;
	char packet[64];

	prog = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "sniff", "GPL", insns, 2, NULL);
	raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP));
	sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (prog < 0 || raw < 0 || sender < 0 ||
	    setsockopt(raw, SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)) < 0 ||
	    setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return PROBE_DENIED;
	(void)sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof(address));
	return recv(raw, packet, sizeof(packet), 0) > 0 ? PROBE_ALLOWED : PROBE_DENIED;
}

static const struct {
	const char *name;
	int min_args;
	int (*run)(int argc, char **argv);
} helpers[] = {
	{"ask", 2, as_ask},	  {"peek", 1, as_peek},	       {"comm", 2, as_comm},
	{"exe", 2, as_exe},	  {"argv0", 2, as_argv0},      {"traced", 1, as_traced},
	{"memory", 1, as_memory}, {"orphan", 2, as_orphan},    {"hammer", 2, as_hammer},
	{"raw", 1, as_raw},	  {"mapped", 1, as_mapped},    {"zero", 1, as_zero},
	{"burst", 2, as_burst},	  {"sniff", 0, as_sniff},      {"hold", 1, as_hold},
	{"verbs", 0, as_verbs},	  {"poke", 2, as_poke},	       {"load", 1, admission_main},
	{"after", 2, after_main}, {"bind", 1, admission_main}, {"passing", 1, links_main},
	{"reach", 0, links_main}, {"make", 1, make_main},
};

int identity_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (strcmp(argv[0], helpers[i].name) == 0 && argc > helpers[i].min_args)
			return helpers[i].run(argc, argv);
	fprintf(stderr, "probe: no helper %s with %d arguments\n", argv[0], argc - 1);
	return PROBE_IMPOSSIBLE;
}
