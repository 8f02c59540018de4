// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drill/drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static const struct technique loud = {.id = "M01", .verb = "loud", .rows = "M01"};
static const struct technique silent = {.id = "M04",
					.verb = "silent",
					.rows = "M01",
					.flags = SILENT};
static const struct technique twice = {.id = "F02",
				       .verb = "twice",
				       .rows = "F02",
				       .observed = "F02 F02"};
static const struct technique either = {.id = "F02",
					.verb = "either",
					.rows = "F02",
					.observed = "F02|F02 F02"};
static const struct technique any = {.id = "F02", .verb = "any", .rows = "*", .flags = SILENT};

static bool ok(enum drill_phase phase, const struct outcome *outcome)
{
	const struct drill_options options = {.phase = phase};
	const struct drive d = {.options = &options};

	return judge_ok(&d, outcome);
}

static void the_canary_has_the_last_word(void **state)
{
	struct outcome denied = {.technique = &loud, .code = PROBE_DENIED, .harmed = true};
	struct outcome vain = {.technique = &loud, .code = PROBE_ALLOWED};

	assert_int_equal(verdict_of(&denied), VERDICT_ALLOWED);
	assert_int_equal(verdict_of(&vain), VERDICT_OTHERWISE);
	vain.technique = &silent;
	assert_int_equal(verdict_of(&vain), VERDICT_ALLOWED);
}

static void a_probe_that_dies_was_no_attempt(void **state)
{
	struct outcome outcome = {.technique = &loud, .code = 128 + 14};

	assert_int_equal(verdict_of(&outcome), VERDICT_NOT_ATTEMPTED);
	outcome.code = PROBE_IMPOSSIBLE;
	assert_int_equal(verdict_of(&outcome), VERDICT_NOT_ATTEMPTED);
	assert_false(ok(DRILL_NONE, &outcome));
}

static void without_a_guard_the_attack_must_work(void **state)
{
	struct outcome outcome = {.technique = &loud, .code = PROBE_ALLOWED, .harmed = true};

	assert_true(ok(DRILL_NONE, &outcome));
	assert_true(ok(DRILL_DOWN, &outcome));
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.harmed = false;
	assert_false(ok(DRILL_NONE, &outcome));
}

static void enforce_wants_errno_events_and_no_harm(void **state)
{
	struct outcome outcome = {.technique = &loud, .code = PROBE_DENIED, .rows = "M01"};

	assert_true(ok(DRILL_ENFORCE, &outcome));
	outcome.code = PROBE_OTHERWISE;
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.code = PROBE_DENIED;
	outcome.harmed = true;
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.harmed = false;
	outcome.rows[0] = '\0';
	assert_false(ok(DRILL_ENFORCE, &outcome));
}

static void observe_has_events_of_its_own(void **state)
{
	struct outcome outcome = {
		.technique = &twice, .code = PROBE_ALLOWED, .harmed = true, .rows = "F02 F02"};

	assert_true(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "F02");
	assert_false(ok(DRILL_OBSERVE, &outcome));
	outcome.technique = &either;
	assert_true(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "F02 F02");
	assert_true(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "F02 F");
	assert_false(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "");
	assert_false(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "F02");
	outcome.technique = &any;
	outcome.harmed = false;
	assert_true(ok(DRILL_OBSERVE, &outcome));
	outcome.rows[0] = '\0';
	assert_false(ok(DRILL_OBSERVE, &outcome));
}

static void a_neighbour_passes_without_an_event(void **state)
{
	struct outcome outcome = {.technique = &loud, .code = PROBE_ALLOWED, .neighbour = true};

	assert_true(ok(DRILL_ENFORCE, &outcome));
	assert_int_equal(verdict_of(&outcome), VERDICT_ALLOWED);
	strcpy(outcome.rows, "M01");
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.rows[0] = '\0';
	outcome.code = PROBE_DENIED;
	assert_false(ok(DRILL_ENFORCE, &outcome));
}

