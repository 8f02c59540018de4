// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs as kernels of the matrix show them: each is a few instructions, on maps with ids. */

#include <linux/bpf.h>

#include "alloc.h"
#include "base/size.h"
#include "loaded/symbols.h"
#include "loaded/translated.h"
#include "object/flow.h"
#include "object/object.h"
#include "test.h"

#define FIRST_ID 30 /* of the maps, one after the other */
#define ELEMENT 0x100 /* numbers of calls */
#define UPDATE 0x200
#define LOOKUP 0x300
#define STRANGE 0x400

#define OP(c, d, s, o, i)                                                           \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define LOAD_MAP(d, map) \
	OP(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, FIRST_ID + (map)), OP(0, 0, 0, 0, 0)
#define LOAD_VALUE(d, map)                                                           \
	OP(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_VALUE, 0, FIRST_ID + (map)), \
		OP(0, 0, 0, 0, 8)
#define MOVE(d, s) OP(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) OP(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i) OP(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADD_TO(d, s) OP(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define IF_NULL(d, o) OP(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, 0)
#define LOAD(d, s, o) OP(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o) OP(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define CALL(number) OP(BPF_JMP | BPF_CALL, 0, 0, 0, number)
#define CALL_FUNCTION(o) OP(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, o, 1)
#define EXIT OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define MAPS 80 /* more than one reading follows */

static struct object_map maps[MAPS];

static void read_with(const struct bpf_insn *code, size_t n, const struct symbols *symbols)
{
	struct object_map *pointers[MAPS];
	uint32_t ids[MAPS];
	struct translated program = {.code = (const uint8_t *)code,
				     .size = n * sizeof(*code),
				     .map_ids = ids,
				     .maps = pointers,
				     .n_maps = MAPS,
				     .symbols = symbols,
				     .function = 3};
	uint64_t steps = 0;

	for (uint32_t i = 0; i < MAPS; i++) {
		uint32_t type = maps[i].type;

		maps[i] = (struct object_map){.type = type ? type : BPF_MAP_TYPE_HASH};
		pointers[i] = &maps[i];
		ids[i] = FIRST_ID + i;
	}
	assert_int_equal(translated_read(&program, &steps), 0);
	assert_true(n == 0 || steps > 0 || maps[0].uses == USE_ESCAPE);
}

static void read_code(const struct bpf_insn *code, size_t n)
{
	struct symbol_row rows[] = {{0x10100, FLOW_HELPER_ELEMENT},
				    {0x10200, BPF_FUNC_map_update_elem},
				    {0x10300, BPF_FUNC_map_lookup_elem}};
	struct symbols symbols = {.base = 0x10000, .rows = rows, .n = ARRAY_SIZE(rows)};

	read_with(code, n, &symbols);
}

#define READ(code) read_code(code, ARRAY_SIZE(code))

static int reset(void **state)
{
	for (size_t i = 0; i < MAPS; i++)
		maps[i] = (struct object_map){0};
	return 0;
}

static void a_lookup_in_place_leads_to_the_value(void **state)
{
	static const struct bpf_insn code[] = {
		LOAD_MAP(1, 0), ADD(1, 312), LOAD(0, 2, 0), ADD_TO(0, 1), STORE(0, 3, 0), EXIT,
	};

	maps[0].type = BPF_MAP_TYPE_ARRAY;
	READ(code);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
	assert_int_equal(maps[0].n_writers, 1);
	assert_int_equal(maps[0].writers[0].function, 3);
	assert_int_equal(maps[0].writers[0].offset / 8, 5);
	assert_int_equal(maps[1].uses, 0);
}

static void a_lookup_in_place_that_is_only_read_is_no_write(void **state)
{
	static const struct bpf_insn code[] = {
		LOAD_MAP(1, 0), ADD(1, 312),	  LOAD(0, 2, 0), ADD_TO(0, 1),
		LOAD(3, 0, 0),	STORE(10, 3, -8), EXIT,
	};

	maps[0].type = BPF_MAP_TYPE_ARRAY;
	READ(code);
	assert_int_equal(maps[0].uses, USE_READ);
}

