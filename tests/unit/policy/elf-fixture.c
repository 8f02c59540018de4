// SPDX-License-Identifier: LGPL-2.1-or-later
/* See elf-fixture.h. */

#include "elf-fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

#define BASE 0x400000u
#define DYNAMIC 0x200u
#define STRINGS 0x600u

struct builder {
	char *data;
	Elf64_Dyn *dynamic;
	size_t strings_used;
};

static uint64_t put_string(struct builder *b, const char *text)
{
	size_t length = strlen(text) + 1, offset = b->strings_used;

	assert_true(STRINGS + offset + length <= ELF_FIXTURE_SIZE);
	memcpy(b->data + STRINGS + offset, text, length);
	b->strings_used += length;
	return offset;
}

static void put_dynamic(struct builder *b, int64_t tag, uint64_t value)
{
	*b->dynamic++ = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = value};
}

static void put_links(struct builder *b, const struct elf_spec *spec)
{
	for (size_t i = 0; i < ELF_FIXTURE_MAX_NEEDED && spec->needed[i]; i++)
		put_dynamic(b, DT_NEEDED, put_string(b, spec->needed[i]));
	if (spec->soname)
		put_dynamic(b, DT_SONAME, put_string(b, spec->soname));
	if (spec->rpath)
		put_dynamic(b, DT_RPATH, put_string(b, spec->rpath));
	if (spec->runpath)
		put_dynamic(b, DT_RUNPATH, put_string(b, spec->runpath));
	if (spec->flags_1)
		put_dynamic(b, DT_FLAGS_1, spec->flags_1);
	if (spec->salt)
		(void)put_string(b, spec->salt);
	put_dynamic(b, DT_STRTAB, BASE + STRINGS);
	put_dynamic(b, DT_STRSZ, ELF_FIXTURE_SIZE - STRINGS);
	put_dynamic(b, DT_NULL, 0);
}

void elf_fixture(const struct elf_spec *spec, char *ret_data)
{
	struct builder b = {
		.data = ret_data, .dynamic = (void *)(ret_data + DYNAMIC), .strings_used = 1};
	Elf64_Ehdr *e = (void *)ret_data;
	Elf64_Phdr *p = (void *)(ret_data + sizeof(*e));

	memset(ret_data, 0, ELF_FIXTURE_SIZE);
	memcpy(e->e_ident, ELFMAG, SELFMAG);
	e->e_ident[EI_CLASS] = ELFCLASS64;
	e->e_ident[EI_DATA] = ELFDATA2LSB;
	e->e_ident[EI_VERSION] = EV_CURRENT;
	e->e_type = spec->type ? spec->type : ET_DYN;
	e->e_machine = spec->machine ? spec->machine : EM_X86_64;
	e->e_version = EV_CURRENT;
	e->e_phoff = sizeof(*e);
	e->e_ehsize = sizeof(*e);
	e->e_phentsize = sizeof(*p);

	put_links(&b, spec);
	p[e->e_phnum++] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_vaddr = BASE,
				       .p_filesz = ELF_FIXTURE_SIZE,
				       .p_memsz = ELF_FIXTURE_SIZE};
	p[e->e_phnum++] =
		(Elf64_Phdr){.p_type = PT_DYNAMIC,
			     .p_offset = DYNAMIC,
			     .p_vaddr = BASE + DYNAMIC,
			     .p_filesz = (uint64_t)((char *)b.dynamic - ret_data) - DYNAMIC};
	if (spec->interpreter) {
		uint64_t offset = STRINGS + put_string(&b, spec->interpreter);

		p[e->e_phnum++] = (Elf64_Phdr){.p_type = PT_INTERP,
					       .p_offset = offset,
					       .p_filesz = strlen(spec->interpreter) + 1};
	}
	assert_true((char *)b.dynamic <= ret_data + STRINGS);
	assert_true(sizeof(*e) + e->e_phnum * sizeof(*p) <= DYNAMIC);
}

static void make_parents(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(copy, 0755);
		*p = '/';
	}
}

void write_file(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = -EBADF;

	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

void elf_fixture_write(const char *path, const struct elf_spec *spec)
{
	_Alignas(8) char data[ELF_FIXTURE_SIZE];

	elf_fixture(spec, data);
	write_file(path, data, sizeof(data));
}

int enter_folder(void **state)
{
	char *folder = strdup("/tmp/holdfast-test.XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int leave_folder(void **state)
{
	_cleanup_free_ char *folder = *state, *command = NULL;

	if (chdir("/") < 0 || asprintf(&command, "rm -rf '%s'", folder) < 0)
		return -1;
	return system(command); /* NOLINT: our own name */
}
