// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The self-proof: a child takes the canary's label and does what an agent does; what a stranger
 * would do to it must then fail here. A guard that is attached and does not refuse is no guard.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"

/* What the child tells: 0 as an id means that it could not make its map. */
struct canary {
	uint32_t map_id;
	int32_t error; /* errno of the step that failed, positive */
	int32_t mapping; /* errno of the untrusted executable mapping; 0: it went through */
	uint32_t pad0;
};

/* A page of no trusted content, without a writer. Return: errno of mapping it, 0 if that works. */
static int untrusted_mapping(void)
{
	_cleanup_close_ int writer = memfd_create("canary", MFD_CLOEXEC);
	_cleanup_close_ int reader = -EBADF;
	char path[64];
	void *page;

	if (writer < 0 || ftruncate(writer, 4096))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return 0;
	(void)close(TAKE_FD(writer));
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, reader, 0);
	if (page == MAP_FAILED)
		return errno;
	(void)munmap(page, 4096);
	return 0;
}

static void canary_act(int control, struct canary *canary)
{
	_cleanup_close_ int map = -EBADF;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int r;

	r = control_op(control, CONTROL_ACT_AS, 0, 0, DOMAIN_CANARY);
	if (r < 0) {
		canary->error = -r;
		return;
	}
	canary->mapping = untrusted_mapping();
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "hf_canary", 4, 8, 1, NULL);
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size)) {
		canary->error = errno;
		return;
	}
	canary->map_id = info.id;
	(void)TAKE_FD(map); /* it lives as long as the child */
}

/* The child waits at the pipe's end until it has been attacked. */
static pid_t canary_start(int control, struct canary *ret_canary, int *ret_leash)
{
	int tell[2], leash[2];
	struct canary canary = {};
	pid_t pid;
	char end;

	if (pipe2(tell, O_CLOEXEC))
		return -errno;
	if (pipe2(leash, O_CLOEXEC)) {
		(void)close(tell[0]);
		(void)close(tell[1]);
		return -errno;
	}
	pid = fork();
	if (!pid) {
		(void)close(leash[1]);
		canary_act(control, &canary);
		if (write(tell[1], &canary, sizeof(canary)) != sizeof(canary))
			_exit(1);
		(void)!read(leash[0], &end, 1);
		_exit(0);
	}
	(void)close(tell[1]);
	(void)close(leash[0]);
	*ret_leash = leash[1];
	if (pid > 0 && read(tell[0], ret_canary, sizeof(*ret_canary)) != sizeof(*ret_canary))
		ret_canary->error = ECHILD;
	(void)close(tell[0]);
	return pid;
}

/* Return: what let an act through; NULL if everything was refused as it should be. */
static const char *canary_attack(const struct canary *canary, pid_t pid)
{
	int fd;

	if (!canary->mapping)
		return "an executable mapping of untrusted content";
	fd = bpf_map_get_fd_by_id(canary->map_id);
	if (fd >= 0) {
		(void)close(fd);
		return "a stranger's fd to a labelled map";
	}
	if (errno != ENOENT)
		return "a stranger's look for a labelled map (refused, but not by the guard)";
	if (!ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return "ptrace of a labelled task";
	}
	return NULL;
}

int proof_run(int control, struct diag *reterr_diag)
{
	_cleanup_close_ int leash = -EBADF;
	struct canary canary = {};
	const char *passed;
	int status;
	pid_t pid;

	pid = canary_start(control, &canary, &leash);
	if (pid < 0)
		return (int)pid;
	passed = canary.error ? NULL : canary_attack(&canary, pid);
	(void)close(TAKE_FD(leash));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (canary.error)
		return -canary.error;
	if (!passed)
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 "the guard is attached but does not enforce: %s went through; see the kernel log, "
		 "and whether kernel.ftrace_enabled is 1 and no other BPF-LSM program is loaded",
		 passed);
	return GUARD_E_PROOF;
}
