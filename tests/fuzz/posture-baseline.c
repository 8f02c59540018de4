// SPDX-License-Identifier: LGPL-2.1-or-later
/* A file that a host is compared with: an answer, or no answer and nothing. */

#include <string.h>

#include "cli/posture-view.h"
#include "fuzz.h"
#include "must.h"
#include "posture/posture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct posture_check check = {.id = "lockdown", .threats = "K01"};
	char *items[] = {"a"};
	struct posture_finding finding = {.check = &check,
					  .status = POSTURE_WEAK,
					  .value = "none",
					  .items = items,
					  .n_items = 1};
	const struct posture now = {.findings = &finding, .n = 1};
	json_t *changes = NULL;
	size_t n_worse = 0;

	if (baseline_compare((const char *)data, size, &now, &changes, &n_worse) != 0) {
		must(!changes);
		return 0;
	}
	must(json_array_size(changes) <= 1 && n_worse <= json_array_size(changes));
	json_decref(changes);
	return 0;
}
