// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The self-proof: every hook that refuses is made to refuse, here and now, by acts upon a canary
 * and by it. A refusal counts if the guard itself says that it was its own. A guard that is
 * attached and does not refuse is no guard.
 */

#include "guard/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/internal.h"
#include "guard/mark.h"
#include "guard/protocol.h"

#define FOLDER PROTOCOL_RUN_DIR "/" PROTOCOL_CANARY_NAME
#ifndef PROOF_IGNORED /* meson's option `proof`: to see whether the tests notice what this would */
#define PROOF_IGNORED 0
#endif

#define PATIENCE_S 20 /* for a canary that does not answer */

/* What came of one side's acts. */
struct outcome {
	uint32_t acts, refused;
	uint32_t worst; /* index of the first act that was not refused as it should be, plus one */
	int32_t got; /* what it returned; its own errno: refused, but not by the guard */
	int32_t error; /* negative errno of what came before the acts */
	uint32_t map, prog, link;
	uint32_t stream, datagram;
};

static uint64_t refusals(int state)
{
	struct guard_state now = {};
	__u32 zero = 0;

	(void)bpf_map_lookup_elem(state, &zero, &now);
	return now.canary;
}

static void acts_run(const struct proof *proof, enum proof_side side, struct outcome *outcome)
{
	for (uint32_t i = 0; proof_acts[i].hook; i++) {
		const struct proof_act *act = &proof_acts[i];
		uint64_t before;
		bool counted;
		int r;

		if (act->side != side || !wants_program(proof->wants, act->hook))
			continue;
		before = refusals(proof->state);
		r = act->run(proof);
		if (r == PROOF_ABSENT)
			continue;
		/* an exec that may give one label only is no stranger's act */
		counted = refusals(proof->state) > before || act->error == EACCES;
		outcome->acts++;
		if (r == -act->error && counted) {
			outcome->refused++;
		} else if (!outcome->worst) {
			outcome->worst = i + 1;
			outcome->got = r;
		}
	}
}

/* ---- the canary's side */

static int canary_prepare(struct proof *proof)
{
	int r;

	r = control_op(proof->control, CONTROL_ACT_AS, 0, 0, DOMAIN_CANARY);
	if (r < 0)
		return r;
	/* what one that was killed has left */
	r = proof_canary_done();
	if (r < 0)
		return r;
	r = proof_canary(proof);
	return r ?: proof_sockets_make(proof);
}

static void canary_live(struct proof *proof)
{
	struct outcome outcome = {};
	char go;

	outcome.error = canary_prepare(proof);
	outcome.map = proof->map;
	outcome.prog = proof->prog;
	outcome.link = proof->link;
	outcome.stream = proof->stream;
	outcome.datagram = proof->datagram;
	if (send(proof->peer, &outcome, sizeof(outcome), 0) != sizeof(outcome) ||
	    (!outcome.error && proof_canary_send(proof)))
		_exit(1);
	if (recv(proof->peer, &go, 1, 0) != 1)
		_exit(1);
	if (!outcome.error)
		acts_run(proof, PROOF_CANARYS, &outcome);
	outcome.error = outcome.error ?: proof_canary_done();
	_exit(send(proof->peer, &outcome, sizeof(outcome), 0) != sizeof(outcome));
}

/* ---- holdfastd's side */

/* A file that is there stays what it is: the mark on it is by its inode. */
static int file_make(int folder, const char *name)
{
	_cleanup_close_ int fd = -EBADF;

	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	return ftruncate(fd, 4096) ? -errno : 0;
}

