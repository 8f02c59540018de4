// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of the log for people: what is shown, and that no line can play with a terminal. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/event-text.h"
#include "test.h"

#define EVENT(name)                                                                          \
	"{\"abi\":1,\"seq\":12,\"time\":\"2026-01-02T03:04:05.123456789Z\",\"boot_ns\":1,"   \
	"\"act\":\"bpf\",\"command\":\"MAP_GET_FD_BY_ID\",\"verdict\":\"refused\","          \
	"\"row\":\"M01\","                                                                   \
	"\"errno\":\"EPERM\",\"task\":{\"pid\":7,\"tgid\":6,\"uid\":0,\"comm\":\"bpftool\"," \
	"\"exe\":{\"name\":\"bpftool\",\"dev\":\"8:1\",\"ino\":1},\"label\":\"stranger\"},"  \
	"\"object\":{\"kind\":\"map\",\"id\":5,\"name\":\"" name                             \
	"\",\"ino\":0,\"owner\":\"agent\"}}"

static char *print(const char *line, size_t size)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_non_null(file);
	event_text_print(file, line, size);
	assert_int_equal(fclose(file), 0);
	assert_true(n > 0 && text[n - 1] == '\n');
	for (size_t i = 0; i + 1 < n; i++)
		assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
	return text;
}

static void event_is_one_line_of_words(void **state)
{
	_cleanup_free_ char *text = print(EVENT("rules"), strlen(EVENT("rules")));

	assert_non_null(strstr(text, "2026-01-02T03:04:05.123456"));
	assert_non_null(strstr(text, " refused "));
	assert_non_null(strstr(text, " M01 "));
	assert_non_null(strstr(text, "bpf:MAP_GET_FD_BY_ID"));
	assert_non_null(strstr(text, "bpftool[6] stranger"));
	assert_non_null(strstr(text, "map rules #5 of agent (EPERM)"));
}

static void gaps_and_full_disks_are_told(void **state)
{
	static const char lost[] = "{\"abi\":1,\"lost\":3,\"first\":2,\"last\":4,\"time\":\"t\"}";
	static const char unwritten[] = "{\"abi\":1,\"unwritten\":9,\"time\":\"t\"}";
	_cleanup_free_ char *a = print(lost, strlen(lost)),
			    *b = print(unwritten, strlen(unwritten));

	assert_non_null(strstr(a, "3 events were lost in the kernel, 2 to 4"));
	assert_non_null(strstr(b, "9 lines found no room"));
}

static void folded_events_are_told_by_their_kind(void **state)
{
	static const char row[] = "{\"abi\":1,\"folded\":3,\"total\":9,\"time\":\"t\","
				  "\"row\":\"M01\",\"verdict\":\"refused\"}";
	static const char act[] = "{\"abi\":1,\"folded\":4,\"total\":4,\"time\":\"t\","
				  "\"row\":null,\"of\":\"prog_load\","
				  "\"verdict\":\"admitted\"}";
	_cleanup_free_ char *a = print(row, strlen(row)), *b = print(act, strlen(act));

	assert_non_null(strstr(a, "3 more events of M01, refused"));
	assert_non_null(strstr(b, "4 more events of prog_load, admitted"));
}

static void control_characters_never_reach_the_terminal(void **state)
{
	static const char *const lines[] = {
		EVENT("\\u001b[2J\\u0007\\u000a"),
		EVENT("\x1b[2J"),
		"{\"note\":\"\\u001b\",\"text\":\"\\u000d\\u009b\"}",
		"\x1b\x07garbage",
		"",
		"[]",
		"{}",
		"{\"act\":7,\"command\":{},\"task\":[],\"object\":\"\\u001b\"}",
		"{\"act\":\"\\u001b\",\"errno\":\"\\u001b\"}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		free(print(lines[i], strlen(lines[i])));
}

static void line_that_was_cut_anywhere_is_survived(void **state)
{
	static const char line[] = EVENT("rules");

	for (size_t n = 0; n < strlen(line); n++)
		free(print(line, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_is_one_line_of_words),
		cmocka_unit_test(gaps_and_full_disks_are_told),
		cmocka_unit_test(folded_events_are_told_by_their_kind),
		cmocka_unit_test(control_characters_never_reach_the_terminal),
		cmocka_unit_test(line_that_was_cut_anywhere_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
