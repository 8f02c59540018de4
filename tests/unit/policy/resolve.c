// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "policy/image-check.h"
#include "policy/tree.h"
#include "test.h"

#define DOMAIN(name, executables, pins) \
	"  - {name: " name ", executables: [" executables "], pins: [" pins "]}\n"
#define X(path) "{path: " path ", launch: any}"
#define POLICY HEAD("1", "observe") "domains:\n"

static const struct {
	const char *text;
	unsigned line, column;
	const char *part;
} rows[] = {
	{POLICY DOMAIN("a", X("/x"), "") DOMAIN("a", X("/y"), ""), 7, 12,
	 "domains[1].name: \"a\" is here twice, first in line 6"},
	/* Two names with one id, found by search: ids are 32 bits of a hash. */
	{POLICY DOMAIN("d14370", X("/x"), "") DOMAIN("d77039", X("/y"), ""), 7, 12,
	 "domains[1].name: has the id of \"d14370\" in line 6: rename one"},
	{POLICY DOMAIN("a", X("/x") ", " X("/x"), ""), 6, 54,
	 "domains[0].executables[1]: the same executable as in line 6"},
	{POLICY DOMAIN("a", X("/x"), "") DOMAIN("b", X("/x"), ""), 7, 29,
	 "domains[1].executables[0]: the same executable as in line 6"},
	{POLICY DOMAIN("a", "{digest: " DIGEST("1") ", size: 1, launch: any}", "")
		 DOMAIN("b", "{digest: " DIGEST("1") ", size: 1, launch: any}", ""),
	 7, 29, "the same executable as in line 6"},
	{POLICY DOMAIN("a", X("/x"), "/run/a, /run/a"), 6, 70,
	 "domains[0].pins[1]: \"/run/a\" is here twice, first in line 6"},
	{POLICY DOMAIN("a", X("/x"), "/run/a") DOMAIN("b", X("/y"), "/run/a"), 7, 62,
	 "domains[1].pins[0]: \"/run/a\" is here twice, first in line 6"},
	{POLICY DOMAIN("a", X("/x"), "/run/a") DOMAIN("b", X("/y"), "/run/a/b"), 7, 62,
	 "domains[1].pins[0]: \"/run/a/b\" overlaps \"/run/a\" of \"a\" in line 6"},
	{POLICY DOMAIN("a", X("/x"), "/run/a/b/c") DOMAIN("b", X("/y"), "/run/a/b"), 7, 62,
	 "\"/run/a/b\" overlaps \"/run/a/b/c\""},
	{POLICY DOMAIN("a", "{path: /x, launch: parent c}", ""), 6, 48,
	 "domains[0].executables[0].launch: there is no domain \"c\" in this policy"},
};

static void items_that_contradict_each_other_are_refused_at_the_later_one(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fixture_refused(rows[i].text, rows[i].line, rows[i].column, rows[i].part);
}

static void what_only_looks_alike_is_accepted(void **state)
{
	static const char *const texts[] = {
		POLICY DOMAIN("a", X("/x"), "/run/a, /run/a/b"),
		POLICY DOMAIN("a", X("/x"), "/run/a") DOMAIN("b", X("/y"), "/run/ab"),
		POLICY DOMAIN("a", "{path: /x, launch: parent b}", "") DOMAIN("b", X("/y"), ""),
		POLICY DOMAIN("a", "{path: /x, launch: parent a}", ""),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		_cleanup_(policy_freep) struct policy *p = fixture_parse(texts[i]);

		assert_true(p->domains[0].id >= DOMAIN_FIRST);
	}
}

/* Two domains whose lists are each within their limit. */
static char *two_domains(size_t n, const char *pin)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, POLICY);
	for (size_t d = 0; d < 2; d++) {
		fprintf(f, "  - name: n%zu\n    %s:\n", d, pin ? "pins" : "executables");
		for (size_t i = 0; i < (d == 0 ? 128 : n); i++) {
			if (pin)
				fprintf(f, "      - %s%zu/%zu\n", pin, d, i);
			else
				fprintf(f, "      - {path: /usr/bin/%zu.%zu, launch: any}\n", d, i);
		}
		if (pin)
			fprintf(f, "    executables: [{path: /usr/bin/%zu, launch: any}]\n", d);
	}
	fclose(f);
	return text;
}

static void the_limits_of_a_policy_hold_over_all_its_domains(void **state)
{
	_cleanup_free_ char *e256 = two_domains(128, NULL), *e257 = two_domains(129, NULL);
	_cleanup_free_ char *p256 = two_domains(128, "/run/"), *p257 = two_domains(129, "/run/");
	_cleanup_(policy_freep) struct policy *a = fixture_parse(e256), *b = fixture_parse(p256);

	assert_int_equal(a->n_domains + b->n_domains, 4);
	fixture_refused(e257, 266, 9, "domains[1].executables: more than 256 in one policy");
	fixture_refused(p257, 267, 9, "domains[1].pins: more than 256 pins in one policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_that_contradict_each_other_are_refused_at_the_later_one),
		cmocka_unit_test(what_only_looks_alike_is_accepted),
		cmocka_unit_test(the_limits_of_a_policy_hold_over_all_its_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
