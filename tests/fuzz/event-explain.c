// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of a log that somebody else wrote, explained to a person. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/event-explain.h"
#include "fuzz.h"
#include "must.h"

static const char *title(const char *row)
{
	return row[0] == 'M' ? "a title" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct explain explain = {.title = title};
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);
	int r;

	must(file != NULL);
	r = event_explain(file, &explain, (const char *)data, size);
	must(fclose(file) == 0 && (r == 0 ? n > 0 && text[n - 1] == '\n' : r == -EINVAL && n == 0));
	for (size_t i = 0; i < n; i++)
		must(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
	free(text);
	return 0;
}
