// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-replay.h. */

#include "cli/event-replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "cli/event-decide.h"
#include "cli/event-json.h"
#include "policy/tree.h"

struct event_replay {
	const struct policy *policy;
	json_t *kinds; /* by what is alike: the first such `event`, `count`, `last`; in order */
	uint64_t events, noted, beyond, unreadable;
};

int event_replay_new(const struct policy *policy, struct event_replay **ret_replay)
{
	_cleanup_(event_replay_freep) struct event_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return -ENOMEM;
	replay->policy = policy;
	replay->kinds = json_object();
	if (!replay->kinds)
		return -ENOMEM;
	*ret_replay = TAKE_PTR(replay);
	return 0;
}

struct event_replay *event_replay_free(struct event_replay *replay)
{
	if (replay)
		json_decref(replay->kinds);
	free(replay);
	return NULL;
}

/* What events of one kind share. Not what an attacker counts up: pids, ids, his own comm. */
static char *key_of(const json_t *event)
{
	const json_t *task = json_object_get(event, "task"),
		     *object = json_object_get(event, "object");
	_cleanup_(json_freep) json_t *key =
		json_pack("[sssssssss]", event_string(event, "row"), event_string(event, "act"),
			  event_string(event, "limit"), event_string(event, "command"),
			  event_string(json_object_get(task, "exe"), "name"),
			  event_string(task, "label"), event_string(object, "kind"),
			  event_string(object, "name"), event_string(object, "owner"));

	return key ? json_dumps(key, JSON_COMPACT) : NULL;
}

static int count(struct event_replay *replay, json_t *event)
{
	_cleanup_free_ char *key = key_of(event);
	json_t *kind = key ? json_object_get(replay->kinds, key) : NULL;
	json_int_t n;

	if (!key)
		return -ENOMEM;
	if (!kind && json_object_size(replay->kinds) == EVENT_REPLAY_MAX) {
		replay->beyond++;
		return 0;
	}
	if (!kind) {
		kind = json_pack("{s:O, s:i}", "event", event, "count", 0);
		if (json_object_set_new(replay->kinds, key, kind) != 0)
			return -ENOMEM;
	}
	n = json_integer_value(json_object_get(kind, "count")) + 1;
	(void)json_integer_set(json_object_get(kind, "count"), n);
	return json_object_set_new(kind, "last", json_string(event_string(event, "time"))) ? -ENOMEM
											   : 0;
}

int event_replay_take(void *context, const char *line, size_t size)
{
	_cleanup_(json_freep) json_t *event = event_load(line, size);
	struct event_replay *replay = context;

	if (!json_is_object(event)) {
		replay->unreadable++;
		return 0;
	}
	if (!json_is_string(json_object_get(event, "act")))
		return 0; /* a line of holdfastd itself */
	replay->events++;
	if (strcmp(event_string(event, "verdict"), "noted") == 0 ||
	    strcmp(event_string(event, "verdict"), "admitted") == 0) {
		replay->noted++;
		return 0;
	}
	return count(replay, event);
}

static uint64_t times(const json_t *kind)
{
	return (uint64_t)json_integer_value(json_object_get(kind, "count"));
}

