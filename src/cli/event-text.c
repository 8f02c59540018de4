// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-text.h. Takes the log for hostile: it may be another host's. */

#include "cli/event-text.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "cli/event-json.h"

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void put_padded(FILE *file, const char *s, size_t width)
{
	event_put(file, s);
	for (size_t n = strlen(s); n < width; n++)
		(void)fputc(' ', file);
	(void)fputc(' ', file);
}

static void put_time(FILE *file, const json_t *line)
{
	char time[32];

	/* Microseconds will do here. */
	(void)snprintf(time, sizeof(time), "%.26s", event_string(line, "time"));
	put_padded(file, time, 26);
}

static void put_act(FILE *file, const json_t *line)
{
	char act[64];

	if (json_is_string(json_object_get(line, "command")))
		(void)snprintf(act, sizeof(act), "%s:%s", event_string(line, "act"),
			       event_string(line, "command"));
	else
		(void)snprintf(act, sizeof(act), "%s", event_string(line, "act"));
	put_padded(file, act, 26);
}

static void put_task(FILE *file, const json_t *task)
{
	char who[160];

	(void)snprintf(who, sizeof(who), "%s[%" PRIi64 "] %s", event_string(task, "comm"),
		       number(task, "tgid"), event_string(task, "label"));
	put_padded(file, who, 30);
}

static void put_object(FILE *file, const json_t *object)
{
	char what[256];

	if (number(object, "id"))
		(void)snprintf(what, sizeof(what), "%s %s #%" PRIi64 " of %s",
			       event_string(object, "kind"), event_string(object, "name"),
			       number(object, "id"), event_string(object, "owner"));
	else
		(void)snprintf(what, sizeof(what), "%s %s of %s", event_string(object, "kind"),
			       event_string(object, "name"), event_string(object, "owner"));
	event_put(file, what);
}

static void print_event(FILE *file, const json_t *line)
{
	put_time(file, line);
	put_padded(file, event_string(line, "verdict"), 8);
	put_padded(file, event_string(line, "row"), 4);
	put_act(file, line);
	put_task(file, json_object_get(line, "task"));
	put_object(file, json_object_get(line, "object"));
	if (json_is_string(json_object_get(line, "errno"))) {
		(void)fputs(" (", file);
		event_put(file, event_string(line, "errno"));
		(void)fputc(')', file);
	}
	(void)fputc('\n', file);
}

static void print_other(FILE *file, const json_t *line)
{
	put_time(file, line);
	if (json_object_get(line, "folded")) {
		(void)fprintf(file, "%" PRIi64 " more events of ", number(line, "folded"));
		event_put(file, json_object_get(line, "of") ? event_string(line, "of")
							    : event_string(line, "row"));
		(void)fputs(", ", file);
		event_put(file, event_string(line, "verdict"));
		(void)fputs(", have no line of their own\n", file);
	} else if (json_object_get(line, "lost")) {
		(void)fprintf(file,
			      "%" PRIi64 " events were lost in the kernel, %" PRIi64 " to %" PRIi64
			      "\n",
			      number(line, "lost"), number(line, "first"), number(line, "last"));
	} else if (json_object_get(line, "unwritten")) {
		(void)fprintf(file, "%" PRIi64 " lines found no room in the log\n",
			      number(line, "unwritten"));
	} else {
		event_put(file, event_string(line, "note"));
		(void)fputs(": ", file);
		event_put(file, event_string(line, "text"));
		if (json_object_get(line, "pid"))
			(void)fprintf(file, " (asked by process %" PRIi64 ")", number(line, "pid"));
		(void)fputc('\n', file);
	}
}

void event_text_head(FILE *file)
{
	(void)fprintf(file, "%-26s %-8s %-4s %-26s %-30s %s\n", "TIME (UTC)", "VERDICT", "ROW",
		      "ACT", "WHO", "WHAT");
}

void event_text_print(FILE *file, const char *line, size_t size)
{
	_cleanup_(json_freep) json_t *json = event_load(line, size);

	if (json_object_get(json, "act"))
		print_event(file, json);
	else if (json_is_object(json))
		print_other(file, json);
	else
		(void)fprintf(file, "%-26s a line of %zu bytes that is no JSON object\n", "-",
			      size);
}
