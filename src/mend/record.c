// SPDX-License-Identifier: LGPL-2.1-or-later
/* See record.h. */

#include "mend/record.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void decrefp(json_t **json)
{
	json_decref(*json);
}

struct record_entry *record_find(struct record *record, const struct posture_check *check)
{
	for (size_t i = 0; i < record->n; i++) {
		if (record->entries[i].check == check)
			return &record->entries[i];
	}
	return NULL;
}

struct record_entry *record_add(struct record *record, const struct posture_check *check)
{
	struct record_entry *entry = record_find(record, check);

	if (entry)
		return entry;
	if (record->n == RECORD_MAX_ENTRIES)
		return NULL;
	entry = &record->entries[record->n++];
	*entry = (struct record_entry){.check = check};
	return entry;
}

void record_drop(struct record *record, const struct posture_check *check)
{
	struct record_entry *entry = record_find(record, check);

	if (!entry)
		return;
	memmove(entry, entry + 1,
		(size_t)(&record->entries[record->n] - (entry + 1)) * sizeof(*entry));
	record->n--;
}

/* It ends in a file that a shell reads. */
bool record_value_fits(const char *value)
{
	return strspn(value, DIGITS LOWER UPPER "_.,-") == strlen(value) &&
	       strlen(value) < RECORD_VALUE;
}

/* What a person may have set a number to, or one of our own words. */
static bool was_fits(enum posture_mend_kind kind, const char *was)
{
	size_t length = strlen(was);

	if (!length)
		return true;
	if (kind == MEND_SYSCTL)
		return length < RECORD_WAS && strspn(was, DIGITS "-") == length;
	if (kind == MEND_MODULE)
		return strcmp(was, "loaded") == 0 || strcmp(was, "absent") == 0;
	if (kind == MEND_UNMOUNT)
		return strcmp(was, "mounted") == 0 || strcmp(was, "masked") == 0;
	return false;
}

static const struct posture_check *check_of(const char *id)
{
	const struct posture_check *check;

	for (size_t i = 0; (check = posture_check_each(i)); i++) {
		if (strcmp(check->id, id) == 0)
			return check;
	}
	return NULL;
}

/* Return: NULL if it is one that we have written; else what is wrong with it. */
static const char *read_entry(const json_t *json, struct record *record)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *kind = json_string_value(json_object_get(json, "kind"));
	const char *value = json_string_value(json_object_get(json, "value"));
	const char *was = json_string_value(json_object_get(json, "was"));
	const struct posture_check *check;
	struct record_entry *entry;

	if (json_object_size(json) != 4 || !id || !kind || !value || !was)
		return "not the four strings id, kind, value and was";
	check = check_of(id);
	if (!check || check->mend.kind == MEND_NONE)
		return "its id is of no check that can be mended";
	if (strcmp(kind, posture_mend_name(check->mend.kind)) != 0)
		return "the check is mended in another way";
	if (!record_value_fits(value) || !was_fits(check->mend.kind, was))
		return "its value, or what was there, is none of ours";
	if (record_find(record, check))
		return "the check has an entry already";
	entry = record_add(record, check);
	if (!entry)
		return "there are too many";
	(void)strcpy(entry->value, value);
	(void)strcpy(entry->was, was);
	return NULL;
}

int record_parse(const char *text, size_t size, struct record *ret_record, struct diag *reterr_diag)
{
	_cleanup_(decrefp) json_t *json = NULL;
	const json_t *checks, *check;
	json_error_t error;
	size_t i;

	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		diag_set(reterr_diag, NULL, 0, 0, "line %d: %s", error.line, error.text);
		return RECORD_E_INVALID;
	}
	checks = json_object_get(json, "checks");
	if (json_object_size(json) != 2 || !json_is_array(checks) ||
	    json_integer_value(json_object_get(json, "version")) != 1) {
		diag_set(reterr_diag, NULL, 0, 0, "it is not an object of version 1 and checks");
		return RECORD_E_INVALID;
	}
	ret_record->n = 0;
	json_array_foreach(checks, i, check)
	{
		const char *wrong = read_entry(check, ret_record);

		if (!wrong)
			continue;
		diag_set(reterr_diag, NULL, 0, 0, "entry %zu: %s", i + 1, wrong);
		return RECORD_E_INVALID;
	}
	return 0;
}

char *record_text(const struct record *record)
{
	_cleanup_(decrefp) json_t *json = NULL;
	json_t *checks = json_array();

	for (size_t i = 0; i < record->n; i++) {
		const struct record_entry *entry = &record->entries[i];

		(void)json_array_append_new(
			checks, json_pack("{s:s, s:s, s:s, s:s}", "id", entry->check->id, "kind",
					  posture_mend_name(entry->check->mend.kind), "value",
					  entry->value, "was", entry->was));
	}
	json = json_pack("{s:i, s:o}", "version", 1, "checks", checks);
	if (!json || json_array_size(checks) != record->n)
		return NULL;
	return json_dumps(json, JSON_INDENT(2));
}
