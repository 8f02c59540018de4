// SPDX-License-Identifier: LGPL-2.1-or-later
/* A packed configuration of the kernel, or what claims to be one. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "must.h"
#include "posture/kconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char set;

	if (kconfig_inflate(data, size, &text) != 0) {
		must(!text);
		return 0;
	}
	must(strlen(text) <= KCONFIG_MAX);
	set = kconfig_get(text, "CONFIG_KEXEC");
	must(strchr("ymvn", set) && (set == 'n' || kconfig_knows(text, "CONFIG_KEXEC")));
	return 0;
}