static void an_element_is_not_yet_its_value(void **state)
{
	/* The kernel's own mark in an element of an LRU hash, before the value begins. */
	static const struct bpf_insn marks[] = {
		LOAD_MAP(1, 0), CALL(ELEMENT), IF_NULL(0, 2), STORE(0, 3, 35),
		ADD(0, 56),	IF_NULL(0, 1), LOAD(3, 0, 0), EXIT,
	};
	static const struct bpf_insn writes[] = {
		LOAD_MAP(1, 0), CALL(ELEMENT),	IF_NULL(0, 1), ADD(0, 56),
		IF_NULL(0, 1),	STORE(0, 3, 0), EXIT,
	};

	READ(marks);
	assert_int_equal(maps[0].uses, USE_READ);
	READ(writes);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
}

static void a_value_for_each_processor_lies_behind_a_pointer(void **state)
{
	static const struct bpf_insn code[] = {
		LOAD_MAP(1, 0), ADD(1, 312),   LOAD(0, 2, 0),
		ADD_TO(0, 1),	LOAD(0, 0, 0), OP(BPF_ALU64 | BPF_MOV | BPF_X, 0, 0, -1, 0),
		STORE(0, 3, 0), EXIT,
	};

	maps[0].type = BPF_MAP_TYPE_PERCPU_ARRAY;
	READ(code);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
}

static void a_variable_is_its_maps_value(void **state)
{
	static const struct bpf_insn reads[] = {LOAD_VALUE(1, 0), LOAD(0, 1, 0), EXIT};
	static const struct bpf_insn writes[] = {LOAD_VALUE(1, 0), STORE(1, 0, 0), EXIT};

	READ(reads);
	assert_int_equal(maps[0].uses, USE_READ);
	READ(writes);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
}

static void helpers_are_known_by_what_is_called(void **state)
{
	static const struct bpf_insn code[] = {
		LOAD_MAP(1, 0), CALL(UPDATE),  LOAD_MAP(1, 1), CALL(LOOKUP),
		LOAD_MAP(1, 2), CALL(STRANGE), LOAD_MAP(2, 3), CALL(BPF_FUNC_tail_call),
		EXIT,
	};

	READ(code);
	assert_int_equal(maps[0].uses, USE_INSERT);
	assert_int_equal(maps[0].writers[0].helper, BPF_FUNC_map_update_elem);
	assert_int_equal(maps[1].uses, USE_READ);
	assert_int_equal(maps[2].uses, USE_ESCAPE);
	assert_int_equal(maps[3].uses, USE_READ);
}

static void without_names_each_call_may_write(void **state)
{
	static const struct bpf_insn code[] = {LOAD_MAP(1, 0), CALL(LOOKUP), EXIT};
	struct symbols none = {0};

	read_with(code, ARRAY_SIZE(code), &none);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
}

static void each_function_is_read(void **state)
{
	static const struct bpf_insn called[] = {
		CALL_FUNCTION(1), EXIT, LOAD_VALUE(1, 0), STORE(1, 2, 0), EXIT,
	};
	static const struct bpf_insn callback[] = {
		OP(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 2),
		OP(0, 0, 0, 0, 0),
		EXIT,
		LOAD_VALUE(1, 0),
		STORE(1, 2, 0),
		EXIT,
	};
	static const struct bpf_insn passed[] = {
		LOAD_VALUE(1, 0),
		CALL_FUNCTION(1),
		EXIT,
		EXIT,
	};

	READ(called);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
	assert_int_equal(maps[0].writers[0].offset / 8, 4);
	READ(callback);
	assert_int_equal(maps[0].uses, USE_READ | USE_STORE);
	READ(passed);
	assert_int_equal(maps[0].uses, USE_READ | USE_ESCAPE);
}

