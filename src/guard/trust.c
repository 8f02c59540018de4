// SPDX-License-Identifier: LGPL-2.1-or-later
/* See trust.h. */

#include "guard/trust.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"

#define KEY_TYPE "asymmetric"
/* To whoever possesses it: view, read and search; to everybody else nothing. */
#define KEY_MODE 0x0b000000u

static const char *const programs[] = {"trust_judge", "trust_key_alloc", "trust_hold"};

int trust_choose(struct bpf_object *object, bool wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, programs[i]);
		int r = program ? bpf_program__set_autoload(program, wanted) : -ENOENT;

		if (r < 0)
			return r;
	}
	return 0;
}

bool trust_program(const char *name)
{
	return !strcmp(name, "trust_judge");
}

/* ---- the keyring */

/* Between holdfastd and the child that makes it; in memory of both. */
struct making {
	int serial;
	int link;
	int error; /* negative errno */
	bool unknown; /* the kernel takes no such certificate */
};

static long keyctl(int command, long a, long b, long c)
{
	return syscall(SYS_keyctl, command, a, b, c, 0L);
}

static int keyring_make(const struct guard_policy *policy, struct making *making)
{
	long key;

	if (keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0) < 0)
		return -errno;
	making->serial = (int)keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1, 0);
	if (making->serial < 0)
		return -errno;
	key = syscall(SYS_add_key, KEY_TYPE, "holdfast", policy->certificate,
		      policy->certificate_size, KEY_SPEC_SESSION_KEYRING);
	if (key < 0) {
		making->unknown = errno == EBADMSG || errno == ENOPKG || errno == ENOENT ||
				  errno == EINVAL || errno == EKEYREJECTED;
		return -errno;
	}
	/* nothing is added from here on; then nothing is changed, by anybody */
	if (keyctl(KEYCTL_RESTRICT_KEYRING, KEY_SPEC_SESSION_KEYRING, 0, 0) < 0 ||
	    keyctl(KEYCTL_SETPERM, key, KEY_MODE, 0) < 0 ||
	    keyctl(KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, KEY_MODE, 0) < 0)
		return -errno;
	return 0;
}

/* An event that never counts anything. */
static int keyring_hold(int program, struct making *making)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
	};
	_cleanup_close_ int event =
		(int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (event < 0)
		return -errno;
	making->link = bpf_link_create(program, event, BPF_PERF_EVENT, NULL);
	return making->link < 0 ? -errno : 0;
}

/* Shares holdfastd's descriptors, so that the link's is here when it has ended. */
static pid_t fork_with_fds(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0L, NULL, NULL, 0L);
}

/* In a child: holdfastd itself never possesses the keyring, nor does anything it starts. */
static int making_run(const struct guard_policy *policy, int program, struct making *making)
{
	int status;
	pid_t child = fork_with_fds();

	if (child < 0)
		return -errno;
	if (child == 0) {
		making->error = keyring_make(policy, making);
		if (!making->error)
			making->error = keyring_hold(program, making);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? making->error : -ECHILD;
}

static int refuse(struct diag *reterr_diag, int error)
{
	diag_set(reterr_diag, NULL, 0, 0,
		 "the kernel does not take the certificate (%s): it must be X.509 in DER, of a key "
		 "that this kernel knows; Debian's 6.1 knows RSA and no ECDSA",
		 strerror(-error));
	return GUARD_E_TRUST;
}

int trust_anchor(struct bpf_object *object, int control, const struct guard_policy *policy,
		 int *ret_link, struct diag *reterr_diag)
{
	struct bpf_program *hold = bpf_object__find_program_by_name(object, "trust_hold");
	struct making *making;
	int r;

	if (!hold)
		return -ENOENT;
	making = mmap(NULL, sizeof(*making), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (making == MAP_FAILED)
		return -errno;
	*making = (struct making){.link = -EBADF, .error = -ECHILD};
	r = making_run(policy, bpf_program__fd(hold), making);
	if (r && making->unknown)
		r = refuse(reterr_diag, r);
	if (!r)
		r = control_op(control, CONTROL_ANCHOR, 0, (uint32_t)making->serial, 0);
	if (r)
		closep(&making->link);
	else
		*ret_link = making->link;
	(void)munmap(making, sizeof(*making));
	return r;
}

/* ---- images */

static int explain(int error, struct diag *reterr_diag)
{
	const char *why;

	switch (error) {
	case -EINVAL:
	case -EMSGSIZE:
		diag_set(reterr_diag, NULL, 0, 0, "the guard refused the image: compile it again");
		return GUARD_E_IMAGE;
	case -EACCES:
		why = "it is sealed, and this guard takes policies that nobody has signed: "
		      "`guard up --trust`";
		break;
	case -ESTALE:
		why = "its version is not above the one in force: raise metadata.version";
		break;
	case -EBADMSG:
		why = "its signature is no CMS message in DER, or bytes follow it";
		break;
	case -EKEYREJECTED:
		why = "it is not what was signed";
		break;
	case -ENOKEY:
		why = "it is not signed by the key that this guard was started with";
		break;
	case -ENOPKG:
		why = "this kernel does not know the signature's algorithm";
		break;
	case -EKEYREVOKED:
		why = "the key that this guard was started with is gone: only a reboot brings "
		      "another policy";
		break;
	default:
		return error;
	}
	diag_set(reterr_diag, NULL, 0, 0, "the guard refused the image: %s", why);
	return GUARD_E_TRUST;
}

static int judge_signature(int control, int judge, const struct guard_policy *policy)
{
	_cleanup_close_ int link = bpf_link_create(judge, 0, BPF_LSM_MAC, NULL);
	int r;

	if (link < 0)
		return -errno;
	r = control_put(control, CONTROL_SIGNATURE, policy->signature, policy->signature_size);
	return r ? r : control_op(control, CONTROL_VERDICT, 0, 0, 0);
}

int trust_offer(int control, int judge, const struct guard_policy *policy, struct diag *reterr_diag)
{
	int r;

	if (judge >= 0 && !policy->signature_size) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "this guard takes signed policies only, and this one has no signature "
			 "beside it: `holdfast policy sign`");
		return GUARD_E_TRUST;
	}
	r = control_put(control, CONTROL_IMAGE, policy->image, policy->size);
	if (!r && judge >= 0)
		r = judge_signature(control, judge, policy);
	return r ? explain(r, reterr_diag) : 0;
}

int trust_force(int control)
{
	return control_op(control, CONTROL_FORCE, 0, 0, 0);
}
