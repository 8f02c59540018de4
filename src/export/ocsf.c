// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ocsf.h. Numbers and names are those of the schema. */

#include "export/ocsf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "evidence/follow.h"
#include "export/entry.h"

enum ocsf_class {
	OCSF_EVENT_LOG = 1008,
	OCSF_DETECTION = 2004,
	OCSF_APPLICATION = 6002,
};

/* What an event says of itself in numbers. */
struct kind {
	enum ocsf_class class_uid;
	int activity; /* 99 is another than the schema has */
	const char *activity_name;
	int severity; /* 1 informational, 2 low, 3 medium, 4 high */
};

static const struct verdict {
	const char *name;
	int severity;
	int action; /* 1 allowed, 2 denied */
	int disposition; /* 2 blocked, 15 detected, 17 logged */
	const char *action_name, *disposition_name;
} verdicts[] = {
	{"refused", 4, 2, 2, "Denied", "Blocked"},
	{"observed", 3, 1, 15, "Allowed", "Detected"},
	{"noted", 1, 1, 17, "Allowed", "Logged"},
};

/* Of another version: whether it went through is not known. */
static const struct verdict unknown = {"", 3, 0, 0, "Unknown", "Unknown"};

static const struct verdict *verdict_of(const json_t *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (strcmp(entry_string(event, "verdict"), verdicts[i].name) == 0)
			return &verdicts[i];
	}
	return &unknown;
}

static struct kind kind_of(const json_t *event)
{
	if (json_is_string(json_object_get(event, "act")))
		return (struct kind){OCSF_DETECTION, 1, "Create", verdict_of(event)->severity};
	if (json_is_string(json_object_get(event, "note")))
		return (struct kind){OCSF_APPLICATION, 99, entry_string(event, "note"), 1};
	if (json_object_get(event, "lost") || json_object_get(event, "unwritten"))
		return (struct kind){OCSF_EVENT_LOG, 99, "Lost", 4};
	return (struct kind){OCSF_EVENT_LOG, 99, "Unreadable", 3};
}

static json_t *product(void)
{
	return json_pack("{s:s, s:s, s:s}", "name", "Holdfast", "vendor_name", "Holdfast",
			 "version", HOLDFAST_VERSION);
}

static json_t *metadata(const struct follow_entry *entry, const struct kind *kind, const char *uid)
{
	json_t *metadata = json_pack("{s:s, s:o, s:s, s:s, s:I}", "version", OCSF_VERSION,
				     "product", product(), "uid", uid, "log_name", entry->origin,
				     "sequence", (json_int_t)entry->index);

	if (kind->class_uid == OCSF_DETECTION)
		(void)json_object_set_new(metadata, "profiles",
					  json_pack("[s]", "security_control"));
	return metadata;
}

static json_t *process(const json_t *task)
{
	const json_t *exe = json_object_get(task, "exe");

	return json_pack("{s:I, s:s, s:{s:s, s:i, s:s}, s:{s:s}}", "pid",
			 (json_int_t)entry_number(task, "tgid"), "name", entry_string(task, "comm"),
			 "file", "name", entry_string(exe, "name"), "type_id", 1, "type",
			 "Regular File", "user", "uid", "");
}

static json_t *actor(const json_t *task)
{
	json_t *who = process(task), *actor;
	char uid[24];

	(void)snprintf(uid, sizeof(uid), "%" PRIu64, entry_number(task, "uid"));
	(void)json_object_set_new(json_object_get(who, "user"), "uid", json_string(uid));
	actor = json_pack("{s:o, s:s}", "process", who, "app_name", entry_string(task, "label"));
	return actor;
}

static json_t *resource(const json_t *object)
{
	char uid[48];

	(void)snprintf(uid, sizeof(uid), "%" PRIu64 ":%" PRIu64, entry_number(object, "id"),
		       entry_number(object, "ino"));
	return json_pack("{s:s, s:s, s:s, s:{s:s}}", "type", entry_string(object, "kind"), "name",
			 entry_string(object, "name"), "uid", uid, "owner", "name",
			 entry_string(object, "owner"));
}

