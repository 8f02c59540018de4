// SPDX-License-Identifier: LGPL-2.1-or-later
#include "object/carried.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "object/object.h"
#include "test.h"

#define BEFORE 1001 /* an odd number: skeletons align nothing */

static void an_object_is_its_own_only_one(void **state)
{
	struct carried items[CARRIED_MAX];
	size_t size;
	_cleanup_free_ char *data = fixture_data("agent", &size);

	assert_int_equal(carried_find((const uint8_t *)data, size, items), 1);
	assert_int_equal(items[0].offset, 0);
	assert_int_equal(items[0].size, size);
	data[EI_DATA] = ELFDATA2MSB;
	((Elf64_Ehdr *)data)->e_machine = __builtin_bswap16(EM_BPF);
	assert_int_equal(carried_find((const uint8_t *)data, size, items), 1);
}

static void objects_in_a_file_are_found_whole(void **state)
{
	struct carried items[CARRIED_MAX];
	size_t sizes[2], size;
	_cleanup_free_ char *agent = fixture_data("agent", &sizes[0]);
	_cleanup_free_ char *bare = fixture_data("bare", &sizes[1]);
	_cleanup_free_ uint8_t *file = NULL;
	_cleanup_(object_freep) struct object *object = NULL;

	size = BEFORE + sizes[0] + BEFORE + sizes[1] + BEFORE;
	file = calloc(1, size);
	assert_non_null(file);
	memcpy(file, ELFMAG, SELFMAG);
	memcpy(file + BEFORE, agent, sizes[0]);
	/* An object within an object is its data. */
	memcpy(file + BEFORE + sizeof(Elf64_Ehdr), agent, sizeof(Elf64_Ehdr));
	memcpy(file + BEFORE + sizes[0] + BEFORE, bare, sizes[1]);
	assert_int_equal(carried_find(file, size, items), 2);
	assert_int_equal(items[0].offset, BEFORE);
	assert_int_equal(items[0].size, sizes[0]);
	assert_int_equal(items[1].offset, BEFORE + sizes[0] + BEFORE);
	assert_int_equal(items[1].size, sizes[1]);
	assert_int_equal(object_read(file + items[1].offset, items[1].size, &object, NULL), 0);
}

static void no_more_than_the_limit_are_found(void **state)
{
	struct carried items[CARRIED_MAX + 1];
	size_t size = (CARRIED_MAX + 2) * sizeof(Elf64_Ehdr);
	_cleanup_free_ uint8_t *file = calloc(1, size);
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_machine = EM_BPF};

	assert_non_null(file);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_shentsize = sizeof(Elf64_Shdr);
	for (size_t i = 1; i < CARRIED_MAX + 2; i++)
		memcpy(file + i * sizeof(header), &header, sizeof(header));
	assert_int_equal(carried_find(file, size - 2 * sizeof(header), items), CARRIED_MAX - 1);
	assert_int_equal(carried_find(file, size - sizeof(header), items), CARRIED_MAX);
	assert_int_equal(carried_find(file, size, items), CARRIED_MAX);
}

static void a_file_without_any_has_none(void **state)
{
	struct carried items[CARRIED_MAX];
	uint8_t file[256] = {0};

	assert_int_equal(carried_find(file, 0, items), 0);
	memcpy(file + 200, ELFMAG, SELFMAG);
	assert_int_equal(carried_find(file, sizeof(file), items), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_its_own_only_one),
		cmocka_unit_test(objects_in_a_file_are_found_whole),
		cmocka_unit_test(no_more_than_the_limit_are_found),
		cmocka_unit_test(a_file_without_any_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