static void put_kind(const struct event_replay *replay, FILE *file, const json_t *kind)
{
	const json_t *event = json_object_get(kind, "event"),
		     *task = json_object_get(event, "task"),
		     *object = json_object_get(event, "object");
	const char *command = json_string_value(json_object_get(event, "command"));
	struct decision decision;

	event_decide(event, replay->policy, &decision);
	(void)fprintf(file, "%-8s %8" PRIu64 " times  ", decision_verdict_name(decision.verdict),
		      times(kind));
	event_put(file, event_string(event, "row"));
	(void)fputc(' ', file);
	event_put(file, event_string(event, "act"));
	(void)fputs(command ? ":" : "", file);
	event_put(file, command ? command : "");
	(void)fputs(" by ", file);
	event_put(file, event_string(json_object_get(task, "exe"), "name"));
	(void)fputs(" (", file);
	event_put(file, event_string(task, "label"));
	(void)fputs(") on ", file);
	event_put(file, event_string(object, "kind"));
	(void)fputc(' ', file);
	event_put(file, event_string(object, "name"));
	(void)fputs(" of ", file);
	event_put(file, event_string(object, "owner"));
	(void)fprintf(file, "\n         decided by %s", replay->policy->file);
	if (decision.line > 0)
		(void)fprintf(file, ":%u", decision.line);
	(void)fputs(": ", file);
	event_put(file, decision.place);
	if (decision.verdict != DECISION_ALLOWED)
		(void)fprintf(file, "\n         allowed by %s", decision.allows);
	(void)fputc('\n', file);
}

/* How many events, and kinds of them, have each verdict. */
struct sums {
	uint64_t events[DECISION_ALLOWED + 1], kinds[DECISION_ALLOWED + 1];
};

static struct sums sum(const struct event_replay *replay)
{
	struct sums sums = {0};
	const char *key;
	json_t *kind;

	json_object_foreach(replay->kinds, key, kind)
	{
		struct decision decision;

		event_decide(json_object_get(kind, "event"), replay->policy, &decision);
		sums.events[decision.verdict] += times(kind);
		sums.kinds[decision.verdict]++;
	}
	return sums;
}

void event_replay_print(const struct event_replay *replay, FILE *file)
{
	struct sums sums = sum(replay);
	const char *key;
	json_t *kind;

	json_object_foreach(replay->kinds, key, kind) put_kind(replay, file, kind);
	for (int i = DECISION_REFUSED; i <= DECISION_ALLOWED; i++)
		(void)fprintf(file, "%s %" PRIu64 " of %" PRIu64 " kinds, ",
			      decision_verdict_name((enum decision_verdict)i), sums.events[i],
			      sums.kinds[i]);
	(void)fprintf(file, "noted %" PRIu64 ", of %" PRIu64 " events\n", replay->noted,
		      replay->events);
	if (replay->beyond > 0)
		(void)fprintf(file, "%" PRIu64 " events of further kinds were not looked at\n",
			      replay->beyond);
	if (replay->unreadable > 0)
		(void)fprintf(file, "%" PRIu64 " lines are no JSON object\n", replay->unreadable);
}

int event_replay_print_json(const struct event_replay *replay, FILE *file)
{
	_cleanup_(json_freep) json_t *kinds = json_array();
	_cleanup_(json_freep) json_t *all = NULL;
	const char *key;
	json_t *kind;

	json_object_foreach(replay->kinds, key, kind)
	{
		struct decision decision;

		event_decide(json_object_get(kind, "event"), replay->policy, &decision);
		if (json_array_append_new(
			    kinds,
			    json_pack("{s:s, s:O, s:O, s:O, s:s, s:i, s:s, s:s?}", "verdict",
				      decision_verdict_name(decision.verdict), "event",
				      json_object_get(kind, "event"), "count",
				      json_object_get(kind, "count"), "last",
				      json_object_get(kind, "last"), "place", decision.place,
				      "line", (int)decision.line, "decided", decision.decided,
				      "allows",
				      decision.verdict == DECISION_ALLOWED ? NULL
									   : decision.allows)) != 0)
			return -ENOMEM;
	}
	all = json_pack("{s:i, s:s, s:O, s:I, s:I, s:I, s:I}", "abi", 1, "policy",
			replay->policy->file, "kinds", kinds, "events", (json_int_t)replay->events,
			"noted", (json_int_t)replay->noted, "beyond", (json_int_t)replay->beyond,
			"unreadable", (json_int_t)replay->unreadable);
	if (!all || json_dumpf(all, file, JSON_INDENT(2)) != 0 || fputc('\n', file) == EOF)
		return -ENOMEM;
	return 0;
}
