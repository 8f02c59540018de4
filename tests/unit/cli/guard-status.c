// SPDX-License-Identifier: LGPL-2.1-or-later
/* What `guard status` says in each state, to people and to programs. */

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/guard-status.h"
#include "guard/protocol.h"
#include "guard/test_image.h"
#include "policy/image-check.h"
#include "test.h"

static char *print(const struct guard_picture *picture)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	assert_non_null(file);
	guard_picture_print(file, picture);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void guard_without_holdfastd_is_reported_as_such(void **state)
{
	struct guard_picture picture = {.pinned = true};
	_cleanup_free_ char *text = print(&picture);
	json_t *json = guard_picture_json(&picture);

	assert_non_null(strstr(text, "up, holdfastd not running"));
	assert_true(json_is_true(json_object_get(json, "up")));
	assert_true(json_is_false(json_object_get(json, "holdfastd")));
	assert_false(guard_picture_ok(&picture));
	json_decref(json);
}

static void nothing_at_all_is_reported_as_down(void **state)
{
	struct protocol_state waiting = {};
	struct guard_picture nothing = {}, idle = {.state = &waiting};
	_cleanup_free_ char *a = print(&nothing), *b = print(&idle);
	json_t *json = guard_picture_json(&idle);

	assert_non_null(strstr(a, "down, holdfastd not running"));
	assert_non_null(strstr(b, "down, holdfastd waits"));
	assert_true(json_is_false(json_object_get(json, "up")));
	assert_false(guard_picture_ok(&nothing));
	assert_false(guard_picture_ok(&idle));
	json_decref(json);
}

static void guard_that_is_up_is_shown_whole(void **state)
{
	struct test_image spec = {IMAGE_MODE_ENFORCE, 7, "agent", 2};
	size_t size;
	_cleanup_free_ void *image = test_image_make(&spec, &size);
	struct protocol_state up = {.up = 1,
				    .armed = 1,
				    .n_domains = 2,
				    .n_weak = 1,
				    .lost = 5,
				    .lost_risk = 2,
				    .unwritten = 6};
	struct guard_picture picture = {.state = &up, .image = image};
	_cleanup_free_ char *text = NULL;
	json_t *json, *domain, *events;

	up.domains[0] = (struct protocol_domain){.id = DOMAIN_SELF, .progs = 30};
	assert_int_equal(image_domain_id("agent", &up.domains[1].id), 0);
	up.domains[1].maps = 12;
	up.n_contents = 1;
	up.contents[0] = (struct protocol_content){
		.mark = 2, .ways = PROTOCOL_WAY_VERITY | PROTOCOL_WAY_SEALED};
	(void)strcpy(up.weak[0], "no hook for X");
	text = print(&picture);
	assert_non_null(strstr(text, "up, armed"));
	assert_non_null(strstr(text, "mode      enforce"));
	assert_non_null(strstr(text, "test, version 7, sha256:"));
	assert_non_null(strstr(text, "agent, enforce: tasks 0, maps 12"));
	assert_non_null(strstr(text, "/usr/bin/agent1 (sha256:020000000000..., launch: holdfast), "
				     "content known by fs-verity, seal\n"));
	assert_non_null(
		strstr(text, "/usr/bin/agent0 (sha256:010000000000..., launch: holdfast)\n"));
	assert_non_null(strstr(text,
			       "lost in the kernel 5 (at the guard itself 2), lines written 0, "
			       "not written 6"));
	assert_non_null(strstr(text, "weak      no hook for X"));

	json = guard_picture_json(&picture);
	events = json_object_get(json, "events");
	assert_int_equal(json_integer_value(json_object_get(events, "lost")), 5);
	assert_int_equal(json_integer_value(json_object_get(events, "lost_risk")), 2);
	domain = json_array_get(json_object_get(json, "domains"), 0);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(domain, "counts"), "maps")), 12);
	assert_int_equal(json_array_size(json_object_get(domain, "executables")), 2);
	domain = json_array_get(json_object_get(domain, "executables"), 1);
	assert_int_equal(json_array_size(json_object_get(domain, "content")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "self"), "programs")), 30);
	assert_true(guard_picture_ok(&picture));
	json_decref(json);
}

static void guard_that_is_not_armed_is_not_ok(void **state)
{
	struct protocol_state up = {.up = 1};
	struct guard_picture picture = {.state = &up};
	_cleanup_free_ char *text = print(&picture);

	assert_non_null(strstr(text, "NOT armed"));
	assert_false(guard_picture_ok(&picture));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guard_without_holdfastd_is_reported_as_such),
		cmocka_unit_test(nothing_at_all_is_reported_as_down),
		cmocka_unit_test(guard_that_is_up_is_shown_whole),
		cmocka_unit_test(guard_that_is_not_armed_is_not_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
