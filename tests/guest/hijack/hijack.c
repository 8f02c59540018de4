// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A holdfastd that somebody has taken over: by the linker's --wrap=trust_offer, it has the
 * daemon's own label and all that the daemon holds. Asked for a reload, it first puts the image in
 * force that it was given, by every way it knows, and then tries to end the guard. What came of
 * each try is a line of HIJACK_LOG, by the name of the errno.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "guard/internal.h"
#include "guard/trust.h"

#define HIJACK_LOG "/run/guest/hijack.log"
#define HIJACK_VICTIM "/run/guest/hijack.victim" /* a pid */

int __real_trust_offer(int control, int judge, const struct guard_policy *policy,
		       struct diag *reterr_diag);

static void tell(FILE *log, const char *act, int result)
{
	(void)fprintf(log, "%s %s\n", act, result < 0 ? strerrorname_np(-result) : "through");
}

static int as_errno(int result)
{
	return result < 0 ? -errno : 0;
}

/* ---- another policy */

static int put(int control, const struct guard_policy *policy)
{
	return control_put(control, CONTROL_IMAGE, policy->image, policy->size);
}

/* With a signature of somebody's, and no program attached that would look at it. */
static int force_unjudged(int control, const struct guard_policy *policy)
{
	static const char signature[] = "signature";
	int r = put(control, policy);

	if (!r)
		r = control_put(control, CONTROL_SIGNATURE, signature, sizeof(signature));
	if (!r)
		(void)control_op(control, CONTROL_VERDICT, 0, 0, 0);
	return r ? r : control_op(control, CONTROL_FORCE, 0, 0, 0);
}

/* Past the control program: the map itself. */
static int write_bank(const struct guard_policy *policy)
{
	_cleanup_close_ int fd = bpf_obj_get(GUARD_PIN_MAPS "/policy");
	static char value[IMAGE_MAX_SIZE + POLICY_BANK_SLACK];
	__u32 bank = 0;

	if (fd < 0)
		return -errno;
	memcpy(value, policy->image, policy->size);
	return as_errno(bpf_map_update_elem(fd, &bank, value, BPF_ANY));
}

static int write_state(const char *map, size_t size)
{
	_cleanup_close_ int fd = -EBADF;
	char path[128];
	static char value[16384];
	__u32 zero = 0;

	(void)snprintf(path, sizeof(path), GUARD_PIN_MAPS "/%s", map);
	fd = bpf_obj_get(path);
	if (fd < 0 || size > sizeof(value))
		return -errno;
	return as_errno(bpf_map_update_elem(fd, &zero, value, BPF_ANY));
}

/*
 * Names of functions that are said to lie before or behind the image's own: their ids would come to
 * where those of the policy in force are. What comes of it a rule of that policy shows.
 */
static void misplace_kfuncs(int control, const struct guard_policy *policy)
{
	static const uint32_t places[] = {IMAGE_MAX_NAMES, -(uint32_t)IMAGE_MAX_NAMES};
	_cleanup_free_ char *copy = malloc(policy->size);
	struct image_header *header = (void *)copy;
	struct guard_policy other = *policy;

	if (!copy)
		return;
	memcpy(copy, policy->image, policy->size);
	other.image = copy;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && header->n_limits; i++) {
		((struct image_limits *)(copy + IMAGE_OFF_LIMITS(header)))->kfuncs = places[i];
		(void)put(control, &other);
	}
}

static void forge(FILE *log, int control, const struct guard_policy *policy)
{
	int r;

	misplace_kfuncs(control, policy);
	r = put(control, policy);
	tell(log, "force-unsigned", r ? r : control_op(control, CONTROL_FORCE, 0, 0, 0));
	tell(log, "force-unjudged", force_unjudged(control, policy));
	tell(log, "write-bank", write_bank(policy));
	tell(log, "write-state", write_state("state", sizeof(struct guard_state)));
	tell(log, "write-trust", write_state("trust", sizeof(struct trust_state)));
	tell(log, "other-keys", control_op(control, CONTROL_ANCHOR, 0, 1, 0));
}

/* ---- an end to the guard */

static int admit_another(int control)
{
	struct guard_next next = {.daemon_size = 1};

	return control_put(control, CONTROL_NEXT, &next, sizeof(next));
}

static int be_another(int control)
{
	struct guard_build build = {.daemon_size = 1};

	return control_put(control, CONTROL_BUILD, &build, sizeof(build));
}

/* From a namespace whose mounts spread to the one that counts. */
static int unmount_elsewhere(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		if (unshare(CLONE_NEWNS))
			_exit(errno);
		_exit(umount2("/sys/fs/bpf", 0) ? errno : 0);
	}
	if (waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int detach_link(void)
{
	_cleanup_close_ int fd = bpf_obj_get(GUARD_PIN_LINKS "/switches_sysctl");

	return fd < 0 ? -errno : as_errno(bpf_link_detach(fd));
}

static int replace_program(void)
{
	_cleanup_close_ int fd = bpf_obj_get(GUARD_PIN_LINKS "/switches_sysctl");

	return fd < 0 ? -errno : as_errno(bpf_link_update(fd, fd, NULL));
}

static int kill_victim(void)
{
	FILE *file = fopen(HIJACK_VICTIM, "re");
	char line[32] = "";
	pid_t pid;

	if (!file)
		return -errno;
	pid = fgets(line, sizeof(line), file) ? (pid_t)strtol(line, NULL, 10) : 0;
	(void)fclose(file);
	return pid > 1 ? as_errno(kill(pid, SIGUSR1)) : -ENOENT;
}

static void end(FILE *log, int control)
{
	struct respite forever = {.until = UINT64_MAX};
	struct control_args observe = {
		.op = CONTROL_RESPITE,
		.pointer = (uintptr_t)&forever,
		.size = sizeof(forever),
	};

	tell(log, "unlink-link", as_errno(unlink(GUARD_PIN_LINKS "/shared_bpf")));
	tell(log, "rename-over-link",
	     as_errno(rename(GUARD_PIN_PROGS "/control", GUARD_PIN_LINKS "/shared_bpf")));
	tell(log, "unmount", as_errno(umount2("/sys/fs/bpf", MNT_DETACH)));
	tell(log, "unmount-elsewhere", unmount_elsewhere());
	tell(log, "detach-link", detach_link());
	tell(log, "replace-program", replace_program());
	tell(log, "kill-agent", kill_victim());
	(void)control_call(control, &observe);
	tell(log, "learn", control_op(control, CONTROL_LEARN, 0, 1, 0));
	tell(log, "admit-another", admit_another(control));
	tell(log, "be-another", be_another(control));
	tell(log, "arm-again", control_op(control, CONTROL_ARM, 0, 0, 0));
	tell(log, "disarm", control_op(control, CONTROL_DISARM, 0, 0, 0));
}

/* In the place of the guard's own, and of its signature. */
int __wrap_trust_offer(int control, int judge, const struct guard_policy *policy,
		       struct diag *reterr_diag);

int __wrap_trust_offer(int control, int judge, const struct guard_policy *policy,
		       struct diag *reterr_diag)
{
	static bool up;
	FILE *log;
	int r;

	/* the first image is the one that it comes up with */
	if (up) {
		log = fopen(HIJACK_LOG, "we");
		if (!log)
			return -errno;
		forge(log, control, policy);
		if (!access(HIJACK_VICTIM, F_OK))
			end(log, control);
		(void)fclose(log);
	}
	r = __real_trust_offer(control, judge, policy, reterr_diag);
	up |= !r;
	return r;
}
