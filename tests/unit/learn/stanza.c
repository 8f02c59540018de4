// SPDX-License-Identifier: LGPL-2.1-or-later
#include "learn/stanza.h"

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "learn/seen.h"
#include "policy/tree.h"
#include "test.h"

static void begin(struct seen *seen)
{
	*seen = (struct seen){.domain = strdup("agent"), .unit = strdup("agent.service")};
}

static struct seen_program *program(struct seen *seen, const char *path, enum seen_launch launch)
{
	struct seen_program *p = seen_program(seen, path, NULL);

	assert_non_null(p);
	p->launch = launch;
	return p;
}

/* What stanza_write() gives is a valid policy, and the same each time. */
static char *write_stanza(struct seen *seen, struct policy **ret_policy)
{
	_cleanup_free_ char *again = NULL;
	struct diag diag = {0};
	char *text = NULL;
	size_t size, size_again;

	seen_sort(seen);
	assert_int_equal(stanza_write(seen, &text, &size), 0);
	assert_int_equal(stanza_write(seen, &again, &size_again), 0);
	assert_string_equal(text, again);
	assert_int_equal(size, strlen(text));
	if (policy_parse("t.yaml", text, size, ret_policy, &diag))
		fail_msg("%u: %s\n%s", diag.line, diag.text, text);
	return text;
}

static void a_helper_has_a_rule_only_if_it_held_objects(void **state)
{
	_cleanup_(seen_done) struct seen seen;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	struct seen_program *p;

	begin(&seen);
	program(&seen, "/usr/sbin/agent", SEEN_UNIT);
	p = program(&seen, "/usr/lib/agent/helper", SEEN_PARENT);
	p->has_objects = true;
	seen_say(&seen, &p->launchers, "/usr/sbin/agent");
	p = program(&seen, "/usr/bin/true", SEEN_PARENT);
	seen_say(&seen, &p->launchers, "/usr/sbin/agent");
	text = write_stanza(&seen, &policy);
	assert_int_equal(policy->domains[0].n_executables, 2);
	assert_string_equal(policy->domains[0].executables[0].path, "/usr/lib/agent/helper");
	assert_int_equal(policy->domains[0].executables[0].launch, IMAGE_LAUNCH_PARENT);
	assert_string_equal(policy->domains[0].executables[1].launch_name, "agent.service");
	assert_non_null(strstr(text, "#   /usr/bin/true\n"));
}

static void what_has_another_file_here_goes_by_its_digest(void **state)
{
	_cleanup_(seen_done) struct seen seen;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	uint8_t digest[SHA256_LEN] = {7};
	struct seen_program *p;

	begin(&seen);
	p = seen_program(&seen, "/usr/sbin/agent (deleted)", digest);
	p->size = 77;
	seen_library(&seen, "/x.so", digest);
	text = write_stanza(&seen, &policy);
	assert_null(policy->domains[0].executables[0].path);
	assert_int_equal(policy->domains[0].executables[0].size, 77);
	assert_int_equal(policy->domains[0].executables[0].launch, IMAGE_LAUNCH_HOLDFAST);
	assert_memory_equal(policy->domains[0].libraries[0].digest, digest, SHA256_LEN);
}

static void pins_become_the_widest_folder_that_is_the_agents_alone(void **state)
{
	static const struct {
		const char *path;
		struct proc_object object;
	} pins[] = {
		{"/sys/fs/bpf/a/x", {.kind = PROC_MAP, .id = 1}},
		{"/sys/fs/bpf/a/deep/link", {.kind = PROC_LINK, .id = 5, .prog_id = 7}},
		{"/sys/fs/bpf/b/mine", {.kind = PROC_MAP, .id = 1}},
		{"/sys/fs/bpf/b/others", {.kind = PROC_MAP, .id = 7}},
		{"/sys/fs/bpf/top", {.kind = PROC_PROG, .id = 7}},
		{"/sys/fs/bpf/z", {.kind = PROC_LINK, .id = 7, .prog_id = 8}},
	};
	_cleanup_(seen_done) struct seen seen;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_free_ char *text = NULL;

	begin(&seen);
	program(&seen, "/usr/sbin/agent", SEEN_UNIT)->has_objects = true;
	assert_true(seen_id(&seen, PROC_MAP, 1));
	assert_true(seen_id(&seen, PROC_PROG, 7));
	assert_false(seen_id(&seen, PROC_PROG, 7));
	for (size_t i = 0; i < 6; i++)
		seen_pin(&seen, "/sys/fs/bpf", pins[i].path, &pins[i].object);
	text = write_stanza(&seen, &policy);
	assert_int_equal(policy->domains[0].n_pins, 3);
	assert_string_equal(policy->domains[0].pins[0].path, "/sys/fs/bpf/a");
	assert_string_equal(policy->domains[0].pins[1].path, "/sys/fs/bpf/b/mine");
	assert_string_equal(policy->domains[0].pins[2].path, "/sys/fs/bpf/top");
}

static void no_name_ends_a_comment_or_a_string(void **state)
{
	_cleanup_(seen_done) struct seen seen;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	uint8_t digest[SHA256_LEN] = {1};

	begin(&seen);
	program(&seen, "/opt/a \"b\" \\c: #d", SEEN_UNIT)->has_objects = true;
	(void)seen_program(&seen, "/x\n  - name: evil\n", digest);
	seen_say(&seen, &seen.notes,
		 "a\nevil: 1\r\xc2\x85"
		 "evil: 2\xe2\x80\xa8"
		 "evil: 3\xff");
	seen_say(&seen, &seen.files, "/etc/\nmode: enforce");
	text = write_stanza(&seen, &policy);
	assert_int_equal(policy->n_domains, 1);
	assert_int_equal(policy->mode, IMAGE_MODE_OBSERVE);
	assert_string_equal(policy->domains[0].executables[0].path, "/opt/a \"b\" \\c: #d");
	assert_null(strstr(text, "\nevil"));
}

static void names_of_units_become_names_of_domains(void **state)
{
	static const char *const names[][2] = {
		{"execsnoop.service", "execsnoop"},
		{"a@B:1.service", "a-b-1"},
		{"/usr/sbin/Agent", "agent"},
		{"--.service", "agent"},
		{"self.service", "agent"},
		{"0123456789012345678901234567890123456789.service",
		 "0123456789012345678901234567890"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *domain = NULL;

		assert_int_equal(stanza_domain(names[i][0], &domain), 0);
		assert_string_equal(domain, names[i][1]);
	}
}

static void a_set_holds_so_many_and_counts_the_rest(void **state)
{
	_cleanup_(seen_done) struct seen seen = {0};

	for (int i = 0; i < SEEN_MAX + 1; i++)
		seen_say(&seen, &seen.files, "%d", i);
	assert_int_equal(seen.files.n, SEEN_MAX);
	assert_int_equal(seen.dropped, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helper_has_a_rule_only_if_it_held_objects),
		cmocka_unit_test(what_has_another_file_here_goes_by_its_digest),
		cmocka_unit_test(pins_become_the_widest_folder_that_is_the_agents_alone),
		cmocka_unit_test(no_name_ends_a_comment_or_a_string),
		cmocka_unit_test(names_of_units_become_names_of_domains),
		cmocka_unit_test(a_set_holds_so_many_and_counts_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
