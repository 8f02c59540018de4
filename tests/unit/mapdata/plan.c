// SPDX-License-Identifier: LGPL-2.1-or-later
/* BTF that no compiler writes, and what only newer ones do. */

#include "mapdata/plan.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "base/diag.h"
#include "mapdata/encode.h"
#include "policy/doc.h"
#include "test.h"

static void freep_btf(struct btf **btf)
{
	btf__free(*btf);
}

#define HAND_MADE __attribute__((cleanup(freep_btf))) struct btf *

/* Number 1 of each is an int of 32 bits. */
static struct btf *begin(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	return btf;
}

static void refused(const struct btf *btf, int id, uint32_t size, const char *part)
{
	struct plan_request request = {.btf = btf, .type_id = (uint32_t)id, .size = size};
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	assert_int_equal(data_plan_make(&request, &plan, &diag), PLAN_E_INVALID);
	assert_null(plan);
	if (!strstr(diag.text, part))
		fail_msg("%s\nexpected ...%s...", diag.text, part);
}

static struct data_plan *plan_of(const struct btf *btf, int id, uint32_t size)
{
	struct plan_request request = {.btf = btf, .type_id = (uint32_t)id, .size = size};
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	if (data_plan_make(&request, &plan, &diag))
		fail_msg("%s", diag.text);
	return plan;
}

static int encode(const struct data_plan *plan, const char *yaml, void *bytes, struct diag *diag)
{
	struct encoder encoder = {.file = "f", .reterr_diag = diag};
	__attribute__((cleanup(doc_freep))) struct doc_node *node = NULL;

	assert_int_equal(doc_parse("f", yaml, strlen(yaml), &node, diag), 0);
	return data_encode(&encoder, plan, node, NULL, bytes);
}

static void types_that_are_not_there_are_refused(void **state)
{
	HAND_MADE btf = begin();
	int s = btf__add_struct(btf, "s", 4);

	assert_int_equal(btf__add_field(btf, "a", 77, 0, 0), 0);
	refused(btf, s, 4, "it has no type 77");
	refused(btf, 78, 4, "it has no type 78");
	refused(btf, 0, 0, "the map has no types: declare it");
	s = btf__add_struct(btf, "void", 4);
	assert_int_equal(btf__add_field(btf, "a", 0, 0, 0), 0);
	refused(btf, s, 4, "a type without values");
}

static void circles_are_refused(void **state)
{
	HAND_MADE btf = begin();
	int t = btf__add_typedef(btf, "t", 3), back, s, a, anonymous;

	back = btf__add_const(btf, t);
	refused(btf, back, 4, "more than 32 typedefs and qualifiers");

	s = btf__add_struct(btf, "s", 4);
	assert_int_equal(btf__add_field(btf, "self", s, 0, 0), 0);
	refused(btf, s, 4, "contains itself");

	a = btf__add_array(btf, 1, btf__type_cnt(btf), 1);
	refused(btf, a, 4, "contains itself");

	anonymous = btf__add_struct(btf, "", 4);
	assert_int_equal(btf__add_field(btf, "", anonymous, 0, 0), 0);
	refused(btf, anonymous, 4, "anonymous members more than 32 deep");
}

static void fields_outside_of_their_struct_are_refused(void **state)
{
	HAND_MADE btf = begin();
	int s = btf__add_struct(btf, "s", 4), bits;

	assert_int_equal(btf__add_field(btf, "a", 1, 8, 0), 0);
	refused(btf, s, 4, "'a' lies outside of 's'");

	s = btf__add_struct(btf, "within", 8);
	assert_int_equal(btf__add_field(btf, "a", 1, 0, 0), 0);
	((struct btf_member *)btf_members(btf__type_by_id(btf, (uint32_t)s)))->offset = 3;
	refused(btf, s, 8, "'a' of 'within' begins within a byte");

	bits = btf__add_struct(btf, "bits", 4);
	assert_int_equal(btf__add_field(btf, "a", 1, 20, 13), 0);
	refused(btf, bits, 4, "'a' lies outside of 'bits'");

	bits = btf__add_struct(btf, "wide", 8);
	assert_int_equal(btf__add_field(btf, "a", 1, 0, 33), 0);
	refused(btf, bits, 8, "'a' of 'wide' is no bit field");
}

