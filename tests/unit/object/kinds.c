// SPDX-License-Identifier: LGPL-2.1-or-later
#include "object/kinds.h"

#include <string.h>

#include <linux/bpf.h>

#include "fixture.h"
#include "object/flags.h"
#include "test.h"

static void numbers_have_the_kernels_names(void **state)
{
	assert_string_equal(map_type_name(BPF_MAP_TYPE_LPM_TRIE), "lpm_trie");
	assert_null(map_type_name(BPF_MAP_TYPE_UNSPEC));
	assert_null(map_type_name(UINT32_MAX));
	assert_string_equal(program_type_name(BPF_PROG_TYPE_LSM), "lsm");
	assert_null(program_type_name(KIND_UNKNOWN));
	assert_string_equal(helper_name(BPF_FUNC_ringbuf_output), "ringbuf_output");
	assert_string_equal(helper_name(211), "cgrp_storage_delete");
	assert_null(helper_name(0));
	assert_null(helper_name(212));
}

static void a_helper_is_as_old_as_its_first_long_term_kernel(void **state)
{
	assert_string_equal(helper_since(BPF_FUNC_map_lookup_elem), "4.4");
	assert_string_equal(helper_since(BPF_FUNC_redirect_peer), "5.10");
	assert_string_equal(helper_since(BPF_FUNC_task_storage_get), "5.15");
	assert_null(helper_since(212));
}

static void a_section_names_type_and_target(void **state)
{
	static const struct {
		const char *section;
		uint32_t type;
		const char *point, *target;
	} rows[] = {
		{"xdp", BPF_PROG_TYPE_XDP, NULL, NULL},
		{"xdp/x", KIND_UNKNOWN, NULL, NULL},
		{"xdp/cpumap", BPF_PROG_TYPE_XDP, "cpumap", NULL},
		{"kprobe/a/b", BPF_PROG_TYPE_KPROBE, "kprobe", "a/b"},
		{"kprobe", BPF_PROG_TYPE_KPROBE, "kprobe", NULL},
		{"kprobed", KIND_UNKNOWN, NULL, NULL},
		{"tp/a/b", BPF_PROG_TYPE_TRACEPOINT, "tp", "a/b"},
		{"tp_btf/a", BPF_PROG_TYPE_TRACING, "tp_btf", "a"},
		{"lsm_cgroup/a", BPF_PROG_TYPE_LSM, "lsm_cgroup", "a"},
		{"cgroup_skb/egress", BPF_PROG_TYPE_CGROUP_SKB, "egress", NULL},
		{"", KIND_UNKNOWN, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attach attach;

		attach_read(rows[i].section, &attach);
		assert_int_equal(attach.type, rows[i].type);
		assert_int_equal(!attach.point, !rows[i].point);
		assert_int_equal(!attach.target, !rows[i].target);
		if (attach.point)
			assert_string_equal(attach.point, rows[i].point);
		if (attach.target)
			assert_string_equal(attach.target, rows[i].target);
	}
}

static void flags_are_written_as_c_has_them(void **state)
{
	char text[FLAGS_MAX];

	assert_string_equal(flags_text(0, text), "");
	assert_string_equal(flags_text(BPF_F_RDONLY_PROG | BPF_F_MMAPABLE, text),
			    "BPF_F_RDONLY_PROG | BPF_F_MMAPABLE");
	assert_string_equal(flags_text(0x80000001, text), "BPF_F_NO_PREALLOC | 0x80000000");
	assert_true(strlen(flags_text(UINT32_MAX, text)) < FLAGS_MAX - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_kernels_names),
		cmocka_unit_test(a_helper_is_as_old_as_its_first_long_term_kernel),
		cmocka_unit_test(a_section_names_type_and_target),
		cmocka_unit_test(flags_are_written_as_c_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
