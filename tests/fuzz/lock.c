// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lock text: refused, or written again to the byte. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "must.h"
#include "policy/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(lock_freep) struct lock *lock = NULL;
	_cleanup_free_ char *text = NULL;
	struct diag diag = {0};
	size_t again;
	int r;

	r = lock_read("f.lock", (const char *)data, size, &lock, &diag);
	must(r >= 0 && !lock == !!r);
	if (r) {
		must(diag.text[0]);
		return 0;
	}
	must(lock_write(lock, &text, &again) == 0);
	must(again == size && memcmp(text, data, size) == 0);
	return 0;
}
