// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loader/why.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/size.h"
#include "object/object.h"
#include "test.h"

static struct object_map maps[] = {
	{.name = (char *)"old", .type = 2},
	{.name = (char *)"young", .type = 33},
	{.name = (char *)"unknown", .type = 4711},
	{.name = (char *)"table", .type = 26},
	{.name = (char *)"linked", .type = 26, .flags = 1 << 13},
};
static const struct object object = {.maps = maps, .n_maps = ARRAY_SIZE(maps)};

/* As libbpf 1.1 says it. */
static const char refused_log[] =
	"libbpf: prog 'looks': -- BEGIN PROG LOAD LOG --\n"
	"0: R1=ctx(off=0,imm=0) R10=fp0\n"
	"; return *value;\n"
	"0: (b7) r1 = 0\n"
	"1: (61) r0 = *(u32 *)(r1 +0)\n"
	"R1 invalid mem access 'scalar'\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
	"-- END PROG LOAD LOG --\n";

static void hear(struct why *why, const char *const *warnings, size_t n)
{
	*why = (struct why){};
	for (size_t i = 0; i < n; i++)
		why_hear(why, warnings[i]);
}

static void a_map_that_cannot_be_made_is_named_with_the_errno(void **state)
{
	static const char *const warnings[] = {
		"libbpf: map 'other': failed to auto-pin at '/sys/fs/bpf/x': -1\n",
		"libbpf: Error in bpf_create_map_xattr(old):Argument list too long(-7). Retrying "
		"without BTF.\n",
		"libbpf: map 'old': failed to create: Argument list too long(-7)\n",
		"libbpf: failed to load object 'loaded'\n",
	};
	struct diag diag = {};
	struct why why;

	hear(&why, warnings, ARRAY_SIZE(warnings));
	why_tell(&why, &object, "load", E2BIG, &diag);
	assert_string_equal(diag.text,
			    "load: map 'old': failed to create: Argument list too long(-7)");
	why_tell(&why, &object, "load", ENOMEM, &diag);
	assert_string_equal(diag.text, "load: map 'old': failed to create: Argument list too "
				       "long(-7): Cannot allocate memory");
	why_tell(&why, &object, "load", 524, &diag);
	assert_non_null(strstr(diag.text, "(ENOTSUPP)"));
}

