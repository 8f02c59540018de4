// SPDX-License-Identifier: LGPL-2.1-or-later
#include "object/ctype.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "fixture.h"
#include "object/btf.h"
#include "object/sections.h"
#include "test.h"

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

/* Types by hand, so that circles are among them. Strings: 1 "int", 5 "s", 7 "t". */
static const char strings[] = "\0int\0s\0t";

static int declare(const uint32_t *types, size_t size, uint32_t id, char **ret_text)
{
	_cleanup_free_ uint8_t *data = malloc(sizeof(struct btf_header) + size + sizeof(strings));
	struct btf_header header = {.magic = BTF_MAGIC,
				    .version = BTF_VERSION,
				    .hdr_len = sizeof(header),
				    .type_len = (uint32_t)size,
				    .str_off = (uint32_t)size,
				    .str_len = sizeof(strings)};
	struct section section = {.size = sizeof(header) + size + sizeof(strings)};
	_cleanup_(btf_view_done) struct btf_view view = {0};
	int r;

	assert_non_null(data);
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), types, size);
	memcpy(data + sizeof(header) + size, strings, sizeof(strings));
	section.data = data;
	r = btf_view_read(&section, &view, NULL);
	return r ? r : ctype_write(&view, id, "x", ret_text);
}

static void declarators_are_written_as_in_c(void **state)
{
	/* 1 int, 2 *, 3 [4] of 2, 4 * to 3, 5 function of int, 6 * to 5, 7 const 1, 8 * to 7 */
	static const uint32_t types[] = {
		1,
		INFO(BTF_KIND_INT, 0),
		4,
		32,
		0,
		INFO(BTF_KIND_PTR, 0),
		1,
		0,
		INFO(BTF_KIND_ARRAY, 0),
		0,
		2,
		1,
		4,
		0,
		INFO(BTF_KIND_PTR, 0),
		3,
		0,
		INFO(BTF_KIND_FUNC_PROTO, 0),
		1,
		0,
		INFO(BTF_KIND_PTR, 0),
		5,
		0,
		INFO(BTF_KIND_CONST, 0),
		1,
		0,
		INFO(BTF_KIND_PTR, 0),
		7,
	};
	static const char *const texts[] = {"void x",	  "int x",	  "int *x",
					    "int *x[4]",  "int *(*x)[4]", "int x()",
					    "int (*x)()", "const int x",  "const int *x"};

	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(declare(types, sizeof(types), i, &text), 0);
		assert_string_equal(text, texts[i]);
	}
}

static void circles_of_pointers_end(void **state)
{
	/* 1 * to 1, 2 a struct without a name with * to itself, 3 * to 2 */
	static const uint32_t types[] = {
		0, INFO(BTF_KIND_PTR, 0), 1, 0, INFO(BTF_KIND_STRUCT, 2), 16, 5, 3, 0, 5, 1, 64,
		0, INFO(BTF_KIND_PTR, 0), 2,
	};

	for (uint32_t i = 1; i <= 3; i++) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(declare(types, sizeof(types), i, &text), 0);
		assert_true(strlen(text) < CTYPE_MAX);
	}
}

static void types_that_are_not_there_are_refused(void **state)
{
	static const uint32_t pointer[] = {0, INFO(BTF_KIND_PTR, 0), 2};
	static const uint32_t member[] = {0, INFO(BTF_KIND_STRUCT, 1), 4, 5, 2, 0};
	static const uint32_t name[] = {100, INFO(BTF_KIND_PTR, 0), 1};
	static const uint32_t kind[] = {0, INFO(31, 0), 1};
	static const uint32_t cut[] = {0, INFO(BTF_KIND_STRUCT, 1), 4, 5, 0};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(declare(pointer, sizeof(pointer), 1, &text), OBJECT_E_REFUSED);
	assert_int_equal(declare(member, sizeof(member), 1, &text), OBJECT_E_REFUSED);
	assert_int_equal(declare(name, sizeof(name), 1, &text), OBJECT_E_REFUSED);
	assert_int_equal(declare(kind, sizeof(kind), 1, &text), OBJECT_E_REFUSED);
	assert_int_equal(declare(cut, sizeof(cut), 1, &text), OBJECT_E_REFUSED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(declarators_are_written_as_in_c),
		cmocka_unit_test(circles_of_pointers_end),
		cmocka_unit_test(types_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
