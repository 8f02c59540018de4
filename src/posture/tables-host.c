// SPDX-License-Identifier: LGPL-2.1-or-later
/* The checks of the host's settings alone, for holdfastd: it knows better about BPF objects. */

#include <stddef.h>

#include "posture/ground.h"

const struct posture_check *const posture_tables[] = {
	rows_kernel, rows_boot, rows_sysctl, rows_tracing, rows_files, NULL,
};
