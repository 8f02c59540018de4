// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events as JSON: every name, every hostile byte, every record that is none. */

#include <errno.h>
#include <linux/types.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/jsonw.h"
#include "bpf/events-api.h"
#include "guard/record.h"
#include "guard/test_image.h"
#include "policy/image-check.h"
#include "test.h"

static const struct event plain = {
	.abi = EVENT_ABI,
	.size = sizeof(struct event),
	.sequence = 12,
	.boot_ns = 5000000000,
	.act = EVENT_ACT_BPF,
	.command = 14,
	.verdict = EVENT_REFUSED,
	.row = EVENT_ROW('M', 1),
	.error = EPERM,
	.pid = 101,
	.tgid = 100,
	.uid = 0,
	.label = DOMAIN_NONE,
	.exe_dev = 8 << 20 | 1,
	.exe_ino = 4242,
	.comm = "bpftool",
	.exe_name = "bpftool",
	.object_kind = EVENT_OBJECT_MAP,
	.object_id = 7,
	.owner = DOMAIN_SELF,
	.object_name = "rules",
};

static json_t *to_json(const struct event *event, const struct image_header *image)
{
	char text[RECORD_LINE_LEN];
	json_error_t error;
	struct jsonw w;
	json_t *json;

	jsonw_init(&w, text, sizeof(text));
	record_write(&w, event, image, &(struct record_when){.realtime_ns = 1700000000123456789});
	assert_int_equal(jsonw_finish(&w), 0);
	assert_null(strchr(text, '\n'));
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(json);
	return json;
}

static const char *field(json_t *json, const char *object, const char *key)
{
	json_t *place = object ? json_object_get(json, object) : json;
	const char *value = json_string_value(json_object_get(place, key));

	return value ? value : "";
}

static void every_field_of_an_event_is_there(void **state)
{
	json_t *json = to_json(&plain, NULL);
	json_t *exe = json_object_get(json_object_get(json, "task"), "exe");

	assert_int_equal(json_integer_value(json_object_get(json, "seq")), 12);
	assert_string_equal(field(json, NULL, "time"), "2023-11-14T22:13:20.123456789Z");
	assert_int_equal(json_integer_value(json_object_get(json, "boot_ns")), 5000000000);
	assert_string_equal(field(json, NULL, "act"), "bpf");
	assert_string_equal(field(json, NULL, "command"), "MAP_GET_FD_BY_ID");
	assert_string_equal(field(json, NULL, "verdict"), "refused");
	assert_string_equal(field(json, NULL, "row"), "M01");
	assert_string_equal(field(json, NULL, "errno"), "EPERM");
	assert_string_equal(field(json, "task", "comm"), "bpftool");
	assert_string_equal(field(json, "task", "label"), "stranger");
	assert_string_equal(json_string_value(json_object_get(exe, "dev")), "8:1");
	assert_int_equal(json_integer_value(json_object_get(exe, "ino")), 4242);
	assert_string_equal(field(json, "object", "kind"), "map");
	assert_string_equal(field(json, "object", "owner"), "self");
	json_decref(json);
}

static void what_is_absent_is_null(void **state)
{
	struct event event = plain;
	json_t *json;

	event.row = event.error = event.command = 0;
	event.act = EVENT_ACT_EXEC;
	json = to_json(&event, NULL);
	assert_true(json_is_null(json_object_get(json, "row")));
	assert_true(json_is_null(json_object_get(json, "errno")));
	assert_true(json_is_null(json_object_get(json, "limit")));
	assert_true(json_is_null(json_object_get(json, "command")));
	json_decref(json);
}

static void a_limit_has_the_name_that_policies_give_it(void **state)
{
	struct event event = plain;
	json_t *json;

	event.limit = IMAGE_LIMIT_MAPS;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, NULL, "limit"), "maps");
	json_decref(json);
	event.limit = IMAGE_LIMIT_KFUNCS | IMAGE_LIMIT_HELPERS;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, NULL, "limit"), "helpers");
	json_decref(json);
	event.limit = IMAGE_LIMITS_ALL + 1;
	json = to_json(&event, NULL);
	assert_true(json_is_null(json_object_get(json, "limit")));
	json_decref(json);
}

