// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policy text: refused with a place and a reason, or compiled into an image that passes. */

#include <linux/types.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "must.h"
#include "policy/compile.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/tree.h"

/* The lock that a host would give if every file had content of its own. */
static int invent_lock(const struct policy *policy, struct lock *lock)
{
	const struct policy_domain *d;
	uint8_t serial = 0;

	for (size_t i = 0; (d = policy_owner(policy, i)); i++) {
		for (size_t k = 0; k < d->n_executables; k++) {
			struct lock_file f = {
				.kind = LOCK_EXECUTABLE, .domain = d->name, .size = 1};

			f.path = d->executables[k].path;
			f.digest[0] = (uint8_t)i;
			f.digest[1] = (uint8_t)k;
			f.digest[2] = 1;
			if (f.path && lock_add(lock, &f))
				return -1;
		}
		for (size_t k = 0; k < d->n_libraries; k++) {
			struct lock_file f = {.kind = LOCK_LIBRARY, .domain = d->name, .size = 1};

			f.path = d->libraries[k].path;
			f.digest[0] = serial++;
			if (f.path && lock_add(lock, &f))
				return -1;
		}
	}
	return 0;
}

static void compile(const struct policy *policy)
{
	_cleanup_(lock_freep) struct lock *lock = NULL;
	_cleanup_free_ void *image = NULL;
	struct diag diag = {0};
	size_t size;
	int r;

	must(lock_new(policy->name, &lock) == 0);
	if (invent_lock(policy, lock))
		return;
	must(lock_agrees(lock, "f.lock", policy, NULL) == 0);
	r = compile_policy(policy, lock, &image, &size, &diag);
	must(r >= 0);
	if (r)
		must(diag.text[0] && diag.line > 0);
	else
		must(image_check(image, size, NULL) == 0 &&
		     image_weakens(image, image, NULL) == IMAGE_CHANGE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct diag diag = {0};
	int r;

	r = policy_parse("f.yaml", (const char *)data, size, &policy, &diag);
	must(r >= 0 && !policy == !!r);
	if (r)
		must(diag.text[0] && (diag.line > 0 || size > 4 << 20));
	else
		compile(policy);
	return 0;
}
