// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * policy_resolve(): what the items of a policy say about each other. Looks at no file; what only
 * the content of executables can tell is for compile.
 */

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/path.h"
#include "policy/image-check.h"
#include "policy/tree.h"

#define AT_EXECUTABLE "domains[%zu].executables[%zu]"
#define AT_PIN "domains[%zu].%s[%zu]"

#define refuse_at(policy, diag, place, ...)                                           \
	(diag_set((diag), (policy)->file, (place).line, (place).column, __VA_ARGS__), \
	 POLICY_E_INVALID)

const struct policy_domain *policy_find_domain(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_domains; i++) {
		if (strcmp(policy->domains[i].name, name) == 0)
			return &policy->domains[i];
	}
	return NULL;
}

struct policy_admission *policy_add_admission(struct policy *policy, char *name)
{
	_cleanup_free_ char *owned = name;
	struct policy_domain *d;

	if (!name ||
	    array_grow(&policy->admissions, policy->n_admissions, sizeof(*policy->admissions)) < 0)
		return NULL;
	d = &policy->admissions[policy->n_admissions++].files;
	d->name = TAKE_PTR(owned);
	if (array_grow(&d->executables, d->n_executables, sizeof(*d->executables)) < 0)
		return NULL;
	d->n_executables = 1;
	return &policy->admissions[policy->n_admissions - 1];
}

int policy_add_launcher(struct policy *policy)
{
	struct policy_admission *a = policy_add_admission(policy, strdup(POLICY_LAUNCHER));

	if (!a)
		return -ENOMEM;
	a->programs = IMAGE_PROGRAM_LAUNCH;
	a->files.executables[0].path = strdup(POLICY_LAUNCHER_PATH);
	return a->files.executables[0].path ? 0 : -ENOMEM;
}

const struct policy_domain *policy_owner(const struct policy *policy, size_t i)
{
	if (i < policy->n_domains)
		return &policy->domains[i];
	i -= policy->n_domains;
	return i < policy->n_admissions ? &policy->admissions[i].files : NULL;
}

const struct policy_domain *policy_find_owner(const struct policy *policy, const char *name)
{
	const struct policy_domain *owner;

	for (size_t i = 0; (owner = policy_owner(policy, i)); i++) {
		if (strcmp(owner->name, name) == 0)
			return owner;
	}
	return NULL;
}

/* Against the domains before it. */
static int resolve_name(const struct policy *policy, size_t i, struct diag *reterr_diag)
{
	const struct policy_domain *d = &policy->domains[i];

	for (size_t k = 0; k < i; k++) {
		const struct policy_domain *other = &policy->domains[k];

		if (strcmp(other->name, d->name) == 0)
			return refuse_at(
				policy, reterr_diag, d->place,
				"domains[%zu].name: \"%s\" is here twice, first in line %u", i,
				d->name, other->place.line);
		if (other->id == d->id)
			return refuse_at(
				policy, reterr_diag, d->place,
				"domains[%zu].name: has the id of \"%s\" in line %u: rename one", i,
				other->name, other->place.line);
	}
	return 0;
}

static int resolve_names(struct policy *policy, struct diag *reterr_diag)
{
	for (size_t i = 0; i < policy->n_domains; i++) {
		struct policy_domain *d = &policy->domains[i];
		int r;

		if (!d->mode)
			d->mode = IMAGE_ENFORCES(policy->mode) ? IMAGE_MODE_ENFORCE : policy->mode;
		r = image_domain_id(d->name, &d->id);
		if (r < 0)
			return r;
		r = resolve_name(policy, i, reterr_diag);
		if (r)
			return r;
	}
	return 0;
}

static int resolve_parents(const struct policy *policy, struct diag *reterr_diag)
{
	for (size_t i = 0; i < policy->n_domains; i++) {
		for (size_t k = 0; k < policy->domains[i].n_executables; k++) {
			const struct policy_executable *e = &policy->domains[i].executables[k];

			if (e->launch == IMAGE_LAUNCH_PARENT &&
			    !policy_find_domain(policy, e->launch_name))
				return refuse_at(
					policy, reterr_diag, e->launch_place,
					AT_EXECUTABLE
					".launch: there is no domain \"%s\" in this policy",
					i, k, e->launch_name);
		}
	}
	return 0;
}