static void signals_have_names(void **state)
{
	struct event event = plain;
	json_t *json;

	event.act = EVENT_ACT_SIGNAL;
	event.command = SIGKILL;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, NULL, "command"), "SIGKILL");
	json_decref(json);
}

static void types_of_programs_have_names(void **state)
{
	struct event event = plain;
	json_t *json;

	event.act = EVENT_ACT_PROG_LOAD;
	event.command = 29;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, NULL, "command"), "lsm");
	json_decref(json);
	event.command = IMAGE_PROGRAM_TYPES;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, NULL, "command"), "33");
	json_decref(json);
}

static void numbers_without_a_name_stay_numbers(void **state)
{
	struct event event = plain;

	for (uint32_t shift = 0; shift < 32; shift++) {
		json_t *json;

		event.act = event.command = event.verdict = event.object_kind = event.error =
			1u << shift;
		event.row = 1u << shift;
		json = to_json(&event, NULL);
		assert_true(strlen(field(json, NULL, "act")) > 0);
		json_decref(json);
		event.act = shift % 2 ? EVENT_ACT_SIGNAL : EVENT_ACT_BPF;
		json_decref(to_json(&event, NULL));
	}
}

static void labels_are_names_of_the_image_in_force(void **state)
{
	struct test_image spec = {IMAGE_MODE_ENFORCE, 1, "agent", 1};
	size_t size;
	_cleanup_free_ void *image = test_image_make(&spec, &size);
	struct event event = plain;
	json_t *json;

	assert_int_equal(image_domain_id("agent", &event.label), 0);
	event.owner = 0xdeadbeef;
	json = to_json(&event, image);
	assert_string_equal(field(json, "task", "label"), "agent");
	assert_string_equal(field(json, "object", "owner"), "domain:0xdeadbeef");
	json_decref(json);
	event.label = DOMAIN_CANARY;
	json = to_json(&event, NULL);
	assert_string_equal(field(json, "task", "label"), "canary");
	json_decref(json);
}

static void every_byte_in_every_string_gives_valid_json(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		struct event event = plain;

		memset(event.comm, (int)byte, sizeof(event.comm));
		memset(event.exe_name, (int)byte, sizeof(event.exe_name));
		memset(event.object_name, (int)byte, sizeof(event.object_name));
		json_decref(to_json(&event, NULL));
	}
}

static void bytes_that_a_terminal_obeys_are_escaped(void **state)
{
	struct event event = plain;
	json_t *json;

	(void)strcpy(event.object_name, "\033[2J\\ \xc3\xa9\xff\xe2\x80\xae\"\x9b");
	json = to_json(&event, NULL);
	assert_string_equal(field(json, "object", "name"),
			    "\\x1b[2J\\\\ \xc3\xa9\\xff\\xe2\\x80\\xae\"\\x9b");
	json_decref(json);
}

static void record_that_is_short_or_of_another_abi_is_refused(void **state)
{
	const struct event *got;
	struct event event = plain;

	for (size_t size = 0; size < sizeof(event); size++)
		assert_int_equal(record_check(&event, size, &got), RECORD_E_SHORT);
	assert_int_equal(record_check(&event, sizeof(event), &got), 0);
	event.size = EVENT_SIZE_MIN - 1;
	assert_int_equal(record_check(&event, sizeof(event), &got), RECORD_E_SHORT);
	event.size = sizeof(event) + 1;
	assert_int_equal(record_check(&event, sizeof(event), &got), RECORD_E_SHORT);
	event.abi++;
	assert_int_equal(record_check(&event, sizeof(event), &got), RECORD_E_ABI);
}

static void record_of_a_build_before_the_flags_is_read(void **state)
{
	struct event event = plain;
	const struct event *got;
	char *old;

	event.flags = EVENT_LIMITED | EVENT_RISK;
	event.size = EVENT_SIZE_MIN;
	old = malloc(EVENT_SIZE_MIN);
	assert_non_null(old);
	memcpy(old, &event, EVENT_SIZE_MIN);
	assert_int_equal(record_check(old, EVENT_SIZE_MIN, &got), 0);
	assert_int_equal(record_flags(got), 0);
	free(old);
}