static void two_fields_of_one_name_are_refused(void **state)
{
	HAND_MADE btf = begin();
	int s = btf__add_struct(btf, "s", 8);

	assert_int_equal(btf__add_field(btf, "a", 1, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "a", 1, 32, 0), 0);
	refused(btf, s, 8, "'s' has two fields with the name 'a'");
}

static void the_map_has_the_size_of_the_type(void **state)
{
	HAND_MADE btf = begin();

	refused(btf, 1, 8, "the map has 8 bytes where the type 'int' has 4");
	refused(btf, 1, 3, "the map has 3 bytes where the type 'int' has 4");
}

static void sizes_have_a_limit(void **state)
{
	HAND_MADE btf = begin();
	int a = btf__add_array(btf, 1, 1, 0x40000000), b, s;

	refused(btf, a, 0, "an array of more than 268435456 bytes");
	b = btf__add_array(btf, 1, 1, PLAN_MAX_SIZE / 4);
	(void)data_plan_free(plan_of(btf, b, PLAN_MAX_SIZE));
	s = btf__add_struct(btf, "large", PLAN_MAX_SIZE + 1);
	refused(btf, s, PLAN_MAX_SIZE + 1, "a struct of more than 268435456 bytes");
}

/* n structs, each in the next. */
static int nest(struct btf *btf, int n)
{
	int inner = 1;

	for (int i = 0; i < n; i++) {
		int outer = btf__add_struct(btf, "s", 4);

		assert_int_equal(btf__add_field(btf, "a", inner, 0, 0), 0);
		inner = outer;
	}
	return inner;
}

static void depth_has_a_limit(void **state)
{
	HAND_MADE btf = begin();

	(void)data_plan_free(plan_of(btf, nest(btf, PLAN_MAX_DEPTH - 1), 4));
	refused(btf, nest(btf, PLAN_MAX_DEPTH), 4, "types nest more than 32 deep");
}

/* Each level has the one below twice: four billion types, if each were looked at as often. */
static void what_is_there_often_is_looked_at_once(void **state)
{
	HAND_MADE btf = begin();
	int inner = 1;

	for (int i = 0; i < PLAN_MAX_DEPTH - 1; i++) {
		int outer = btf__add_union(btf, "u", 4);

		assert_int_equal(btf__add_field(btf, "a", inner, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, "b", inner, 0, 0), 0);
		inner = outer;
	}
	(void)data_plan_free(plan_of(btf, inner, 4));
}

static void anonymous_members_have_a_limit(void **state)
{
	HAND_MADE btf = begin();
	int inner = 1;

	for (int i = 0; i < PLAN_MAX_DEPTH - 2; i++) {
		int outer = btf__add_union(btf, "", 4);

		assert_int_equal(btf__add_field(btf, "", inner, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, "", inner, 0, 0), 0);
		inner = outer;
	}
	refused(btf, inner, 4, "has more than 63 anonymous members");
}

static void fields_have_a_limit(void **state)
{
	HAND_MADE btf = begin();
	int s = btf__add_struct(btf, "s", 4);
	char name[16];

	for (int i = 0; i < PLAN_MAX_FIELDS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(btf__add_field(btf, name, 1, 0, 0), 0);
	}
	(void)data_plan_free(plan_of(btf, s, 4));
	assert_int_equal(btf__add_field(btf, "last", 1, 0, 0), 0);
	refused(btf, s, 4, "'s' has more than 4096 fields");
}

