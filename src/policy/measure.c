// SPDX-License-Identifier: LGPL-2.1-or-later
/* See measure.h. */

#include "policy/measure.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "policy/closure.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/root.h"
#include "policy/search.h"
#include "policy/tree.h"

/* One domain on its way into the lock. */
struct measure {
	const struct policy *policy;
	const struct policy_domain *domain;
	size_t index; /* of policy_owner() */
	struct closure *closure;
	struct lock *lock;
	struct diag *reterr_diag;
};

static int add_file(struct measure *m, enum lock_kind kind, const char *path,
		    const struct closure_file *file)
{
	struct lock_file entry = {
		.kind = kind, .domain = m->domain->name, .path = (char *)path, .size = file->size};
	int r;

	if (!image_path_valid(path)) {
		diag_set(m->reterr_diag, NULL, 0, 0,
			 "%.300s has more than %d bytes or control characters: move the file", path,
			 IMAGE_PATH_LEN - 1);
		return POLICY_E_INVALID;
	}
	memcpy(entry.digest, file->digest, SHA256_LEN);
	memcpy(entry.verity, file->verity, SHA256_LEN);
	r = lock_add(m->lock, &entry);
	if (r == LOCK_E_TOO_MANY) {
		diag_set(m->reterr_diag, NULL, 0, 0, "more than %d files in one lock",
			 LOCK_MAX_FILES);
		return POLICY_E_INVALID;
	}
	return r;
}

static int measure_file(struct measure *m, enum lock_kind kind, const char *path)
{
	enum closure_role role = kind == LOCK_EXECUTABLE ? CLOSURE_EXECUTABLE : CLOSURE_LIBRARY;
	size_t first = 0;
	int r;

	r = closure_add(m->closure, path, role, &first, m->reterr_diag);
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;

	r = add_file(m, kind, path, closure_get(m->closure, first));
	for (size_t i = first + 1; i < closure_count(m->closure) && !r; i++)
		r = add_file(m, LOCK_NEEDED, closure_get(m->closure, i)->path,
			     closure_get(m->closure, i));
	return r;
}

/* What was refused, said where the policy asks for it. */
static int refuse_at(struct measure *m, const struct policy_place *place, const char *list,
		     size_t k)
{
	struct diag cause;

	if (!m->reterr_diag)
		return POLICY_E_INVALID;
	cause = *m->reterr_diag;
	if (m->index >= m->policy->n_domains)
		diag_set(m->reterr_diag, m->policy->file, place->line, place->column,
			 "admission.allow[%zu]: %s", m->index - m->policy->n_domains, cause.text);
	else
		diag_set(m->reterr_diag, m->policy->file, place->line, place->column,
			 "domains[%zu].%s[%zu].path: %s", m->index, list, k, cause.text);
	return POLICY_E_INVALID;
}

static int measure_domain(struct measure *m)
{
	const struct policy_domain *d = m->domain;
	int r;

	for (size_t k = 0; k < d->n_executables; k++) {
		const struct policy_executable *e = &d->executables[k];

		r = e->path ? measure_file(m, LOCK_EXECUTABLE, e->path) : 0;
		if (r)
			return r < 0 ? r : refuse_at(m, &e->place, "executables", k);
	}
	for (size_t k = 0; k < d->n_libraries; k++) {
		const struct policy_library *l = &d->libraries[k];

		r = l->path ? measure_file(m, LOCK_LIBRARY, l->path) : 0;
		if (r)
			return r < 0 ? r : refuse_at(m, &l->place, "libraries", k);
	}
	return 0;
}

int measure_launcher(struct policy *policy, const char *root_path, struct diag *reterr_diag)
{
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	_cleanup_(root_closep) struct root *root = NULL;
	int r;

	r = root_open(root_path, &root, reterr_diag);
	if (!r)
		r = root_open_file(root, POLICY_LAUNCHER_PATH, true, &file, reterr_diag);
	if (r == ROOT_E_NONE)
		return 0;
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;
	return policy_add_launcher(policy);
}

int measure_policy(const struct policy *policy, const char *root_path, struct lock **ret_lock,
		   struct diag *reterr_diag)
{
	_cleanup_(root_closep) struct root *root = NULL;
	_cleanup_(search_freep) struct search *search = NULL;
	_cleanup_(lock_freep) struct lock *lock = NULL;
	int r;

	r = root_open(root_path, &root, reterr_diag);
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;
	r = search_new(root, &search, reterr_diag);
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;
	r = lock_new(policy->name, &lock);
	if (r < 0)
		return r;

	for (size_t i = 0; policy_owner(policy, i); i++) {
		_cleanup_(closure_freep) struct closure *closure = NULL;
		struct measure m = {.policy = policy,
				    .domain = policy_owner(policy, i),
				    .index = i,
				    .lock = lock,
				    .reterr_diag = reterr_diag};

		r = closure_new(root, search, &closure);
		if (r < 0)
			return r;
		m.closure = closure;
		r = measure_domain(&m);
		if (r)
			return r;
	}

	*ret_lock = TAKE_PTR(lock);
	return 0;
}