static void event_that_reaches_the_limit_says_so(void **state)
{
	struct event event = plain;
	json_t *json = to_json(&event, NULL);

	assert_null(json_object_get(json, "limited"));
	json_decref(json);
	event.flags = EVENT_LIMITED;
	json = to_json(&event, NULL);
	assert_true(json_is_true(json_object_get(json, "limited")));
	json_decref(json);
}

static json_t *folded_json(const struct record_folded *folded)
{
	char line[RECORD_LINE_LEN];
	struct jsonw w;

	jsonw_init(&w, line, sizeof(line));
	record_folded(&w, folded, 0);
	assert_int_equal(jsonw_finish(&w), 0);
	return json_loads(line, JSON_REJECT_DUPLICATES, NULL);
}

static void folded_events_have_a_line_of_their_kind(void **state)
{
	struct record_folded folded = {
		.row = EVENT_ROW('M', 1),
		.verdict = EVENT_REFUSED,
		.n = 19936,
		.total = 19999,
		.since_ns = 1,
		.boot_ns = 2,
	};
	json_t *json = folded_json(&folded);

	assert_int_equal(json_integer_value(json_object_get(json, "folded")), 19936);
	assert_int_equal(json_integer_value(json_object_get(json, "total")), 19999);
	assert_string_equal(json_string_value(json_object_get(json, "row")), "M01");
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "refused");
	assert_null(json_object_get(json, "of"));
	json_decref(json);

	folded.row = 0;
	folded.act = EVENT_ACT_PROG_LOAD;
	folded.verdict = EVENT_ADMITTED;
	json = folded_json(&folded);
	assert_true(json_is_null(json_object_get(json, "row")));
	assert_string_equal(json_string_value(json_object_get(json, "of")), "prog_load");
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "admitted");
	json_decref(json);
}

static void each_row_and_act_has_a_slot_of_its_own(void **state)
{
	bool taken[FOLDED_SLOTS] = {};

	for (uint32_t letter = 'A'; letter <= 'Z'; letter++) {
		for (uint32_t number = 0; number < 64; number++) {
			uint32_t slot = FOLDED_SLOT(EVENT_ROW(letter, number), 0);

			assert_true(slot < FOLDED_SLOTS && !taken[slot]);
			taken[slot] = true;
		}
	}
	for (uint32_t act = 1; act <= EVENT_ACT_KERNEL; act++) {
		assert_false(taken[FOLDED_SLOT(0, act)]);
		taken[FOLDED_SLOT(0, act)] = true;
	}
}

static void record_that_was_appended_to_is_read(void **state)
{
	struct {
		struct event event;
		uint64_t more;
	} longer = {.event = plain};
	const struct event *got;

	longer.event.size = sizeof(longer);
	assert_int_equal(record_check(&longer, sizeof(longer), &got), 0);
}

static void buffer_that_is_too_small_is_noticed(void **state)
{
	char text[RECORD_LINE_LEN];

	for (size_t size = 0; size < 300; size++) {
		struct jsonw w;

		jsonw_init(&w, text, size);
		record_write(&w, &plain, NULL, &(struct record_when){0});
		assert_int_equal(jsonw_finish(&w), -ENOBUFS);
		assert_true(size == 0 || memchr(text, '\0', size));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_an_event_is_there),
		cmocka_unit_test(what_is_absent_is_null),
		cmocka_unit_test(a_limit_has_the_name_that_policies_give_it),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(types_of_programs_have_names),
		cmocka_unit_test(numbers_without_a_name_stay_numbers),
		cmocka_unit_test(labels_are_names_of_the_image_in_force),
		cmocka_unit_test(every_byte_in_every_string_gives_valid_json),
		cmocka_unit_test(bytes_that_a_terminal_obeys_are_escaped),
		cmocka_unit_test(record_that_is_short_or_of_another_abi_is_refused),
		cmocka_unit_test(record_that_was_appended_to_is_read),
		cmocka_unit_test(record_of_a_build_before_the_flags_is_read),
		cmocka_unit_test(event_that_reaches_the_limit_says_so),
		cmocka_unit_test(folded_events_have_a_line_of_their_kind),
		cmocka_unit_test(each_row_and_act_has_a_slot_of_its_own),
		cmocka_unit_test(buffer_that_is_too_small_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
