// SPDX-License-Identifier: LGPL-2.1-or-later
/* Domains of the policy in force: what it says of one. */

#include "bpf/lib/guard.h"

/*
 * They are sorted by their ids: of 64, seven are looked at. Without a branch, for a verifier
 * follows both sides of each, in every program that asks; so what is below zero has its sign for a
 * word. The bank stays the same to the end, whichever comes into force.
 */
__noinline int domain_said(__u32 id)
{
	struct image_header *image = policy_in_force();
	struct image_domain *domain;
	__u64 at = 0, n;

	if (!image)
		return 0;
	n = image->n_domains;
	for (__u32 step = IMAGE_MAX_DOMAINS / 2; step; step /= 2) {
		__u64 further = at + step, fits;

		domain = image_at(image, IMAGE_OFF_DOMAINS(image) + further * sizeof(*domain));
		fits = ((further - n) & ((__u64)domain->id - id - 1)) >> 63;
		barrier_var(fits);
		at += step * fits;
	}
	domain = image_at(image, IMAGE_OFF_DOMAINS(image) + at * sizeof(*domain));
	return n && domain->id == id ? domain->mode | (__u32)domain->hold << 16 : 0;
}

_Static_assert(IMAGE_MAX_DOMAINS == 64, "a power of two, so that halves are whole");

char LICENSE[] SEC("license") = "GPL";
