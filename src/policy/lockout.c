// SPDX-License-Identifier: LGPL-2.1-or-later
/* See lockout.h. */

#include "policy/lockout.h"

#include <string.h>

#include "base/diag.h"
#include "base/size.h"
#include "policy/image-check.h"

/* Where distributions have it; /sbin/init and the like are links to it. */
static const char *const pid1_paths[] = {"/usr/lib/systemd/systemd", "/lib/systemd/systemd",
					 "/usr/sbin/init", "/sbin/init"};
static const char *const daemon_paths[] = {"/usr/sbin/holdfastd", "/usr/local/sbin/holdfastd"};

unsigned int policy_lockout_bit(const char *word)
{
	if (!strcmp(word, "pid1"))
		return POLICY_LOCKOUT_PID1;
	return !strcmp(word, "self") ? POLICY_LOCKOUT_SELF : 0;
}

static bool is_one_of(const char *path, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(path, paths[i]))
			return true;
	}
	return false;
}

/* DeviceAllow=, IPAddressDeny= and SocketBindDeny= of units, none of them signed by anybody. */
static uint64_t pid1_programs(void)
{
	return image_program("cgroup_device") | image_program("cgroup_skb") |
	       image_program("cgroup_sock_addr") | IMAGE_PROGRAM_UNSIGNED;
}

static bool pid1_has_rule(const struct policy *policy, uint64_t wanted)
{
	for (size_t i = 0; i < policy->n_admissions; i++) {
		const struct policy_admission *a = &policy->admissions[i];
		const char *path = a->files.executables[0].path;

		if ((!path || is_one_of(path, pid1_paths, ARRAY_SIZE(pid1_paths))) &&
		    !(wanted & ~a->programs))
			return true;
	}
	return false;
}

static int pid1_locked_out(const struct policy *policy, struct diag *reterr_diag)
{
	uint64_t missing = pid1_programs() & ~policy->admitted;

	if ((!missing && !policy->limits.given) || pid1_has_rule(policy, missing))
		return 0;
	diag_set(reterr_diag, policy->file, policy->admission_place.line,
		 policy->admission_place.column,
		 "admission: process 1 could not load the programs of its units (%s): allow "
		 "%s with cgroup_device, cgroup_skb, cgroup_sock_addr and, where programs are "
		 "signed, unsigned; or check with --force pid1",
		 missing ? image_program_name(missing & -missing) : "limits", pid1_paths[0]);
	return POLICY_E_INVALID;
}

static int self_locked_out(const struct policy *policy, struct diag *reterr_diag)
{
	for (size_t i = 0; i < policy->n_domains; i++) {
		const struct policy_domain *d = &policy->domains[i];

		for (size_t k = 0; k < d->n_executables; k++) {
			const struct policy_executable *e = &d->executables[k];
			bool own = e->path &&
				   is_one_of(e->path, daemon_paths, ARRAY_SIZE(daemon_paths));

			if (!own &&
			    !(e->path && is_one_of(e->path, pid1_paths, ARRAY_SIZE(pid1_paths))))
				continue;
			diag_set(reterr_diag, policy->file, e->place.line, e->place.column,
				 "domains[%zu].executables[%zu]: %s is %s, and no agent: a task of "
				 "the domain '%s' could not do what it is for; remove it, or check "
				 "with --force self",
				 i, k, e->path, own ? "the guard's own" : "process 1's", d->name);
			return POLICY_E_INVALID;
		}
	}
	return 0;
}

int policy_lockout(const struct policy *policy, unsigned int forced, struct diag *reterr_diag)
{
	int r = 0;

	if (!(forced & POLICY_LOCKOUT_SELF))
		r = self_locked_out(policy, reterr_diag);
	if (!r && !(forced & POLICY_LOCKOUT_PID1))
		r = pid1_locked_out(policy, reterr_diag);
	return r;
}
