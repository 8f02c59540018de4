// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/elf-info.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "elf-fixture.h"
#include "test.h"

static const struct elf_spec full = {
	.interpreter = "/lib64/ld.so",
	.soname = "x.so.1",
	.rpath = "/r",
	.needed = {"liba.so", "libb.so"},
	.flags_1 = DF_1_NODEFLIB,
};

static void the_dynamic_section_is_read(void **state)
{
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&full, data);
	assert_int_equal(elf_info_read_memory(data, sizeof(data), &info), 0);
	assert_int_equal(info->machine, EM_X86_64);
	assert_string_equal(info->interpreter, "/lib64/ld.so");
	assert_string_equal(info->soname, "x.so.1");
	assert_string_equal(info->rpath, "/r");
	assert_null(info->runpath);
	assert_true(info->no_default);
	assert_int_equal(info->n_needed, 2);
	assert_string_equal(info->needed[0], "liba.so");
	assert_string_equal(info->needed[1], "libb.so");
}

static void a_runpath_overrides_an_rpath(void **state)
{
	static const struct elf_spec spec = {.rpath = "/r", .runpath = "/u"};
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&spec, data);
	assert_int_equal(elf_info_read_memory(data, sizeof(data), &info), 0);
	assert_null(info->rpath);
	assert_string_equal(info->runpath, "/u");
	assert_false(info->no_default);
}

static void a_static_file_needs_nothing(void **state)
{
	static const struct elf_spec spec = {.type = ET_EXEC};
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&spec, data);
	((Elf64_Ehdr *)data)->e_phnum = 1; /* only PT_LOAD */
	assert_int_equal(elf_info_read_memory(data, sizeof(data), &info), 0);
	assert_null(info->interpreter);
	assert_int_equal(info->n_needed, 0);
}

#define EHDR ((Elf64_Ehdr *)data)
#define PHDR ((Elf64_Phdr *)(data + sizeof(Elf64_Ehdr)))
#define DYN ((Elf64_Dyn *)(data + PHDR[1].p_offset))

#define BREAK(name, statement)       \
	static void name(char *data) \
	{                            \
		statement;           \
	}

BREAK(no_magic, data[0] = 'X')
BREAK(class_32, data[EI_CLASS] = ELFCLASS32)
BREAK(big_endian, data[EI_DATA] = ELFDATA2MSB)
BREAK(relocatable, EHDR->e_type = ET_REL)
BREAK(core, EHDR->e_type = ET_CORE)
BREAK(headers_outside, EHDR->e_phoff = ELF_FIXTURE_SIZE - 8)
BREAK(headers_far, EHDR->e_phoff = UINT64_MAX - 8)
BREAK(too_many_headers, EHDR->e_phnum = 2000)
BREAK(interpreter_outside, PHDR[2].p_offset = 1 << 20)
BREAK(interpreter_far, PHDR[2].p_offset = UINT64_MAX - 4)
BREAK(interpreter_empty, PHDR[2].p_filesz = 0)
BREAK(interpreter_large, PHDR[2].p_filesz = ELF_MAX_STRING + 1)
BREAK(interpreter_endless, PHDR[2].p_filesz = 3)
BREAK(interpreter_twice, PHDR[0] = PHDR[2])
BREAK(dynamic_outside, PHDR[1].p_offset = 1 << 20)
BREAK(dynamic_large, PHDR[1].p_filesz = (ELF_MAX_DYNAMIC + 1) * sizeof(Elf64_Dyn))
BREAK(dynamic_huge, PHDR[1].p_filesz = UINT64_MAX)
BREAK(name_outside, DYN[0].d_un.d_val = ELF_FIXTURE_SIZE)
BREAK(name_far, DYN[0].d_un.d_val = UINT64_MAX)
BREAK(soname_outside, DYN[2].d_un.d_val = ELF_FIXTURE_SIZE)
BREAK(strings_unmapped, DYN[5].d_un.d_val = 0x1000)
BREAK(strings_large, DYN[6].d_un.d_val = ELF_FIXTURE_SIZE)
BREAK(strings_huge, DYN[6].d_un.d_val = UINT64_MAX)
BREAK(strings_none, DYN[6].d_un.d_val = 0)
BREAK(strings_short, DYN[6].d_un.d_val = 4)

