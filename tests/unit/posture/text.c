// SPDX-License-Identifier: LGPL-2.1-or-later
#include "posture/text.h"

#include <string.h>

#include "test.h"

static void a_number_is_the_whole_file(void **state)
{
	long long number;

	assert_true(text_number("438\n", &number));
	assert_int_equal(number, 438);
	assert_true(text_number("-1", &number));
	assert_int_equal(number, -1);
	assert_false(text_number("", &number));
	assert_false(text_number("-", &number));
	assert_false(text_number(" 1", &number));
	assert_false(text_number("1 2\n", &number));
	assert_false(text_number("1\n\n", &number));
	assert_false(text_number("99999999999999999999", &number));
}

static void a_list_has_whole_words_only(void **state)
{
	assert_true(text_has("lockdown,yama,bpf\n", ",\n", "bpf"));
	assert_true(text_has("bpf", ",", "bpf"));
	assert_false(text_has("bpfilter,nobpf", ",", "bpf"));
	assert_false(text_has("", ",", "bpf"));
}

static void the_chosen_word_stands_in_brackets(void **state)
{
	char word[16];

	assert_true(text_chosen("none [integrity] confidentiality\n", word, sizeof(word)));
	assert_string_equal(word, "integrity");
	assert_false(text_chosen("none integrity", word, sizeof(word)));
	assert_false(text_chosen("[]", word, sizeof(word)));
	assert_false(text_chosen("[integrity", word, sizeof(word)));
	assert_true(text_chosen("[123456789012345]", word, sizeof(word)));
	assert_false(text_chosen("[1234567890123456]", word, sizeof(word)));
}

static void a_parameter_is_read_as_the_kernel_does(void **state)
{
	char value[16];

	assert_true(text_parameter("quiet lsm=a,b lsm=c", "lsm", value, sizeof(value)));
	assert_string_equal(value, "c");
	assert_true(text_parameter("proc-mem.force_override=never", "proc_mem.force_override",
				   value, sizeof(value)));
	assert_true(text_parameter("a=\"b lsm=x\" c", "a", value, sizeof(value)));
	assert_string_equal(value, "b lsm=x");
	assert_false(text_parameter("a=\"b lsm=x\" c", "lsm", value, sizeof(value)));
	assert_true(text_parameter("\"holdfast=off x\"", "holdfast", value, sizeof(value)));
	assert_string_equal(value, "off x");
	assert_false(
		text_parameter("xholdfast=off holdfast.run=off", "holdfast", value, sizeof(value)));
	assert_false(text_parameter("a -- holdfast=off", "holdfast", value, sizeof(value)));
	assert_true(text_parameter("lsm=12345678901234567890", "lsm", value, sizeof(value)));
	assert_string_equal(value, "123456789012345");
}

#define CAPS "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000200000\n"

static void a_task_has_a_name_and_capabilities(void **state)
{
	struct text_task task;

	assert_true(text_read_task("Name:\ta b\nVmSize:\t  1 kB\n" CAPS, &task));
	assert_string_equal(task.name, "a b");
	assert_int_equal(task.effective, 1ull << 21);
	assert_int_equal(task.permitted, 0x1ffffffffffull);
	assert_true(task.has_memory);
	assert_true(text_read_task("Name:\tkworker\n" CAPS, &task));
	assert_false(task.has_memory);
	assert_false(text_read_task("Name:\ta\n", &task));
	assert_false(text_read_task(CAPS, &task));
	assert_false(text_read_task("Name:\ta\nCapPrm:\t0\nCapEff:\t0\n", &task));
}

static void mounts_are_read_line_by_line(void **state)
{
	char text[] = "no mount\n"
		      "30 22 0:27 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700\n"
		      "31 22 0:28 / none rw - bpf bpf rw\n"
		      "32 22 0:29 / /a rw - debugfs x\n"
		      "33 22 0:30 / /b rw - debugfs x rw";
	struct text_mount mount;
	char *rest = text, mode[8];

	assert_true(text_next_mount(&rest, &mount));
	assert_string_equal(mount.where, "/sys/fs/bpf");
	assert_string_equal(mount.type, "bpf");
	assert_true(text_option(mount.options, "mode", mode, sizeof(mode)));
	assert_string_equal(mode, "700");
	assert_false(text_option(mount.options, "mod", mode, sizeof(mode)));
	assert_true(text_next_mount(&rest, &mount));
	assert_string_equal(mount.where, "/b");
	assert_false(text_next_mount(&rest, &mount));
}

static void a_variable_of_the_firmware_has_attributes_before_it(void **state)
{
	unsigned value;

	assert_true(text_efi_byte("\6\0\0\0\1", 5, &value));
	assert_int_equal(value, 1);
	assert_false(text_efi_byte("\6\0\0\0", 4, &value));
	assert_false(text_efi_byte("\6\0\0\0\1\0", 6, &value));
}

static void a_unit_names_what_it_comes_before(void **state)
{
	static const char unit[] = "[Unit]\n#Before=a.target\nBefore=b.target sysinit.target\n";

	assert_true(text_unit_has(unit, "Before", "sysinit.target"));
	assert_true(text_unit_has(unit, "Before", "b.target"));
	assert_false(text_unit_has(unit, "Before", "a.target"));
	assert_false(text_unit_has(unit, "After", "b.target"));
}

static void a_rule_names_its_system_calls(void **state)
{
	assert_true(text_audits("-a always,exit -F arch=b64 -S bpf -k x\n", "bpf", "321"));
	assert_true(text_audits("-a always,exit -S open,bpf", "bpf", "321"));
	assert_true(text_audits("-D\n-a always,exit -S 321\n", "bpf", "321"));
	assert_false(text_audits("#-a always,exit -S bpf\n", "bpf", "321"));
	assert_false(text_audits("-a never,exit -S bpf\n", "bpf", "321"));
	assert_false(text_audits("-w /sys/fs/bpf -k bpf\n", "bpf", "321"));
	assert_false(text_audits("", "bpf", "321"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_the_whole_file),
		cmocka_unit_test(a_list_has_whole_words_only),
		cmocka_unit_test(the_chosen_word_stands_in_brackets),
		cmocka_unit_test(a_parameter_is_read_as_the_kernel_does),
		cmocka_unit_test(a_task_has_a_name_and_capabilities),
		cmocka_unit_test(mounts_are_read_line_by_line),
		cmocka_unit_test(a_variable_of_the_firmware_has_attributes_before_it),
		cmocka_unit_test(a_unit_names_what_it_comes_before),
		cmocka_unit_test(a_rule_names_its_system_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
