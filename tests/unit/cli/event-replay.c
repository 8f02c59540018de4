// SPDX-License-Identifier: LGPL-2.1-or-later
/* A log held against a policy: what it would refuse, by which line, and what would allow it. */

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "cli/event-replay.h"
#include "policy/tree.h"
#include "test.h"

#define EVENT(row, act, command, verdict, exe, label, name, owner)                            \
	"{\"seq\":12,\"time\":\"now\",\"act\":\"" act "\",\"command\":\"" command             \
	"\",\"verdict\":\"" verdict "\",\"row\":\"" row "\",\"errno\":\"EPERM\",\"task\":{"   \
	"\"tgid\":6,\"comm\":\"c\\u001bm\",\"exe\":{\"name\":\"" exe "\"},\"label\":\"" label \
	"\"},\"object\":{\"kind\":\"file\",\"id\":5,\"name\":\"" name "\",\"owner\":\"" owner \
	"\"}}"
#define KILL(exe, owner) EVENT("A01", "signal", "KILL", "refused", exe, "stranger", "agent", owner)
#define LOAD(row, type, exe) EVENT(row, "prog_load", type, "observed", exe, "stranger", "p", "none")
#define SWITCH_FILE(row, name) EVENT(row, "switch", "", "noted-not", "sh", "stranger", name, "self")
#define SWITCH(row) SWITCH_FILE(row, "f")
#define SQUEEZE(exe) EVENT("M18", "switch", "", "refused", exe, "stranger", "memory.max", "agent")
#define MAPS(name) EVENT("I16", "map_executable", "", "refused", "agent", "agent", name, "none")
#define EXEC(name) EVENT("I08", "exec", "", "refused", "sh", "stranger", name, "agent")

static const char policy_text[] =
	"apiVersion: holdfast/v1\n"
	"kind: Policy\n"
	"metadata: {name: t, version: 1}\n"
	"mode: enforce\n"
	"switches: {open: [mac], close: [log, network, unload, uprobes]}\n"
	"domains:\n"
	"  - name: agent\n"
	"    executables:\n"
	"      - { path: /sbin/agent, launch: unit agent.service }\n"
	"    libraries: [ { path: /lib/plugin.so } ]\n"
	"  - name: watched\n"
	"    mode: observe\n"
	"    executables: [ { path: /sbin/watched, launch: any } ]\n"
	"admission:\n"
	"  allow:\n"
	"    - { executable: /sbin/tool, programs: [ ext, write_user ] }\n";

