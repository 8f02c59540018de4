// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of an audit record: no byte behind it is read, and an id is one that the text has. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "guard/loads.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	char text[32];
	uint32_t id;

	must(copy != NULL);
	memcpy(copy, data, size);
	id = loads_parse(copy, size);
	(void)snprintf(text, sizeof(text), "%u op=LOAD", id);
	must(id == 0 || memmem(copy, size, text, strlen(text)) != NULL);
	free(copy);
	return 0;
}