static void a_young_type_is_told_with_its_linux(void **state)
{
	static const struct {
		const char *warning, *hint;
		int error;
	} rows[] = {
		{"map 'young': failed: Invalid argument\n",
		 "; maps of its type, arena, are in "
		 "Linux since 6.9",
		 EINVAL},
		{"map 'unknown': failed: Invalid argument\n",
		 "; its type, 4711, is of a newer "
		 "Linux",
		 EINVAL},
		{"map 'linked': failed: Invalid argument\n",
		 "; tables of .struct_ops.link are in Linux since 6.4", EINVAL},
		{"map 'table': failed: Invalid argument\n", NULL, EINVAL},
		{"map 'old': failed: Invalid argument\n", NULL, EINVAL},
		{"map 'young': failed: Operation not permitted\n", NULL, EPERM},
		{"map 'younger': failed: Invalid argument\n", NULL, EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag diag = {};
		struct why why;

		hear(&why, &rows[i].warning, 1);
		why_tell(&why, &object, "load", rows[i].error, &diag);
		if (rows[i].hint)
			assert_non_null(strstr(diag.text, rows[i].hint));
		else
			assert_null(strchr(diag.text, ';'));
	}
}

static void the_verifier_has_the_last_word(void **state)
{
	static const char *const warnings[] = {
		"libbpf: prog 'looks': BPF program load failed: Permission denied\n",
		refused_log,
		"libbpf: prog 'looks': failed to load: -13\n",
		"libbpf: failed to load object 'loaded'\n",
	};
	struct diag diag = {};
	struct why why;

	hear(&why, warnings, ARRAY_SIZE(warnings));
	why_tell(&why, &object, "load", EACCES, &diag);
	assert_string_equal(diag.text,
			    "load: prog 'looks': BPF program load failed: Permission denied; the "
			    "verifier: 0: (b7) r1 = 0 | 1: (61) r0 = *(u32 *)(r1 +0) | R1 invalid "
			    "mem access 'scalar'");
}

/* As Linux 7.3 says it. */
static void a_page_of_explanations_is_not_the_last_word(void **state)
{
	static const char *const logs[] = {
		"prog 'looks': -- BEGIN PROG LOAD LOG --\n"
		"1: (61) r0 = *(u32 *)(r1 +0)\n"
		"R1 invalid mem access 'scalar'\n"
		"\n"
		"Verification failed: Register Type Safety: Invalid dereference\n"
		"\n"
		"Reason:\n"
		"  R1 is an integer scalar here, not a pointer to memory.\n"
		"\n"
		"Suggestion:\n"
		"  Preserve a pointer-valued register where needed.\n"
		"\n"
		"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
		"-- END PROG LOAD LOG --\n",
		/* where nothing is before it, it is better than nothing */
		"prog 'other': -- BEGIN PROG LOAD LOG --\n"
		"Verification failed: Program Size: Too large\n"
		"-- END PROG LOAD LOG --\n",
	};
	struct why why = {};

	why_hear(&why, logs[0]);
	assert_string_equal(why.log,
			    "1: (61) r0 = *(u32 *)(r1 +0) | R1 invalid mem access 'scalar'");
	why_hear(&why, logs[1]);
	assert_string_equal(why.log, "Verification failed: Program Size: Too large");
}

static void a_long_log_keeps_its_end(void **state)
{
	static char warning[1 << 16];
	struct diag diag = {};
	struct why why = {};
	size_t used;

	used = (size_t)snprintf(warning, sizeof(warning), "prog 'p': -- BEGIN --\n");
	memset(warning + used, 'x', sizeof(warning) - used - 32);
	for (size_t i = used; i < sizeof(warning) - 32; i += 1000)
		warning[i] = '\n';
	(void)snprintf(warning + sizeof(warning) - 32, 32, "\nthe reason\n-- END --\n");
	why_hear(&why, warning);
	why_tell(&why, &object, "load", EACCES, &diag);
	assert_non_null(strstr(diag.text, "xxx | the reason"));
	assert_true(strlen(why.log) < WHY_LOG);
}

static void what_is_about_nobody_is_told_once_nothing_else_is(void **state)
{
	static const char *const warnings[] = {
		"libbpf: Error in bpf_object__probe_loading(): no BPF here\n",
		"libbpf: failed to load object 'loaded'\n",
	};
	struct diag diag = {};
	struct why why;

	hear(&why, warnings, ARRAY_SIZE(warnings));
	why_tell(&why, &object, "load", EPERM, &diag);
	assert_string_equal(diag.text, "load: Error in bpf_object__probe_loading(): no BPF here: "
				       "Operation not permitted");
	hear(&why, NULL, 0);
	why_tell(&why, &object, "load", EPERM, &diag);
	assert_string_equal(diag.text, "load: Operation not permitted");
}

/* No more of it is kept than there is room for, and nothing is read beyond its end. */
static void warnings_of_any_form_are_taken(void **state)
{
	static const char *const odd[] = {
		"",
		"\n",
		"\n\n",
		"libbpf: ",
		"': ",
		"'': ",
		"a': b",
		"map '",
		"map 'x': \n\n\n",
		"map 'x': -- BEGIN\n-- END\n",
		"prog 'x': y\nprocessed 1\n",
	};
	static char longest[4096];
	struct diag diag = {};
	struct why why = {};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		why_hear(&why, odd[i]);
		why_tell(&why, &object, "load", EPERM, &diag);
		assert_non_null(strstr(diag.text, "Operation not permitted"));
	}
	memset(longest, 'n', sizeof(longest) - 1);
	memcpy(longest, "map '", 5);
	for (size_t at = WHY_ABOUT - 8; at < sizeof(longest) - 8; at++) {
		char kept = longest[at];

		memcpy(longest + at, "': ", 3);
		why_hear(&why, longest);
		memset(longest + at, kept, 3);
	}
	assert_true(strlen(why.about) < WHY_ABOUT && strlen(why.said) < WHY_SAID);
}

static int said;

static int count(enum libbpf_print_level level, const char *format, va_list arguments)
{
	said++;
	return 0;
}

static void warnings_come_here_until_it_is_done(void **state)
{
	libbpf_print_fn_t before = libbpf_set_print(count);
	static const char no_object[64] = "no ELF";
	struct diag diag = {};
	struct why why;

	why_listen(&why);
	assert_null(bpf_object__open_mem(no_object, sizeof(no_object), NULL));
	why_done(&why);
	assert_int_equal(said, 0);
	assert_non_null(strstr(why.said, "elf"));
	assert_null(bpf_object__open_mem(no_object, sizeof(no_object), NULL));
	assert_int_not_equal(said, 0);
	assert_ptr_equal(libbpf_set_print(before), count);
	why_tell(&why, &object, "open", EINVAL, &diag);
	assert_int_equal(strncmp(diag.text, "open: elf", 9), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_that_cannot_be_made_is_named_with_the_errno),
		cmocka_unit_test(a_young_type_is_told_with_its_linux),
		cmocka_unit_test(the_verifier_has_the_last_word),
		cmocka_unit_test(a_page_of_explanations_is_not_the_last_word),
		cmocka_unit_test(a_long_log_keeps_its_end),
		cmocka_unit_test(what_is_about_nobody_is_told_once_nothing_else_is),
		cmocka_unit_test(warnings_of_any_form_are_taken),
		cmocka_unit_test(warnings_come_here_until_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
