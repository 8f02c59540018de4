// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast policy admit`: the lock of a policy for the day on which its files are upgraded. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/deb.h"
#include "cli/policy-job.h"
#include "cli/policy-verbs.h"
#include "policy/admit.h"
#include "policy/lock.h"
#include "policy/tree.h"

#define DEFAULT_POLICY "/etc/holdfast/policy.yaml"

static bool is_deb(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && strcmp(path + length - 4, ".deb") == 0;
}

/* The one argument that is no package. */
static int find_policy(const struct cli_call *call, const char **ret_path)
{
	*ret_path = NULL;
	for (size_t i = 0; i < call->n_args; i++) {
		if (is_deb(call->args[i]))
			continue;
		if (*ret_path)
			return cli_usage_error(call, "\"%s\" and \"%s\": name one policy",
					       *ret_path, call->args[i]);
		*ret_path = call->args[i];
	}
	if (!*ret_path)
		*ret_path = DEFAULT_POLICY;
	return CLI_DONE;
}

static int unpack(const struct cli_call *call, struct deb *deb, bool *ret_any)
{
	const char *first = cli_option(call, "deb");
	struct diag diag = {0};
	int r = 0;

	*ret_any = first != NULL;
	for (size_t i = 0; i < call->n_args; i++)
		*ret_any = *ret_any || is_deb(call->args[i]);
	if (!*ret_any)
		return CLI_DONE;
	r = deb_open(deb, &diag);
	if (!r && first)
		r = deb_unpack(deb, first, &diag);
	for (size_t i = 0; i < call->n_args && !r; i++) {
		if (is_deb(call->args[i]))
			r = deb_unpack(deb, call->args[i], &diag);
	}
	return r ? cli_error_diag(&diag) : CLI_DONE;
}

static int prune(struct job *job, const struct admit *admit)
{
	_cleanup_(lock_freep) struct lock *lock = NULL;
	size_t dropped;
	int r;

	r = admit_prune(admit, job->lock, &lock, &dropped, &job->diag);
	if (r < 0)
		return cli_error("%s: %s", job->path, strerror(-r));
	if (!r)
		r = lock_agrees(lock, job->lock_path, job->policy, &job->diag);
	if (r || !job_save_lock(job, lock))
		return cli_error_diag(&job->diag);
	(void)printf("%s: %zu lines dropped\n", job->lock_path, dropped);
	return CLI_DONE;
}

static int admit_debs(struct job *job, const struct admit *admit)
{
	size_t added;
	int r;

	r = admit_tree(admit, job->lock, &added, &job->diag);
	if (r < 0)
		return cli_error("%s: %s", job->path, strerror(-r));
	if (r || !job_save_lock(job, job->lock))
		return cli_error_diag(&job->diag);
	(void)printf(
		"%s: %zu lines added; raise metadata.version, then `holdfast policy compile %s`\n",
		job->lock_path, added, job->path);
	return CLI_DONE;
}

int policy_admit(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {0};
	_cleanup_(deb_close) struct deb deb = {0};
	const char *root = cli_option(call, "root");
	struct admit admit = {.host = root ? root : "/"};
	bool pruning = cli_option(call, "prune") != NULL, any = false;
	int r;

	r = find_policy(call, &job.path);
	if (r)
		return r;
	if (!job_load(&job))
		return cli_error_diag(&job.diag);
	if (!job.lock)
		return cli_error("%s: there is no lock: `holdfast policy lock %s` makes it",
				 job.lock_path, job.path);
	r = unpack(call, &deb, &any);
	if (r)
		return r;
	if (!any && !pruning)
		return cli_usage_error(call, "name a package with --deb, or --prune");
	if (any)
		admit.tree = deb.tree;
	return pruning ? prune(&job, &admit) : admit_debs(&job, &admit);
}