static void the_guard_is_no_target_without_one(void **state)
{
	static const struct technique self = {.verb = "self", .flags = SELF};
	static const struct technique mounts = {.verb = "mounts", .flags = MOUNTS};

	assert_false(technique_is_for(&self, DRILL_NONE));
	assert_false(technique_is_for(&self, DRILL_DOWN));
	assert_true(technique_is_for(&self, DRILL_OBSERVE));
	assert_true(technique_is_for(&self, DRILL_ENFORCE));
	assert_true(technique_is_for(&loud, DRILL_NONE));
	assert_true(technique_guest_only(&self));
	assert_true(technique_guest_only(&mounts));
	assert_false(technique_guest_only(&loud));
}

static void what_the_kernel_refuses_is_told_apart(void **state)
{
	struct technique technique = {.id = "L15", .rows = "L15"};
	struct outcome outcome = {
		.technique = &technique, .code = PROBE_KERNEL, .kernel = EOPNOTSUPP};

	assert_int_equal(verdict_of(&outcome), VERDICT_REFUSED);
	assert_true(ok(DRILL_NONE, &outcome));
	assert_false(ok(DRILL_OBSERVE, &outcome));
	strcpy(outcome.rows, "L15");
	assert_true(ok(DRILL_OBSERVE, &outcome));
	/* the guard is asked first */
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.code = PROBE_DENIED;
	assert_true(ok(DRILL_ENFORCE, &outcome));
	/* the act gets not so far */
	outcome.kernel = ENOENT;
	assert_false(ok(DRILL_ENFORCE, &outcome));
	outcome.code = PROBE_KERNEL;
	outcome.rows[0] = '\0';
	assert_true(ok(DRILL_ENFORCE, &outcome));
	assert_true(ok(DRILL_OBSERVE, &outcome));
	outcome.code = PROBE_ALLOWED;
	outcome.harmed = true;
	assert_false(ok(DRILL_NONE, &outcome));
}

static void absent_is_what_was_looked_for_and_failed(void **state)
{
	struct technique technique = {.id = "A14", .rows = "A14", .absent = "no such file"};
	struct outcome outcome = {.technique = &technique, .code = PROBE_KERNEL, .kernel = ENOENT};

	assert_string_equal(judge_absent(&outcome), "no such file");
	/* it is there, and the kernel refuses it */
	outcome.kernel = EPERM;
	assert_null(judge_absent(&outcome));
	outcome.kernel = 0;
	assert_null(judge_absent(&outcome));
	/* looked for in vain, but the act says otherwise */
	outcome.kernel = ENOENT;
	outcome.code = PROBE_OTHERWISE;
	assert_null(judge_absent(&outcome));
	outcome.code = PROBE_ALLOWED;
	assert_null(judge_absent(&outcome));
}

static void what_was_passed_over_is_said(void **state)
{
	const struct drill_options options = {.phase = DRILL_ENFORCE};
	const struct drive d = {.options = &options};
	struct outcome outcome = {
		.technique = &loud, .code = PROBE_IMPOSSIBLE, .why_not = "not tried"};
	char text[64];

	assert_int_equal(verdict_of(&outcome), VERDICT_NOT_ATTEMPTED);
	assert_true(ok(DRILL_ENFORCE, &outcome));
	judge_reason(&d, &outcome, text, sizeof(text));
	assert_string_equal(text, "not tried");
	outcome.why_not = NULL;
	assert_false(ok(DRILL_ENFORCE, &outcome));
}

static void a_reason_says_what_is_wrong(void **state)
{
	const struct drill_options options = {.phase = DRILL_ENFORCE};
	const struct drive d = {.options = &options};
	struct outcome outcome = {.technique = &loud, .code = PROBE_OTHERWISE, .harmed = true};
	char text[256];

	judge_reason(&d, &outcome, text, sizeof(text));
	assert_string_equal(text, "the act failed with another errno; the canary is harmed; "
				  "events: '', expected 'M01'");
	judge_reason(&d, &outcome, text, 16);
	assert_string_equal(text, "the act failed ");
}

