// SPDX-License-Identifier: LGPL-2.1-or-later
/* All checks, for `holdfast posture`. */

#include <stddef.h>

#include "posture/ground.h"

const struct posture_check *const posture_tables[] = {
	rows_kernel, rows_boot, rows_sysctl, rows_tracing, rows_files, rows_bpf, NULL,
};
