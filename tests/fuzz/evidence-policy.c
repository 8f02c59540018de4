// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policies: refused, or groups whose members are there, and come before them. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/quorum.h"
#include "fuzz.h"
#include "must.h"

static void check_group(const struct quorum_group *group, size_t n_witnesses, size_t n_groups)
{
	int members = __builtin_popcountll(group->witnesses) + __builtin_popcountll(group->groups);

	must(n_witnesses == QUORUM_MAX || group->witnesses >> n_witnesses == 0);
	must(n_groups == QUORUM_MAX || group->groups >> n_groups == 0);
	must(group->needed <= (unsigned)members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ struct quorum *policy = NULL;
	struct diag diag = {0};
	int r;

	r = quorum_parse((const char *)data, size, &policy, &diag);
	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0] && !policy));
	if (r)
		return 0;
	must(policy->n_logs > 0 && policy->n_logs <= QUORUM_MAX);
	must(policy->n_witnesses <= QUORUM_MAX && policy->n_groups <= QUORUM_MAX);
	for (size_t i = 0; i < policy->n_groups; i++) {
		check_group(&policy->groups[i], policy->n_witnesses, i);
		must(policy->groups[i].needed > 0);
	}
	check_group(&policy->quorum, policy->n_witnesses, policy->n_groups);
	return 0;
}
