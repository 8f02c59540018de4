// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/base64.h"

#include <errno.h>
#include <string.h>

#include "test.h"

/* RFC 4648, section 10. */
static void the_vectors_of_the_rfc(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"foo", "Zm9v"},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t length = strlen(rows[i][0]), size = 99;
		uint8_t back[6];
		char text[9];

		base64_encode((const uint8_t *)rows[i][0], length, text);
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(BASE64_LEN(length), strlen(text));
		assert_int_equal(base64_decode(text, strlen(text), back, 6, &size), 0);
		assert_int_equal(size, length);
		assert_memory_equal(back, rows[i][0], length);
		if (length)
			assert_int_equal(base64_decode(text, strlen(text), back, length - 1, NULL),
					 -EINVAL);
		assert_int_equal(base64_decode(text, strlen(text), NULL, 0, &size), 0);
		assert_int_equal(size, length);
	}
}

static void every_byte_comes_back_at_every_place(void **state)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t bytes[3] = {(uint8_t)i, (uint8_t)(i * 7), (uint8_t)(255 - i)}, back[3];

		for (size_t n = 1; n <= 3; n++) {
			size_t size = 0;
			char text[5];

			base64_encode(bytes, n, text);
			assert_int_equal(base64_decode(text, 4, back, 3, &size), 0);
			assert_int_equal(size, n);
			assert_memory_equal(back, bytes, n);
		}
	}
}

/* "Zh==" would be "Zg==" as well: there is one text for any bytes. */
static void another_text_for_the_same_bytes_is_refused(void **state)
{
	static const char *const texts[] = {
		"Z",	"Zg",	 "Zg=",	 "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "Z===",  "====",
		"Zg= ", "Zm9\n", "Zm 9", "Zm9-", "Zm9_", "Zm8=Zm8=", "Z=g=", "Zm9v=", "Zm9v\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(base64_decode(texts[i], strlen(texts[i]), NULL, 0, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc),
		cmocka_unit_test(every_byte_comes_back_at_every_place),
		cmocka_unit_test(another_text_for_the_same_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
