// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What `holdfast posture check` takes beside 500 processes and 200 BPF objects, maps and programs
 * that use them: the median of what it takes without the time that it had to wait for a processor.
 * TAP. Ends at once, with a skip, where no objects can be made or none be looked at.
 *
 * usage: bench-posture HOLDFAST
 */

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"

#define PROCESSES 500
#define PAIRS 100 /* a map and a program each */
#define ROUNDS 15
#define LIMIT_MS 300.0
#define ANSWER ((size_t)4 << 20)

struct taken {
	double ms; /* without waiting for a processor */
	double wall_ms, cpu_ms;
};

/* Return: 0; a negative errno. What it opens lives as long as this process. */
static int pair_make(unsigned int i)
{
	int map = bpf_map_create(i % 2 ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY, "bench_posture", 4,
				 8, 64, NULL);
	const struct bpf_insn insns[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{0},
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4, .imm = 1},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	if (map < 0)
		return -errno;
	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "bench_posture", "GPL", insns,
			     ARRAY_SIZE(insns), NULL) < 0
		       ? -errno
		       : 0;
}

static bool sleeper_start(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	return pid > 0;
}

/* Of a child that has ended and is not waited for: how long there was no processor for it. */
static double waited_ms(pid_t pid)
{
	_cleanup_fclose_ FILE *file = NULL;
	unsigned long long delay = 0;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*u %llu", &delay) != 1)
		return 0;
	return (double)delay / 1e6;
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double used_ms(const struct rusage *used)
{
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1e3 +
	       (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e3;
}

/* Reads until the writer is gone; what is too long is cut. */
static void drain(int fd, char *ret_text)
{
	size_t used = 0;
	ssize_t n;

	while (used < ANSWER - 1 && (n = read(fd, ret_text + used, ANSWER - 1 - used)) > 0)
		used += (size_t)n;
	ret_text[used] = '\0';
}

/* Return: whether it answered. */
static bool ask(const char *holdfast, char *ret_answer, struct taken *ret_taken)
{
	double begun = now_ms();
	struct rusage used;
	int ends[2], status;
	siginfo_t info;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		execl(holdfast, holdfast, "posture", "check", "--json", (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	drain(ends[0], ret_answer);
	(void)close(ends[0]);
	if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		return false;
	ret_taken->wall_ms = now_ms() - begun;
	ret_taken->ms = ret_taken->wall_ms - waited_ms(pid);
	if (wait4(pid, &status, 0, &used) != pid)
		return false;
	ret_taken->cpu_ms = used_ms(&used);
	return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

/* The value of a check of the answer; "" if there is none. */
static void value_of(const char *answer, const char *id, char *ret_value, size_t size)
{
	const char *end;
	char key[64];

	ret_value[0] = '\0';
	(void)snprintf(key, sizeof(key), "\"id\": \"%s\"", id);
	answer = strstr(answer, key);
	answer = answer ? strstr(answer, "\"value\": \"") : NULL;
	if (!answer)
		return;
	answer += strlen("\"value\": \"");
	end = strchr(answer, '"');
	if (end)
		(void)snprintf(ret_value, size, "%.*s", (int)(end - answer), answer);
}

static bool all_were_seen(const char *answer)
{
	unsigned int programs = 0, maps = 0, tasks = 0;
	char owners[128], capabilities[128];

	value_of(answer, "owners", owners, sizeof(owners));
	value_of(answer, "capabilities", capabilities, sizeof(capabilities));
	printf("# owners: %s; capabilities: %s\n", owners, capabilities);
	return sscanf(owners, "%u programs, %u maps", &programs, &maps) == 2 && programs >= PAIRS &&
	       maps >= PAIRS && sscanf(capabilities, "%u tasks", &tasks) == 1 && tasks >= PROCESSES;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct taken *taken, size_t member)
{
	double values[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		memcpy(&values[i], (const char *)&taken[i] + member, sizeof(values[i]));
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

static int measure(const char *holdfast, char *answer)
{
	struct taken taken[ROUNDS];
	bool seen, quick;
	double ms;

	for (size_t i = 0; i < ROUNDS; i++) {
		if (!ask(holdfast, answer, &taken[i])) {
			printf("not ok - %s answers\n", holdfast);
			return 1;
		}
	}
	seen = all_were_seen(answer);
	ms = median(taken, offsetof(struct taken, ms));
	quick = ms < LIMIT_MS;
	printf("# %.0f ms, wall clock %.0f ms, processor %.0f ms\n", ms,
	       median(taken, offsetof(struct taken, wall_ms)),
	       median(taken, offsetof(struct taken, cpu_ms)));
	printf("%sok - %d processes and %d BPF objects are looked at\n", seen ? "" : "not ",
	       PROCESSES, 2 * PAIRS);
	printf("%sok - posture check takes less than %.0f ms\n", quick ? "" : "not ", LIMIT_MS);
	return !(seen && quick);
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *answer = malloc(ANSWER);
	uint32_t id;
	int r = 0;

	if (argc != 2 || !answer) {
		printf("Bail out! usage: bench-posture HOLDFAST\n");
		return 2;
	}
	for (unsigned int i = 0; i < PAIRS && !r; i++)
		r = pair_make(i);
	if (!r && bpf_prog_get_next_id(0, &id) < 0)
		r = -errno;
	if (r) {
		printf("1..0 # SKIP no BPF objects can be made and looked at here: %s\n",
		       strerror(-r));
		return 0;
	}
	printf("1..2\n");
	(void)fflush(stdout);
	for (size_t i = 0; i < PROCESSES; i++) {
		if (!sleeper_start()) {
			printf("Bail out! %zu processes, and no more: %s\n", i, strerror(errno));
			return 1;
		}
	}
	return measure(argv[1], answer);
}