static void wide_enums_have_all_of_their_bits(void **state)
{
	HAND_MADE btf = begin();
	int u = btf__add_enum64(btf, "u", 8, false), s;
	uint64_t bytes = 0;
	struct diag diag = {0};
	struct data_plan *plan;

	assert_int_equal(btf__add_enum64_value(btf, "MOST", UINT64_MAX), 0);
	assert_int_equal(btf__add_enum64_value(btf, "HIGH", 1ULL << 40), 0);
	s = btf__add_enum64(btf, "s", 8, true);
	assert_int_equal(btf__add_enum64_value(btf, "LEAST", (uint64_t)INT64_MIN), 0);

	plan = plan_of(btf, u, 8);
	assert_int_equal(encode(plan, "HIGH", &bytes, &diag), 0);
	assert_true(bytes == 1ULL << 40);
	assert_int_equal(encode(plan, "18446744073709551615", &bytes, &diag), 0);
	assert_true(bytes == UINT64_MAX);
	(void)data_plan_free(plan);
	plan = plan_of(btf, s, 8);
	assert_int_equal(encode(plan, "LEAST", &bytes, &diag), 0);
	assert_true(bytes == (uint64_t)INT64_MIN);
	(void)data_plan_free(plan);
}

static void pointers_that_the_kernel_keeps_are_left_out(void **state)
{
	HAND_MADE btf = begin();
	int tag = btf__add_type_tag(btf, "kptr", 1), pointer = btf__add_ptr(btf, tag);
	int s = btf__add_struct(btf, "s", 16);
	uint8_t bytes[16], expected[16] = {[8] = 5};
	struct diag diag = {0};
	struct data_plan *plan;

	assert_int_equal(btf__add_field(btf, "kept", pointer, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "n", 1, 64, 0), 0);
	plan = plan_of(btf, s, 16);
	assert_int_equal(encode(plan, "{n: 5}", bytes, &diag), 0);
	assert_memory_equal(bytes, expected, sizeof(bytes));
	assert_int_equal(encode(plan, "{n: 5, kept: 0}", bytes, &diag), ENCODE_E_INVALID);
	assert_non_null(strstr(diag.text, "a pointer that the kernel keeps"));
	(void)data_plan_free(plan);
}

static void other_machines_are_refused(void **state)
{
	HAND_MADE btf = begin();

	assert_int_equal(btf__set_endianness(btf, BTF_BIG_ENDIAN), 0);
	refused(btf, 1, 4, "machines of the other byte order");
}

static void integers_of_odd_bits_are_refused(void **state)
{
	HAND_MADE btf = begin();
	struct btf_type *t = (struct btf_type *)btf__type_by_id(btf, 1);

	*(uint32_t *)(t + 1) = BTF_INT_SIGNED << 24 | 31;
	refused(btf, 1, 4, "an integer that does not fill its 4 bytes");
}

static void a_trie_has_its_length_first(void **state)
{
	HAND_MADE btf = begin();
	int s = btf__add_struct(btf, "s", 4);
	struct plan_request request = {
		.btf = btf, .type_id = (uint32_t)s, .size = 4, .is_prefix = true};
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	assert_int_equal(btf__add_field(btf, "length", 1, 0, 0), 0);
	assert_int_equal(data_plan_make(&request, &plan, &diag), PLAN_E_INVALID);
	assert_non_null(strstr(diag.text, "the key of a trie is a struct"));
	request.type_id = 1;
	assert_int_equal(data_plan_make(&request, &plan, &diag), PLAN_E_INVALID);
	assert_non_null(strstr(diag.text, "the key of a trie is a struct"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_that_are_not_there_are_refused),
		cmocka_unit_test(circles_are_refused),
		cmocka_unit_test(fields_outside_of_their_struct_are_refused),
		cmocka_unit_test(two_fields_of_one_name_are_refused),
		cmocka_unit_test(the_map_has_the_size_of_the_type),
		cmocka_unit_test(sizes_have_a_limit),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(what_is_there_often_is_looked_at_once),
		cmocka_unit_test(anonymous_members_have_a_limit),
		cmocka_unit_test(fields_have_a_limit),
		cmocka_unit_test(wide_enums_have_all_of_their_bits),
		cmocka_unit_test(pointers_that_the_kernel_keeps_are_left_out),
		cmocka_unit_test(other_machines_are_refused),
		cmocka_unit_test(integers_of_odd_bits_are_refused),
		cmocka_unit_test(a_trie_has_its_length_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
