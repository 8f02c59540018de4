// SPDX-License-Identifier: LGPL-2.1-or-later
/* An event in sentences: what decided, and what would allow it. */

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/event-explain.h"
#include "policy/tree.h"
#include "test.h"

#define EVENT(act, verdict, label, owner)                                                     \
	"{\"seq\":12,\"time\":\"now\",\"act\":\"" act                                         \
	"\",\"command\":\"xdp\",\"verdict\":\"" verdict                                       \
	"\",\"row\":\"F01\",\"errno\":\"EPERM\",\"task\":{\"tgid\":6,\"comm\":\"r\\u001bm\"," \
	"\"exe\":{\"name\":\"rm\"},\"label\":\"" label "\"},\"object\":{\"kind\":\"file\","   \
	"\"id\":5,\"name\":\"x\",\"owner\":\"" owner "\"}}"

static const char policy_text[] = "apiVersion: holdfast/v1\nkind: Policy\n"
				  "metadata: {name: t, version: 1}\nmode: enforce\ndomains:\n"
				  "  - name: agent\n"
				  "    executables: [{path: /agent, launch: any}]\n"
				  "admission:\n"
				  "  limits: {maps: []}\n"
				  "  allow:\n"
				  "    - executable: /tool\n"
				  "      programs: [xdp]\n"
				  "      limits: {helpers: []}\n"
				  "    - {executable: /free, programs: [xdp]}\n";

#define BEYOND(exe, limit)                                                                    \
	"{\"act\":\"prog_load\",\"command\":\"xdp\",\"verdict\":\"refused\",\"row\":\"P20\"," \
	"\"errno\":\"EPERM\",\"limit\":\"" limit "\",\"task\":{\"exe\":{\"name\":\"" exe      \
	"\"}},\"object\":{\"owner\":\"self\"}}"

static const char *title(const char *row)
{
	return strcmp(row, "F01") == 0 ? "unlink pins" : NULL;
}

static char *explain(const char *line, int expected)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct explain context = {.title = title};
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_non_null(file);
	assert_int_equal(
		policy_parse("t.yaml", policy_text, sizeof(policy_text) - 1, &policy, NULL), 0);
	context.policy = policy;
	assert_int_equal(event_explain(file, &context, line, strlen(line)), expected);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void has(const char *line, const char *part)
{
	_cleanup_free_ char *text = explain(line, 0);

	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void who_tried_what_and_what_that_is_called(void **state)
{
	static const char line[] = EVENT("unlink", "refused", "stranger", "agent");

	has(line, "who       r?m, process 6, executable rm, label stranger\n");
	has(line, "tried     unlink xdp\n");
	has(line, "technique F01: unlink pins\n");
	has(line, "verdict   refused, with EPERM: mode enforce\n");
	has(line, "where     t.yaml:6: the domain agent\nthere     refused by this policy\n");
}

static void the_domain_that_decides_is_the_tasks_for_what_it_maps(void **state)
{
	has(EVENT("map_executable", "observed", "agent", "stranger"), "where     t.yaml:6: ");
	has(EVENT("map_executable", "observed", "agent", "stranger"), "in that domain's libraries");
	has(EVENT("unlink", "refused", "agent", "other"),
	    "where     t.yaml: no such domain: other\nthere     allowed by this policy\n");
}

static void what_a_policy_can_allow_is_told_from_what_none_can(void **state)
{
	has(EVENT("prog_load", "refused", "stranger", "none"), "a rule in admission.allow");
	has(EVENT("map_fd", "refused", "stranger", "agent"),
	    "allowed   by nothing in a policy but");
	has(EVENT("control", "refused", "stranger", "self"), "the operator's secret");
	has(EVENT("rename", "noted", "stranger", "agent"), "noted: it went through");
	has(EVENT("unlink", "observed", "stranger", "agent"), "mode enforce would refuse it");
}

static void what_is_beyond_a_limit_is_told_with_the_line_of_it(void **state)
{
	has(BEYOND("tool", "helpers"), "limit     limits.helpers of a policy");
	has(BEYOND("tool", "helpers"), "decided   limits of the tool's rule in admission.allow");
	has(BEYOND("tool", "helpers"),
	    "where     t.yaml:13: the limits.helpers, of an admission rule\n"
	    "there     refused by this policy\n");
	has(BEYOND("tool", "maps"), "where     t.yaml:13: no limits.maps, of an admission rule\n"
				    "there     allowed by this policy\n");
	has(BEYOND("free", "maps"), "where     t.yaml:14: no limits.maps, of an admission rule\n");
	has(BEYOND("other", "maps"),
	    "where     t.yaml:9: the limits.maps, of who has no admission rule\n"
	    "there     refused by this policy\n");
	/* what no policy has is not one */
	has(BEYOND("other", "x"), "decided   admission: who may load which programs");
}

static void what_is_no_event_is_not_explained(void **state)
{
	static const char *const lines[] = {"", "{}", "7", "{\"lost\":3}", "{\"act\":\"exec\"}"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_cleanup_free_ char *text = explain(lines[i], -EINVAL);

		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_tried_what_and_what_that_is_called),
		cmocka_unit_test(the_domain_that_decides_is_the_tasks_for_what_it_maps),
		cmocka_unit_test(what_a_policy_can_allow_is_told_from_what_none_can),
		cmocka_unit_test(what_is_beyond_a_limit_is_told_with_the_line_of_it),
		cmocka_unit_test(what_is_no_event_is_not_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