static void add_detection(json_t *json, const json_t *event, const char *uid)
{
	const struct verdict *verdict = verdict_of(event);
	const char *command = json_string_value(json_object_get(event, "command"));
	char title[256];

	(void)snprintf(title, sizeof(title), "%s %s%s%s by %s", entry_string(event, "verdict"),
		       entry_string(event, "act"), command ? ":" : "", command ? command : "",
		       entry_string(json_object_get(event, "task"), "label"));
	(void)json_object_set_new(json, "finding_info",
				  json_pack("{s:s, s:s, s:[s], s:{s:s, s:s, s:i}}", "uid", uid,
					    "title", title, "types", entry_string(event, "row"),
					    "analytic", "name", entry_string(event, "act"), "uid",
					    entry_string(event, "row"), "type_id", 1));
	(void)json_object_set_new(json, "action_id", json_integer(verdict->action));
	(void)json_object_set_new(json, "action", json_string(verdict->action_name));
	(void)json_object_set_new(json, "disposition_id", json_integer(verdict->disposition));
	(void)json_object_set_new(json, "disposition", json_string(verdict->disposition_name));
	(void)json_object_set_new(json, "is_alert", json_boolean(verdict->severity > 1));
	(void)json_object_set_new(json, "status_id", json_integer(1));
	(void)json_object_set_new(
		json, "evidences",
		json_pack("[{s:o}]", "actor", actor(json_object_get(event, "task"))));
	(void)json_object_set_new(json, "resources",
				  json_pack("[o]", resource(json_object_get(event, "object"))));
}

static void add_others(json_t *json, const json_t *event, const struct kind *kind,
		       const char *origin)
{
	if (kind->class_uid == OCSF_APPLICATION) {
		(void)json_object_set_new(json, "app", product());
		(void)json_object_set_new(json, "message",
					  json_string(entry_string(event, "text")));
		return;
	}
	(void)json_object_set_new(json, "log_name", json_string(origin));
	(void)json_object_set_new(json, "log_provider", json_string("holdfastd"));
	(void)json_object_set_new(json, "count",
				  json_integer((json_int_t)(entry_number(event, "lost") +
							    entry_number(event, "unwritten"))));
}

static json_t *unmapped(const struct follow_entry *entry, json_t *event)
{
	char leaf[BASE64_LEN(SHA256_LEN) + 1];
	json_t *unmapped;

	base64_encode(entry->leaf.bytes, SHA256_LEN, leaf);
	unmapped = json_pack("{s:s, s:I, s:s}", "origin", entry->origin, "index",
			     (json_int_t)entry->index, "leaf_hash", leaf);
	if (event)
		(void)json_object_set(unmapped, "entry", event);
	return unmapped;
}

int ocsf_format(const struct follow_entry *entry, char **ret_text)
{
	_cleanup_(entry_json_freep) json_t *event = entry_parse(entry);
	_cleanup_(entry_json_freep) json_t *json = NULL;
	struct kind kind = kind_of(event);
	_cleanup_free_ char *uid = NULL;
	int class_uid = (int)kind.class_uid;

	if (asprintf(&uid, "%s#%" PRIu64, entry->origin, entry->index) < 0)
		return -ENOMEM;
	json = json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:I, s:o, s:o}", "activity_id",
			 kind.activity, "activity_name", kind.activity_name, "category_uid",
			 class_uid / 1000, "class_uid", class_uid, "type_uid",
			 class_uid * 100 + kind.activity, "severity_id", kind.severity, "time",
			 (json_int_t)(entry_time(event, NULL) / 1000000), "metadata",
			 metadata(entry, &kind, uid), "unmapped", unmapped(entry, event));
	if (!json)
		return -ENOMEM;
	if (kind.class_uid == OCSF_DETECTION)
		add_detection(json, event, uid);
	else
		add_others(json, event, &kind, entry->origin);
	*ret_text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	return *ret_text ? 0 : -ENOMEM;
}
