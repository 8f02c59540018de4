// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of a log that somebody else wrote, shown to a person. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/event-text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	if (!file)
		return 0;
	event_text_print(file, (const char *)data, size);
	if (fclose(file) != 0 || n == 0 || text[n - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < n; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			abort();
	}
	free(text);
	return 0;
}
