// SPDX-License-Identifier: LGPL-2.1-or-later
/* What statuses, groups and mends are called. See posture.h. */

#include "base/size.h"
#include "posture/posture.h"

const char *posture_status_name(enum posture_status status)
{
	static const char *const names[] = {"good", "absent", "unknown", "weak", "bad"};

	_Static_assert(ARRAY_SIZE(names) == _POSTURE_STATUS_MAX, "a name for each status");
	return names[status];
}

const char *posture_group_name(enum posture_group group)
{
	static const char *const names[] = {"kernel", "boot", "sysctl", "tracing", "files", "bpf"};

	_Static_assert(ARRAY_SIZE(names) == _POSTURE_GROUP_MAX, "a name for each group");
	return names[group];
}

const char *posture_mend_name(enum posture_mend_kind kind)
{
	static const char *const names[] = {"none",	"sysctl",  "parameter", "module",
					    "lockdown", "unmount", "unit"};

	_Static_assert(ARRAY_SIZE(names) == _MEND_KIND_MAX, "a name for each kind");
	return names[kind];
}