static bool is_same(const struct policy_executable *a, const struct policy_executable *b)
{
	if (a->is_signed || b->is_signed)
		return a->is_signed && b->is_signed;
	if (a->path || b->path)
		return a->path && b->path && strcmp(a->path, b->path) == 0;
	return memcmp(a->digest, b->digest, IMAGE_DIGEST_LEN) == 0;
}

/* The executables before (i, k), in the order of the file. What is signed is one in each domain. */
static int resolve_executable(const struct policy *policy, size_t i, size_t k,
			      struct diag *reterr_diag)
{
	const struct policy_executable *e = &policy->domains[i].executables[k];

	for (size_t oi = 0; oi <= i; oi++) {
		const struct policy_domain *d = &policy->domains[oi];
		size_t n = oi == i ? k : d->n_executables;

		for (size_t ok = 0; ok < n; ok++) {
			const struct policy_executable *other = &d->executables[ok];

			if (is_same(e, other) && (!e->is_signed || oi == i))
				return refuse_at(policy, reterr_diag, e->place,
						 AT_EXECUTABLE
						 ": the same executable as in line %u: remove one",
						 i, k, other->place.line);
		}
	}
	return 0;
}

static int resolve_executables(const struct policy *policy, struct diag *reterr_diag)
{
	size_t n = 0;

	for (size_t i = 0; i < policy->n_domains; i++) {
		const struct policy_domain *d = &policy->domains[i];

		if (n + d->n_executables > IMAGE_MAX_EXECUTABLES)
			return refuse_at(policy, reterr_diag,
					 d->executables[IMAGE_MAX_EXECUTABLES - n].place,
					 "domains[%zu].executables: more than %d in one policy", i,
					 IMAGE_MAX_EXECUTABLES);
		n += d->n_executables;

		for (size_t k = 0; k < d->n_executables; k++) {
			int r = resolve_executable(policy, i, k, reterr_diag);

			if (r)
				return r;
		}
	}
	return 0;
}

/* The pins before (i, k), in the order of the file. */
static int resolve_pin(const struct policy *policy, size_t i, size_t k, struct diag *reterr_diag)
{
	const struct policy_pin *p = &policy->domains[i].pins[k];
	const char *list = p->kind == IMAGE_PIN_FILE ? "files" : "pins";

	for (size_t oi = 0; oi <= i; oi++) {
		const struct policy_domain *d = &policy->domains[oi];
		size_t n = oi == i ? k : d->n_pins;

		for (size_t ok = 0; ok < n; ok++) {
			const struct policy_pin *other = &d->pins[ok];

			if (strcmp(p->path, other->path) == 0)
				return refuse_at(policy, reterr_diag, p->place,
						 AT_PIN ": \"%s\" is here twice, first in line %u",
						 i, list, p->index, p->path, other->place.line);
			if (oi != i && path_overlaps(p->path, other->path))
				return refuse_at(policy, reterr_diag, p->place,
						 AT_PIN
						 ": \"%s\" overlaps \"%s\" of \"%s\" in line %u",
						 i, list, p->index, p->path, other->path, d->name,
						 other->place.line);
		}
	}
	return 0;
}

static int resolve_pins(const struct policy *policy, struct diag *reterr_diag)
{
	size_t pins = 0, all = 0;

	for (size_t i = 0; i < policy->n_domains; i++) {
		const struct policy_domain *d = &policy->domains[i];

		for (size_t k = 0; k < d->n_pins; k++) {
			const struct policy_pin *p = &d->pins[k];
			int r;

			pins += p->kind == IMAGE_PIN_OBJECT;
			if (pins > IMAGE_MAX_PINS)
				return refuse_at(policy, reterr_diag, p->place,
						 "domains[%zu].pins: more than %d pins in one "
						 "policy",
						 i, IMAGE_MAX_PINS);
			if (++all > IMAGE_MAX_PATHS)
				return refuse_at(policy, reterr_diag, p->place,
						 "domains[%zu]: more than %d pins and files in one "
						 "policy: list folders",
						 i, IMAGE_MAX_PATHS);
			r = resolve_pin(policy, i, k, reterr_diag);

			if (r)
				return r;
		}
	}
	return 0;
}

int policy_resolve(struct policy *policy, struct diag *reterr_diag)
{
	int r;

	r = resolve_names(policy, reterr_diag);
	if (r)
		return r;
	r = resolve_parents(policy, reterr_diag);
	if (r)
		return r;
	r = resolve_executables(policy, reterr_diag);
	if (r)
		return r;
	return resolve_pins(policy, reterr_diag);
}
