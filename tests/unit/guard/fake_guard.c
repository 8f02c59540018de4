// SPDX-License-Identifier: LGPL-2.1-or-later
/* See fake_guard.h. */

#include "guard/fake_guard.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "bpf/events-api.h"
#include "policy/image.h"

#define MAX_QUEUED 8192

struct guard {
	int events_fd, risk_fd; /* one eventfd: any event wakes both */
};

struct queued {
	void *data;
	size_t size;
	bool was_read; /* and is still in the ring */
};

static struct fake_kernel kernel;
static struct queued queue[MAX_QUEUED];
static size_t n_queued;
static struct guard *holder; /* the process's hold, to wake it */

struct fake_kernel *fake_kernel(void)
{
	return &kernel;
}

static void drop_queue(size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(queue[i].data);
	n_queued -= n;
	memmove(queue, queue + n, n_queued * sizeof(queue[0]));
}

void fake_reset(void)
{
	free(kernel.image);
	kernel = (struct fake_kernel){0};
	drop_queue(n_queued);
}

static void wake(void)
{
	uint64_t one = 1;

	if (holder)
		(void)!write(holder->events_fd, &one, sizeof(one));
}

void fake_raw_event(const void *data, size_t size)
{
	void *copy = malloc(size);

	if (!copy || n_queued == MAX_QUEUED)
		abort();
	memcpy(copy, data, size);
	queue[n_queued++] = (struct queued){.data = copy, .size = size};
	wake();
}

void fake_event(uint64_t sequence)
{
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = sequence,
		.act = EVENT_ACT_MAP_FD,
		.verdict = EVENT_REFUSED,
		.row = EVENT_ROW('M', 1),
		.error = EPERM,
		.comm = "bpftool",
	};

	fake_raw_event(&event, sizeof(event));
}

void fake_flagged_event(uint64_t sequence, uint32_t flags)
{
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = sequence,
		.act = EVENT_ACT_UNLINK,
		.verdict = EVENT_REFUSED,
		.row = EVENT_ROW('M', 1),
		.flags = flags,
	};

	fake_raw_event(&event, sizeof(event));
}

void fake_object_event(uint32_t act, uint32_t id, uint32_t command)
{
	struct event event = {
		.abi = EVENT_ABI,
		.size = sizeof(event),
		.sequence = id,
		.act = act,
		.command = command,
		.verdict = EVENT_NOTED,
		.object_kind = EVENT_OBJECT_LINK,
		.object_id = id,
		.owner = kernel.domain,
	};

	fake_raw_event(&event, sizeof(event));
}

static enum guard_ring ring_of(const struct queued *queued)
{
	const struct event *event = queued->data;

	return queued->size >= sizeof(*event) && event->flags & EVENT_RISK ? GUARD_RING_RISK
									   : GUARD_RING_EVENTS;
}

static int take(int *knob)
{
	int r = *knob;

	*knob = 0;
	return r;
}

static int keep_image(const void *image, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, image, size);
	free(kernel.image);
	kernel.image = copy;
	kernel.image_size = size;
	return 0;
}

static int hold(struct guard **ret_guard)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return -ENOMEM;
	guard->events_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	guard->risk_fd = dup(guard->events_fd);
	if (guard->risk_fd < 0) {
		free(guard);
		return -errno;
	}
	holder = guard;
	if (n_queued > 0)
		wake();
	*ret_guard = guard;
	return 0;
}

int guard_up(const struct guard_policy *policy, struct guard **ret_guard, struct diag *reterr_diag)
{
	int r = take(&kernel.up_result);

	if (r > 0)
		diag_set(reterr_diag, NULL, 0, 0, "the fake guard was told to refuse");
	if (r)
		return r;
	if (kernel.up)
		return GUARD_E_EXISTS;
	r = keep_image(policy->image, policy->size);
	if (r < 0)
		return r;
	kernel.trust = policy->certificate_size ? GUARD_TRUST_SIGNED : GUARD_TRUST_NONE;
	kernel.up = true;
	return hold(ret_guard);
}

int guard_adopt(struct guard **ret_guard, struct diag *reterr_diag)
{
	int r = take(&kernel.adopt_result);

	if (r > 0)
		diag_set(reterr_diag, NULL, 0, 0, "the fake guard was told to refuse");
	if (r)
		return r;
	return kernel.up ? hold(ret_guard) : GUARD_E_NONE;
}

int guard_origin(struct guard_origin *ret_origin)
{
	*ret_origin = (struct guard_origin){};
	return 0;
}