static const struct {
	void (*break_it)(char *data);
	int error;
} breaks[] = {
	{no_magic, ELF_E_NOT_ELF},
	{class_32, ELF_E_CLASS},
	{big_endian, ELF_E_CLASS},
	{relocatable, ELF_E_TYPE},
	{core, ELF_E_TYPE},
	{headers_outside, ELF_E_MALFORMED},
	{headers_far, ELF_E_MALFORMED},
	{too_many_headers, ELF_E_MALFORMED},
	{interpreter_outside, ELF_E_MALFORMED},
	{interpreter_far, ELF_E_MALFORMED},
	{interpreter_empty, ELF_E_MALFORMED},
	{interpreter_large, ELF_E_MALFORMED},
	{interpreter_endless, ELF_E_MALFORMED},
	{interpreter_twice, ELF_E_MALFORMED},
	{dynamic_outside, ELF_E_MALFORMED},
	{dynamic_large, ELF_E_MALFORMED},
	{dynamic_huge, ELF_E_MALFORMED},
	{name_outside, ELF_E_MALFORMED},
	{name_far, ELF_E_MALFORMED},
	{soname_outside, ELF_E_MALFORMED},
	{strings_unmapped, ELF_E_MALFORMED},
	{strings_large, ELF_E_MALFORMED},
	{strings_huge, ELF_E_MALFORMED},
	{strings_none, ELF_E_MALFORMED},
	{strings_short, ELF_E_MALFORMED},
};

static void a_file_that_contradicts_itself_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		_Alignas(8) char data[ELF_FIXTURE_SIZE];
		struct elf_info *info = NULL;
		int r;

		elf_fixture(&full, data);
		breaks[i].break_it(data);
		r = elf_info_read_memory(data, sizeof(data), &info);
		if (r != breaks[i].error)
			fail_msg("case %zu: %d instead of %d", i, r, breaks[i].error);
		assert_null(info);
	}
}

static void every_truncation_ends_well(void **state)
{
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&full, data);
	for (size_t n = 0; n < sizeof(data); n++) {
		_cleanup_(elf_info_freep) struct elf_info *info = NULL;
		_cleanup_free_ char *cut = malloc(n ? n : 1);

		memcpy(cut, data, n);
		assert_true(elf_info_read_memory(cut, n, &info) > 0);
	}
}

/* n times the same library. */
static void read_needed(size_t n, int expected)
{
	size_t size = 0x2000 + (n + 4) * sizeof(Elf64_Dyn);
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_cleanup_free_ char *data = calloc(1, size);
	Elf64_Dyn *dynamic = (void *)(data + 0x2000);
	static const struct elf_spec spec = {0};

	elf_fixture(&spec, data);
	memcpy(data + 0x601, "a.so", 5);
	for (size_t i = 0; i < n; i++)
		*dynamic++ = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = 1};
	*dynamic++ = (Elf64_Dyn){.d_tag = DT_STRTAB, .d_un.d_val = 0x400600};
	*dynamic++ = (Elf64_Dyn){.d_tag = DT_STRSZ, .d_un.d_val = 0x100};
	PHDR[1].p_offset = 0x2000;
	PHDR[1].p_filesz = size - 0x2000;
	assert_int_equal(elf_info_read_memory(data, size, &info), expected);
	if (!expected)
		assert_int_equal(info->n_needed, n);
}

static void needed_libraries_have_a_limit(void **state)
{
	read_needed(ELF_MAX_NEEDED, 0);
	read_needed(ELF_MAX_NEEDED + 1, ELF_E_MALFORMED);
}

static void an_open_file_reads_as_its_content(void **state)
{
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&full, data);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(elf_info_read(fd, &info), 0);
	assert_int_equal(info->n_needed, 2);
}

static void every_error_has_words(void **state)
{
	for (int e = ELF_E_NOT_ELF; e <= ELF_E_MALFORMED; e++)
		assert_string_not_equal(elf_error_text(e), elf_error_text(99));
}

static int read_and_free(void *data)
{
	struct elf_info *info = NULL;
	int r = elf_info_read_memory(data, ELF_FIXTURE_SIZE, &info);

	(void)elf_info_free(info);
	return r;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(&full, data);
	alloc_check(read_and_free, data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dynamic_section_is_read),
		cmocka_unit_test(a_runpath_overrides_an_rpath),
		cmocka_unit_test(a_static_file_needs_nothing),
		cmocka_unit_test(a_file_that_contradicts_itself_is_refused),
		cmocka_unit_test(every_truncation_ends_well),
		cmocka_unit_test(needed_libraries_have_a_limit),
		cmocka_unit_test(an_open_file_reads_as_its_content),
		cmocka_unit_test(every_error_has_words),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
