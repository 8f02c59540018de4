// SPDX-License-Identifier: LGPL-2.1-or-later
/* What processes cost: made, replaced, signalled, traced. */
#include "cost.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child = -1, self;

static int ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static int fork_exit(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && ended(pid);
}

static int64_t fork_once(void)
{
	return counted(fork_exit());
}

/* Without a copy of the memory, most of what a fork costs. */
static int vfork_exit(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && ended(pid);
}

static int64_t vfork_once(void)
{
	return counted(vfork_exit());
}

/* Of itself: an agent that executes what is not its own stops being one. */
static int exec_self(void)
{
	static char nothing[] = "nothing", name[] = "cost";
	char *const argv[] = {name, nothing, NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	return pid > 0 && ended(pid);
}

static int64_t exec_once(void)
{
	return counted(exec_self());
}

int stamp_main(int fd)
{
	uint64_t now = __rdtsc();

	return write(fd, &now, sizeof(now)) != sizeof(now);
}

/* The same up to its first own instruction: its label is on it by then. */
static int64_t exec_main_once(void)
{
	static char stamp[] = "stamp", name[] = "cost";
	int pipe_fds[2];
	char number[16];
	char *const argv[] = {name, stamp, number, NULL};
	volatile uint64_t begin = 0;
	uint64_t end = 0;
	pid_t pid;
	int r;

	if (pipe(pipe_fds))
		return -errno;
	(void)snprintf(number, sizeof(number), "%d", pipe_fds[1]);
	pid = vfork();
	if (pid == 0) {
		begin = __rdtsc();
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	r = pid > 0 && ended(pid) && read(pipe_fds[0], &end, sizeof(end)) == sizeof(end);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	return r ? (int64_t)(end - begin) : -ECHILD;
}

static int self_find(void)
{
	self = getpid();
	return 0;
}

static int64_t kill_none(void)
{
	return counted(!kill(self, 0));
}

static void child_end(void)
{
	kill(child, SIGKILL);
}

/* It ignores the signal, and sleeps. */
static int child_make(void)
{
	if (signal(SIGUSR1, SIG_IGN) == SIG_ERR)
		return -errno;
	child = fork();
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (child < 0)
		return -errno;
	return atexit(child_end) ? -ENOMEM : 0;
}

static int64_t kill_child(void)
{
	return counted(!kill(child, SIGUSR1));
}

/* Seized, not stopped: whether it runs meanwhile is not a matter of the call. */
static int64_t attach(void)
{
	int status;
	int64_t cost = counted(!ptrace(PTRACE_SEIZE, child, NULL, NULL));

	if (cost > 0 &&
	    (ptrace(PTRACE_INTERRUPT, child, NULL, NULL) || waitpid(child, &status, 0) != child ||
	     ptrace(PTRACE_DETACH, child, NULL, NULL)))
		return -errno;
	return cost;
}

const struct operation task_operations[] = {
	{"fork_exit", NULL, fork_once, SAMPLES_CHEAP},
	{"vfork_exit", NULL, vfork_once, SAMPLES_CHEAP},
	{"exec", NULL, exec_once, SAMPLES_DEAR},
	{"exec_main", NULL, exec_main_once, SAMPLES_DEAR},
	{"kill0", self_find, kill_none, SAMPLES_CHEAP},
	{"kill", child_make, kill_child, SAMPLES_CHEAP},
	{"ptrace_attach", NULL, attach, SAMPLES_DEAR},
	{NULL, NULL, NULL, 0},
};
