// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers, addresses and near names, where they end. */

#include "mapdata/scalar.h"

#include <string.h>

#include "mapdata/nearest.h"
#include "test.h"

static void numbers_are_written_in_one_way(void **state)
{
	static const char *const wrong[] = {"",	   "-",	 "+1", "0x",  "-0x", "00", "01", "1_0",
					    "1e3", "1 ", " 1", "0b1", "--1", "1.", "0xg"};
	struct scalar_number n;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (scalar_number(wrong[i], &n) != SCALAR_E_SYNTAX)
			fail_msg("%s is no number", wrong[i]);
	}
	assert_int_equal(scalar_number("-0", &n), 0);
	assert_int_equal(scalar_number("0XfF", &n), 0);
	assert_true(n.magnitude == 255 && !n.negative);
	assert_int_equal(scalar_number("18446744073709551615", &n), 0);
	assert_true(n.magnitude == UINT64_MAX);
	assert_int_equal(scalar_number("18446744073709551616", &n), SCALAR_E_RANGE);
	assert_int_equal(scalar_number("0x10000000000000000", &n), SCALAR_E_RANGE);
	assert_int_equal(scalar_number("99999999999999999999x", &n), SCALAR_E_SYNTAX);
}

static void each_width_has_its_ends(void **state)
{
	for (unsigned bits = 1; bits <= 64; bits++) {
		uint64_t most = UINT64_MAX >> (64 - bits), half = UINT64_C(1) << (bits - 1), got;

		assert_true(scalar_fit(&(struct scalar_number){false, most}, bits, false, &got));
		assert_true(got == most);
		assert_true(scalar_fit(&(struct scalar_number){true, half}, bits, true, &got));
		assert_true(got == half);
		assert_false(scalar_fit(&(struct scalar_number){false, half}, bits, true, &got));
		assert_false(scalar_fit(&(struct scalar_number){true, half + 1}, bits, true, &got));
		assert_false(scalar_fit(&(struct scalar_number){true, 1}, bits, false, &got));
		if (bits < 64)
			assert_false(scalar_fit(&(struct scalar_number){false, most + 1}, bits,
						false, &got));
	}
}

static void prefixes_end_within_bytes(void **state)
{
	uint8_t bytes[16];
	uint32_t length = 0;

	assert_int_equal(scalar_prefix("10.128.0.0/9", 4, bytes, &length), 0);
	assert_int_equal(length, 9);
	assert_int_equal(scalar_prefix("10.128.0.0/8", 4, bytes, &length), SCALAR_E_HOST_BITS);
	assert_int_equal(scalar_prefix("255.255.255.255/32", 4, bytes, &length), 0);
	assert_int_equal(scalar_prefix("10.0.0.0/-1", 4, bytes, &length), SCALAR_E_RANGE);
	assert_int_equal(scalar_prefix("10.0.0.0/", 4, bytes, &length), SCALAR_E_SYNTAX);
	assert_int_equal(scalar_prefix("10.0.0/8", 4, bytes, &length), SCALAR_E_SYNTAX);
	assert_int_equal(scalar_prefix("::/0", 16, bytes, &length), 0);
	assert_int_equal(scalar_prefix("::1/128", 16, bytes, &length), 0);
	assert_int_equal(scalar_prefix("::1/129", 16, bytes, &length), SCALAR_E_RANGE);
	assert_int_equal(scalar_prefix("::1/127", 16, bytes, &length), SCALAR_E_HOST_BITS);
}

static void only_what_is_near_is_offered(void **state)
{
	struct nearest nearest = {.wanted = "prot"};
	char hint[64];

	nearest_offer(&nearest, "address");
	assert_string_equal(nearest_hint(&nearest, hint, sizeof(hint)), "");
	nearest_offer(&nearest, "part");
	nearest_offer(&nearest, "pr0t");
	nearest_offer(&nearest, "prot1");
	assert_string_equal(nearest_hint(&nearest, hint, sizeof(hint)), ", did you mean 'pr0t'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_in_one_way),
		cmocka_unit_test(each_width_has_its_ends),
		cmocka_unit_test(prefixes_end_within_bytes),
		cmocka_unit_test(only_what_is_near_is_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