struct guard *guard_free(struct guard *guard)
{
	if (!guard)
		return NULL;
	holder = NULL;
	(void)close(guard->events_fd);
	(void)close(guard->risk_fd);
	free(guard);
	return NULL;
}

int guard_offer(struct guard *guard, const struct guard_policy *policy, struct diag *reterr_diag)
{
	if (kernel.trust && !policy->signature_size) {
		diag_set(reterr_diag, NULL, 0, 0, "the fake guard wants a signature");
		return GUARD_E_TRUST;
	}
	return 0;
}

int guard_reload(struct guard *guard, const void *image, struct diag *reterr_diag)
{
	int r = take(&kernel.reload_result);

	if (r > 0)
		diag_set(reterr_diag, NULL, 0, 0, "the fake guard was told to refuse");
	if (r)
		return r;
	kernel.reloads++;
	return keep_image(image, ((const struct image_header *)image)->size);
}

int guard_trust(struct guard *guard, uint32_t *ret_keyring)
{
	*ret_keyring = 0;
	return kernel.trust;
}

int guard_image(struct guard *guard, void **ret_image, size_t *ret_size)
{
	void *copy = malloc(kernel.image_size);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, kernel.image, kernel.image_size);
	*ret_image = copy;
	*ret_size = kernel.image_size;
	return 0;
}

int guard_operator_set(struct guard *guard, const struct guard_operator *operator)
{
	kernel.operator= * operator;
	return 0;
}

int guard_operator_get(struct guard *guard, struct guard_operator *ret_operator)
{
	*ret_operator = kernel.operator;
	return 0;
}

int guard_respite_set(struct guard *guard, uint32_t domain, const struct guard_respite *respite)
{
	kernel.respites[domain != GUARD_RESPITE_ALL] = *respite;
	return 0;
}

int guard_respite_get(struct guard *guard, uint32_t domain, struct guard_respite *ret_respite)
{
	*ret_respite = kernel.respites[domain != GUARD_RESPITE_ALL];
	return 0;
}

int guard_admit(struct guard *guard, const struct guard_daemon *daemon)
{
	kernel.next = *daemon;
	return 0;
}

int guard_daemons(struct guard *guard, struct guard_daemon *ret_own, struct guard_daemon *ret_next)
{
	*ret_own = kernel.own;
	*ret_next = kernel.next;
	return 0;
}

static struct guard_kept *kept_find(uint32_t id)
{
	for (size_t i = 0; i < kernel.n_kept; i++) {
		if (kernel.kept[i].id == id)
			return &kernel.kept[i];
	}
	return NULL;
}

bool fake_kept(uint32_t id)
{
	return kept_find(id);
}

int guard_keep(struct guard *guard, struct guard_kept *kept)
{
	if (kernel.not_there_yet > 0) {
		kernel.not_there_yet--;
		return -EAGAIN;
	}
	if (kernel.n_kept == FAKE_KEPT_MAX)
		return -ENOSPC;
	kept->likeness[0] = (uint8_t)(kept->id % 10);
	kept->exclusive = kept->id % 10 == 9;
	kernel.kept[kernel.n_kept++] = *kept;
	return 0;
}

int guard_keep_left(struct guard *guard, struct guard_kept *kept)
{
	kept->left = kept_find(kept->id)->left = true;
	return 0;
}

int guard_let_go(struct guard *guard, const struct guard_kept *kept)
{
	struct guard_kept *pin = kept_find(kept->id);

	if (pin)
		*pin = kernel.kept[--kernel.n_kept];
	return 0;
}

int guard_kept_each(struct guard *guard, int (*see)(void *context, const struct guard_kept *kept),
		    void *context)
{
	int r = 0;

	for (size_t i = 0; i < kernel.n_kept && !r; i++)
		r = see(context, &kernel.kept[i]);
	return r;
}

int guard_fds_each(struct guard *guard, void (*see)(void *context, uint32_t kind, uint32_t id),
		   void *context)
{
	for (size_t i = 0; i < kernel.n_fds; i++)
		see(context, EVENT_OBJECT_LINK, kernel.fds[i]);
	return 0;
}

int guard_objects_each(struct guard *guard,
		       int (*see)(void *context, uint32_t kind, uint32_t id, uint32_t domain),
		       void *context)
{
	int r = 0;

	for (size_t i = 0; i < kernel.n_objects && !r; i++)
		r = see(context, EVENT_OBJECT_LINK, kernel.objects[i], kernel.domain);
	return r;
}

