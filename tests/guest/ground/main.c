// SPDX-License-Identifier: LGPL-2.1-or-later
/* ground [without] ACT [ARGUMENT]...: does the act, and says what became of it. */

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "ground.h"

static const struct act *const tables[] = {acts_bpf, acts_kernel, acts_token, acts_user};

int ground_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	/* who has changed his user belongs to root until he says otherwise */
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? -errno : 0;
}

int ground_apart(int (*run)(void *data), void *data)
{
	int result[2], status, r = -EIO;
	pid_t pid;

	if (pipe(result) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		r = run(data);
		_exit(write(result[1], &r, sizeof(r)) != sizeof(r));
	}
	(void)close(result[1]);
	if (read(result[0], &r, sizeof(r)) != sizeof(r))
		r = ACT_IMPOSSIBLE;
	(void)close(result[0]);
	return waitpid(pid, &status, 0) == pid ? r : -errno;
}

void ground_nap(long milliseconds)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

/* The capabilities that `holdfast posture` looks for, and no way to get them back. */
static int give_up(void)
{
	static const int bits[] = {CAP_BPF,	  CAP_NET_ADMIN,  CAP_PERFMON,
				   CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_PTRACE};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		__u32 bit = ~(1u << (bits[i] % 32));

		if (prctl(PR_CAPBSET_DROP, bits[i]) < 0)
			return -errno;
		data[bits[i] / 32].effective &= bit;
		data[bits[i] / 32].permitted &= bit;
		data[bits[i] / 32].inheritable &= bit;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: ground [without] ACT [ARGUMENT]...\n"
			      "exit code 0 it went through, 1 it was refused, 2 it is no result\n");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct act *act = tables[i]; act->name; act++)
			(void)fprintf(stderr, "  %s: %s\n", act->name, act->says);
	}
	return 2;
}

static const struct act *find(const char *name, int n_arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct act *act = tables[i]; act->name; act++) {
			if (strcmp(act->name, name) == 0 && act->n_arguments == n_arguments)
				return act;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct act *act;
	int without = argc > 1 && strcmp(argv[1], "without") == 0;
	int r;

	argv += 1 + without;
	argc -= 1 + without;
	act = argc > 0 ? find(argv[0], argc - 1) : NULL;
	if (!act)
		return usage();
	r = without ? give_up() : 0;
	if (r < 0) {
		(void)printf("%s: no capability given up: %s\n", act->name, strerrorname_np(-r));
		return 2;
	}
	r = act->run(argv + 1);
	if (r > 0)
		(void)printf("%s: could not be tried: %s\n", act->name, strerror(errno));
	else
		(void)printf("%s: %s\n", act->name, r ? strerrorname_np(-r) : "went through");
	return r < 0 ? 1 : r ? 2 : 0;
}
