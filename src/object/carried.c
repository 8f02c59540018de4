// SPDX-License-Identifier: LGPL-2.1-or-later
/* See carried.h. A skeleton is C source with an object in a string: no table says where it is. */

#include "object/carried.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "object/sections.h"

/* Whether an ELF header for BPF begins here, of either byte order. */
static bool begins(const uint8_t *data, size_t size)
{
	uint16_t machine;

	if (size < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG) != 0 ||
	    data[EI_CLASS] != ELFCLASS64)
		return false;
	memcpy(&machine, data + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
	if (data[EI_DATA] == ELFDATA2MSB)
		machine = __builtin_bswap16(machine);
	return machine == EM_BPF;
}

/* Where the object ends: behind the last of its sections, and of its table of them. */
static size_t length_of(const uint8_t *data, size_t size)
{
	Elf64_Ehdr header;
	size_t end = sizeof(header);

	memcpy(&header, data, sizeof(header));
	if (header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_shentsize != sizeof(Elf64_Shdr) ||
	    header.e_shoff > size || header.e_shnum * sizeof(Elf64_Shdr) > size - header.e_shoff)
		return size;
	if (header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr) > end)
		end = header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr);
	for (size_t i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section;

		memcpy(&section, data + header.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_type == SHT_NOBITS || section.sh_offset > size ||
		    section.sh_size > size - section.sh_offset)
			continue;
		if (section.sh_offset + section.sh_size > end)
			end = section.sh_offset + section.sh_size;
	}
	return end;
}

size_t carried_find(const uint8_t *data, size_t size, struct carried items[CARRIED_MAX])
{
	size_t at = 0, n = 0;

	if (begins(data, size)) {
		items[0] = (struct carried){.offset = 0, .size = size};
		return 1;
	}
	while (n < CARRIED_MAX && at < size) {
		const uint8_t *found = memmem(data + at, size - at, ELFMAG, SELFMAG);

		if (!found)
			break;
		at = (size_t)(found - data);
		if (begins(found, size - at)) {
			items[n].offset = at;
			items[n].size = length_of(found, size - at);
			at += items[n++].size;
		} else {
			at += SELFMAG;
		}
	}
	return n;
}
