// SPDX-License-Identifier: LGPL-2.1-or-later
/* See entry.h. Pure. */

#include "export/entry.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "evidence/follow.h"

json_t *entry_parse(const struct follow_entry *entry)
{
	json_t *json =
		json_loadb((const char *)entry->data, entry->size, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

const char *entry_string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

uint64_t entry_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

/* "2026-11-29T14:41:41.123456789Z", and nothing else. */
static bool has_form(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	return true;
}

uint64_t entry_time(const json_t *object, char ret_text[EXPORT_TIME_LEN])
{
	const char *text = entry_string(object, "time");
	struct tm tm = {0};
	unsigned long ns;
	time_t seconds;

	if (ret_text)
		(void)snprintf(ret_text, EXPORT_TIME_LEN, "-");
	if (!has_form(text) || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ||
	    sscanf(text + 20, "%9lu", &ns) != 1)
		return 0;
	seconds = timegm(&tm);
	/* beyond what nanoseconds can count */
	if (seconds < 0 || seconds > INT64_MAX / 1000000000)
		return 0;
	if (ret_text)
		(void)snprintf(ret_text, EXPORT_TIME_LEN, "%.26sZ", text);
	return (uint64_t)seconds * 1000000000u + ns;
}
