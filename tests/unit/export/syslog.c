// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export/syslog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "entry.h"
#include "export/line.h"
#include "test.h"

static void expect_frame(struct follow_entry entry, const char *host, const char *message)
{
	_cleanup_free_ char *frame = NULL, *want = NULL;
	size_t size = 0;

	assert_true(asprintf(&want, "%zu %s", strlen(message), message) > 0);
	assert_int_equal(syslog_format(&entry, host, &frame, &size), 0);
	assert_int_equal(size, strlen(want));
	assert_memory_equal(frame, want, size);
}

#define AT(index) "[holdfast@32473 index=\"" index "\" leaf=\"" LEAF_1 "\" origin=\"" ORIGIN "\"] "

static void a_message_has_its_entry_as_it_is(void **state)
{
	expect_frame(entry_of(0, EVENT), "web1",
		     "<108>1 2026-11-29T14:41:41.123456Z web1 holdfastd - event " AT("0") EVENT);
	expect_frame(entry_of(1, NOTE_LINE), "web1",
		     "<110>1 2026-11-29T14:41:40.000000Z web1 holdfastd - note " AT("1") NOTE_LINE);
	expect_frame(entry_of(2, LOST), "web1",
		     "<107>1 2026-11-29T14:41:42.000000Z web1 holdfastd - lost " AT("2") LOST);
}

static void what_is_observed_is_a_notice(void **state)
{
	expect_frame(entry_of(5, "{\"act\":\"x\",\"verdict\":\"observed\"}"), "h",
		     "<109>1 - h holdfastd - event " AT("5") "{\"act\":\"x\",\"verdict\":"
							     "\"observed\"}");
}

static void no_entry_and_no_host_breaks_a_header(void **state)
{
	char host[400];

	expect_frame(entry_of(3, "[no object\n]"), "a b\xc3\xa4\n",
		     "<107>1 - a?b??? holdfastd - unreadable " AT("3") "[no object\n]");
	expect_frame(entry_of(3, ""), "", "<107>1 - - holdfastd - unreadable " AT("3"));
	expect_frame(entry_of(3, "{\"time\":\"2026-11-29T14:41:41.12345678 Z\"}"), "h",
		     "<110>1 - h holdfastd - - " AT("3") "{\"time\":\"2026-11-29T14:41:41."
							 "12345678 Z\"}");
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	{
		struct follow_entry entry = entry_of(0, EVENT);
		_cleanup_free_ char *frame = NULL;
		size_t size;

		assert_int_equal(syslog_format(&entry, host, &frame, &size), 0);
		host[255] = '\0';
		assert_non_null(memmem(frame, size, host, 255));
		assert_null(memmem(frame, size, "hholdfastd", 10));
	}
}

static void an_origin_is_escaped(void **state)
{
	struct follow_entry entry = entry_of(1, "{}");

	entry.origin = "a\"b\\c]d";
	expect_frame(entry, "h",
		     "<110>1 - h holdfastd - - [holdfast@32473 index=\"1\" leaf=\"" LEAF_1
		     "\" origin=\"a\\\"b\\\\c\\]d\"] {}");
}

static void expect_line(const char *text, const char *line)
{
	struct follow_entry entry = entry_of(7, text);
	_cleanup_free_ char *got = NULL;
	size_t size;

	assert_int_equal(line_format(&entry, &got, &size), 0);
	assert_int_equal(size, strlen(line));
	assert_string_equal(got, line);
}

static void a_line_has_the_bytes_that_were_hashed(void **state)
{
#define TAIL ",\"index\":7,\"leaf\":\"" LEAF_1 "\",\"origin\":\"" ORIGIN "\""
	expect_line(EVENT, "{\"event\":" EVENT TAIL "}\n");
	/* not as we would write it, and as it is all the same */
	expect_line("{ \"b\":1,\"a\": 2 }", "{\"event\":{ \"b\":1,\"a\": 2 }" TAIL "}\n");
}

static void what_is_no_line_is_quoted(void **state)
{
	expect_line("{\n}", "{\"event\":null" TAIL ",\"raw\":\"ewp9\"}\n");
	expect_line("}", "{\"event\":null" TAIL ",\"raw\":\"fQ==\"}\n");
	expect_line("{\"a\":1,\"a\":2}",
		    "{\"event\":null" TAIL ",\"raw\":\"eyJhIjoxLCJhIjoyfQ==\"}\n");
	expect_line("", "{\"event\":null" TAIL ",\"raw\":\"\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_its_entry_as_it_is),
		cmocka_unit_test(what_is_observed_is_a_notice),
		cmocka_unit_test(no_entry_and_no_host_breaks_a_header),
		cmocka_unit_test(an_origin_is_escaped),
		cmocka_unit_test(a_line_has_the_bytes_that_were_hashed),
		cmocka_unit_test(what_is_no_line_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
