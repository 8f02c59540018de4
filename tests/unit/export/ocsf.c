// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export/ocsf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "entry.h"
#include "test.h"

static json_t *event_of(struct follow_entry entry)
{
	char *text = NULL;
	json_t *json;

	assert_int_equal(ocsf_format(&entry, &text), 0);
	assert_null(strchr(text, '\n'));
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

static json_int_t number(const json_t *json, const char *key)
{
	assert_true(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static const char *string(const json_t *json, const char *key)
{
	assert_true(json_is_string(json_object_get(json, key)));
	return json_string_value(json_object_get(json, key));
}

/* What every event has, whatever its entry is. */
static void expect_base(const json_t *json, json_int_t class_uid, json_int_t activity)
{
	const json_t *metadata = json_object_get(json, "metadata"),
		     *unmapped = json_object_get(json, "unmapped");

	assert_int_equal(number(json, "class_uid"), class_uid);
	assert_int_equal(number(json, "category_uid"), class_uid / 1000);
	assert_int_equal(number(json, "activity_id"), activity);
	assert_int_equal(number(json, "type_uid"), class_uid * 100 + activity);
	assert_in_range(number(json, "severity_id"), 1, 4);
	assert_true(number(json, "time") >= 0);
	assert_string_equal(string(metadata, "version"), OCSF_VERSION);
	assert_string_equal(string(json_object_get(metadata, "product"), "name"), "Holdfast");
	assert_string_equal(string(metadata, "uid"), ORIGIN "#7");
	assert_string_equal(string(unmapped, "origin"), ORIGIN);
	assert_string_equal(string(unmapped, "leaf_hash"), LEAF_1);
	assert_int_equal(number(unmapped, "index"), 7);
}

static void a_refusal_is_a_detection_that_was_blocked(void **state)
{
	json_t *json = event_of(entry_of(7, EVENT));
	json_t *actor =
		json_object_get(json_array_get(json_object_get(json, "evidences"), 0), "actor");

	expect_base(json, 2004, 1);
	assert_int_equal(number(json, "time"), 1795963301123);
	assert_int_equal(number(json, "severity_id"), 4);
	assert_int_equal(number(json, "action_id"), 2);
	assert_int_equal(number(json, "disposition_id"), 2);
	assert_string_equal(string(json_object_get(json, "finding_info"), "uid"), ORIGIN "#7");
	assert_string_equal(string(json_object_get(json, "finding_info"), "title"),
			    "refused map_fd by stranger");
	assert_int_equal(number(json_object_get(actor, "process"), "pid"), 11);
	assert_string_equal(string(json_array_get(json_object_get(json, "resources"), 0), "name"),
			    "secrets");
	assert_int_equal(number(json_object_get(json_object_get(json, "unmapped"), "entry"), "seq"),
			 3);
	json_decref(json);
}

static void verdicts_are_told_apart(void **state)
{
	static const struct {
		const char *verdict;
		json_int_t action, disposition;
	} rows[] = {{"observed", 1, 15}, {"noted", 1, 17}, {"tomorrow", 0, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		json_t *json;

		(void)snprintf(text, sizeof(text), "{\"act\":\"x\",\"verdict\":\"%s\"}",
			       rows[i].verdict);
		json = event_of(entry_of(7, text));
		expect_base(json, 2004, 1);
		assert_int_equal(number(json, "action_id"), rows[i].action);
		assert_int_equal(number(json, "disposition_id"), rows[i].disposition);
		json_decref(json);
	}
}

static void what_the_daemon_says_is_of_an_application(void **state)
{
	json_t *json = event_of(entry_of(7, NOTE_LINE));

	expect_base(json, 6002, 99);
	assert_string_equal(string(json, "activity_name"), "up");
	assert_string_equal(string(json_object_get(json, "app"), "name"), "Holdfast");
	json_decref(json);
}

static void what_is_lost_is_of_the_log(void **state)
{
	json_t *json = event_of(entry_of(7, LOST));

	expect_base(json, 1008, 99);
	assert_int_equal(number(json, "count"), 6);
	assert_string_equal(string(json, "log_name"), ORIGIN);
	json_decref(json);
}

static void what_is_no_entry_of_ours_is_one_of_the_log(void **state)
{
	static const char *const texts[] = {"", "[]", "{", "{}", "\"x\"", "{\"act\":3}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = event_of(entry_of(7, texts[i]));

		expect_base(json, 1008, 99);
		assert_string_equal(string(json, "activity_name"), "Unreadable");
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_is_a_detection_that_was_blocked),
		cmocka_unit_test(verdicts_are_told_apart),
		cmocka_unit_test(what_the_daemon_says_is_of_an_application),
		cmocka_unit_test(what_is_lost_is_of_the_log),
		cmocka_unit_test(what_is_no_entry_of_ours_is_one_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
