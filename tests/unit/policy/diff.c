// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/diff.h"

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "test.h"

#define ONE "{digest: " DIGEST("1") ", size: 10, launch: any}"
#define ONE_HELD "{digest: " DIGEST("1") ", size: 10, launch: holdfast}"
#define TWO "{digest: " DIGEST("2") ", size: 10, launch: any}"
#define THREE "{digest: " DIGEST("3") ", size: 10, launch: any}"
#define SEVEN "{digest: " DIGEST("7") ", size: 10, launch: any}"
#define EIGHT "{digest: " DIGEST("8") ", size: 10, launch: any}"
#define BOTH(one, two) one ", " two

static const char before[] = HEAD(
	"3", "enforce") "domains:\n"
			"  - name: a\n"
			"    executables: [" BOTH(
				ONE,
				TWO) "]\n"
				     "    libraries: [{digest: " DIGEST("5") "}, {digest: " DIGEST(
					     "6") "}]\n"
						  "    pins: [/sys/fs/bpf/a, /sys/fs/bpf/b]\n"
						  "    files: [/etc/a]\n    sockets: closed\n"
						  "  - {name: gone, executables: [" SEVEN "]}\n";
static const char after[] = HEAD(
	"4",
	"enforce") "domains:\n"
		   "  - name: a\n"
		   "    mode: observe\n"
		   "    executables: [" BOTH(
			   ONE_HELD,
			   THREE) "]\n"
				  "    pins: [/sys/fs/bpf/a]\n"
				  "    hold: [maps]\n"
				  "  - {name: new, executables: [" EIGHT "]}\n"
				  "switches: {open: [mac], close: [log, network, uprobes]}\nadmission: {default: deny}\n";

static bool has(const struct diff *diff, bool weakens, const char *text, unsigned times)
{
	for (size_t i = 0; i < diff->n_lines; i++) {
		const struct diff_line *line = &diff->lines[i];

		if (line->weakens == weakens && line->times == times &&
		    strcmp(line->text, text) == 0)
			return true;
	}
	return false;
}

static void compare(const char *old_text, const char *new_text, struct diff *ret_diff)
{
	size_t size;
	_cleanup_free_ void *old = fixture_image(old_text, &size);
	_cleanup_free_ void *new = fixture_image(new_text, &size);

	assert_int_equal(diff_images(old, new, ret_diff), 0);
	assert_int_equal(ret_diff->change, image_weakens(old, new, NULL));
}

static void two_that_are_the_same_have_no_difference(void **state)
{
	_cleanup_(diff_done) struct diff diff = {0};

	compare(before, before, &diff);
	assert_int_equal(diff.n_lines, 0);
	assert_false(diff.secret);
}

static void all_that_weakens_is_told_not_the_first_alone(void **state)
{
	_cleanup_(diff_done) struct diff diff = {0};

	compare(before, after, &diff);
	assert_int_equal(diff.change, IMAGE_CHANGE_WEAKENS);
	assert_true(diff.secret);
	assert_true(has(&diff, true, "the mode of the domain 'a' goes from enforce to observe", 1));
	assert_true(has(&diff, true, "the domain 'gone' is gone", 1));
	assert_true(
		has(&diff, false, "the domain 'a' holds its maps when its tasks have ended", 1));
	assert_true(has(&diff, true, "the domain 'new' is new", 1));
	assert_true(has(&diff, true, "the domain 'a' loses the pin '/sys/fs/bpf/b'", 1));
	assert_true(has(&diff, true, "the domain 'a' loses the file '/etc/a'", 1));
	assert_true(has(&diff, true, "the sockets of the domain 'a' are open", 1));
	assert_true(has(&diff, true,
			"the launch rule of '(named by digest)' in the domain 'a' changes", 1));
	assert_true(has(&diff, true, "the domain 'a' gains the executable '(named by digest)'", 1));
	assert_true(has(&diff, true, "the domain 'a' gains a trusted file", 1));
}

static void what_does_not_weaken_is_told_as_that(void **state)
{
	_cleanup_(diff_done) struct diff diff = {0};

	compare(before, after, &diff);
	assert_true(has(&diff, false, "the policy's version goes up from 3 to 4", 1));
	assert_true(
		has(&diff, false, "the domain 'a' loses the executable '(named by digest)'", 1));
	assert_true(has(&diff, false, "the domain 'a' loses a trusted file", 3));
	assert_true(has(&diff, false,
			"switches are closed: hotplug suspend helpers log network uprobes", 1));
	assert_true(
		has(&diff, false, "not anybody may load programs of the kind 'xdp' any more", 1));
	assert_true(diff.lines[0].weakens && !diff.lines[diff.n_lines - 1].weakens);
}

static void a_policy_that_observes_asks_for_no_secret(void **state)
{
	_cleanup_(diff_done) struct diff diff = {0}, back = {0};

	compare(HEAD("1", "observe") "domains: [{name: a, executables: [" ONE "]}]\n", after,
		&diff);
	assert_int_equal(diff.change, IMAGE_CHANGE_WEAKENS);
	assert_false(diff.secret);
	compare(after, before, &back);
	assert_int_equal(back.change, IMAGE_CHANGE_ROLLBACK);
	assert_true(back.n_lines > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_that_are_the_same_have_no_difference),
		cmocka_unit_test(all_that_weakens_is_told_not_the_first_alone),
		cmocka_unit_test(what_does_not_weaken_is_told_as_that),
		cmocka_unit_test(a_policy_that_observes_asks_for_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