static void what_cannot_be_followed_may_write_all(void **state)
{
	static const struct bpf_insn lost_call[] = {LOAD_VALUE(1, 0), CALL_FUNCTION(0), EXIT};
	static const struct bpf_insn far_call[] = {LOAD_VALUE(1, 0), CALL_FUNCTION(9), EXIT};
	static const struct bpf_insn far_jump[] = {
		LOAD_VALUE(1, 0),
		IF_NULL(1, 9),
		EXIT,
	};
	static const struct bpf_insn jump_to_register[] = {
		LOAD_VALUE(1, 0),
		OP(BPF_JMP | BPF_JA | BPF_X, 2, 0, 0, 0),
		EXIT,
		EXIT,
	};
	static const struct bpf_insn cut[] = {OP(BPF_LD | BPF_IMM | BPF_DW, 1, 1, 0, FIRST_ID)};

	READ(lost_call);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
	assert_int_equal(maps[1].uses, USE_ESCAPE);
	assert_int_equal(maps[0].writers[0].function, UINT32_MAX);
	READ(far_call);
	assert_int_equal(maps[1].uses, USE_ESCAPE);
	READ(far_jump);
	assert_true(maps[0].uses & USE_ESCAPE);
	READ(jump_to_register);
	assert_true(maps[0].uses & USE_ESCAPE);
	READ(cut);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
	read_code(cut, 0);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
}

static void a_long_program_with_calls_is_not_followed(void **state)
{
	static struct bpf_insn code[INT16_MAX + 1];
	static const struct bpf_insn set = SET(0, 0), call = CALL_FUNCTION(5), end = EXIT;

	for (size_t i = 0; i < ARRAY_SIZE(code); i++)
		code[i] = set;
	code[3] = end;
	code[0] = call;
	code[ARRAY_SIZE(code) - 1] = end;
	read_code(code, ARRAY_SIZE(code) - 1);
	assert_int_equal(maps[0].uses, 0);
	READ(code);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
}

static void an_arena_may_be_written_by_whoever_has_it(void **state)
{
	static const struct bpf_insn code[] = {SET(0, 0), EXIT};

	maps[0].type = 33;
	READ(code);
	assert_int_equal(maps[0].uses, USE_ESCAPE);
	assert_int_equal(maps[1].uses, 0);
}

static void more_maps_than_a_word_has_bits_are_told_apart(void **state)
{
	static const struct bpf_insn code[] = {
		LOAD_VALUE(1, 1), LOAD(0, 1, 0), LOAD_VALUE(1, 65), STORE(1, 0, 0), EXIT,
	};

	READ(code);
	assert_int_equal(maps[1].uses, USE_READ);
	assert_int_equal(maps[65].uses, USE_READ | USE_STORE);
}

static int read_one(void *userdata)
{
	static const struct bpf_insn code[] = {LOAD_VALUE(1, 0), STORE(1, 0, 0), EXIT};
	struct object_map *one = &maps[0];
	const uint32_t id = FIRST_ID;
	struct symbols none = {0};
	struct translated program = {.code = (const uint8_t *)code,
				     .size = sizeof(code),
				     .map_ids = &id,
				     .maps = &one,
				     .n_maps = 1,
				     .symbols = &none};
	uint64_t steps = 0;

	return translated_read(&program, &steps);
}

static void memory_that_runs_out_is_told(void **state)
{
	alloc_check(read_one, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_lookup_in_place_leads_to_the_value, reset),
		cmocka_unit_test_setup(a_lookup_in_place_that_is_only_read_is_no_write, reset),
		cmocka_unit_test_setup(an_element_is_not_yet_its_value, reset),
		cmocka_unit_test_setup(a_value_for_each_processor_lies_behind_a_pointer, reset),
		cmocka_unit_test_setup(a_variable_is_its_maps_value, reset),
		cmocka_unit_test_setup(helpers_are_known_by_what_is_called, reset),
		cmocka_unit_test_setup(without_names_each_call_may_write, reset),
		cmocka_unit_test_setup(each_function_is_read, reset),
		cmocka_unit_test_setup(what_cannot_be_followed_may_write_all, reset),
		cmocka_unit_test_setup(a_long_program_with_calls_is_not_followed, reset),
		cmocka_unit_test_setup(an_arena_may_be_written_by_whoever_has_it, reset),
		cmocka_unit_test_setup(more_maps_than_a_word_has_bits_are_told_apart, reset),
		cmocka_unit_test_setup(memory_that_runs_out_is_told, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
