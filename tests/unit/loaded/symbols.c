// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/bpf.h>

#include "base/cleanup.h"
#include "loaded/symbols.h"
#include "object/flow.h"
#include "test.h"

#define BASE 0xffffffff81000000

static void add(struct symbols *symbols, const char *line)
{
	assert_int_equal(symbols_add(symbols, line), 0);
}

static void a_call_is_found_by_its_distance(void **state)
{
	_cleanup_(symbols_done) struct symbols symbols = {0};

	add(&symbols, "ffffffff81002000 t htab_lru_map_update_elem\n");
	add(&symbols, "ffffffff80fff000 T bpf_ktime_get_ns\n");
	add(&symbols, "ffffffff81000000 T __bpf_call_base\n");
	add(&symbols, "ffffffff81001000 t __htab_map_lookup_elem\n");
	symbols_sort(&symbols);
	assert_int_equal(symbols.base, BASE);
	assert_int_equal(symbols_helper(&symbols, 0x2000), BPF_FUNC_map_update_elem);
	assert_int_equal(symbols_helper(&symbols, -0x1000), BPF_FUNC_ktime_get_ns);
	assert_int_equal(symbols_helper(&symbols, 0x1000), FLOW_HELPER_ELEMENT);
	assert_int_equal(symbols_helper(&symbols, 0x1001), FLOW_HELPER_NONE);
	assert_int_equal(symbols_helper(&symbols, BPF_FUNC_tail_call), BPF_FUNC_tail_call);
}

static void what_is_no_helper_is_not_taken(void **state)
{
	_cleanup_(symbols_done) struct symbols symbols = {0};

	add(&symbols, "ffffffff81002000 t htab_map_update_elem\t[module]\n");
	add(&symbols, "ffffffff81002000 d bpf_ktime_get_ns\n");
	add(&symbols, "ffffffff81002000 t bpf_map_charge_init\n");
	add(&symbols, "ffffffff81002000 t bpf_\n");
	add(&symbols, "");
	add(&symbols, "nothing\n");
	assert_int_equal(symbols.n, 0);
}

static void hidden_addresses_tell_nothing(void **state)
{
	_cleanup_(symbols_done) struct symbols symbols = {0};

	add(&symbols, "0000000000000000 T __bpf_call_base\n");
	add(&symbols, "0000000000000000 T bpf_ktime_get_ns\n");
	symbols_sort(&symbols);
	assert_int_equal(symbols.base, 0);
	assert_int_equal(symbols_helper(&symbols, 0), FLOW_HELPER_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_found_by_its_distance),
		cmocka_unit_test(what_is_no_helper_is_not_taken),
		cmocka_unit_test(hidden_addresses_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
