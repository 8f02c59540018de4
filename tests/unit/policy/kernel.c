// SPDX-License-Identifier: LGPL-2.1-or-later
/* `kernel` of a policy: read, compared, and what of it weakens. */

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fixture.h"
#include "policy/diff.h"
#include "policy/image-check.h"
#include "policy/tree.h"
#include "test.h"

#define PLAIN \
	HEAD("1", "observe") "domains:\n  - name: a\n    executables: [{path: /a, launch: any}]\n"

static void nothing_is_asked_of_the_kernel_unless_the_policy_says_what(void **state)
{
	_cleanup_(policy_freep) struct policy *none = fixture_parse(PLAIN);
	_cleanup_(policy_freep) struct policy *all =
		fixture_parse(PLAIN "kernel: {modules: signed, kexec: deny, lockdown: integrity,\n"
				    "  require_lockdown: confidentiality, degraded: allow,\n"
				    "  require: [yama, bpf-lsm, ftrace]}\n");
	const struct policy_kernel *k = &all->kernel;

	assert_memory_equal(&none->kernel, &(struct policy_kernel){0}, sizeof(none->kernel));
	assert_int_equal(k->modules, IMAGE_CODE_SIGNED);
	assert_int_equal(k->kexec, IMAGE_CODE_DENY);
	assert_int_equal(k->lockdown, IMAGE_LOCKDOWN_INTEGRITY);
	assert_int_equal(k->require_lockdown, IMAGE_LOCKDOWN_CONFIDENTIALITY);
	assert_true(k->degraded);
	assert_int_equal(k->n_required, 3);
	assert_string_equal(k->required[0].text, "bpf-lsm");
	assert_string_equal(k->required[1].text, "ftrace");
	assert_string_equal(k->required[2].text, "yama");
	assert_int_equal(k->place.line, 8);
}

/* clang-format off */
static const struct {
	const char *text;
	unsigned line, column;
	const char *part;
} mistakes[] = {
	{PLAIN "kernel: []\n", 8, 9, "kernel: expected a mapping"},
	{PLAIN "kernel: {module: any}\n", 8, 10,
	 "unknown key \"module\", allowed here: modules, kexec, lockdown, require_lockdown, require, "
	 "degraded"},
	{PLAIN "kernel: {modules: none}\n", 8, 19,
	 "kernel.modules: expected \"any\", \"signed\" or \"deny\", got \"none\""},
	{PLAIN "kernel: {kexec: [deny]}\n", 8, 17, "kernel.kexec: expected \"any\""},
	{PLAIN "kernel: {lockdown: deny}\n", 8, 20,
	 "kernel.lockdown: expected \"none\", \"integrity\" or \"confidentiality\", got \"deny\""},
	{PLAIN "kernel: {require_lockdown: 1}\n", 8, 28, "kernel.require_lockdown: expected"},
	{PLAIN "kernel: {degraded: yes}\n", 8, 20,
	 "kernel.degraded: expected \"refuse\" or \"allow\", got \"yes\""},
	{PLAIN "kernel: {require: []}\n", 8, 19, "kernel.require: expected 1 to 33 checks, got 0"},
	{PLAIN "kernel: {require: [yama, owners]}\n", 8, 26,
	 "kernel.require[1]: expected a check of the host's settings, see holdfast-posture(1), got "
	 "\"owners\""},
	{PLAIN "kernel: {require: [yama, yama]}\n", 8, 26, "\"yama\" is there twice"},
};
/* clang-format on */

static void each_mistake_is_named_with_its_place(void **state)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++)
		fixture_refused(mistakes[i].text, mistakes[i].line, mistakes[i].column,
				mistakes[i].part);
}

/* The reason for which the second weakens the first; NULL: it does not, and the other way does. */
static const struct {
	const char *before, *after, *reason;
} changes[] = {
	{"modules: any", "modules: signed", NULL},
	{"modules: signed", "modules: any", "strangers load more kernel modules"},
	{"modules: deny", "modules: signed", "strangers load more kernel modules"},
	{"kexec: any", "kexec: deny", NULL},
	{"kexec: deny", "kexec: signed", "strangers boot more kernels by kexec"},
	{"lockdown: confidentiality", "lockdown: integrity",
	 "strangers are held to less lockdown by the guard"},
	{"lockdown: none", "lockdown: integrity", NULL},
	{"require_lockdown: integrity", "require_lockdown: none",
	 "less lockdown is required of the kernel"},
	{"require: [yama, ftrace]", "require: [ftrace, bpf-lsm]", "'yama' is no longer required"},
	{"require: [yama]", "require: [yama, ftrace]", NULL},
	{"require: [yama]", "require: [yama], degraded: allow",
	 "a guard comes up where what is required of the kernel is not so"},
	{"require: [yama], degraded: allow", "require: [yama]", NULL},
};

static void *image_of(const char *keys)
{
	char text[512];

	(void)snprintf(text, sizeof(text), PLAIN "kernel: {%s}\n", keys);
	return fixture_image(text, &(size_t){0});
}

static void less_weakens_and_more_does_not(void **state)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		_cleanup_free_ void *before = image_of(changes[i].before);
		_cleanup_free_ void *after = image_of(changes[i].after);
		struct diag diag = {0};

		assert_int_equal(image_weakens(before, before, NULL), IMAGE_CHANGE_NONE);
		assert_int_equal(image_weakens(before, after, &diag),
				 changes[i].reason ? IMAGE_CHANGE_WEAKENS : IMAGE_CHANGE_NONE);
		if (changes[i].reason)
			assert_string_equal(diag.text, changes[i].reason);
		else
			assert_int_equal(image_weakens(after, before, NULL), IMAGE_CHANGE_WEAKENS);
	}
}

static void what_does_not_weaken_is_told(void **state)
{
	static const char *const lines[] = {
		"strangers load fewer kernel modules",
		"strangers boot fewer kernels by kexec",
		"strangers are held to more lockdown by the guard",
		"more lockdown is required of the kernel",
		"no guard comes up where what is required of the kernel is not so",
		"'yama' is required of the host",
	};
	_cleanup_free_ void *before = image_of("require: [ftrace], degraded: allow");
	_cleanup_free_ void *after =
		image_of("modules: deny, kexec: signed, lockdown: integrity, require: [ftrace, "
			 "yama], require_lockdown: integrity, degraded: refuse");
	struct diff diff;

	assert_int_equal(diff_images(before, after, &diff), 0);
	assert_int_equal(diff.change, IMAGE_CHANGE_NONE);
	assert_int_equal(diff.n_lines, sizeof(lines) / sizeof(*lines));
	for (size_t i = 0; i < diff.n_lines; i++)
		assert_string_equal(diff.lines[i].text, lines[i]);
	diff_done(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_of_the_kernel_unless_the_policy_says_what),
		cmocka_unit_test(each_mistake_is_named_with_its_place),
		cmocka_unit_test(less_weakens_and_more_does_not),
		cmocka_unit_test(what_does_not_weaken_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
