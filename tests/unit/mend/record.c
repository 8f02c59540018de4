// SPDX-License-Identifier: LGPL-2.1-or-later
/* The record of what was there: it comes back as it was written, and nothing else is taken. */

#include "mend/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "test.h"

static const struct posture_check *check(const char *id)
{
	const struct posture_check *found;
	size_t i = 0;

	while ((found = posture_check_each(i)) && strcmp(found->id, id) != 0)
		i++;
	assert_non_null(found);
	return found;
}

static void what_was_written_comes_back(void **state)
{
	struct record record = {0}, back;
	struct record_entry *entry = record_add(&record, check("yama"));
	char *text;

	(void)strcpy(entry->value, "1");
	(void)strcpy(entry->was, "0");
	entry = record_add(&record, check("bpf-lsm"));
	(void)strcpy(entry->value, "lockdown,yama,bpf");
	assert_ptr_equal(record_add(&record, check("bpf-lsm")), entry);
	text = record_text(&record);
	assert_non_null(text);
	assert_int_equal(record_parse(text, strlen(text), &back, NULL), 0);
	free(text);
	assert_int_equal(back.n, 2);
	assert_string_equal(record_find(&back, check("yama"))->was, "0");
	assert_string_equal(record_find(&back, check("bpf-lsm"))->value, "lockdown,yama,bpf");
	record_drop(&back, check("yama"));
	record_drop(&back, check("yama"));
	assert_int_equal(back.n, 1);
	assert_ptr_equal(back.entries[0].check, check("bpf-lsm"));
}

static const struct {
	const char *text, *says;
} damaged[] = {
	{"", "line 1: "},
	{"{\"version\": 1, \"checks\": [", "line 1: "},
	{"{\"version\": 2, \"checks\": []}", "version 1"},
	{"{\"version\": 1}", "version 1"},
	{"{\"version\": 1, \"checks\": {}}", "version 1"},
	{"{\"version\": 1, \"checks\": [], \"more\": 1}", "version 1"},
	{"{\"version\": 1, \"checks\": [1]}", "entry 1: not the four strings"},
#define ONE(id, kind, value, was)                                              \
	"{\"version\": 1, \"checks\": [{\"id\": \"" id "\", \"kind\": \"" kind \
	"\", \"value\": \"" value "\", \"was\": \"" was "\"}]}"
	{ONE("other", "sysctl", "1", "0"), "entry 1: its id is of no check"},
	{ONE("tpm", "none", "1", "0"), "entry 1: its id is of no check"},
	{ONE("yama", "parameter", "1", "0"), "mended in another way"},
	{ONE("yama", "sysctl", "1;reboot", "0"), "none of ours"},
	{ONE("yama", "sysctl", "$x", "0"), "none of ours"},
	{ONE("yama", "sysctl", "1", "0\\n"), "none of ours"},
	{ONE("yama", "sysctl", "1", "000000000000000000000000000000000000000000000000"),
	 "none of ours"},
	{ONE("msr", "module", "", "there"), "none of ours"},
	{ONE("debugfs", "unmount", "", "loaded"), "none of ours"},
	{ONE("escape", "parameter", "", "0"), "none of ours"},
	{"{\"version\": 1, \"checks\": [{\"id\": \"yama\", \"kind\": \"sysctl\", \"value\": \"1\", "
	 "\"was\": \"0\"}, {\"id\": \"yama\", \"kind\": \"sysctl\", \"value\": \"1\", \"was\": "
	 "\"0\"}]}",
	 "entry 2: the check has an entry already"},
	{"{\"version\": 1, \"version\": 1, \"checks\": []}", "duplicate"},
};

static void nothing_else_is_taken(void **state)
{
	struct record record;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct diag diag = {0};

		assert_int_equal(
			record_parse(damaged[i].text, strlen(damaged[i].text), &record, &diag),
			RECORD_E_INVALID);
		if (!strstr(diag.text, damaged[i].says))
			fail_msg("%s: %s", damaged[i].text, diag.text);
	}
	assert_int_equal(record_parse(ONE("yama", "sysctl", "1", "-1"),
				      strlen(ONE("yama", "sysctl", "1", "-1")), &record, NULL),
			 0);
}

static void values_and_entries_have_limits(void **state)
{
	static const struct posture_check many[RECORD_MAX_ENTRIES + 1];
	struct record record = {0};
	char value[RECORD_VALUE + 1];

	memset(value, 'a', sizeof(value));
	value[RECORD_VALUE] = '\0';
	assert_false(record_value_fits(value));
	value[RECORD_VALUE - 1] = '\0';
	assert_true(record_value_fits(value));
	for (size_t i = 0; i < RECORD_MAX_ENTRIES; i++)
		assert_non_null(record_add(&record, &many[i]));
	assert_null(record_add(&record, &many[RECORD_MAX_ENTRIES]));
	assert_non_null(record_add(&record, &many[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_comes_back),
		cmocka_unit_test(nothing_else_is_taken),
		cmocka_unit_test(values_and_entries_have_limits),
	};

	return cmocka_run_group_tests_name("mend/record", tests, NULL, NULL);
}
