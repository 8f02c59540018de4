// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast posture check` for machines, what fails, and how it compares with an earlier answer. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/posture-view.h"
#include "policy/image-check.h"
#include "posture/posture.h"

static void decrefp(json_t **json)
{
	json_decref(*json);
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static json_t *string_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *threats_json(const char *threats)
{
	json_t *json = json_array();

	for (const char *p = threats; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		(void)json_array_append_new(json, json_stringn(p, n));
		p += n;
	}
	return json;
}

static json_t *items_json(const struct posture_finding *finding)
{
	json_t *json = json_array();

	for (size_t i = 0; i < finding->n_items; i++)
		(void)json_array_append_new(json, json_string(finding->items[i]));
	return json;
}

static json_t *mend_json(const struct posture_mend *mend)
{
	json_t *json;

	if (mend->kind == MEND_NONE)
		return json_null();
	json = json_object();
	set(json, "kind", json_string(posture_mend_name(mend->kind)));
	set(json, "name", json_string(mend->name));
	set(json, "value", mend->value ? json_string(mend->value) : json_null());
	set(json, "one_way", json_boolean(mend->one_way));
	set(json, "late", json_boolean(mend->late));
	return json;
}

/* As holdfastd judges it: whether the policy requires more than was found. */
static bool lacks(const void *policy, const struct posture_finding *finding)
{
	uint8_t lockdown;

	if (!policy)
		return false;
	if (image_requires(policy, finding->check->id) && finding->status != POSTURE_GOOD)
		return true;
	if (strcmp(finding->check->id, "lockdown") != 0)
		return false;
	lockdown = image_header(policy)->require_lockdown;
	return (lockdown && finding->status != POSTURE_GOOD) ||
	       (lockdown == IMAGE_LOCKDOWN_CONFIDENTIALITY &&
		strcmp(finding->value, "confidentiality") != 0);
}

bool posture_fails(const struct posture_demand *demand, const struct posture_finding *finding)
{
	size_t length = strlen(finding->check->id);

	if (!demand->ids)
		return finding->status == POSTURE_BAD || lacks(demand->policy, finding);
	for (const char *p = demand->ids; *p;) {
		size_t n = strcspn(p, ",");

		if (n == length && strncmp(p, finding->check->id, n) == 0)
			return finding->status != POSTURE_GOOD;
		p += n + (p[n] == ',');
	}
	return false;
}

static json_t *finding_json(const struct posture_finding *finding,
			    const struct posture_demand *demand)
{
	const struct posture_check *check = finding->check;
	json_t *json = json_object();

	set(json, "id", json_string(check->id));
	set(json, "title", json_string(check->title));
	set(json, "group", json_string(posture_group_name(check->group)));
	set(json, "status", json_string(posture_status_name(finding->status)));
	set(json, "fails", json_boolean(posture_fails(demand, finding)));
	set(json, "value", string_or_null(finding->value));
	set(json, "reason", string_or_null(finding->reason));
	set(json, "threats", threats_json(check->threats));
	set(json, "fix", json_string(check->fix));
	set(json, "mend", mend_json(&check->mend));
	set(json, "reads", json_string(check->reads));
	set(json, "source", json_string(check->source));
	set(json, "items", items_json(finding));
	set(json, "items_dropped", json_integer((json_int_t)finding->n_dropped));
	return json;
}

static json_t *hidden_json(unsigned hidden)
{
	json_t *json = json_array();

	if (hidden & SIGHT_TASKS)
		(void)json_array_append_new(json, json_string("tasks"));
	if (hidden & SIGHT_MOUNTS)
		(void)json_array_append_new(json, json_string("mounts"));
	if (hidden & SIGHT_FILES)
		(void)json_array_append_new(json, json_string("files"));
	return json;
}

json_t *posture_json(const struct posture *posture, const struct posture_demand *demand)
{
	json_t *json = json_object(), *checks = json_array();

	set(json, "kernel", string_or_null(posture->release));
	set(json, "hidden", hidden_json(posture->hidden));
	set(json, "guest", json_boolean(posture->guest));
	for (size_t i = 0; i < posture->n; i++)
		(void)json_array_append_new(checks, finding_json(&posture->findings[i], demand));
	set(json, "checks", checks);
	return json;
}

static const struct {
	const char *kind, *level;
} sarif[] = {
	[POSTURE_GOOD] = {"pass", "none"},    [POSTURE_ABSENT] = {"notApplicable", "none"},
	[POSTURE_UNKNOWN] = {"open", "none"}, [POSTURE_WEAK] = {"fail", "warning"},
	[POSTURE_BAD] = {"fail", "error"},
};

static json_t *text_json(const char *text)
{
	return json_pack("{s:s}", "text", text);
}

static json_t *rule_json(const struct posture_check *check)
{
	json_t *json = json_object(), *properties = json_object();

	set(json, "id", json_string(check->id));
	set(json, "shortDescription", text_json(check->title));
	set(json, "fullDescription", text_json(check->why));
	set(json, "help", text_json(check->fix));
	set(properties, "tags", threats_json(check->threats));
	set(properties, "group", json_string(posture_group_name(check->group)));
	set(properties, "source", json_string(check->source));
	set(json, "properties", properties);
	return json;
}

/* The file that is read, where one is; and the check in the words of its group. */
static json_t *place_json(const struct posture_check *check)
{
	char name[64], uri[192];
	json_t *place = json_object();

	(void)snprintf(name, sizeof(name), "%s/%s", posture_group_name(check->group), check->id);
	set(place, "logicalLocations",
	    json_pack("[{s:s, s:s, s:s}]", "name", check->id, "fullyQualifiedName", name, "kind",
		      "resource"));
	if (check->reads[0] == '/') {
		(void)snprintf(uri, sizeof(uri), "file://%.*s", (int)strcspn(check->reads, " ,;:"),
			       check->reads);
		set(place, "physicalLocation",
		    json_pack("{s:{s:s}}", "artifactLocation", "uri", uri));
	}
	return json_pack("[o]", place);
}

static json_t *result_json(const struct posture_finding *finding, size_t rule)
{
	json_t *json = json_object();
	char text[2 * POSTURE_TEXT + 2];

	(void)snprintf(text, sizeof(text), "%s%s%s",
		       finding->value[0] || finding->reason[0] ? finding->value : "as it should be",
		       finding->value[0] && finding->reason[0] ? ": " : "", finding->reason);
	set(json, "ruleId", json_string(finding->check->id));
	set(json, "ruleIndex", json_integer((json_int_t)rule));
	set(json, "kind", json_string(sarif[finding->status].kind));
	set(json, "level", json_string(sarif[finding->status].level));
	set(json, "message", text_json(text));
	set(json, "locations", place_json(finding->check));
	set(json, "properties", json_pack("{s:o}", "items", items_json(finding)));
	return json;
}

json_t *posture_sarif(const struct posture *posture)
{
	json_t *json = json_object(), *rules = json_array(), *results = json_array();
	json_t *driver = json_object();

	for (size_t i = 0; i < posture->n; i++) {
		(void)json_array_append_new(rules, rule_json(posture->findings[i].check));
		(void)json_array_append_new(results, result_json(&posture->findings[i], i));
	}
	set(driver, "name", json_string("holdfast posture"));
	set(driver, "version", json_string(HOLDFAST_VERSION));
	set(driver, "rules", rules);
	set(json, "version", json_string("2.1.0"));
	set(json, "runs",
	    json_pack("[{s:{s:o}, s:o}]", "tool", "driver", driver, "results", results));
	return json;
}

static int status_of(const json_t *check)
{
	const char *name = json_string_value(json_object_get(check, "status"));

	for (int status = 0; name && status < _POSTURE_STATUS_MAX; status++) {
		if (strcmp(name, posture_status_name(status)) == 0)
			return status;
	}
	return -1;
}

static bool has_item(const json_t *items, const char *item)
{
	const json_t *other;
	size_t i;

	json_array_foreach(items, i, other)
	{
		if (json_is_string(other) && strcmp(json_string_value(other), item) == 0)
			return true;
	}
	return false;
}

static json_t *new_items(const json_t *was, const struct posture_finding *finding)
{
	json_t *json = json_array();

	for (size_t i = 0; i < finding->n_items; i++) {
		if (!has_item(json_object_get(was, "items"), finding->items[i]))
			(void)json_array_append_new(json, json_string(finding->items[i]));
	}
	return json;
}

/* A status, and in parentheses what was found, unless it is a matter of items. */
static void say_was(const json_t *was, char *text, size_t size)
{
	const char *value = json_string_value(json_object_get(was, "value"));

	(void)snprintf(text, size, "%s%s%s%s", posture_status_name(status_of(was)),
		       value ? " (" : "", value ?: "", value ? ")" : "");
}

/* Return: a new reference; NULL if nothing has changed. */
static json_t *compare_one(const json_t *was, const struct posture_finding *is)
{
	const char *value = json_string_value(json_object_get(was, "value"));
	_cleanup_(decrefp) json_t *added = new_items(was, is);
	char before[2 * POSTURE_TEXT], after[POSTURE_TEXT + 16];
	int status = status_of(was);
	bool weak = is->status >= POSTURE_WEAK, worse;

	/* what could not be read then says nothing of what is weak now */
	worse = status == POSTURE_UNKNOWN ? false : (int)is->status > status;
	/* more of the same, as one more program on a hook */
	if (weak && status >= POSTURE_WEAK && json_array_size(added))
		worse = true;
	if (!worse && (int)is->status == status && !json_array_size(added) &&
	    (is->n_items || strcmp(value ?: "", is->value) == 0))
		return NULL;
	say_was(was, before, sizeof(before));
	(void)snprintf(after, sizeof(after), "%s%s%s%s", posture_status_name(is->status),
		       is->value[0] ? " (" : "", is->value, is->value[0] ? ")" : "");
	return json_pack("{s:s, s:b, s:s, s:s, s:O}", "id", is->check->id, "worse", worse, "was",
			 before, "is", after, "new", added);
}

/* The earlier finding of a check. NULL: there was no such check then. */
static const json_t *find_check(const json_t *checks, const char *id)
{
	const json_t *check;
	size_t i;

	json_array_foreach(checks, i, check)
	{
		const char *name = json_string_value(json_object_get(check, "id"));

		if (name && strcmp(name, id) == 0)
			return check;
	}
	return NULL;
}

static bool valid(const json_t *checks)
{
	const json_t *check;
	size_t i;

	json_array_foreach(checks, i, check)
	{
		if (!json_is_string(json_object_get(check, "id")) || status_of(check) < 0)
			return false;
	}
	return json_array_size(checks) > 0;
}

int baseline_compare(const char *text, size_t size, const struct posture *now, json_t **ret_changes,
		     size_t *ret_n_worse)
{
	_cleanup_(decrefp) json_t *earlier = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	_cleanup_(decrefp) json_t *changes = json_array();
	const json_t *checks = json_object_get(earlier, "checks");
	size_t n_worse = 0;

	if (!valid(checks))
		return BASELINE_E_INVALID;
	for (size_t i = 0; i < now->n; i++) {
		const struct posture_finding *finding = &now->findings[i];
		const json_t *was = find_check(checks, finding->check->id);
		json_t *change = was ? compare_one(was, finding) : NULL;

		if (!change)
			continue;
		n_worse += json_is_true(json_object_get(change, "worse"));
		if (json_array_append_new(changes, change) < 0)
			return -ENOMEM;
	}
	*ret_changes = TAKE_PTR(changes);
	*ret_n_worse = n_worse;
	return 0;
}
