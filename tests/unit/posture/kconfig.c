// SPDX-License-Identifier: LGPL-2.1-or-later
#include "posture/kconfig.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "test.h"

/* A gzip of @size bytes, as the kernel makes one. */
static size_t pack(const char *text, size_t size, char *packed, size_t room)
{
	z_stream stream = {.next_in = (void *)text,
			   .avail_in = (uInt)size,
			   .next_out = (void *)packed,
			   .avail_out = (uInt)room};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&stream), Z_OK);
	return stream.total_out;
}

static void what_was_packed_comes_back(void **state)
{
	static const char text[] = "CONFIG_A=y\n";
	char packed[256], *back = NULL;
	size_t size = pack(text, strlen(text), packed, sizeof(packed));

	assert_int_equal(kconfig_inflate(packed, size, &back), 0);
	assert_string_equal(back, text);
	free(back);
}

static void what_is_damaged_is_refused(void **state)
{
	static const char text[] = "CONFIG_A=y\n";
	char packed[256], *back = NULL;
	size_t size = pack(text, strlen(text), packed, sizeof(packed));

	assert_int_equal(kconfig_inflate(packed, size - 1, &back), KCONFIG_E_INVALID);
	assert_int_equal(kconfig_inflate("", 0, &back), KCONFIG_E_INVALID);
	assert_int_equal(kconfig_inflate(text, strlen(text), &back), KCONFIG_E_INVALID);
	packed[size - 5] ^= 1; /* of the checksum and the length, which are at the end */
	assert_int_equal(kconfig_inflate(packed, size, &back), KCONFIG_E_INVALID);
	assert_null(back);
}

static void a_text_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	size_t limit = KCONFIG_MAX, room = limit / 4, size;
	char *text = malloc(limit + 1), *packed = malloc(room), *back = NULL;

	assert_true(text && packed);
	memset(text, 'a', limit + 1);
	size = pack(text, limit, packed, room);
	assert_int_equal(kconfig_inflate(packed, size, &back), 0);
	assert_int_equal(strlen(back), limit);
	free(back);
	back = NULL;
	size = pack(text, limit + 1, packed, room);
	assert_int_equal(kconfig_inflate(packed, size, &back), KCONFIG_E_INVALID);
	assert_null(back);
	free(text);
	free(packed);
}

static void an_option_is_its_whole_name(void **state)
{
	static const char text[] = "CONFIG_KEXEC_FILE=y\n# CONFIG_KEXEC is not set\nCONFIG_M=m\n"
				   "CONFIG_LSM=\"yama\"\nCONFIG_LAST=y";

	assert_int_equal(kconfig_get(text, "CONFIG_KEXEC"), 'n');
	assert_int_equal(kconfig_get(text, "CONFIG_KEXEC_FILE"), 'y');
	assert_int_equal(kconfig_get(text, "CONFIG_M"), 'm');
	assert_int_equal(kconfig_get(text, "CONFIG_LSM"), 'v');
	assert_int_equal(kconfig_get(text, "CONFIG_LAST"), 'y');
	assert_int_equal(kconfig_get(text, "CONFIG_NONE"), 'n');
	assert_true(kconfig_knows(text, "CONFIG_KEXEC"));
	assert_false(kconfig_knows(text, "CONFIG_NONE"));
	assert_false(kconfig_knows(text, "CONFIG_KEX"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_back),
		cmocka_unit_test(what_is_damaged_is_refused),
		cmocka_unit_test(a_text_may_be_as_long_as_the_limit_and_no_longer),
		cmocka_unit_test(an_option_is_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
