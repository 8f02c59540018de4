// SPDX-License-Identifier: LGPL-2.1-or-later
/* The guard as holdfastd holds it: fds of its pins, and no other state. */

#include "guard/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "guard/internal.h"
#include "guard/load.h"
#include "guard/mark.h"
#include "guard/pins.h"
#include "guard/succession.h"
#include "guard/trust.h"
#include "policy/image-check.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct guard *guard_free(struct guard *guard)
{
	if (!guard)
		return NULL;
	for (int i = 0; i < _GUARD_RING_MAX; i++) {
		(void)ring_free(guard->rings[i]);
		(void)ring_free(guard->former[i]);
	}
	for (int i = 0; i < _GUARD_MAP_MAX; i++)
		closep(&guard->maps[i]);
	closep(&guard->control);
	closep(&guard->judge);
	closep(&guard->tasks);
	free(guard);
	return NULL;
}

static void guardp(struct guard **guard)
{
	*guard = guard_free(*guard);
}

static struct guard *guard_new(void)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return NULL;
	guard->control = guard->judge = guard->tasks = -EBADF;
	for (int i = 0; i < _GUARD_MAP_MAX; i++)
		guard->maps[i] = -EBADF;
	return guard;
}

static const enum guard_map ring_maps[_GUARD_RING_MAX] = {
	[GUARD_RING_EVENTS] = GUARD_MAP_EVENTS,
	[GUARD_RING_RISK] = GUARD_MAP_RISK,
};

static bool is_ring(int map)
{
	return map == GUARD_MAP_EVENTS || map == GUARD_MAP_RISK;
}