int guard_mark(struct guard *guard, int fd, uint32_t domain)
{
	kernel.marks++;
	kernel.marked = domain;
	return take(&kernel.mark_result);
}

void guard_own(struct guard *guard, const void *image, const void *old,
	       struct guard_owned *ret_owned)
{
	(void)guard;
	(void)image;
	(void)old;
	*ret_owned = (struct guard_owned){};
}

int guard_mark_path(struct guard *guard, const char *path, uint32_t domain)
{
	kernel.path_marks++;
	return access(path, F_OK) < 0 ? -errno : 0;
}

int guard_shed(struct guard *guard)
{
	return kernel.shed_result;
}

int guard_expect(struct guard *guard, uint32_t domain)
{
	while (kernel.expect_hangs)
		(void)pause();
	return kernel.expect_result;
}

int guard_events_fd(struct guard *guard, enum guard_ring ring)
{
	return ring == GUARD_RING_RISK ? guard->risk_fd : guard->events_fd;
}

int guard_events_read(struct guard *guard, enum guard_ring ring, guard_event_fn *fn, void *userdata)
{
	uint64_t value;
	int r = 0;

	(void)!read(guard->events_fd, &value, sizeof(value));
	for (size_t i = 0; i < n_queued && r >= 0; i++) {
		if (ring_of(&queue[i]) != ring || queue[i].was_read)
			continue;
		r = fn(userdata, queue[i].data, queue[i].size);
		queue[i].was_read = true;
	}
	return r;
}

bool guard_events_release(struct guard *guard, enum guard_ring ring)
{
	size_t left = 0;

	for (size_t i = 0; i < n_queued; i++) {
		if (queue[i].was_read && ring_of(&queue[i]) == ring)
			free(queue[i].data);
		else
			queue[left++] = queue[i];
	}
	n_queued = left;
	if (n_queued > 0)
		wake();
	return true;
}

int guard_numbers(struct guard *guard, uint64_t *ret_last)
{
	*ret_last = kernel.last_number;
	return 0;
}

int guard_programs(struct guard *guard, bool load, uint32_t *ret_high)
{
	*ret_high = kernel.programs;
	return 0;
}

int guard_folded_each(struct guard *guard,
		      void (*see)(void *context, const struct guard_folded *folded), void *context)
{
	struct guard_folded folded = {.row = EVENT_ROW('M', 1), .verdict = EVENT_REFUSED};

	folded.total = kernel.folded;
	folded.n = kernel.folded - kernel.folded_told;
	if (!folded.n)
		return 0;
	see(context, &folded);
	return 1;
}

int guard_folded_told(struct guard *guard, const struct guard_folded *folded)
{
	kernel.folded_told = folded->total;
	return 0;
}

int guard_prove(struct guard *guard, struct guard_proof *ret_proof, struct diag *reterr_diag)
{
	int r = take(&kernel.prove_result);

	kernel.proofs++;
	if (r < 0)
		return r;
	*ret_proof = (struct guard_proof){.acts = 36, .refused = r ? 35 : 36};
	if (r)
		diag_set(reterr_diag, NULL, 0, 0, "a pin unlinked went through");
	return r;
}

const struct guard_adoption *guard_adoption(const struct guard *guard)
{
	return &kernel.adoption;
}

int guard_links_late(struct guard *guard)
{
	kernel.late_looks++;
	return take(&kernel.late_result);
}

int guard_look(struct guard *guard, struct guard_survey *ret_survey)
{
	*ret_survey = kernel.survey;
	return take(&kernel.look_result);
}

int guard_status(struct guard *guard, struct guard_status *ret_status)
{
	*ret_status = (struct guard_status){
		.armed = true,
		.ima = true,
		.signs = true,
		.armed_ns = 42000000,
		.n_domains = kernel.domain ? 2 : 1,
		.domains = {{.id = 1, .tasks = 1, .maps = 2, .progs = 3, .links = 4},
			    {.id = kernel.domain, .tasks = !kernel.dead}},
		.n_weak = 1,
		.weak = {"the fake guard refuses nothing"},
	};
	return 0;
}

int guard_down(struct guard *guard)
{
	int r = take(&kernel.down_result);

	(void)guard_free(guard);
	if (r < 0)
		return r;
	kernel.up = false;
	memset(kernel.respites, 0, sizeof(kernel.respites));
	kernel.operator=(struct guard_operator){0};
	return 0;
}
