// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/hex.h"

#include <errno.h>

#include "test.h"

static void every_byte_comes_back(void **state)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i, back = 0;
		char text[3];

		hex_encode(&byte, 1, text);
		assert_int_equal(hex_decode(text, &back, 1), 0);
		assert_int_equal(back, byte);
	}
}

static void other_digits_are_refused(void **state)
{
	static const char *const texts[] = {"0", "", "0A", "g0", "0x", " 0", "0/", "0:", "0`"};
	uint8_t byte;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(hex_decode(texts[i], &byte, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(other_digits_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