#define LINE(row, number, pid, verdict)                                             \
	"{\"abi\":1,\"row\":\"" row "\",\"seq\":" number ",\"task\":{\"tgid\":" pid \
	"},\"verdict\":\"" verdict "\"}"

/* What holdfastd had written when it was killed, the next one reads from the ring once more. */
static void an_event_that_is_told_twice_counts_once(void **state)
{
	const struct drill_options options = {.phase = DRILL_OBSERVE};
	struct drive *d = calloc(1, sizeof(*d) + 2 * sizeof(d->outcomes[0]));

	assert_non_null(d);
	d->options = &options;
	d->n = 2;
	d->outcomes[0] = (struct outcome){.technique = &loud, .pid = 7};
	d->outcomes[1] = (struct outcome){.technique = &twice, .pid = 8};
	assign(d, LINE("M01", "41", "7", "observed"));
	assign(d, LINE("F02", "42", "8", "observed"));
	assign(d, LINE("M01", "41", "7", "observed"));
	assign(d, LINE("F02", "42", "8", "observed"));
	assign(d, LINE("F02", "43", "8", "observed"));
	assign(d, LINE("F02", "44", "8", "noted"));
	assign(d, LINE("F02", "45", "9", "observed"));
	assert_string_equal(d->outcomes[0].rows, "M01");
	assert_string_equal(d->outcomes[1].rows, "F02 F02");
	assign(d, LINE("M01", "46", "7", "refused"));
	assert_string_equal(d->outcomes[0].rows, "M01 M01(refused)");
	free(d);
}

/* Of its two rings holdfastd may have read the later event first. */
static void events_are_told_in_their_order(void **state)
{
	const struct drill_options options = {.phase = DRILL_OBSERVE};
	struct drive *d = calloc(1, sizeof(*d) + sizeof(d->outcomes[0]));
	char line[128];

	assert_non_null(d);
	d->options = &options;
	d->n = 1;
	d->outcomes[0] = (struct outcome){.technique = &loud, .pid = 7};
	assign(d, LINE("P12", "42", "7", "observed"));
	assert_string_equal(d->outcomes[0].rows, "P12");
	assign(d, LINE("P01", "9", "7", "observed"));
	assert_string_equal(d->outcomes[0].rows, "P01 P12");
	assign(d, LINE("F02", "40", "7", "refused"));
	assert_string_equal(d->outcomes[0].rows, "P01 F02(refused) P12");
	assign(d, LINE("M01", "41", "7", "observed"));
	assign(d, LINE("M02", "43", "7", "observed"));
	assign(d, LINE("M02", "41", "7", "observed"));
	assert_string_equal(d->outcomes[0].rows, "P01 F02(refused) M01 P12 M02");

	/* what has no room more is left out */
	for (int i = 100; i > 50; i--) {
		(void)snprintf(line, sizeof(line),
			       "{\"row\":\"L15\",\"seq\":%d,\"tgid\":7,\"verdict\":\"observed\"}",
			       i);
		assign(d, line);
	}
	assert_in_range(strlen(d->outcomes[0].rows), DRIVE_ROWS_MAX - 5, DRIVE_ROWS_MAX - 1);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_canary_has_the_last_word),
		cmocka_unit_test(a_probe_that_dies_was_no_attempt),
		cmocka_unit_test(without_a_guard_the_attack_must_work),
		cmocka_unit_test(enforce_wants_errno_events_and_no_harm),
		cmocka_unit_test(observe_has_events_of_its_own),
		cmocka_unit_test(a_neighbour_passes_without_an_event),
		cmocka_unit_test(the_guard_is_no_target_without_one),
		cmocka_unit_test(what_the_kernel_refuses_is_told_apart),
		cmocka_unit_test(absent_is_what_was_looked_for_and_failed),
		cmocka_unit_test(what_was_passed_over_is_said),
		cmocka_unit_test(a_reason_says_what_is_wrong),
		cmocka_unit_test(an_event_that_is_told_twice_counts_once),
		cmocka_unit_test(events_are_told_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
