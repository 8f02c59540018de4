// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-explain.h. */

#include "cli/event-explain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "cli/event-decide.h"
#include "cli/event-json.h"
#include "policy/tree.h"

/* LABEL: VALUES..., until NULL. */
static void put_line(FILE *file, const char *label, const char *const *values)
{
	(void)fprintf(file, "%-9s ", label);
	for (; *values; values++)
		event_put(file, *values);
	(void)fputc('\n', file);
}

#define LINE(file, label, ...) put_line(file, label, (const char *const[]){__VA_ARGS__, NULL})

static void put_place(FILE *file, const struct policy *policy, const struct decision *decision)
{
	char line[16];

	(void)snprintf(line, sizeof(line), ":%u", decision->line);
	LINE(file, "where", policy->file, decision->line ? line : "", ": ", decision->place);
	LINE(file, "there", decision_verdict_name(decision->verdict), " by this policy");
}

static void put_reason(FILE *file, const json_t *event, const struct decision *decision)
{
	const char *verdict = event_string(event, "verdict");

	if (strcmp(verdict, "noted") == 0) {
		LINE(file, "verdict", "noted: it went through, and is no refusal in any mode");
		return;
	}
	if (strcmp(verdict, "admitted") == 0) {
		LINE(file, "verdict", "admitted: the program was loaded, nothing is against it");
		return;
	}
	if (strcmp(verdict, "refused") == 0)
		LINE(file, "verdict", "refused, with ", event_string(event, "errno"),
		     ": mode enforce");
	else
		LINE(file, "verdict", verdict, ": it went through, mode enforce would refuse it");
	LINE(file, "decided", decision->decided);
	LINE(file, "allowed", "by ", decision->allows);
}

int event_explain(FILE *file, const struct explain *explain, const char *line, size_t size)
{
	_cleanup_(json_freep) json_t *event = event_load(line, size);
	const json_t *task = json_object_get(event, "task"),
		     *object = json_object_get(event, "object");
	const char *command = json_string_value(json_object_get(event, "command"));
	const char *title;
	struct decision decision;
	char number[32], id[32];

	if (!json_is_string(json_object_get(event, "act")) || !json_is_object(task) ||
	    !json_is_object(object))
		return -EINVAL;
	(void)snprintf(number, sizeof(number), "%" PRIi64,
		       (int64_t)json_integer_value(json_object_get(task, "tgid")));
	(void)snprintf(id, sizeof(id), "%" PRIi64,
		       (int64_t)json_integer_value(json_object_get(object, "id")));
	LINE(file, "when", event_string(event, "time"));
	LINE(file, "who", event_string(task, "comm"), ", process ", number, ", executable ",
	     event_string(json_object_get(task, "exe"), "name"), ", label ",
	     event_string(task, "label"));
	LINE(file, "tried", event_string(event, "act"), command ? " " : "", command ? command : "");
	LINE(file, "on", event_string(object, "kind"), " ", event_string(object, "name"), ", id ",
	     id, ", of ", event_string(object, "owner"));
	title = explain->title(event_string(event, "row"));
	if (json_is_string(json_object_get(event, "row")))
		LINE(file, "technique", event_string(event, "row"), ": ",
		     title ? title : "a row that this version does not know");
	if (json_is_string(json_object_get(event, "limit")))
		LINE(file, "limit", "limits.", event_string(event, "limit"),
		     " of a policy: it is beyond that");
	event_decide(event, explain->policy, &decision);
	put_reason(file, event, &decision);
	if (explain->policy)
		put_place(file, explain->policy, &decision);
	return 0;
}