/* What a replay of the lines, up to NULL, says. */
static char *replay(const char *const *lines, bool json)
{
	_cleanup_(event_replay_freep) struct event_replay *all = NULL;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_non_null(file);
	assert_int_equal(
		policy_parse("t.yaml", policy_text, sizeof(policy_text) - 1, &policy, NULL), 0);
	assert_int_equal(event_replay_new(policy, &all), 0);
	for (; *lines; lines++)
		assert_int_equal(event_replay_take(all, *lines, strlen(*lines)), 0);
	if (json)
		assert_int_equal(event_replay_print_json(all, file), 0);
	else
		event_replay_print(all, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void says(const char *line, const char *verdict, const char *place)
{
	_cleanup_free_ char *text = replay((const char *const[]){line, NULL}, false);

	if (strncmp(text, verdict, strlen(verdict)) != 0 || !strstr(text, place))
		fail_msg("no \"%s\", \"%s\" in:\n%s", verdict, place, text);
}

static void a_domain_decides_by_its_mode(void **state)
{
	says(KILL("bash", "agent"), "refused ", "decided by t.yaml:7: the domain agent\n");
	says(KILL("bash", "watched"), "observed ", "t.yaml:11: the domain watched\n");
	says(KILL("bash", "gone"), "allowed ", "t.yaml: no such domain: gone\n");
	says(KILL("bash", "self"), "refused ", "t.yaml: the guard's own, in every policy\n");
	says(KILL("bash", "canary"), "refused ", "the guard's own");
}

static void an_executable_of_the_domain_is_its_own(void **state)
{
	says(KILL("agent", "agent"), "allowed ",
	     "t.yaml:9: an executable of the domain agent, if its launch rule is met\n");
	says(KILL("agen", "agent"), "refused ", "t.yaml:7: ");
	says(KILL("agent", "watched"), "observed ", "t.yaml:11: ");
}

static void a_start_is_decided_by_the_launch_rule(void **state)
{
	says(EXEC("agent"), "refused ", "t.yaml:9: the launch rule in the domain agent\n");
	says(EXEC("other"), "allowed ", "t.yaml:7: no executable of that name in the domain agent");
}

static void what_a_domain_maps_has_to_be_named(void **state)
{
	says(MAPS("evil.so"), "refused ", "t.yaml:7: the domain agent\n");
	says(MAPS("plugin.so"), "allowed ", "t.yaml:10: a file that the domain agent names");
	says(MAPS("agent"), "allowed ", "t.yaml:9: a file that the domain agent names");
}

static void admission_is_decided_by_tool_and_kind(void **state)
{
	says(LOAD("P01", "ext", "tool"), "allowed ", "t.yaml:16: an admission rule for ext\n");
	says(LOAD("P05", "lsm", "tool"), "refused ",
	     "t.yaml:16: an admission rule, but not for lsm\n");
	says(LOAD("P01", "ext", "bash"), "refused ", "t.yaml: admission: no rule for that");
	says(LOAD("P01", "xdp", "bash"), "allowed ", "t.yaml: admission: anybody may load xdp\n");
	says(LOAD("P19", "tracing", "bash"), "refused ", "the guard's own, in every policy");
}

static void what_a_program_calls_is_told_by_the_row(void **state)
{
	says(LOAD("P09", "kprobe", "tool"), "allowed ", "an admission rule for write_user\n");
	says(LOAD("P09", "kprobe", "bash"), "refused ", "and write_user\n");
	says(LOAD("P11", "kprobe", "bash"), "refused ", "and send_signal\n");
	says(LOAD("P21", "kprobe", "bash"), "refused ", "and destructive\n");
	says(LOAD("P08", "kprobe", "bash"), "refused ", "and override_return\n");
	says(LOAD("P08", "tracing", "bash"), "refused ", "and modify_return\n");
	says(LOAD("P04", "tracing", "bash"), "refused ", "and modify_return\n");
}

static void some_groups_of_switches_are_the_policys(void **state)
{
	says(SWITCH("A12"), "allowed ", "t.yaml: switches.open has mac\n");
	says(SWITCH("L19"), "refused ", "t.yaml: switches.open has not hotplug\n");
	says(SWITCH("A16"), "refused ", "t.yaml: switches.open has not suspend\n");
	says(SWITCH("T04"), "refused ", "t.yaml: switches.close has log\n");
	says(SWITCH("A19"), "refused ", "t.yaml: switches.close has network\n");
	says(SWITCH("K18"), "allowed ", "t.yaml: switches.close has not stats\n");
	says(SWITCH("P15"), "refused ", "t.yaml: switches.close has uprobes\n");
	says(SWITCH_FILE("L13", "kprobe_events"), "allowed ",
	     "t.yaml: switches.close has not probes\n");
	says(SWITCH_FILE("L13", "uprobe_events"), "refused ",
	     "t.yaml: switches.close has uprobes\n");
	says(SWITCH("L18"), "refused ", "t.yaml: switches.close has unload\n");
	says(SWITCH("T05"), "allowed ", "t.yaml: switches.close has not clock\n");
	says(SWITCH("F13"), "allowed ", "t.yaml: switches.close has not disks\n");
	says(SQUEEZE("sh"), "allowed ", "t.yaml: switches.close has not resources\n");
	says(SQUEEZE("agent"), "allowed ", "an executable of the domain agent");
	says(SWITCH("L14"), "refused ", "the guard's own");
}

static void what_would_allow_it_is_told_unless_it_is_allowed(void **state)
{
	says(KILL("bash", "agent"), "refused ", "\n         allowed by nothing in a policy but");
	says(LOAD("P01", "ext", "bash"), "refused ", "\n         allowed by a rule in admission");
	says(KILL("agent", "agent"), "allowed ", "if its launch rule is met\nrefused 0 of 0");
}

static void like_events_are_counted_together(void **state)
{
	static const char *const lines[] = {
		KILL("bash", "agent"),
		KILL("sh", "agent"),
		"{\"note\":\"started\",\"text\":\"x\"}",
		EVENT("F12", "rename", "", "noted", "dpkg", "stranger", "agent", "agent"),
		KILL("bash", "agent"),
		KILL("bash", "watched"),
		"\x1b[2J",
		NULL,
	};
	_cleanup_free_ char *text = replay(lines, false);

	assert_non_null(strstr(text, "refused         2 times  A01 signal:KILL by bash (stranger) "
				     "on file agent of agent\n"));
	assert_non_null(strstr(text, "refused         1 times  A01 signal:KILL by sh (stranger)"));
	assert_non_null(strstr(text, "refused 3 of 2 kinds, observed 1 of 1 kinds, "
				     "allowed 0 of 0 kinds, noted 1, of 5 events\n"));
	assert_non_null(strstr(text, "\n1 lines are no JSON object\n"));
	assert_null(strchr(text, '\x1b'));
}

static void kinds_have_a_limit_and_say_so(void **state)
{
	_cleanup_(event_replay_freep) struct event_replay *all = NULL;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_int_equal(
		policy_parse("t.yaml", policy_text, sizeof(policy_text) - 1, &policy, NULL), 0);
	assert_int_equal(event_replay_new(policy, &all), 0);
	for (int i = 0; i < EVENT_REPLAY_MAX + 3; i++) {
		char line[200];
		int size = snprintf(line, sizeof(line),
				    "{\"act\":\"signal\",\"object\":{\"name\":\"%d\"}}", i);

		assert_int_equal(event_replay_take(all, line, (size_t)size), 0);
	}
	event_replay_print(all, file);
	assert_int_equal(fclose(file), 0);
	assert_non_null(strstr(text, "\n3 events of further kinds were not looked at\n"));
}

static void json_has_all_of_it(void **state)
{
	static const char *const lines[] = {KILL("bash", "agent"), KILL("bash", "agent"), NULL};
	_cleanup_free_ char *text = replay(lines, true);
	json_t *all = json_loads(text, 0, NULL), *kind;

	assert_non_null(all);
	kind = json_array_get(json_object_get(all, "kinds"), 0);
	assert_string_equal(json_string_value(json_object_get(kind, "verdict")), "refused");
	assert_int_equal(json_integer_value(json_object_get(kind, "count")), 2);
	assert_int_equal(json_integer_value(json_object_get(kind, "line")), 7);
	assert_string_equal(json_string_value(json_object_get(kind, "last")), "now");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(kind, "event"), "seq")),
			 12);
	assert_int_equal(json_integer_value(json_object_get(all, "events")), 2);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_decides_by_its_mode),
		cmocka_unit_test(an_executable_of_the_domain_is_its_own),
		cmocka_unit_test(a_start_is_decided_by_the_launch_rule),
		cmocka_unit_test(what_a_domain_maps_has_to_be_named),
		cmocka_unit_test(admission_is_decided_by_tool_and_kind),
		cmocka_unit_test(what_a_program_calls_is_told_by_the_row),
		cmocka_unit_test(some_groups_of_switches_are_the_policys),
		cmocka_unit_test(what_would_allow_it_is_told_unless_it_is_allowed),
		cmocka_unit_test(like_events_are_counted_together),
		cmocka_unit_test(kinds_have_a_limit_and_say_so),
		cmocka_unit_test(json_has_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
