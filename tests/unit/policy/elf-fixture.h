/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small ELF files for tests, as a linker would lay them out, from what the dynamic linker reads. */

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FIXTURE_MAX_NEEDED 8
#define ELF_FIXTURE_SIZE 4096

struct elf_spec {
	uint16_t machine; /* EM_X86_64 if 0 */
	uint16_t type; /* ET_DYN if 0 */
	const char *interpreter, *soname, *rpath, *runpath;
	const char *needed[ELF_FIXTURE_MAX_NEEDED];
	uint64_t flags_1;
	const char *salt; /* to make files with the same links different */
};

/* elf_fixture() - the file's content, ELF_FIXTURE_SIZE bytes; what does not fit fails the test */
void elf_fixture(const struct elf_spec *spec, char *ret_data);

/* elf_fixture_write() - the same as a file, and the folders that lead to it */
void elf_fixture_write(const char *path, const struct elf_spec *spec);

/* write_file() - any content as a file, and the folders that lead to it */
void write_file(const char *path, const void *data, size_t size);

/* enter_folder(), leave_folder() - setup and teardown: a working folder for one test */
int enter_folder(void **state);
int leave_folder(void **state);

#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
