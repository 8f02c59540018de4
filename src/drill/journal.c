// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the guard has logged of the probes. */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stage.h"

#define PATIENCE_SECONDS 20

static char *log_read(const struct drive *d)
{
	FILE *file = fopen(JOURNAL_EVENTS, "re");
	char *text = NULL;
	size_t size = 0, length = 0;

	if (!file)
		return NULL;
	fseek(file, d->log_start, SEEK_SET);
	for (;;) {
		if (size - length < 65536) {
			size += 1 << 20;
			text = realloc(text, size);
			if (!text)
				abort();
		}
		size_t n = fread(text + length, 1, size - length - 1, file);

		if (n == 0)
			break;
		length += n;
	}
	text[length] = '\0';
	fclose(file);
	return text;
}

long journal_size(void)
{
	struct stat st;

	return stat(JOURNAL_EVENTS, &st) == 0 ? (long)st.st_size : 0;
}

static bool line_field(const char *line, const char *key, char *value, size_t size)
{
	const char *p = strstr(line, key);
	size_t n;

	if (!p)
		return false;
	p += strlen(key);
	n = strcspn(p, ",}\"");
	snprintf(value, size, "%.*s", (int)n, p);
	return true;
}

static struct outcome *outcome_of(struct drive *d, pid_t pid)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->outcomes[i].pid == pid)
			return &d->outcomes[i];
	return NULL;
}

/* Gives each event to the probe that caused it. */
static void log_assign(struct drive *d, char *text)
{
	const char *wanted = d->options->phase == DRILL_ENFORCE ? "refused" : "observed";
	char verdict[16], pid[16], row[16];
	struct outcome *outcome;

	for (char *line; (line = strsep(&text, "\n"));) {
		if (!line_field(line, "\"verdict\":\"", verdict, sizeof(verdict)) ||
		    !line_field(line, "\"tgid\":", pid, sizeof(pid)) ||
		    !line_field(line, "\"row\":\"", row, sizeof(row)))
			continue;
		outcome = outcome_of(d, (pid_t)atoi(pid));
		if (!outcome || strcmp(verdict, "noted") == 0)
			continue;
		if (strcmp(verdict, wanted) != 0)
			snprintf(row + strlen(row), sizeof(row) - strlen(row), "(%.8s)", verdict);
		if (strlen(outcome->rows) + strlen(row) + 2 < sizeof(outcome->rows))
			sprintf(outcome->rows + strlen(outcome->rows), "%s%s",
				outcome->rows[0] ? " " : "", row);
	}
}

/* When the last event is in the log, so are all others. */
int journal_collect(struct drive *d, pid_t fence)
{
	double deadline = now() + PATIENCE_SECONDS;
	char key[32];

	snprintf(key, sizeof(key), "\"tgid\":%d,", fence);
	for (;;) {
		char *text = log_read(d);

		if (text && strstr(text, key)) {
			log_assign(d, text);
			free(text);
			return 0;
		}
		free(text);
		if (now() > deadline)
			return -ETIMEDOUT;
		pause_briefly();
	}
}
