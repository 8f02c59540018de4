// SPDX-License-Identifier: LGPL-2.1-or-later
/* An ELF file, as the closure reads it. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "must.h"
#include "policy/elf-info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_cleanup_free_ void *copy = malloc(size ? size : 1);
	int r;

	must(copy != NULL);
	memcpy(copy, data, size);
	r = elf_info_read_memory(copy, size, &info);
	must(r >= 0 && r <= ELF_E_MALFORMED && !info == !!r);
	if (info) {
		must(info->n_needed <= ELF_MAX_NEEDED && !(info->rpath && info->runpath));
		for (size_t i = 0; i < info->n_needed; i++)
			must(strlen(info->needed[i]) < ELF_MAX_STRING);
	}
	return 0;
}
