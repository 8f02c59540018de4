// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the guard knows of itself, read from the kernel each time it is asked. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/internal.h"
#include "guard/protocol.h"

static struct guard_domain_status *domain_of(struct guard_status *status, uint32_t id)
{
	for (size_t i = 0; i < status->n_domains; i++) {
		if (status->domains[i].id == id)
			return &status->domains[i];
	}
	if (status->n_domains == GUARD_MAX_DOMAIN_STATUS)
		return NULL;
	status->domains[status->n_domains].id = id;
	return &status->domains[status->n_domains++];
}

static void count_object(void *context, const struct object_label *label)
{
	struct guard_status *status = context;
	/* of no domain: a program that a rule of admission has let through */
	struct guard_domain_status *domain = label->domain ? domain_of(status, label->domain)
							   : NULL;

	if (!domain)
		return;
	switch (label->kind) {
	case EVENT_OBJECT_MAP:
		domain->maps++;
		return;
	case EVENT_OBJECT_PROG:
		domain->progs++;
		return;
	case EVENT_OBJECT_LINK:
		domain->links++;
		return;
	}
}

void labels_each(const struct guard *guard,
		 void (*see)(void *context, const struct object_label *label), void *context)
{
	int fd = guard->maps[GUARD_MAP_OBJECTS];
	struct object_label label;
	__u64 key, *previous = NULL;

	for (size_t i = 0; i < LABELS_MAX_OBJECTS; i++) {
		if (bpf_map_get_next_key(fd, previous, &key))
			return;
		if (!bpf_map_lookup_elem(fd, &key, &label))
			see(context, &label);
		previous = &key;
	}
}

_Static_assert(PROTOCOL_WAY_UNKNOWN == 1u << CONTENT_UNKNOWN &&
		       PROTOCOL_WAY_VERITY == 1u << CONTENT_VERITY &&
		       PROTOCOL_WAY_HASHED == 1u << CONTENT_HASHED &&
		       PROTOCOL_WAY_SEALED == 1u << CONTENT_SEALED &&
		       PROTOCOL_WAY_SIGNED == 1u << CONTENT_SIGNED,
	       "protocol_content.ways");

static void see_content(struct guard_status *status, unsigned mark, unsigned way)
{
	size_t i = 0;

	if (way >= CONTENT_WAYS)
		return;
	while (i < status->n_contents && status->contents[i].mark != mark)
		i++;
	if (i == GUARD_MAX_CONTENTS)
		return;
	if (i == status->n_contents)
		status->contents[status->n_contents++].mark = mark;
	status->contents[i].ways |= 1u << way;
}

static int count_tasks(struct guard *guard, struct guard_status *status)
{
	_cleanup_close_ int fd = bpf_iter_create(guard->tasks);
	_cleanup_fclose_ FILE *lines = NULL;
	struct guard_domain_status *domain;
	unsigned int id, mark, way;

	if (fd < 0)
		return -errno;
	lines = fdopen(fd, "re");
	if (!lines)
		return -errno;
	(void)TAKE_FD(fd);
	while (fscanf(lines, "%x %x %x", &id, &mark, &way) == 3) {
		if (id >= DOMAIN_FIRST)
			see_content(status, mark, way);
		domain = domain_of(status, id);
		if (domain)
			domain->tasks++;
	}
	return 0;
}

/* @ring: key of `lost`, RING_* of lib/maps.h, which enum guard_ring has as well */
static int count_lost(struct guard *guard, __u32 ring, uint64_t *ret_lost)
{
	int n = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *counts = NULL;

	if (n < 0)
		return n;
	counts = calloc((size_t)n, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	if (bpf_map_lookup_elem(guard->maps[GUARD_MAP_LOST], &ring, counts))
		return -errno;
	*ret_lost = 0;
	for (int i = 0; i < n; i++)
		*ret_lost += counts[i];
	return 0;
}

int guard_status(struct guard *guard, struct guard_status *ret_status)
{
	struct guard_status status = {.armed_ns = guard->armed_ns};
	struct features features = {};
	struct guard_state state;
	struct diag diag = {};
	__u32 zero = 0;
	int r;

#ifdef LEAVE_OUT
	leave_out();
#endif
	if (bpf_map_lookup_elem(guard->maps[GUARD_MAP_STATE], &zero, &state))
		return -errno;
	status.armed = state.armed;
	status.ima = state.ima;
	status.events = state.sequence;
	labels_each(guard, count_object, &status);
	r = count_tasks(guard, &status);
	if (r < 0)
		return r;
	r = count_lost(guard, GUARD_RING_EVENTS, &status.lost);
	if (!r)
		r = count_lost(guard, GUARD_RING_RISK, &status.lost_risk);
	if (r < 0)
		return r;
	status.lost += status.lost_risk;
	r = features_probe(&features, &diag);
	if (r < 0)
		return r;
	status.signs = !r && features_signs(&features);
	status.attributes = !r && features_attributes(&features);
	status.calls = !r && features_calls(&features);
	status.digest = r ? 0 : features_digest(&features);
	status.n_weak = r ? 0 : features_weak(&features, status.weak, GUARD_MAX_WEAK);
	features_done(&features);
	*ret_status = status;
	return 0;
}
