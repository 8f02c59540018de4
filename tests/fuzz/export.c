// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An entry of anybody's log, exported in every form; and the same bytes as a position and as what a
 * scraper accepts. Forms that are lines stay one.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/follow.h"
#include "export/counters.h"
#include "export/line.h"
#include "export/ocsf.h"
#include "export/position.h"
#include "export/syslog.h"
#include "fuzz.h"

static void must_be_line(const char *text, size_t size)
{
	if (memchr(text, '\n', size))
		abort();
}

static void count(const struct follow_entry *entry)
{
	const struct counters_log log = {.origin = entry->origin};
	struct counters *counters;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file || counters_new(&counters) < 0)
		abort();
	if (counters_take(counters, entry) < 0)
		abort();
	counters_print(counters, &log, COUNTERS_OPENMETRICS, file);
	if (fclose(file) != 0)
		abort();
	/* a value of an entry that is no word would end a label, or a line */
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "holdfast_", 9) != 0 && line[0] != '#')
			abort();
	}
	free(text);
	(void)counters_free(counters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct follow_entry entry = {"host.example/log", 7, data, size, {{0}}};
	struct position position;
	char *text, *string;
	size_t length;

	if (ocsf_format(&entry, &text) == 0) {
		must_be_line(text, strlen(text));
		free(text);
	}
	if (line_format(&entry, &text, &length) == 0) {
		must_be_line(text, length - 1);
		free(text);
	}
	if (syslog_format(&entry, "host", &text, &length) < 0)
		abort();
	if (strtoul(text, &string, 10) != length - (size_t)(string + 1 - text))
		abort();
	free(text);
	count(&entry);
	(void)position_parse((const char *)data, size, &position);
	string = strndup((const char *)data, size);
	if (string)
		(void)counters_wanted(string);
	free(string);
	return 0;
}
