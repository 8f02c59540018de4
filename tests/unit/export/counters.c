// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "export/position.h"
#include "test.h"

static struct counters *counted(const char *const *texts)
{
	struct counters *counters = NULL;

	assert_int_equal(counters_new(&counters), 0);
	for (; *texts; texts++) {
		struct follow_entry entry = entry_of(0, *texts);

		assert_int_equal(counters_take(counters, &entry), 0);
	}
	return counters;
}

static char *text_of(const struct counters *counters, enum counters_format format)
{
	const struct counters_log log = {ORIGIN, 12, 1790000000};
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	counters_print(counters, &log, format, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void expect_lines(const char *text, const char *const *lines)
{
	for (; *lines; lines++) {
		char line[256];

		(void)snprintf(line, sizeof(line), "\n%s\n", *lines);
		if (!strstr(text, line))
			fail_msg("no line '%s'", *lines);
	}
}

static void entries_are_counted_by_what_they_are(void **state)
{
	struct counters *counters = counted((const char *const[]){
		EVENT, EVENT, NOTE_LINE, LOST, LOST, "{\"unwritten\":3}", "no JSON", "{}",
		"{\"act\":\"exec\",\"detect_ns\":2000000000,\"row\":null,\"verdict\":\"noted\"}",
		"{\"act\":\"exec\",\"row\":null,\"verdict\":\"noted\"}", NULL});
	char *text = text_of(counters, COUNTERS_PROMETHEUS);

	expect_lines(
		text,
		(const char *const[]){
			"# TYPE holdfast_log_notes_total counter",
			"holdfast_decisions_total{row=\"M01\",verdict=\"refused\",act=\"map_fd\"} 2",
			"holdfast_decisions_total{row=\"none\",verdict=\"noted\",act=\"exec\"} 2",
			"holdfast_log_notes_total{note=\"up\"} 1", "holdfast_events_lost_total 12",
			"holdfast_events_unwritten_total 3",
			"holdfast_log_entries_unreadable_total 2",
			"holdfast_event_detect_seconds_bucket{le=\"0.001\"} 0",
			"holdfast_event_detect_seconds_bucket{le=\"0.005\"} 2",
			"holdfast_event_detect_seconds_bucket{le=\"1.0\"} 2",
			"holdfast_event_detect_seconds_bucket{le=\"5.0\"} 3",
			"holdfast_event_detect_seconds_bucket{le=\"+Inf\"} 3",
			"holdfast_event_detect_seconds_count 3",
			"holdfast_event_detect_seconds_sum 2.003000000", "holdfast_tlog_size 12",
			"holdfast_tlog_last_checkpoint_timestamp_seconds 1790000000",
			"holdfast_tlog_info{origin=\"" ORIGIN "\"} 1",
			"# TYPE holdfast_build_info gauge", NULL});
	assert_null(strstr(text, "# EOF"));
	free(text);
	text = text_of(counters, COUNTERS_OPENMETRICS);
	expect_lines(text, (const char *const[]){"# TYPE holdfast_log_notes counter",
						 "holdfast_log_notes_total{note=\"up\"} 1",
						 "# TYPE holdfast_build info", NULL});
	assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
	free(text);
	(void)counters_free(counters);
}

static void a_label_is_a_word_or_other(void **state)
{
	struct counters *counters = counted((const char *const[]){
		"{\"act\":\"a\\\"b\",\"row\":\"\",\"verdict\":\"x y\"}",
		"{\"act\":\"0123456789012345678901234567890123456789\",\"row\":7}",
		"{\"note\":\"a\\nb\"}", NULL});
	char *text = text_of(counters, COUNTERS_OPENMETRICS);

	expect_lines(
		text,
		(const char *const[]){
			"holdfast_decisions_total{row=\"other\",verdict=\"other\",act=\"other\"} 1",
			"holdfast_decisions_total{row=\"none\",verdict=\"none\",act=\"other\"} 1",
			"holdfast_log_notes_total{note=\"other\"} 1", NULL});
	free(text);
	(void)counters_free(counters);
}

static void series_are_limited(void **state)
{
	struct counters *counters = NULL;
	char *text;

	assert_int_equal(counters_new(&counters), 0);
	for (unsigned i = 0; i < COUNTERS_MAX_SERIES + 5; i++) {
		char note[64];
		struct follow_entry entry;

		(void)snprintf(note, sizeof(note), "{\"note\":\"n%u\"}", i);
		entry = entry_of(i, note);
		assert_int_equal(counters_take(counters, &entry), 0);
	}
	text = text_of(counters, COUNTERS_PROMETHEUS);
	expect_lines(text,
		     (const char *const[]){"holdfast_log_notes_total{note=\"n4095\"} 1",
					   "holdfast_log_notes_total{note=\"other\"} 5", NULL});
	assert_null(strstr(text, "n4096"));
	free(text);
	(void)counters_free(counters);
}

static void whoever_accepts_openmetrics_gets_it(void **state)
{
	static const struct {
		const char *accept;
		enum counters_format format;
	} rows[] = {
		{NULL, COUNTERS_PROMETHEUS},
		{"", COUNTERS_PROMETHEUS},
		{"*/*", COUNTERS_PROMETHEUS},
		{"application/openmetrics-text", COUNTERS_OPENMETRICS},
		{"application/openmetrics-textual", COUNTERS_PROMETHEUS},
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 COUNTERS_OPENMETRICS},
		{"text/plain;version=0.0.4, application/openmetrics-text;q=0.3",
		 COUNTERS_PROMETHEUS},
		{"application/openmetrics-text; q=0", COUNTERS_PROMETHEUS},
		{"text/html, ,;q=,application/openmetrics-text", COUNTERS_OPENMETRICS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(counters_wanted(rows[i].accept), rows[i].format);
}

static int parse(const char *text, struct position *ret)
{
	return position_parse(text, strlen(text), ret);
}

static void a_position_is_read_as_it_was_written(void **state)
{
	static const char *const wrong[] = {
		"",
		"holdfast position 1\n",
		"holdfast position 1\na\n7",
		"holdfast position 2\na\n7\n",
		"holdfast position 1\n\n7\n",
		"holdfast position 1\na\n-7\n",
		"holdfast position 1\na\n07\n",
		"holdfast position 1\na\n7\nx",
	};
	char path[] = "/tmp/holdfast-position-XXXXXX";
	struct position position = {0}, written = {.origin = ORIGIN, .next = 12345678901};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(position_write(path, &written, NULL), 0);
	assert_int_equal(position_read(path, &position, NULL), 0);
	assert_string_equal(position.origin, ORIGIN);
	assert_int_equal(position.next, 12345678901);
	assert_int_equal(remove(path), 0);
	assert_int_equal(position_read(path, &position, NULL), POSITION_E_NONE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(wrong[i], &position), POSITION_E_REFUSED);
	assert_int_equal(parse("holdfast position 1\na\n7\n", &position), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_counted_by_what_they_are),
		cmocka_unit_test(a_label_is_a_word_or_other),
		cmocka_unit_test(series_are_limited),
		cmocka_unit_test(whoever_accepts_openmetrics_gets_it),
		cmocka_unit_test(a_position_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