static int rings_open(struct guard *guard)
{
	for (int i = 0; i < _GUARD_RING_MAX; i++) {
		int map_fd = guard->maps[ring_maps[i]];
		int r = map_fd < 0 ? 0 : ring_open(map_fd, &guard->rings[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int pins_open(struct guard *guard)
{
	LIBBPF_OPTS(bpf_obj_get_opts, reading, .file_flags = BPF_F_RDONLY);
	char path[128];

	guard->control = bpf_obj_get(GUARD_PIN_PROGS "/control");
	if (guard->control < 0)
		return -errno;
	guard->judge = bpf_obj_get(GUARD_PIN_PROGS "/trust_judge");
	if (guard->judge < 0 && errno != ENOENT)
		return -errno;
	guard->tasks = bpf_obj_get(GUARD_PIN_LINKS "/count_tasks");
	if (guard->tasks < 0)
		return -errno;
	for (int i = 0; i < _GUARD_MAP_MAX; i++) {
		(void)snprintf(path, sizeof(path), GUARD_PIN_MAPS "/%s", guard_map_names[i]);
		guard->maps[i] = bpf_obj_get_opts(path, is_ring(i) ? NULL : &reading);
		/* a guard of a build before this map: another takes its place */
		if (guard->maps[i] < 0 && errno == ENOENT && i >= GUARD_MAP_RISK)
			continue;
		if (guard->maps[i] < 0)
			return -errno;
	}
	return rings_open(guard);
}

static int state_read(struct guard *guard, struct guard_state *ret_state)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(guard->maps[GUARD_MAP_STATE], &zero, ret_state) ? -errno : 0;
}

bool guard_rehearses(struct guard *guard)
{
	struct guard_state state;

	return !state_read(guard, &state) && state.rehearsing;
}

static int not_self(struct diag *reterr_diag)
{
	diag_set(reterr_diag, NULL, 0, 0,
		 "a guard is up, and this holdfastd is not its own: it must be the same binary, "
		 "started by the service manager (PID 1) in its mount namespace");
	return GUARD_E_NOT_SELF;
}

/* The layout is the build's: a state of another size is not even read. */
static int build_same(struct guard *guard, const struct guard_build *build)
{
	struct bpf_map_info info = {};
	struct guard_state state;
	__u32 size = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(guard->maps[GUARD_MAP_STATE], &info, &size))
		return -errno;
	if (info.value_size != sizeof(state))
		return 0;
	r = state_read(guard, &state);
	if (r < 0)
		return r;
	return state.abi == LABELS_ABI &&
	       !memcmp(state.build.object, build->object, sizeof(build->object));
}

/* The guard's programs are this build's: the daemon need not be the one that they came with. */
static int build_take(struct guard *guard, const struct guard_build *build)
{
	struct guard_state state;
	int r;

	r = state_read(guard, &state);
	if (r < 0 || !memcmp(&state.build, build, sizeof(*build)))
		return r;
	r = control_put(guard->control, CONTROL_BUILD, build, sizeof(*build));
	return r ?: control_op(guard->control, CONTROL_NEXT, 0, 0, 0);
}

static int guard_open(struct guard **ret_guard, struct diag *reterr_diag)
{
	_cleanup_(guardp) struct guard *guard = guard_new();
	int r;

	if (!guard)
		return -ENOMEM;
	r = pins_open(guard);
	if (r == -EPERM)
		return not_self(reterr_diag);
	if (r < 0)
		return r;
	/* in observe mode the pins open for anyone, the control program does not */
	r = control_op(guard->control, CONTROL_MARK, CONTROL_MARK_NONE, 0, 0);
	if (r == -EPERM)
		return not_self(reterr_diag);
	if (r < 0)
		return r;
	*ret_guard = TAKE_PTR(guard);
	return 0;
}

static int wants_read(struct guard *guard)
{
	_cleanup_free_ void *image = NULL;
	size_t size;
	int r = guard_image(guard, &image, &size);

	if (!r)
		guard->wants = wants_of(image);
	return r;
}

int guard_adopt(struct guard **ret_guard, struct diag *reterr_diag)
{
	_cleanup_(guardp) struct guard *guard = NULL;
	struct guard_build build;
	int r;

	if (access(GUARD_PIN_DIR, F_OK))
		return errno == ENOENT ? GUARD_E_NONE : -errno;
	r = build_identify(&build);
	if (r < 0)
		return r;
	r = guard_open(&guard, reterr_diag);
	if (r)
		return r;
	r = build_same(guard, &build);
	if (r == 0) {
		guard = guard_free(guard);
		r = succession_begin(reterr_diag);
		if (r)
			return r;
		r = guard_open(&guard, reterr_diag);
		if (r)
			return r;
		r = build_same(guard, &build);
	}
	if (r <= 0)
		return r ?: -EBADMSG;
	r = build_take(guard, &build);
	if (r)
		return r;
	r = succession_finish(guard);
	if (r)
		return r;
	r = wants_read(guard);
	if (r < 0)
		return r;
	*ret_guard = TAKE_PTR(guard);
	return 0;
}

int guard_up(const struct guard_policy *policy, struct guard **ret_guard, struct diag *reterr_diag)
{
	_cleanup_free_ struct guard_adoption *adoption = calloc(1, sizeof(*adoption));
	uint64_t start = now_ns(), end;
	int r;

	if (!adoption)
		return -ENOMEM;
	r = guard_load(policy, adoption, reterr_diag);
	if (r)
		return r;
	end = now_ns();
	r = guard_adopt(ret_guard, reterr_diag);
	if (r) {
		(void)pins_remove(GUARD_PIN_DIR);
		return r;
	}
	(*ret_guard)->armed_ns = end - start;
	(*ret_guard)->adoption = *adoption;
	return 0;
}

static bool has_new_domain(const void *old, const void *new)
{
	const struct image_domain *domains = image_domains(new);

	for (uint32_t i = 0; i < image_header(new)->n_domains; i++) {
		if (!image_domain_find(old, domains[i].id))
			return true;
	}
	return false;
}

int guard_offer(struct guard *guard, const struct guard_policy *policy, struct diag *reterr_diag)
{
	return trust_offer(guard->control, guard->judge, policy, reterr_diag);
}

int guard_reload(struct guard *guard, const void *image, struct diag *reterr_diag)
{
	struct adoption_run adoption = {
		.control = guard->control, .image = image, .report = &guard->adoption};
	_cleanup_free_ void *old = NULL;
	struct guard_state state;
	size_t old_size;
	bool adopts;
	int r;

	r = guard_image(guard, &old, &old_size);
	if (r < 0)
		return r;
	adoption.old = old;

	r = wants_attach(wants_of(image), reterr_diag);
	if (r)
		return GUARD_E_IMAGE;
	r = places_mark(guard->control, image, reterr_diag);
	if (r)
		return r == GUARD_E_BPFFS ? GUARD_E_IMAGE : r;
	r = state_read(guard, &state);
	if (r < 0)
		return r;
	r = state.ima ? 0 : files_measure(guard->control, image);
	if (r < 0)
		return r;
	/* nobody is adopted into a domain that was there before: see adoption.bpf.c */
	adopts = has_new_domain(old, image);
	if (adopts)
		adopt_prepare(&adoption);
	else
		guard->adoption.made = false;
	r = trust_force(guard->control);
	if (r == 0)
		guard->wants = wants_of(image);
	if (r == 0 && adopts) {
		adopt_run(&adoption);
		adopt_finish(&adoption);
	} else if (adopts) {
		adopt_abandon(&adoption);
	}
	return r;
}

int guard_trust(struct guard *guard, uint32_t *ret_keyring)
{
	struct trust_state trust;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(guard->maps[GUARD_MAP_TRUST], &zero, &trust))
		return -errno;
	*ret_keyring = trust.serial;
	if (!trust.serial)
		return GUARD_TRUST_NONE;
	return trust.anchor == TRUST_VOID ? GUARD_TRUST_VOID : GUARD_TRUST_SIGNED;
}

int guard_image(struct guard *guard, void **ret_image, size_t *ret_size)
{
	_cleanup_free_ struct image_header *image = malloc(IMAGE_MAX_SIZE + POLICY_BANK_SLACK);
	struct guard_state state;
	size_t size;
	__u32 bank;
	void *kept;
	int r;

	if (!image)
		return -ENOMEM;
	r = state_read(guard, &state);
	if (r < 0)
		return r;
	bank = state.bank & 1;
	if (bpf_map_lookup_elem(guard->maps[GUARD_MAP_POLICY], &bank, image))
		return -errno;
	size = image->size;
	if (size > IMAGE_MAX_SIZE)
		return -EBADMSG;
	/* it is kept for as long as it is in force, and seldom a thousandth of the bank */
	kept = realloc(image, size ?: 1);
	if (!kept)
		return -ENOMEM;
	TAKE_PTR(image);
	*ret_size = size;
	*ret_image = kept;
	return 0;
}

_Static_assert(sizeof(struct guard_operator) == sizeof(struct operator_record),
	       "one record, two names");

int guard_operator_set(struct guard *guard, const struct guard_operator *operator)
{
	return control_put(guard->control, CONTROL_OPERATOR, operator, sizeof(*operator));
}

int guard_operator_get(struct guard *guard, struct guard_operator *ret_operator)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(guard->maps[GUARD_MAP_OPERATOR], &zero, ret_operator) ? -errno
											 : 0;
}

