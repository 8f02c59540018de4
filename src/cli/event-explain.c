// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-explain.h. */

#include "cli/event-explain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "policy/image-check.h"
#include "policy/tree.h"

#define OF_THE_DOMAIN \
	"nothing in a policy but to be of the domain: its executables, by its launch rules"

/* What decides about an act, and what a policy can say to allow it. */
static const struct {
	const char *act, *decided, *allows;
} acts[] = {
	{"exec", "executables[].launch of the object's domain: who may start the program",
	 "another launch rule there, if this start is the agent's; if the task was traced, nothing"},
	{"map_executable", "executables and libraries of the task's domain: what it may map",
	 "a line in that domain's libraries that names the file, then lock and compile"},
	{"prog_load", "admission: who may load which programs",
	 "a rule in admission.allow with the tool as executable and this kind in programs"},
	{"switch", "the guard itself, and switches.open for three groups",
	 "switches.open, if the file is of hotplug, mac or suspend; else nothing in a policy"},
	{"control", "the guard itself: who may ask it",
	 "nothing in a policy: the operator's secret"},
	{"map_create", "admission: who may load which programs",
	 "a rule in admission.allow with the tool as executable and this kind in programs"},
	{"unlink", "pins of the domain, and what its tasks pinned", OF_THE_DOMAIN},
	{"rmdir", "pins of the domain, and what its tasks pinned", OF_THE_DOMAIN},
	{"rename", "pins of the domain, and what its tasks pinned", OF_THE_DOMAIN},
	{"create", "pins of the domain, and what its tasks pinned", OF_THE_DOMAIN},
	{"mount", "pins of the domain: the way to them", OF_THE_DOMAIN},
	{"umount", "pins of the domain: the way to them", OF_THE_DOMAIN},
};

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

static void put(FILE *file, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, file);
	}
}

/* LABEL: VALUES..., until NULL. */
static void put_line(FILE *file, const char *label, const char *const *values)
{
	(void)fprintf(file, "%-9s ", label);
	for (; *values; values++)
		put(file, *values);
	(void)fputc('\n', file);
}

#define LINE(file, label, ...) put_line(file, label, (const char *const[]){__VA_ARGS__, NULL})

/* Whose rules decide: of a mapping the task's, otherwise the object's owner. */
static const char *domain_of(const json_t *event)
{
	if (strcmp(text(event, "act"), "map_executable") == 0)
		return text(json_object_get(event, "task"), "label");
	return text(json_object_get(event, "object"), "owner");
}

static void put_place(FILE *file, const struct explain *explain, const json_t *event)
{
	const struct policy_domain *d;
	char place[300];

	/* What is the guard's own or nobody's is in no line of a policy. */
	if (!explain->policy || !image_domain_name_valid(domain_of(event)))
		return;
	d = policy_find_domain(explain->policy, domain_of(event));
	if (d)
		(void)snprintf(place, sizeof(place), "%.200s:%u", explain->policy->file,
			       d->place.line);
	else
		(void)snprintf(place, sizeof(place), "%.200s has no such domain",
			       explain->policy->file);
	LINE(file, "where", place, d ? ": the domain " : ": ", domain_of(event));
}

static void put_reason(FILE *file, const json_t *event)
{
	const char *verdict = text(event, "verdict"), *act = text(event, "act");
	const char *decided = "whose the object is: a domain's tasks own what they make";
	const char *allows = OF_THE_DOMAIN;

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(acts[i].act, act) == 0) {
			decided = acts[i].decided;
			allows = acts[i].allows;
		}
	}
	if (strcmp(verdict, "noted") == 0) {
		LINE(file, "verdict", "noted: it went through, and is no refusal in any mode");
		return;
	}
	if (strcmp(verdict, "refused") == 0)
		LINE(file, "verdict", "refused, with ", text(event, "errno"), ": mode enforce");
	else
		LINE(file, "verdict", verdict, ": it went through, mode enforce would refuse it");
	LINE(file, "decided", decided);
	LINE(file, "allowed", "by ", allows);
}

int event_explain(FILE *file, const struct explain *explain, const char *line, size_t size)
{
	_cleanup_(json_freep) json_t *event = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *task = json_object_get(event, "task"),
		     *object = json_object_get(event, "object");
	const char *command = json_string_value(json_object_get(event, "command"));
	const char *title;
	char number[32], id[32];

	if (!json_is_string(json_object_get(event, "act")) || !json_is_object(task) ||
	    !json_is_object(object))
		return -EINVAL;
	(void)snprintf(number, sizeof(number), "%" PRIi64,
		       (int64_t)json_integer_value(json_object_get(task, "tgid")));
	(void)snprintf(id, sizeof(id), "%" PRIi64,
		       (int64_t)json_integer_value(json_object_get(object, "id")));
	LINE(file, "when", text(event, "time"));
	LINE(file, "who", text(task, "comm"), ", process ", number, ", executable ",
	     text(json_object_get(task, "exe"), "name"), ", label ", text(task, "label"));
	LINE(file, "tried", text(event, "act"), command ? " " : "", command ? command : "");
	LINE(file, "on", text(object, "kind"), " ", text(object, "name"), ", id ", id, ", of ",
	     text(object, "owner"));
	title = explain->title(text(event, "row"));
	if (json_is_string(json_object_get(event, "row")))
		LINE(file, "technique", text(event, "row"), ": ",
		     title ? title : "a row that this version does not know");
	put_reason(file, event);
	put_place(file, explain, event);
	return 0;
}