static int owned_mark(int control, int folder, uint32_t domain)
{
	_cleanup_close_ int fd = openat(folder, "owned", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = mark_fd(control, fd, CONTROL_MARK_FILE, domain);
	if (r < 0)
		return r;
	r = mark_fd(control, folder, CONTROL_MARK_FILE, domain);
	if (r < 0)
		return r;
	return mark_path(control, PROOF_PINS, CONTROL_MARK_PIN, domain);
}

static int places_make(struct proof *proof)
{
	int r;

	if (mkdir(PROOF_PINS, 0700) && errno != EEXIST)
		return -errno;
	if (mkdir(FOLDER, 0700) && errno != EEXIST)
		return -errno;
	proof->folder = open(FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (proof->folder < 0)
		return -errno;
	r = file_make(proof->folder, "owned");
	if (r < 0)
		return r;
	r = file_make(proof->folder, "held");
	if (r < 0)
		return r;
	return owned_mark(proof->control, proof->folder, DOMAIN_CANARY);
}

/* Any hook will do. A build without that room is one that the proof has to find fault with. */
static int hook_find(struct proof *proof)
{
	_cleanup_close_ int fd = bpf_obj_get(GUARD_PIN_LINKS "/shared_bpf");
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	proof->hook = info.tracing.target_btf_id;
	return 0;
}

static int answer(const struct proof *proof, struct outcome *ret_outcome)
{
	ssize_t n = recv(proof->peer, ret_outcome, sizeof(*ret_outcome), 0);

	if (n == sizeof(*ret_outcome))
		return ret_outcome->error;
	return n < 0 ? -errno : -ECHILD;
}

static void merge(struct outcome *outcome, const struct outcome *other)
{
	outcome->acts += other->acts;
	outcome->refused += other->refused;
	if (outcome->worst)
		return;
	outcome->worst = other->worst;
	outcome->got = other->got;
}

static int confront(struct proof *proof, struct outcome *ret_outcome)
{
	struct outcome ours = {}, canarys = {};
	int r;

	r = answer(proof, &canarys);
	if (r < 0)
		return r;
	proof->map = canarys.map;
	proof->prog = canarys.prog;
	proof->link = canarys.link;
	proof->stream = canarys.stream;
	proof->datagram = canarys.datagram;
	acts_run(proof, PROOF_OURS, &ours);
	if (send(proof->peer, "", 1, 0) != 1)
		return -errno;
	r = answer(proof, &canarys);
	if (r < 0)
		return r;
	merge(&ours, &canarys);
	*ret_outcome = ours;
	return 0;
}

static int with_canary(struct proof *proof, struct outcome *ret_outcome)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int pair[2], status, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	proof->peer = pair[0];
	proof->pid = fork();
	if (!proof->pid) {
		(void)close(pair[0]);
		proof->peer = pair[1];
		proof->pid = getppid();
		canary_live(proof);
	}
	(void)close(pair[1]);
	r = proof->pid < 0 ? -errno : confront(proof, ret_outcome);
	(void)close(pair[0]);
	if (proof->pid < 0)
		return r;
	if (r < 0)
		(void)kill(proof->pid, SIGKILL);
	while (waitpid(proof->pid, &status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int judge(const struct outcome *outcome, struct diag *reterr_diag)
{
	const struct proof_act *act;
	const char *how = "went through";
	char text[64];

	if (!outcome->worst)
		return 0;
	act = &proof_acts[outcome->worst - 1];
	if (outcome->got == -act->error) {
		how = "was refused, but not by the guard";
	} else if (outcome->got < 0) {
		(void)snprintf(text, sizeof(text), "failed otherwise (%s)",
			       strerror(-outcome->got));
		how = text;
	}
	diag_set(reterr_diag, NULL, 0, 0,
		 "the guard is attached but does not enforce: %s (%s) %s, %u of %u acts were "
		 "refused; see the kernel log, and whether kernel.ftrace_enabled is 1 and no other "
		 "BPF-LSM program is loaded",
		 act->what, act->hook, how, outcome->refused, outcome->acts);
	return GUARD_E_PROOF;
}

int proof_run(int control, int state, uint32_t wants, struct guard_proof *ret_proof,
	      struct diag *reterr_diag)
{
	struct proof proof = {
		.control = control,
		.state = state,
		.wants = wants,
		.folder = -EBADF,
		.map_fd = -EBADF,
	};
	struct outcome outcome = {};
	int r, s;

	r = hook_find(&proof);
	if (r == 0)
		r = places_make(&proof);
	if (r == 0)
		r = with_canary(&proof, &outcome);
	s = proof.folder < 0 ? 0 : owned_mark(control, proof.folder, DOMAIN_SELF);
	closep(&proof.folder);
	if (PROOF_IGNORED)
		return 0;
	if (s < 0)
		return s;
	if (r < 0) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "the guard is attached but does not enforce: its canary cannot live (%s)",
			 strerror(-r));
		return GUARD_E_PROOF;
	}
	*ret_proof = (struct guard_proof){.acts = outcome.acts, .refused = outcome.refused};
	return judge(&outcome, reterr_diag);
}