_Static_assert(sizeof(struct guard_respite) == sizeof(struct respite), "one record, two names");

int guard_respite_set(struct guard *guard, uint32_t domain, const struct guard_respite *respite)
{
	struct control_args args = {.op = CONTROL_RESPITE, .domain = domain};
	int r;

	if (respite->from_ns || respite->until_ns) {
		args.pointer = (uintptr_t)respite;
		args.size = sizeof(*respite);
	}
	r = control_call(guard->control, &args);
	return r == -ENOENT && !args.size ? 0 : r;
}

int guard_respite_get(struct guard *guard, uint32_t domain, struct guard_respite *ret_respite)
{
	*ret_respite = (struct guard_respite){};
	if (bpf_map_lookup_elem(guard->maps[GUARD_MAP_RESPITES], &domain, ret_respite))
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

int guard_admit(struct guard *guard, const struct guard_daemon *daemon)
{
	struct guard_next next = {.daemon_size = daemon->size};

	memcpy(next.daemon, daemon->digest, sizeof(next.daemon));
	return control_put(guard->control, CONTROL_NEXT, &next, sizeof(next));
}

int guard_daemons(struct guard *guard, struct guard_daemon *ret_own, struct guard_daemon *ret_next)
{
	struct guard_state state;
	int r;

	r = state_read(guard, &state);
	if (r < 0)
		return r;
	*ret_own = (struct guard_daemon){.size = state.build.daemon_size};
	memcpy(ret_own->digest, state.build.daemon, sizeof(ret_own->digest));
	*ret_next = (struct guard_daemon){.size = state.next.daemon_size};
	memcpy(ret_next->digest, state.next.daemon, sizeof(ret_next->digest));
	return 0;
}

int guard_mark(struct guard *guard, int fd, uint32_t domain)
{
	return mark_fd(guard->control, fd, CONTROL_MARK_FILE, domain);
}

int guard_mark_path(struct guard *guard, const char *path, uint32_t domain)
{
	return mark_path(guard->control, path, CONTROL_MARK_FILE, domain);
}

void guard_own(struct guard *guard, const void *image, const void *old,
	       struct guard_owned *ret_owned)
{
	files_own(guard->control, image, old, ret_owned);
}

int guard_expect(struct guard *guard, uint32_t domain)
{
	return control_op(guard->control, CONTROL_EXPECT, 0, 0, domain);
}

int guard_shed(struct guard *guard)
{
	return control_op(guard->control, CONTROL_ACT_AS, 0, 0, DOMAIN_CANARY);
}

int guard_prove(struct guard *guard, struct guard_proof *ret_proof, struct diag *reterr_diag)
{
	int r = features_switches(reterr_diag);

	*ret_proof = (struct guard_proof){};
	if (r)
		return r < 0 ? r : GUARD_E_PROOF;
	return proof_run(guard->control, guard->maps[GUARD_MAP_STATE], guard->wants, ret_proof,
			 reterr_diag);
}

const struct guard_adoption *guard_adoption(const struct guard *guard)
{
	return &guard->adoption;
}

int guard_events_fd(struct guard *guard, enum guard_ring ring)
{
	return guard->maps[ring_maps[ring]];
}

int guard_events_read(struct guard *guard, enum guard_ring ring, guard_event_fn *fn, void *userdata)
{
	int r = guard->former[ring] ? ring_read(guard->former[ring], fn, userdata) : 0;

	return r < 0 || !guard->rings[ring] ? r : ring_read(guard->rings[ring], fn, userdata);
}

bool guard_events_release(struct guard *guard, enum guard_ring ring)
{
	struct ring *former = guard->former[ring];
	bool empty = !former || ring_release(former);

	/* nothing comes into it any more */
	if (former && empty)
		guard->former[ring] = ring_free(former);
	return (!guard->rings[ring] || ring_release(guard->rings[ring])) && empty;
}

int guard_numbers(struct guard *guard, uint64_t *ret_last)
{
	struct guard_state state;
	int r = state_read(guard, &state);

	if (!r)
		*ret_last = state.sequence;
	return r;
}

/* `return 0`, of a type that any kernel loads. */
static int load_one(uint32_t *ret_id)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "holdfast_count", "GPL",
					       insns, ARRAY_SIZE(insns), NULL);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	*ret_id = info.id;
	return 0;
}

int guard_programs(struct guard *guard, bool load, uint32_t *ret_high)
{
	__u32 id = 0;

	if (load)
		return load_one(ret_high);
	while (!bpf_prog_get_next_id(id, &id))
		continue;
	if (errno != ENOENT)
		return -errno;
	*ret_high = id;
	return 0;
}

int guard_down(struct guard *guard)
{
	int r;

	r = control_op(guard->control, CONTROL_DISARM, 0, 0, 0);
	if (!r)
		r = pins_remove(GUARD_PIN_DIR);
	(void)guard_free(guard);
	return r;
}
