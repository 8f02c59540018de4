// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of checkpoints: refused with a line, or written again to the byte. */

#include <string.h>

#include "base/diag.h"
#include "evidence/checkpoint.h"
#include "fuzz.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint checkpoint;
	char text[CHECKPOINT_LEN];
	struct diag diag = {0};
	size_t length;
	int r;

	r = checkpoint_parse((struct text){(const char *)data, size}, &checkpoint, &diag);
	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0] && diag.line > 0));
	if (r)
		return 0;
	length = checkpoint_format(&checkpoint, text);
	must(length < sizeof(text) && length <= size && memcmp(text, data, length) == 0);
	return 0;
}
